"""What the control call on a result may say: how jobs end that are carried out by name only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.jobs import SMART_AUDIO_TAGS
from pulumi_ci_audio.emulator.state.records import NOISE_REDUCTION, CannedResult

_TAGS = SMART_AUDIO_TAGS - {NOISE_REDUCTION}
_TEXTS = frozenset({"code", "message", "output"})
_ELEMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_MOST_NESTED = 20


def read_result(tag: str, given: Mapping[str, Any]) -> CannedResult:
    """Return the result that a control call gives for a tag.

    Raises:
        ValueError: there is no such tag, or the result makes no sense.
    """
    if tag not in _TAGS:
        raise ValueError(f"a tag must be one of {', '.join(sorted(_TAGS))}, not {tag!r}")
    for name, value in given.items():
        if name not in _TEXTS | {"result"}:
            raise ValueError(f"a result has no {name!r}, only {', '.join(sorted(_TEXTS | {'result'}))}")
        if name in _TEXTS and not _is_text(value):
            raise ValueError(f"{name} must be a text, not {value!r}")
    texts = {name: value for name, value in given.items() if name in _TEXTS}
    return CannedResult(**texts, result=_elements(given.get("result", {}), depth=0))


def _elements(tree: Any, *, depth: int) -> Content:
    """Return a record's elements: texts, numbers and records below, or lists of them for an element that repeats."""
    if depth > _MOST_NESTED or not isinstance(tree, dict):
        raise ValueError("result must be records of texts, numbers and records")
    content: list[tuple[str, Content]] = []
    for name, value in tree.items():
        if not _ELEMENT.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an element")
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                content.append((name, _elements(item, depth=depth + 1)))
            elif _is_text(item) or (isinstance(item, int) and not isinstance(item, bool)):
                content.append((name, item))
            else:
                raise ValueError(f"{name} must be a text, a number or a record, not {item!r}")
    return content


def _is_text(value: object) -> bool:
    # JSON can spell a lone surrogate, which no document can carry.
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)
