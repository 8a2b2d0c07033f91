"""A request as operations see it, and a response as they give it. Neither sockets nor rules."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl, unquote_to_bytes

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import Plane
from pulumi_ci_audio.emulator.http.xml import Content, render

XML = "application/xml"  # exactly: the official SDK does not parse responses whose type carries a charset
MAX_DOCUMENT_BYTES = 10 * 1024**2

_PIECE_BYTES = 64 * 1024
_WITHOUT_BODY = frozenset({204, 304})
_ABSOLUTE_FORM = re.compile(r"https?://(?:[^/?#@]*@)?(?P<host>[^/?#@]+)(?P<rest>.*)", re.IGNORECASE)


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Request:
    """One HTTP request, decoded; its body is still to be read.

    Names of ``headers`` are in lower case, values are bytes as Latin-1 text. ``connection`` is a number that requests
    on one connection share, ``client_gone`` tells whether the client has closed its side meanwhile, and ``is_secure``
    whether it came by TLS.
    """

    method: str
    sent_host: str
    path: str
    query: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: IO[bytes] = field(default_factory=io.BytesIO)
    connection: int = 0
    client_gone: Callable[[], bool] = _never
    is_secure: bool = False

    @classmethod
    def parse(
        cls,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes | IO[bytes] = b"",
        *,
        connection: int = 0,
        client_gone: Callable[[], bool] = _never,
        is_secure: bool = False,
    ) -> Request:
        """Return the request that a request line, headers and a body make.

        Args:
            method: the method, as it was sent.
            target: a path with its query, or a whole URL, as HTTP proxies get it.
            headers: names and values; values of one name are joined.
            body: the content, or a file of it.
            connection: the number of the connection.
            client_gone: tells whether the client has closed its side meanwhile.
            is_secure: it came by TLS.

        Raises:
            ValueError: the target is neither a path nor a URL.
        """
        joined: dict[str, str] = {}
        for name, value in headers:
            name = name.lower()  # noqa: PLW2901  the one form that counts
            joined[name] = f"{joined[name]},{value}" if name in joined else value
        host, path, query = _split_target(target)
        return cls(
            method=method,
            sent_host=joined.get("host", "") if host is None else host,  # RFC 9112, 3.2.2: a URL's host wins
            path=unquote_to_bytes(path).decode(errors="replace"),
            query=query,
            headers=joined,
            body=io.BytesIO(body) if isinstance(body, bytes) else body,
            connection=connection,
            client_gone=client_gone,
            is_secure=is_secure,
        )

    @property
    def host(self) -> str:
        """The host in lower case, without port, brackets and trailing dot."""
        if self.sent_host.startswith("["):  # IPv6
            return self.sent_host[1:].partition("]")[0].lower()
        return self.sent_host.partition(":")[0].rstrip(".").lower()

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's parameters, decoded and in order; one without a value has the empty one."""
        return parse_qsl(self.query, keep_blank_values=True, errors="replace")

    def document(self) -> bytes:
        """Return the body of a call that carries a document.

        Raises:
            ServiceError: it is larger than any document can be.
        """
        body = self.body.read(MAX_DOCUMENT_BYTES + 1)
        if len(body) > MAX_DOCUMENT_BYTES:
            raise ServiceError("InvalidContent", "the body is larger than 10 MB")
        return body


def _split_target(target: str) -> tuple[str | None, str, str]:
    """Return the host of a request target if it names one, its raw path and its query.

    Not ``urlsplit``: it takes what follows two leading slashes for a host, and a key may begin with one.
    """
    host = None
    if absolute := _ABSOLUTE_FORM.fullmatch(target):
        host, target = absolute["host"], absolute["rest"]
        if not target.startswith("/"):
            target = "/" + target
    if not target.startswith("/") and target != "*":
        raise ValueError("the request target must be a path or an http URL")
    path, _, query = target.partition("?")
    return host, path, query


class Body(Protocol):
    """A body that is produced while it is sent."""

    @property
    def length(self) -> int:
        """How many bytes it has."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield it piece by piece."""

    def close(self) -> None:
        """Free what it holds open."""


class FileBody:
    """A part of a file, open since the response was made: replacing the file meanwhile does not mix two contents."""

    def __init__(self, file: IO[bytes], *, start: int, length: int) -> None:
        self._file = file
        self._file.seek(start)
        self.length = length

    def __iter__(self) -> Iterator[bytes]:
        missing = self.length
        while missing:
            piece = self._file.read(min(_PIECE_BYTES, missing))
            if not piece:
                return
            missing -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True)
class Response:
    """One HTTP response; whoever gets it closes it."""

    status: int = 200
    body: bytes | Body = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Response:
        """Return the same response with ``headers`` in place of those of the same names."""
        replaced = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in replaced}
        return replace(self, headers={**kept, **headers})

    def framed(self) -> Response:
        """Return the response with its ``Content-Length``. One among the headers stands, even a wrong one."""
        has_length = any(name.lower() == "content-length" for name in self.headers)
        if has_length or self.status in _WITHOUT_BODY:
            return self
        length = len(self.body) if isinstance(self.body, bytes) else self.body.length
        return replace(self, headers={**self.headers, "Content-Length": str(length)})

    def pieces(self) -> Iterator[bytes]:
        """Return the body piece by piece."""
        return iter([self.body] if isinstance(self.body, bytes) else self.body)

    def close(self) -> None:
        """Free what the body holds open."""
        if not isinstance(self.body, bytes):
            self.body.close()


def xml_response(root: str, content: Content, *, status: int = 200) -> Response:
    """Return a response whose body is an XML document."""
    return Response(status, render(root, content), {"Content-Type": XML})


def json_response(content: Content) -> Response:
    """Return a response whose body is the same tree as a document's, in JSON; lists are told by their names."""
    return Response(200, json.dumps(_json(content)).encode(), {"Content-Type": "application/json"})


def _json(content: Content) -> object:
    if content is None or isinstance(content, str | int):
        return "" if content is None else content
    tree: dict[str, Any] = {}
    for name, value in content:
        if name.endswith("List"):
            tree.setdefault(name, []).append(_json(value))
        elif name in tree:
            tree[name] = [*(tree[name] if isinstance(tree[name], list) else [tree[name]]), _json(value)]
        else:
            tree[name] = _json(value)
    return tree


def error_response(error: ServiceError, *, request_id: str, resource: str | None = None) -> Response:
    """Return the envelope of errors; COS names the resource, CI does not (1045/43611, 436/7730)."""
    content: list[tuple[str, Content]] = [("Code", error.code), ("Message", error.message)]
    if resource is not None:
        content.append(("Resource", resource))
    content += [("RequestId", request_id), ("TraceId", request_id)]
    return xml_response("Error", content, status=error.status)


def service_headers(plane: Plane | None, request_id: str, *, is_error: bool = False) -> dict[str, str]:
    """Return the headers that every response of a plane carries (1045/49352, 436/7729).

    CI sends no ``x-cos-request-id``, and COS names a trace with errors alone.
    """
    if plane is Plane.COS:
        trace = {"x-cos-trace-id": request_id} if is_error else {}
        return {"Server": "tencent-cos", "x-cos-request-id": request_id, **trace}
    return {"Server": "tencent-ci", "x-ci-request-id": request_id}
