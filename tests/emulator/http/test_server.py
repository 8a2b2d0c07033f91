"""The socket server with a tiny application: what only a real connection can show."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time

import pytest
import requests

from pulumi_ci_audio.emulator.errors import ConnectionResetFault
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.server import EmulatorServer


class Pieces:
    """A body that is produced while it is sent."""

    def __init__(self, pieces, length):
        self.pieces, self.length, self.is_closed = pieces, length, False

    def __iter__(self):
        return iter(self.pieces())

    def close(self):
        self.is_closed = True


PUT = b"PUT / HTTP/1.1\r\nHost: h\r\n"
CANNED = {
    "/truncated": lambda: Response(200, b"x" * 10, {"Content-Length": "1000"}),
    "/too-long": lambda: Response(200, b"abcdefgh", {"Content-Length": "4"}),
    "/empty": lambda: Response(204),
}


class Application:
    """One path per behaviour a test needs; everything else is echoed."""

    def __init__(self):
        self.entered = threading.Event()
        self.released = threading.Event()
        self.was_gone = []
        self.bodies = []
        self.stream = None

    @staticmethod
    def most_body_bytes(request):
        return 3 if request.path == "/unwanted" else 10**9

    def handle(self, request):
        self.bodies.append(request.body.read())
        if request.path in CANNED:
            return CANNED[request.path]()
        if request.path == "/stream":
            return self.streamed(lambda: (b"s" * 65536 for _ in range(100)), 100 * 65536)
        if request.path == "/broken-stream":
            return self.streamed(lambda: (1 // n and b"x" for n in (1, 0)), 10)
        if request.path == "/reset":
            raise ConnectionResetFault
        if request.path == "/broken":
            raise RuntimeError("a mistake")
        if request.path == "/wait":
            self.wait(request.client_gone)
        echoed = {
            "method": request.method,
            "host": request.sent_host,
            "path": request.path,
            "query": request.query,
            "headers": dict(request.headers),
            "connection": request.connection,
            "body": len(self.bodies[-1]),
        }
        headers = {"Content-Type": "application/json", "Server": "tencent-ci"}
        return Response(200, json.dumps(echoed).encode(), headers)

    def streamed(self, pieces, length):
        self.stream = Pieces(pieces, length)
        return Response(200, self.stream, {"Content-Length": str(length)})

    def wait(self, client_gone):
        self.was_gone.append(client_gone())
        self.entered.set()
        deadline = time.monotonic() + 5
        while not (client_gone() or self.released.is_set()) and time.monotonic() < deadline:
            time.sleep(0.005)
        self.was_gone.append(client_gone())
        self.released.set()


@pytest.fixture
def application():
    return Application()


@pytest.fixture
def server(application):
    with EmulatorServer(application) as running:
        yield running


@pytest.fixture
def session():
    with requests.Session() as session:
        session.trust_env = False
        yield session


def exchange(server, data):
    """Send raw bytes, return everything until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


class TestConnections:
    def test_requests_on_one_connection_share_its_number(self, server, session):
        numbers = [session.post(server.url, data=b"x" * n).json()["connection"] for n in (0, 1, 100_000)]

        assert len(set(numbers)) == 1

    def test_two_connections_have_two_numbers(self, server):
        first, second = (requests.get(server.url, timeout=5).json()["connection"] for _ in range(2))

        assert first != second

    def test_connection_is_closed_when_the_client_asks_for_it(self, server):
        answer = exchange(server, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert b"\r\nconnection: close\r\n" in answer.lower()

    def test_idle_connection_is_closed(self, application):
        with EmulatorServer(application, idle_seconds=0.05) as server:
            answer = exchange(server, b"")

        assert answer == b""

    def test_client_that_sends_a_byte_now_and_then_is_cut_off(self, application):
        start = time.monotonic()
        with (
            EmulatorServer(application, transfer_seconds=0.3) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as client,
            contextlib.suppress(ConnectionError),
        ):
            for byte in b"GET / HTTP/1.1\r\nHost: " + b"h" * 1000:
                client.sendall(bytes([byte]))
                time.sleep(0.02)

        assert 0.3 <= time.monotonic() - start < 3

    def test_client_that_takes_nothing_is_cut_off(self, application):
        with (
            EmulatorServer(application, transfer_seconds=0.3) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=5) as client,
        ):
            client.sendall(b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
            deadline = time.monotonic() + 5
            while not (application.stream and application.stream.is_closed):
                assert time.monotonic() < deadline
                time.sleep(0.01)

    def test_more_clients_than_are_served_at_once_are_refused(self, application):
        with EmulatorServer(application, max_connections=1) as server:
            with socket.create_connection(("127.0.0.1", server.port), timeout=5):
                refused = exchange(server, b"")
            deadline, answer = time.monotonic() + 5, b""
            while b" 200 " not in answer:
                assert time.monotonic() < deadline
                with contextlib.suppress(ConnectionError):  # refused before its request was read
                    answer = exchange(server, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert refused.startswith(b"HTTP/1.1 503 ")

    def test_small_answers_do_not_wait_for_acknowledgements(self, server, session):
        session.get(server.url)
        start = time.monotonic()
        for _ in range(20):
            session.post(server.url, data=b"x")

        assert time.monotonic() - start < 20 * 0.04  # Nagle and delayed acknowledgements cost 44 ms each


class TestAnswers:
    def test_header_of_the_application_is_not_doubled(self, server):
        answer = exchange(server, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert answer.count(b"\r\nServer: ") == 1
        assert answer.count(b"\r\nDate: ") == 1

    def test_head_has_the_length_but_no_body(self, server):
        answer = exchange(server, b"HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert b"\r\nContent-Length: 6553600\r\n" in answer
        assert answer.endswith(b"\r\n\r\n")

    def test_answer_without_content_has_neither_body_nor_length(self, server):
        answer = exchange(server, b"GET /empty HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 204 No Content\r\n")
        assert b"Content-Length" not in answer

    def test_streamed_body_arrives_whole(self, server, session):
        assert session.get(f"{server.url}/stream").content == b"s" * 6553600

    def test_streamed_body_is_closed_when_it_was_sent(self, server, session, application):
        session.get(f"{server.url}/stream")
        session.get(server.url)  # answered by the same thread, after that

        assert application.stream.is_closed

    def test_length_is_counted_when_the_application_gives_none(self, server, session):
        answer = session.get(server.url)

        assert answer.headers["Content-Length"] == str(len(answer.content))

    def test_body_shorter_than_declared_ends_the_connection(self, server):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/truncated")
            with pytest.raises(http.client.IncompleteRead) as truncated:
                connection.getresponse().read()

        assert truncated.value.partial == b"x" * 10

    def test_body_longer_than_declared_is_cut(self, server):
        answer = exchange(server, b"GET /too-long HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert answer.endswith(b"\r\n\r\nabcd")

    def test_mistake_of_the_application_is_logged_and_answered_500(self, server, session, caplog):
        broken = session.get(f"{server.url}/broken")
        after = session.get(server.url)

        assert broken.status_code == 500
        assert "a mistake" in caplog.text
        assert after.status_code == 200

    def test_mistake_within_a_body_is_logged_and_ends_the_connection(self, server, caplog):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        with contextlib.closing(connection):
            connection.request("GET", "/broken-stream")
            with pytest.raises(http.client.IncompleteRead):
                connection.getresponse().read()

        assert "ZeroDivisionError" in caplog.text

    def test_reset_reaches_the_client_as_a_reset(self, server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(b"GET /reset HTTP/1.1\r\nHost: h\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(1)


class TestTargets:
    def test_proxy_form_names_the_host(self, server):
        answer = exchange(
            server,
            b"GET http://b.cos.ap-x.myqcloud.com:80//a%2Fb?x=1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
        )
        echoed = json.loads(answer.partition(b"\r\n\r\n")[2])

        assert echoed["host"] == "b.cos.ap-x.myqcloud.com:80"
        assert echoed["path"] == "//a/b"
        assert echoed["query"] == "x=1"

    def test_proxy_form_without_a_path_has_the_root(self, server):
        answer = exchange(server, b"PUT http://h?unbind HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        echoed = json.loads(answer.partition(b"\r\n\r\n")[2])

        assert (echoed["path"], echoed["query"]) == ("/", "unbind")

    def test_official_proxy_setting_of_requests_works(self, server):
        answer = requests.get("http://h.example/k", proxies={"http": server.url}, timeout=5)

        assert answer.json()["host"] == "h.example"

    def test_leading_slashes_of_a_key_survive(self, server):
        answer = exchange(server, b"GET ///k%E4%BD%A0 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")

        assert json.loads(answer.partition(b"\r\n\r\n")[2])["path"] == "///k你"

    def test_tunnel_is_refused(self, server):
        answer = exchange(server, b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 405 ")


class TestBodies:
    def test_chunked_body_is_joined(self, server, application, session):
        answer = session.post(server.url, data=iter([b"ab", b"c" * 70_000, b"d"]))

        assert application.bodies == [b"ab" + b"c" * 70_000 + b"d"]
        assert answer.json()["body"] == 70003

    def test_chunk_extensions_and_trailers_are_read_over(self, server, application):
        answer = exchange(
            server,
            PUT + b"Transfer-Encoding: chunked\r\n\r\n"
            b"3;name=value\r\nabc\r\n0\r\nTrailer: x\r\n\r\n"
            b"GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        )

        assert application.bodies == [b"abc", b""]
        assert answer.count(b"HTTP/1.1 200 OK") == 2

    def test_large_body_arrives_whole(self, server, application, session):
        body = bytes(range(256)) * 20_000
        session.put(server.url, data=body)

        assert application.bodies == [body]

    def test_client_that_expects_100_is_told_to_continue(self, server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(PUT + b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            interim = client.recv(65536)
            client.sendall(b"ok")
            final = b"".join(iter(lambda: client.recv(65536), b""))

        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert json.loads(final.partition(b"\r\n\r\n")[2])["body"] == 2

    def test_unwanted_body_is_dropped_and_the_connection_goes_on(self, server, application, session):
        first = session.put(f"{server.url}/unwanted", data=b"x" * 3_000_000)
        second = session.put(server.url, data=b"wanted")

        assert application.bodies == [b"xxx", b"wanted"]
        assert first.json()["connection"] == second.json()["connection"]

    def test_half_a_body_never_reaches_the_application(self, server, application):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(PUT + b"Content-Length: 10\r\n\r\nhalf")
            client.shutdown(socket.SHUT_WR)
            answer = client.recv(1)

        assert answer == b""
        assert application.bodies == []


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no request line"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", 400, id="no host"),
        pytest.param(b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505, id="another version"),
        pytest.param("GET /你 HTTP/1.1\r\nHost: h\r\n\r\n".encode(), 400, id="raw UTF-8"),
        pytest.param(b"GET a b c HTTP/1.1\r\n\r\n", 400, id="too many words"),
        pytest.param(b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400, id="another scheme"),
        pytest.param(b"GET relative HTTP/1.1\r\nHost: h\r\n\r\n", 400, id="relative target"),
        pytest.param(PUT + b"Content-Length: -1\r\n\r\n", 400, id="negative length"),
        pytest.param(PUT + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, id="two lengths"),
        pytest.param(PUT + b"Content-Length: 9999999999999\r\n\r\n", 413, id="huge length"),
        pytest.param(
            PUT + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            id="length and chunks",
        ),
        pytest.param(PUT + b"Transfer-Encoding: gzip\r\n\r\n", 501, id="unknown encoding"),
        pytest.param(PUT + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400, id="bad chunk size"),
        pytest.param(
            PUT + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 90_000,
            400,
            id="endless chunk line",
        ),
        pytest.param(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 431, id="long target"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431, id="long header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", 431, id="many headers"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"x" * 40_000 + b"\r\n\r\n", 431, id="whole large head"),
    ],
)
def test_malformed_request_is_refused_and_the_connection_closed(server, application, request_bytes, status):
    answer = exchange(server, request_bytes)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert application.bodies == []


def test_chunked_body_that_grows_too_large_is_refused(application):
    head = PUT + b"Transfer-Encoding: chunked\r\n\r\n"
    with EmulatorServer(application, max_body_bytes=10) as server:
        answer = exchange(server, head + b"b\r\n01234567890\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert application.bodies == []


def test_refusal_of_a_head_request_has_no_body(server):
    answer = exchange(server, b"HEAD relative HTTP/1.1\r\nHost: h\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"\r\n\r\n")


def test_refused_client_that_still_sends_gets_its_answer(server):
    """Closing a socket with unread data resets the connection, and the answer is lost on its way."""
    head = PUT + b"Content-Length: 9999999999999\r\n\r\n"

    assert exchange(server, head + bytes(4_000_000)).startswith(b"HTTP/1.1 413 ")


class TestClientGone:
    def test_client_that_waits_is_not_gone(self, server, application):
        application.released.set()
        requests.get(f"{server.url}/wait", timeout=5)

        assert application.was_gone == [False, False]

    def test_client_that_hung_up_is_gone(self, server, application):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            assert application.entered.wait(5)

        assert application.released.wait(5)
        assert application.was_gone == [False, True]


class TestClose:
    def test_close_ends_promptly_with_a_request_in_flight(self, application):
        server = EmulatorServer(application)
        server.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
            client.sendall(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
            assert application.entered.wait(5)
            start = time.monotonic()
            server.close()
            seconds = time.monotonic() - start
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b""

        assert seconds < 1

    def test_close_ends_kept_alive_connections_and_listening(self, application):
        with EmulatorServer(application) as server:
            client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            client.request("GET", "/")
            client.getresponse().read()

        with contextlib.closing(client):
            assert client.sock.recv(1) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), timeout=5)

    def test_close_twice_and_before_start_returns(self, application):
        server = EmulatorServer(application)
        server.close()
        server.close()
        server.serve_forever()

    def test_foreground_server_returns_when_another_thread_closes_it(self, application):
        server = EmulatorServer(application)
        closer = threading.Timer(0.05, server.close)
        closer.start()
        server.serve_forever()
        closer.join()

    def test_busy_port_is_an_ordinary_error(self, server, application):
        with pytest.raises(OSError, match="in use"):
            EmulatorServer(application, port=server.port)
