"""A real HTTP server on a local port, which notes each request and misbehaves as it is told to."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Notes each request and answers as its server is told to."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        note = (self.command, self.path, dict(self.headers), body, self.client_address)
        self.server.seen.append(note)
        self.server.behave(self)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = do_CONNECT = answer  # noqa: N815  the names of the base class

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """A server on a free local port. ``behave`` gets the handler of each request."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.behave = answering()
        self.is_over = threading.Event()
        self.closed = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        pass  # a client that hangs up is what some tests are about

    def shutdown_request(self, request):
        super().shutdown_request(request)
        self.closed.set()


def answering(status=200, body=b"", **headers):
    def behave(handler):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(body)

    return behave


def writing(raw):
    def behave(handler):
        handler.wfile.write(raw)
        handler.close_connection = True

    return behave


def resetting(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def hanging(handler):
    handler.server.is_over.wait()
    handler.close_connection = True


def trickling(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
    while not handler.server.is_over.wait(0.02):
        handler.wfile.write(b"x" * 70_000)
    handler.close_connection = True


def dripping(start, again):
    """Write ``start``, and then ``again`` and again, never silent for long and without an end."""

    def behave(handler):
        handler.wfile.write(start)
        while not handler.server.is_over.wait(0.02):
            handler.wfile.write(again)
        handler.close_connection = True

    return behave


@contextmanager
def serving():
    """Yield a server that runs until the end of the block."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.is_over.set()
            server.shutdown()
            thread.join()
