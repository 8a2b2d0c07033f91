"""TLS on a connected socket that stays the caller's: it can still be looked into, reset and shut down."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

_PIECE_BYTES = 64 * 1024
_HANDSHAKE = b"\x16"  # the first byte of a client that speaks TLS, and of no HTTP request

Result = TypeVar("Result")


def wants_tls(client: socket.socket) -> bool:
    """Return whether the first byte that a client sends, which is left where it is, begins a handshake.

    Raises:
        OSError: the client sent nothing for too long.
    """
    return client.recv(1, socket.MSG_PEEK) == _HANDSHAKE


class TlsStream:
    """The server's side of TLS; its timeouts are those of the socket.

    Raises:
        OSError: the handshake failed, or took too long.
    """

    def __init__(self, client: socket.socket, context: ssl.SSLContext) -> None:
        self._client = client
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        try:
            self._carry_out(self._tls.do_handshake)
        except ssl.SSLError as error:
            with contextlib.suppress(OSError):  # the alert that says why
                self._flush()
            raise ConnectionAbortedError(f"no TLS with this client: {error.reason}") from error

    def recv(self, size: int) -> bytes:
        """Return what the client sent, empty when nothing more will come."""
        try:
            return self._carry_out(lambda: self._tls.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise ConnectionAbortedError(f"the client broke TLS: {error.reason}") from error

    def sendall(self, data: bytes) -> None:
        """Send all of ``data``."""
        if data:
            self._carry_out(lambda: self._tls.write(data))

    def _carry_out(self, act: Callable[[], Result]) -> Result:
        while True:
            try:
                result = act()
            except ssl.SSLWantReadError:
                self._flush()
                if received := self._client.recv(_PIECE_BYTES):
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
                continue
            self._flush()
            return result

    def _flush(self) -> None:
        if waiting := self._outgoing.read():
            self._client.sendall(waiting)
