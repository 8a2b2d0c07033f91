"""A request as the operations see it, and an answer as they give it. Knows WSGI, no rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import IO, TYPE_CHECKING
from urllib.parse import parse_qsl, unquote_to_bytes

from werkzeug.datastructures import EnvironHeaders, Headers
from werkzeug.wsgi import get_input_stream

from pulumi_ci_audio.emulator.documents import Content, render
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.hosts import Plane

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

XML = "application/xml"  # exactly: the official SDK does not parse answers whose type carries a charset
MAX_DOCUMENT_BYTES = 10 * 1024**2

_PIECE_BYTES = 64 * 1024


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Request:
    """One HTTP request, decoded; its body is still to be read."""

    method: str
    sent_host: str
    path: str
    query: str
    headers: Headers
    stream: IO[bytes]
    connection: int = 0
    client_gone: Callable[[], bool] = _never

    @property
    def host(self) -> str:
        """The host in lower case, without port and trailing dot."""
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
        body = self.stream.read(MAX_DOCUMENT_BYTES + 1)
        if len(body) > MAX_DOCUMENT_BYTES:
            raise ServiceError("InvalidContent", "the body is larger than 10 MB")
        return body

    @classmethod
    def from_environ(cls, environ: WSGIEnvironment) -> Request:
        """Return the request that a WSGI server describes."""
        return cls(
            method=environ["REQUEST_METHOD"].upper(),
            sent_host=environ.get("HTTP_HOST", ""),
            path=_path(environ),
            query=environ.get("QUERY_STRING", ""),
            headers=EnvironHeaders(environ),
            stream=get_input_stream(environ),
            connection=environ.get("ci_audio.connection", 0),
            client_gone=environ.get("ci_audio.client_gone", _never),
        )


def _path(environ: WSGIEnvironment) -> str:
    """Return the decoded path, from the raw target where the server tells it: PATH_INFO may lose leading slashes."""
    raw: str | None = environ.get("REQUEST_URI")
    if raw is None:
        path = str(environ.get("PATH_INFO", "")).encode("latin-1")
    else:
        path = unquote_to_bytes(raw.partition("?")[0])
    return path.decode(errors="replace") or "/"


class FileBody:
    """A part of a file, open since the answer was made: replacing the file meanwhile does not mix two contents."""

    def __init__(self, file: IO[bytes], *, start: int, length: int) -> None:
        self._file = file
        self._file.seek(start)
        self._missing = length

    def __iter__(self) -> Iterator[bytes]:
        while self._missing:
            piece = self._file.read(min(_PIECE_BYTES, self._missing))
            if not piece:
                return
            self._missing -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file; WSGI servers call this when an answer is sent or given up."""
        self._file.close()


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int = 200
    body: bytes | FileBody = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, headers: Mapping[str, str]) -> Answer:
        """Return the same answer with ``headers`` in place of those of the same names."""
        replaced = {name.lower() for name in headers}
        kept = {name: value for name, value in self.headers.items() if name.lower() not in replaced}
        return replace(self, headers={**kept, **headers})

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Give the answer to a WSGI server. A ``Content-Length`` among the headers stands, even a wrong one."""
        headers = dict(self.headers)
        if isinstance(self.body, bytes) and not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(self.body))
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        start_response(f"{self.status} {phrase}", list(headers.items()))
        return [self.body] if isinstance(self.body, bytes) else self.body

    def discard(self) -> None:
        """Give the answer up."""
        if isinstance(self.body, FileBody):
            self.body.close()


def xml_answer(root: str, content: Content, *, status: int = 200) -> Answer:
    """Return an answer whose body is an XML document."""
    return Answer(status, render(root, content), {"Content-Type": XML})


def error_answer(error: ServiceError, *, request_id: str, resource: str | None = None) -> Answer:
    """Return the envelope of errors; COS names the resource, CI does not (1045/43611, 436/7730)."""
    content: list[tuple[str, Content]] = [("Code", error.code), ("Message", error.message)]
    if resource is not None:
        content.append(("Resource", resource))
    content += [("RequestId", request_id), ("TraceId", request_id)]
    return xml_answer("Error", content, status=error.status)


def service_headers(plane: Plane | None, request_id: str) -> dict[str, str]:
    """Return the headers that every answer of a plane carries (1045/49352): CI sends no ``x-cos-request-id``."""
    if plane is Plane.COS:
        return {"Server": "tencent-cos", "x-cos-request-id": request_id}
    return {"Server": "tencent-ci", "x-ci-request-id": request_id}
