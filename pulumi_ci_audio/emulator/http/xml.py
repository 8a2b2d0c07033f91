"""XML, in and out. Documents from outside are parsed without entities, DTDs and network.

Requests are read against a shape, a table of the elements that the documentation names. An element that no page names
is refused rather than skipped: a client that misspells one would otherwise be served a default and never know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from lxml import etree
from typing_extensions import TypeAliasType

from pulumi_ci_audio.emulator.errors import ServiceError

Content = TypeAliasType("Content", "str | int | Sequence[tuple[str, Content]] | None")
# Says what a text must be if it is not so, as in "must be wav or mp3"; else None.
TextCheck: TypeAlias = Callable[[str], "str | None"]

# What XML 1.0 cannot carry, though an object's key may.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(root: str, content: Content) -> bytes:
    """Return the document ``root`` with ``content``: a text, or pairs of names and contents in their order."""
    return etree.tostring(_element(root, content), xml_declaration=True, encoding="utf-8")


def _element(name: str, content: Content) -> etree._Element:
    element = etree.Element(name)
    if content is None:
        return element
    if isinstance(content, str | int):
        element.text = _UNWRITABLE.sub("\ufffd", str(content)) or None
    else:
        element.extend([_element(child, value) for child, value in content])
    return element


@dataclass(frozen=True)
class Text:
    """An element that holds text."""

    name: str
    required: bool = False
    check: TextCheck | None = None


@dataclass(frozen=True)
class Container:
    """An element that holds elements, each at most once unless ``repeats`` names it."""

    name: str
    members: tuple[Text | Container | Anything, ...]
    required: bool = False
    repeats: bool = False


@dataclass(frozen=True)
class Anything:
    """An element whose content is kept as it is, whatever it holds."""

    name: str
    required: bool = False


@dataclass
class Values:
    """What a container held. Empty elements count as absent."""

    texts: dict[str, str] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    containers: dict[str, list[Values]] = field(default_factory=dict)

    def find(self, name: str) -> Values | None:
        """Return the container ``name``, or None."""
        found = self.containers.get(name)
        return found[0] if found else None

    def container(self, name: str) -> Values:
        """Return the container ``name``, which the shape requires."""
        return self.containers[name][0]


def parse(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        ServiceError: it is empty, not well formed, or declares a document type.
    """
    if not body.strip():
        raise ServiceError("MissingContent", "the request has no body")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ServiceError("InvalidContent", f"the body is not well-formed XML: {error}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ServiceError("InvalidContent", "the body declares a document type")
    return root


def read(body: bytes, shape: Container, *, ignores_unknown: bool = False) -> Values:
    """Return what a request's body says, judged by ``shape``.

    Raises:
        ServiceError: the body is unreadable, or an element is unknown, missing, repeated or has a wrong text.
    """
    root = parse(body)
    if root.tag != shape.name:
        raise ServiceError("InvalidArgument", f"the body's element is {root.tag}, not {shape.name}")
    return _read_container(root, shape, shape.name, ignores_unknown=ignores_unknown)


def _read_container(element: etree._Element, shape: Container, path: str, *, ignores_unknown: bool) -> Values:
    known: Mapping[str, Text | Container | Anything] = {member.name: member for member in shape.members}
    values = Values()
    seen: set[str] = set()
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise ServiceError("InvalidArgument", f"{path} must hold elements, not text")
    for child in element:
        name = str(child.tag)
        member = known.get(name)
        inner_path = f"{path}.{name}"
        if member is None:
            if ignores_unknown:
                continue
            raise ServiceError("InvalidArgument", f"{inner_path} is no element of this request")
        if name in seen and not getattr(member, "repeats", False):
            raise ServiceError("InvalidArgument", f"{inner_path} is given more than once")
        seen.add(name)
        if isinstance(member, Container):
            inner = _read_container(child, member, inner_path, ignores_unknown=ignores_unknown)
            values.containers.setdefault(name, []).append(inner)
        elif isinstance(member, Anything):
            values.contents[name] = _content_of(child)
        else:
            _read_text(child, member, inner_path, values)
    for member in shape.members:
        if member.required and member.name not in {*values.texts, *values.containers, *values.contents}:
            raise ServiceError("InvalidArgument", f"{path}.{member.name} is required")
    return values


def _content_of(element: etree._Element) -> Content:
    if len(element):
        return [(str(child.tag), _content_of(child)) for child in element]
    return element.text


def parse_content(body: bytes) -> Sequence[tuple[str, Content]]:
    """Return what is below the root of a document, as it is.

    Raises:
        ServiceError: the body is unreadable.
    """
    return [(str(child.tag), _content_of(child)) for child in parse(body)]


def find_text(body: bytes, name: str) -> str | None:
    """Return the text of an element below the root, or None.

    Raises:
        ServiceError: the body is unreadable.
    """
    return parse(body).findtext(name)


def _read_text(element: etree._Element, member: Text, path: str, values: Values) -> None:
    if len(element):
        raise ServiceError("InvalidArgument", f"{path} must hold text, not elements")
    text = element.text or ""
    if not text:
        return
    complaint = member.check(text) if member.check else None
    if complaint:
        raise ServiceError("InvalidArgument", f"{path} {complaint}")
    values.texts[member.name] = text
