"""HTTP/1.1 on one connection: h11 says what the bytes mean, this module moves them.

It knows no route and no document of the cloud. Connections are what tests want to see: which request came on which,
whether its client still waits, how a reset looks.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import ssl
import struct
import tempfile
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from typing import IO, Protocol

import h11

from pulumi_ci_audio.emulator.errors import ConnectionResetFault
from pulumi_ci_audio.emulator.http.messages import Request, Response
from pulumi_ci_audio.emulator.http.tls import TlsStream, wants_tls

log = logging.getLogger(__name__)

_SERVER = b"pulumi-ci-audio-emulator"
_PIECE_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 32 * 1024
# Larger bodies go to a temporary file, so memory stays bounded whatever is uploaded.
_SPOOL_BYTES = 1024**2
_VERSIONS = frozenset({b"1.0", b"1.1"})


class Application(Protocol):
    """What answers the requests."""

    def most_body_bytes(self, request: Request, /) -> int:
        """Return how much of a body is worth keeping, judged by the request's head; what is beyond is dropped."""

    def handle(self, request: Request, /) -> Response:
        """Return the response to ``request``; a body shorter than its declared length ends the connection.

        Raises:
            ConnectionResetFault: the connection is to be reset instead.
        """


@dataclass(frozen=True)
class Limits:
    """What a client may do to a connection.

    ``idle_seconds`` bound each wait for the client, ``transfer_seconds`` a whole request, and then a whole response:
    a client that sends or takes a byte now and then is never idle.
    """

    idle_seconds: float
    transfer_seconds: float
    max_body_bytes: int


class _RefusedError(Exception):
    """A request that cannot be handed to the application."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Connection:
    """One client's connection and the requests on it, one after the other.

    Args:
        client: the connected socket; it stays open unless the application wants a reset.
        number: told to the application with every request.
        application: answers the requests.
        limits: of time and size.
        tls: what to speak TLS with, if the client wants to; a client without TLS is served too.
    """

    def __init__(
        self,
        client: socket.socket,
        number: int,
        application: Application,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._client = client
        self._stream: socket.socket | TlsStream = client
        self._tls = tls
        self._number = number
        self._application = application
        self._limits = limits
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._is_head = False
        self._deadline = 0.0

    def serve(self) -> None:
        """Answer requests until the client, a fault or HTTP itself ends the connection.

        Raises:
            OSError: the client hung up, or sent or took nothing for too long.
        """
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # nothing waits for Nagle
        try:
            self._secure()
            while self._answer_next():
                if self._http.our_state is h11.DONE:
                    self._http.start_next_cycle()
        except ConnectionResetFault:
            self._reset()
        except _RefusedError as refusal:
            self._refuse(refusal.status, str(refusal))
        except h11.RemoteProtocolError as error:
            is_within_body = self._http.our_state is h11.SEND_RESPONSE
            self._refuse(400 if is_within_body else error.error_status_hint, str(error))

    @property
    def _is_secure(self) -> bool:
        return self._stream is not self._client

    def _secure(self) -> None:
        """Speak TLS from now on if the client does."""
        if self._tls is None:
            return
        self._start_transfer()
        self._wait_no_longer()
        if wants_tls(self._client):
            self._stream = TlsStream(self._client, self._tls)

    def _open_tunnel(self) -> None:
        """Let a client that takes this server for a proxy speak TLS with the host it wants, which is this server."""
        self._send_bytes(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._secure()

    def _answer_next(self) -> bool:
        """Answer one request; return whether another one may follow."""
        self._start_transfer()
        head = self._next_event()
        if not isinstance(head, h11.Request):  # the client has closed its side
            return False
        self._is_head = head.method == b"HEAD"
        if head.method == b"CONNECT" and self._tls is not None and not self._is_secure:
            self._open_tunnel()
            return True
        _check(head, self._limits.max_body_bytes)
        try:
            request = Request.parse(
                head.method.decode(),
                head.target.decode(),
                [(name.decode(), value.decode("latin-1")) for name, value in head.headers],
                connection=self._number,
                client_gone=self._is_client_gone,
                is_secure=self._is_secure,
            )
        except ValueError as error:
            raise _RefusedError(400, str(error)) from error
        with (
            self._receive_body(request) as body,
            contextlib.closing(self._handled(replace(request, body=body))) as response,
        ):
            self._start_transfer()
            return self._send(request, response) and self._http.our_state is h11.DONE

    def _start_transfer(self) -> None:
        self._deadline = time.monotonic() + self._limits.transfer_seconds

    def _wait_no_longer(self) -> None:
        """Bound the next wait for the client."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the client is too slow")
        self._client.settimeout(min(self._limits.idle_seconds, left))

    def _handled(self, request: Request) -> Response:
        try:
            return self._application.handle(request).framed()
        except ConnectionResetFault:
            raise
        except Exception as error:
            log.exception("the application failed on %s %s", request.method, request.path)
            raise _RefusedError(500, "the emulator failed, its log says why") from error

    def _next_event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if self._http.they_are_waiting_for_100_continue:
                self._send_bytes(
                    self._bytes_of(h11.InformationalResponse(status_code=100, reason="Continue", headers=[]))
                )
            self._wait_no_longer()
            received = self._stream.recv(_PIECE_BYTES)
            if not received:  # between requests, or within one that nobody waits for
                raise ConnectionAbortedError("the client hung up")
            self._http.receive_data(received)

    def _receive_body(self, request: Request) -> IO[bytes]:
        """Return the body of a request, as much of it as the application wants.

        All of it is waited for: an application must not act on half a request whose client has gone.
        """
        event = self._next_event()
        if isinstance(event, h11.EndOfMessage):
            return io.BytesIO()
        most, size = self._application.most_body_bytes(request), 0
        body = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115  the caller closes it
        try:
            while isinstance(event, h11.Data):
                body.write(event.data[: max(0, most - size)])
                size += len(event.data)
                _check_size(size, self._limits.max_body_bytes)
                event = self._next_event()
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    def _send(self, request: Request, response: Response) -> bool:
        """Send a response; return whether it was whole."""
        waiting = self._head(response)
        missing = 0 if self._is_head or response.status in {204, 304} else _declared_length(response)
        pieces = response.pieces()
        while missing:
            try:
                piece = next(pieces, b"")[:missing]
            except Exception:
                # The head may be out: all that is left is to let the client see that the body is not whole.
                log.exception("the application failed within its response to %s %s", request.method, request.path)
                piece = b""
            if not piece:
                break
            missing -= len(piece)
            self._send_bytes(waiting + self._bytes_of(h11.Data(data=piece)))
            waiting = b""
        if waiting:
            self._send_bytes(waiting)
        if missing:
            return False
        self._bytes_of(h11.EndOfMessage())  # none: the length says where the body ends
        return True

    def _head(self, response: Response) -> bytes:
        headers = [(name.encode(), value.strip().encode("latin-1")) for name, value in response.headers.items()]
        names = {name.lower() for name in response.headers}
        if "date" not in names:
            headers.append((b"Date", formatdate(usegmt=True).encode()))
        if "server" not in names:
            headers.append((b"Server", _SERVER))
        try:
            reason = HTTPStatus(response.status).phrase
        except ValueError:
            reason = "Unknown"
        return self._bytes_of(h11.Response(status_code=response.status, reason=reason, headers=headers))

    def _send_bytes(self, data: bytes) -> None:
        self._wait_no_longer()
        self._stream.sendall(data)

    def _bytes_of(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    def _refuse(self, status: int, reason: str) -> None:
        """Say why the request is not carried out; the connection ends with that."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        body = f"{reason}\n".encode()
        response = Response(status, body, {"Content-Type": "text/plain", "Connection": "close"}).framed()
        self._start_transfer()
        self._send_bytes(self._head(response) + (b"" if self._is_head else body))

    def _is_client_gone(self) -> bool:
        """Return whether the client closed its sending side: no HTTP client half-closes and then waits."""
        try:
            with socket.fromfd(self._client.fileno(), self._client.family, self._client.type) as same:
                return not same.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:  # reset by the client, or closed by the server meanwhile
            return True

    def _reset(self) -> None:
        # A zero linger time makes the kernel send RST. Detached, or an orderly FIN would go out first.
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self._client.detach())


def _check(head: h11.Request, max_body_bytes: int) -> None:
    """Let a request pass that this server can answer; h11 has checked its syntax.

    Raises:
        _RefusedError: it cannot.
    """
    headers = dict(head.headers)
    # h11 bounds only what it has to wait for.
    if len(head.target) + sum(len(name) + len(value) for name, value in head.headers) > _MAX_HEAD_BYTES:
        raise _RefusedError(431, "the head is too large")
    if head.http_version not in _VERSIONS:
        raise _RefusedError(505, "the version must be 1.0 or 1.1")
    if head.method == b"CONNECT":  # a TLS client behind a tunnel would only see a confusing handshake error
        raise _RefusedError(405, "this proxy speaks plain HTTP only, unless it is started with --tls")
    if b"content-length" in headers and b"transfer-encoding" in headers:  # RFC 9112, 6.3: ambiguous
        raise _RefusedError(400, "Content-Length and Transfer-Encoding exclude each other")
    _check_size(int(headers.get(b"content-length", 0)), max_body_bytes)


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise _RefusedError(413, "the body is too large")


def _declared_length(response: Response) -> int:
    return next(int(value) for name, value in response.headers.items() if name.lower() == "content-length")
