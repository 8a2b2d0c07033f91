"""The emulator on a TCP port: a thread for every connection."""

from __future__ import annotations

import contextlib
import itertools
import logging
import socket
import socketserver
import ssl
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from pulumi_ci_audio.emulator.http.connection import Application, Connection, Limits

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

log = logging.getLogger(__name__)

# The largest object COS takes in one PUT ("PUT Object", 436/7749).
MAX_BODY_BYTES = 5 * 1024**3
# A client that sends or takes nothing for this long has its connection closed.
IDLE_SECONDS = 60.0
# Sending a whole request, or taking a whole response, may last this long.
TRANSFER_SECONDS = 600.0
# More connections at once are refused: each has a thread.
MAX_CONNECTIONS = 512

_PIECE_BYTES = 64 * 1024
# How long what a refused client still sends is read and dropped: closing at once would reset the connection
# and take the response with it.
_LINGER_SECONDS = 1.0
_POLL_SECONDS = 0.05
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 21\r\nConnection: close\r\n\r\n"
    b"too many connections\n"
)


class EmulatorServer:
    """Serves an emulator on a TCP port, in the background or in the foreground.

    Args:
        emulator: answers the requests; it is not closed with the server.
        host: the address to listen on.
        port: the port, 0 for a free one.
        idle_seconds: after how long a client that sends or takes nothing loses its connection.
        transfer_seconds: how long a client may take to send a request, or to take a response.
        max_body_bytes: the largest body of a request that is read.
        max_connections: how many clients are served at once.
        tls: what to speak TLS with; clients without it are served too, and may open a tunnel.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(
        self,
        emulator: Application,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        idle_seconds: float = IDLE_SECONDS,
        transfer_seconds: float = TRANSFER_SECONDS,
        max_body_bytes: int = MAX_BODY_BYTES,
        max_connections: int = MAX_CONNECTIONS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.emulator = emulator
        limits = Limits(idle_seconds, transfer_seconds, max_body_bytes)
        self._listener = _Listener(host, port, emulator, limits, max_connections, tls)
        self.port: int = self._listener.server_address[1]
        address = f"[{host}]" if ":" in host else host
        self.url = f"{'http' if tls is None else 'https'}://{address}:{self.port}"
        self._state = threading.Lock()
        self._is_serving = False
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Serve from a background thread; requests are taken from now on."""
        self._thread = threading.Thread(target=self.serve_forever, name=f"emulator {self.url}", daemon=True)
        self._thread.start()

    def serve_forever(self) -> None:
        """Serve until another thread calls :meth:`close`; at once over when it already has."""
        with self._state:
            if self._is_closed:
                return
            self._is_serving = True
        self._listener.serve_forever(_POLL_SECONDS)

    def close(self) -> None:
        """Stop listening and end every connection, also those with a request in flight.

        Not for the thread inside :meth:`serve_forever` nor for its signal handlers: it waits for that thread.
        """
        with self._state:
            if self._is_closed:
                return
            self._is_closed = True
            is_serving = self._is_serving
        if is_serving:
            self._listener.shutdown()
        self._listener.server_close()
        self._listener.end_connections()
        if self._thread is not None:
            self._thread.join()


class _Listener(socketserver.ThreadingTCPServer):
    """Accepts connections and remembers the open ones, to be able to end them."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
    server_address: tuple[str, int]

    def __init__(
        self,
        host: str,
        port: int,
        application: Application,
        limits: Limits,
        max_connections: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._application = application
        self._limits = limits
        self._max_connections = max_connections
        self._tls = tls
        self._numbers = itertools.count(1)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), socketserver.BaseRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            is_busy = len(self._open) >= self._max_connections
            if not is_busy:
                self._open.add(request)
        if is_busy:
            _refuse(request)
        else:
            super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  overridden signature
        Connection(request, next(self._numbers), self._application, self._limits, self._tls).serve()

    def shutdown_request(self, request: Any) -> None:
        if request.fileno() != -1:  # else reset by the application
            _linger(request)
        with self._lock:
            self._open.discard(request)
        self.close_request(request)

    def end_connections(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):  # the peer, or the connection's own thread, was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  overridden signature
        # Clients hang up whenever they like; anything else is a mistake in this package.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            log.exception("connection from %s failed", client_address)  # noqa: LOG004  called while handling


def _refuse(connection: socket.socket) -> None:
    """Tell a client that there are too many, without waiting for what it wants."""
    with contextlib.suppress(OSError), connection:
        connection.setblocking(False)
        connection.send(_BUSY)
        connection.shutdown(socket.SHUT_WR)


def _linger(connection: socket.socket) -> None:
    """Say that nothing more will come, and drop what the client still sends, for a moment."""
    deadline = time.monotonic() + _LINGER_SECONDS
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_LINGER_SECONDS)
        while connection.recv(_PIECE_BYTES) and time.monotonic() < deadline:
            pass
