"""The socket side of the emulator: a threaded HTTP/1.1 server with keep-alive for one WSGI application.

It knows no route and no document of the cloud. It exists because werkzeug's own server closes every
connection, and connections are what tests want to see: which request came on which, whether its client still
waits, how a reset looks.
"""

from __future__ import annotations

import contextlib
import http.server
import io
import itertools
import logging
import re
import selectors
import socket
import socketserver
import struct
import sys
import tempfile
import threading
import time
from email.utils import formatdate
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from pulumi_ci_audio.emulator.faults import ConnectionResetFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

log = logging.getLogger(__name__)

# The largest object COS takes in one PUT ("PUT Object", 436/7749).
MAX_BODY_BYTES = 5 * 1024**3
# Larger bodies go to a temporary file, so memory stays bounded whatever is uploaded.
SPOOL_BYTES = 1024**2
# A client that sends or takes nothing for this long has its connection closed.
IDLE_SECONDS = 60.0

_COPY_BYTES = 64 * 1024
# A chunk's size with its extension, or one trailer.
_MAX_CHUNK_LINE = 8 * 1024
_MAX_TRAILERS = 100
# How long what a refused client still sends is read and dropped: closing at once would reset the connection
# and take the answer with it.
_LINGER_SECONDS = 1.0
_POLL_SECONDS = 0.05

_ABSOLUTE_FORM = re.compile(r"https?://(?:[^/?#@]*@)?(?P<host>[^/?#@]+)(?P<rest>.*)", re.IGNORECASE)
_FOLD = re.compile(r"[\r\n]+")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?\r?\n", re.DOTALL)


class EmulatorServer:
    """Serves one WSGI application on a TCP port, in the background or in the foreground.

    Beyond WSGI's own keys the application finds in the environment:

    - ``REQUEST_URI``: the path as the client sent it, still percent-encoded and without the query;
    - ``ci_audio.connection``: a number that requests on one connection share and no other connection has;
    - ``ci_audio.client_gone``: a callable that tells whether the client has closed its side meanwhile.

    It may raise :class:`~pulumi_ci_audio.emulator.faults.ConnectionResetFault` for a TCP reset, and answer
    fewer bytes than its ``Content-Length`` for a truncated answer.
    """

    def __init__(self, emulator: WSGIApplication, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.emulator = emulator
        self._listener = _Listener(host, port, emulator)
        self.port: int = self._listener.server_address[1]
        self.url = f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
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

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.application = application
        self.connection_numbers = itertools.count(1)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((host, port), _Connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

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
        # Clients hang up whenever they like; anything else is a mistake in this module.
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            log.exception("connection from %s failed", client_address)  # noqa: LOG004  called while handling


class _RefusedError(Exception):
    """A request that cannot be handed to the application."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Connection(http.server.BaseHTTPRequestHandler):
    """One client's connection and the requests on it, one after the other."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # HTTP/0.9 would mean refusals without a status line
    timeout = IDLE_SECONDS
    # Head and body leave in one segment where they fit, and nothing waits for Nagle where they do not.
    wbufsize = _COPY_BYTES
    disable_nagle_algorithm = True
    server: _Listener

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.connection_numbers)

    def version_string(self) -> str:
        return "pulumi-ci-audio-emulator"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the overridden method's name for it
        log.debug(format, *args)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        if self.request_version == "HTTP/0.9":  # named by the client; its answers have no status line
            self.request_version = self.default_request_version
        super().send_error(code, message, explain)

    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def do_CONNECT(self) -> None:
        """Refuse a tunnel: a TLS client behind it would only see a confusing handshake error."""
        self.send_error(405, "This proxy speaks plain HTTP only")

    def run_wsgi(self) -> None:
        """Read one request, hand it to the application and send its answer."""
        try:
            host, path, query = _split_target(self.requestline.split()[1])
            body = self._read_body()
        except _RefusedError as refusal:
            self.send_error(refusal.status, str(refusal))
            return
        with body:
            environ = self._environ(host=host, path=path, query=query, body=body)
            try:
                self._answer(environ)
            except ConnectionResetFault:
                self._reset()

    # http.server dispatches by these names.
    do_GET = do_HEAD = do_POST = do_PUT = run_wsgi  # noqa: N815  see above
    do_DELETE = do_OPTIONS = do_PATCH = run_wsgi  # noqa: N815  see above

    def _read_body(self) -> IO[bytes]:
        """Return the whole body: an application must not act on half a request whose client has gone."""
        body = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115  the caller closes it
        try:
            for piece in self._body_pieces():
                body.write(piece)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        return body

    def _body_pieces(self) -> Iterator[bytes]:
        lengths = {text.strip() for text in self.headers.get_all("Content-Length", [])}
        encodings = self.headers.get_all("Transfer-Encoding", [])
        if encodings and lengths:  # RFC 9112, 6.3: ambiguous
            raise _RefusedError(400, "Both Content-Length and Transfer-Encoding")
        if encodings:
            if [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
                raise _RefusedError(501, "Unknown Transfer-Encoding")
            yield from self._chunks()
        elif lengths:
            length = lengths.pop()
            if lengths or not (length.isascii() and length.isdigit()):
                raise _RefusedError(400, "Bad Content-Length")
            if len(length) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
                raise _RefusedError(413, "Body too large")
            yield from self._exactly(int(length))

    def _exactly(self, length: int) -> Iterator[bytes]:
        while length:
            piece = self.rfile.read(min(length, _COPY_BYTES))
            if not piece:
                raise ConnectionAbortedError("the client hung up within a body")
            length -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        # RFC 9112, 7.1: chunks, each with its size in front, an empty one, trailers, an empty line.
        total = 0
        while True:
            size_line = _CHUNK_SIZE.fullmatch(self._line())
            if size_line is None:
                raise _RefusedError(400, "Bad chunk size")
            size = int(size_line[1], 16)
            total += size
            if total > MAX_BODY_BYTES:
                raise _RefusedError(413, "Body too large")
            if not size:
                break
            yield from self._exactly(size)
            if self._line().strip():
                raise _RefusedError(400, "Chunk longer than its size")
        for _ in range(_MAX_TRAILERS):
            if not self._line().strip():
                return
        raise _RefusedError(400, "Too many trailers")

    def _line(self) -> bytes:
        line = self.rfile.readline(_MAX_CHUNK_LINE)
        if not line:
            raise ConnectionAbortedError("the client hung up within a body")
        if not line.endswith(b"\n"):
            raise _RefusedError(400, "Line too long in a chunked body")
        return line

    def _environ(self, *, host: str | None, path: str, query: str, body: IO[bytes]) -> WSGIEnvironment:
        environ: WSGIEnvironment = {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            # Bytes as Latin-1 text, as PEP 3333 wants; leading slashes are part of an object's key.
            "PATH_INFO": unquote_to_bytes(path.encode("latin-1")).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": path,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": self.client_address[1],
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "SERVER_SOFTWARE": self.version_string(),
            "ci_audio.connection": self.number,
            "ci_audio.client_gone": self._client_gone,
        }
        for name in {name.lower() for name in self.headers if "_" not in name}:
            value = ",".join(_FOLD.sub("", text).strip() for text in self.headers.get_all(name, []))
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = str(body.seek(0, io.SEEK_END))
            body.seek(0)
        if host is not None:  # RFC 9112, 3.2.2: an absolute-form target's host wins over the header
            environ["HTTP_HOST"] = host
        return environ

    def _client_gone(self) -> bool:
        """Return whether the client closed its sending side: no HTTP client half-closes and then waits."""
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self.connection, selectors.EVENT_READ)
                return bool(selector.select(0)) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):  # reset by the client, or closed by the server meanwhile
            return True

    def _answer(self, environ: WSGIEnvironment) -> None:
        with contextlib.closing(_Answer()) as answer:
            try:
                answer.begin(self.server.application, environ)
                head = self._head(answer)
            except ConnectionResetFault:
                raise
            except Exception:
                log.exception("the application failed on %s", self.requestline)
                self.send_error(500, "The emulator failed, its log says why")
                return
            try:
                self.wfile.write(head)
                if not self._is_bodiless(answer):
                    self._send_body(answer)
            except (ConnectionResetFault, ConnectionError, TimeoutError):
                raise
            except Exception:
                # The head is out: all that is left is to let the client see that the body is not whole.
                log.exception("the application failed within its answer to %s", self.requestline)
                self.close_connection = True

    def _is_bodiless(self, answer: _Answer) -> bool:
        return self.command == "HEAD" or answer.status[:3] in {"204", "304"}

    def _head(self, answer: _Answer) -> bytes:
        names = {name.lower(): value for name, value in answer.headers}
        if names.get("connection", "").lower() == "close":
            self.close_connection = True
        lines = [f"{self.protocol_version} {answer.status}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.length is None and not self._is_bodiless(answer):
            answer.collect()
            lines.append(f"Content-Length: {answer.length}")
        if "date" not in names:
            lines.append(f"Date: {formatdate(usegmt=True)}")
        if "server" not in names:
            lines.append(f"Server: {self.version_string()}")
        if "connection" not in names:
            lines.append(f"Connection: {'close' if self.close_connection else 'keep-alive'}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _send_body(self, answer: _Answer) -> None:
        assert answer.length is not None
        missing = answer.length
        for piece in answer.pieces:
            self.wfile.write(piece[:missing])
            missing -= min(missing, len(piece))
        if missing:
            self.close_connection = True

    def _reset(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.flush()
        self.close_connection = True
        # A zero linger time makes the kernel send RST. Detached, or an orderly FIN would go out first.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())


class _Answer:
    """What the application answered: status, headers, and a body that may be produced while it is sent."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.length: int | None = None
        self.pieces: Iterable[bytes] = ()
        self._written: list[bytes] = []
        self._result: Iterable[bytes] = ()

    def begin(self, application: WSGIApplication, environ: WSGIEnvironment) -> None:
        """Call the application up to its body's first piece: it may call ``start_response`` that late."""
        self._result = application(environ, self._start_response)
        iterator = iter(self._result)
        first = next(iterator, b"")
        if not self.status:
            raise RuntimeError("the application did not call start_response")
        self.pieces = itertools.chain(self._written, (first,), iterator)
        declared = [value for name, value in self.headers if name.lower() == "content-length"]
        self.length = int(declared[0]) if declared else None

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        self.status, self.headers = status, list(headers)
        return self._written.append

    def collect(self) -> None:
        """Hold the whole body, to know its length. Answers that may be large declare theirs."""
        body = b"".join(self.pieces)
        self.pieces, self.length = (body,), len(body)

    def close(self) -> None:
        close = getattr(self._result, "close", None)
        if close is not None:
            close()


def _linger(connection: socket.socket) -> None:
    """Say that nothing more will come, and drop what the client still sends, for a moment."""
    deadline = time.monotonic() + _LINGER_SECONDS
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_LINGER_SECONDS)
        while connection.recv(_COPY_BYTES) and time.monotonic() < deadline:
            pass


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
        raise _RefusedError(400, "Bad request target")
    path, _, query = target.partition("?")
    return host, path, query
