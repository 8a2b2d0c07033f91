"""The transport against real local sockets, and the repetition of requests against a clock that stands still."""

import datetime as dt
import socket
import ssl
import struct
import threading
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import (
    ApiError,
    DecodeError,
    InterruptedWaitError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
)
from pulumi_ci_audio.api.messages import Input, JobOperation, JobRequest
from pulumi_ci_audio.api.operations import Repeat
from pulumi_ci_audio.api.places import Bucket
from pulumi_ci_audio.api.transport import (
    ATTEMPTS,
    BUDGET_SECONDS,
    LONGEST_BODY_BYTES,
    Request,
    RequestsTransport,
    attempt,
    is_certainly_not_accepted,
    is_outcome_unknown,
    transport_to,
)
from tests.api.doubles import FakeClock

HOST = "test-1250000000.ci.ap-chongqing.myqcloud.com"
GET = Request("GET", HOST, "/jobs")
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch):
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Handler(BaseHTTPRequestHandler):
    """Notes each request and answers as its server is told to."""

    protocol_version = "HTTP/1.1"

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


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.is_over.set()
        server.shutdown()
        thread.join()


@contextmanager
def transport_of(endpoint, read_timeout=5.0):
    transport = RequestsTransport(endpoint, connect_timeout=10, read_timeout=read_timeout)
    with closing(transport._session()):
        yield transport


@pytest.fixture
def transport(server):
    with transport_of(server.address) as transport:
        yield transport


@pytest.fixture
def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return listener.getsockname()[1]


class TestWire:
    def test_answer_comes_back_with_lower_case_names(self, server, transport):
        server.behave = answering(403, b"<Error/>", X_Ci_Request_Id="abc", ETag='"e"')

        response = transport.send(GET)

        assert (response.status, response.body) == (403, b"<Error/>")
        assert (response.headers["x-ci-request-id"], response.headers["etag"]) == ("abc", '"e"')

    def test_request_goes_to_the_endpoint_with_its_true_host(self, server, transport):
        transport.send(Request("GET", HOST, "/", headers={"Authorization": "q-sign"}))

        ((_, _, headers, _, _),) = server.seen
        assert (headers["Host"], headers["Authorization"]) == (HOST, "q-sign")

    @pytest.mark.parametrize(
        ("request_", "target"),
        [
            (Request("GET", HOST, "/"), "/"),
            (Request("PUT", HOST, "/", (("unbind", ""),)), "/?unbind"),
            (Request("GET", HOST, "/jobs", (("a", "x/y z"), ("b", "+&=,"))), "/jobs?a=x%2Fy%20z&b=%2B%26%3D%2C"),
            (Request("HEAD", HOST, "/folder/录 音.mp3"), "/folder/%E5%BD%95%20%E9%9F%B3.mp3"),
            (Request("HEAD", HOST, "/a+b%2F?#&=~-_.!'()*"), "/a%2Bb%252F%3F%23%26%3D~-_.%21%27%28%29%2A"),
            (Request("HEAD", HOST, "/a//b"), "/a//b"),
        ],
        ids=["root", "lonely parameter", "parameters", "Chinese", "punctuation", "two slashes"],
    )
    def test_path_and_query_reach_the_wire_as_they_are_signed(self, server, transport, request_, target):
        transport.send(request_)

        assert request_.target == target
        assert server.seen[0][1] == target

    @pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
    def test_empty_body_is_declared(self, server, transport, method):
        transport.send(Request(method, HOST, "/"))

        assert server.seen[0][2]["Content-Length"] == "0"

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_question_declares_no_body(self, server, transport, method):
        transport.send(Request(method, HOST, "/"))

        assert {"Content-Length", "Transfer-Encoding", "Content-Type"}.isdisjoint(server.seen[0][2])

    def test_body_arrives_as_it_is(self, server, transport):
        transport.send(Request("POST", HOST, "/jobs", body="<音/>".encode()))

        assert server.seen[0][3] == "<音/>".encode()
        assert server.seen[0][2]["Content-Length"] == "6"

    def test_sender_names_itself(self, server, transport):
        transport.send(GET)

        assert server.seen[0][2]["User-Agent"].startswith("pulumi-ci-audio/")

    def test_length_of_a_head_is_no_promise_of_a_body(self, server, transport):
        server.behave = writing(b"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n")

        response = transport.send(Request("HEAD", HOST, "/a.mp3"))

        assert (response.headers["content-length"], response.body) == ("123456", b"")

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_redirect_is_returned_and_not_followed(self, server, transport, status):
        server.behave = answering(status, Location=f"{server.address}/elsewhere")

        assert transport.send(GET).status == status
        assert [seen[1] for seen in server.seen] == ["/jobs"]

    @pytest.mark.parametrize("status", [400, 429, 500, 503])
    def test_errors_are_answers_and_are_not_sent_again(self, server, transport, status):
        server.behave = answering(status, Retry_After="0")

        assert transport.send(GET).status == status
        assert len(server.seen) == 1


class TestConnections:
    def connections(self, server):
        return {seen[4] for seen in server.seen}

    def test_connection_is_used_again(self, server, transport):
        server.behave = answering(200, b"<Response/>")
        for method in ("GET", "PUT", "HEAD", "GET"):
            transport.send(Request(method, HOST, "/"))

        assert len(self.connections(server)) == 1

    def test_connection_is_used_again_after_an_error(self, server, transport):
        server.behave = answering(500, b"<Error/>")
        transport.send(GET)
        transport.send(GET)

        assert len(self.connections(server)) == 1

    def test_each_thread_has_a_connection_of_its_own(self, server, transport):
        def send():
            with closing(transport._session()):
                transport.send(GET)

        transport.send(GET)
        thread = threading.Thread(target=send)
        thread.start()
        thread.join()

        assert len(self.connections(server)) == 2

    def test_connection_that_was_closed_meanwhile_is_replaced(self, server, transport):
        def answer_and_close(handler):
            answering()(handler)
            handler.close_connection = True

        server.behave = answer_and_close
        transport.send(GET)
        assert server.closed.wait(5)

        assert transport.send(Request("POST", HOST, "/jobs", body=b"<Request/>")).status == 200
        assert [seen[0] for seen in server.seen] == ["GET", "POST"]

    def test_process_shares_one_transport_per_endpoint(self):
        transport_to.cache_clear()

        assert transport_to("http://127.0.0.1:1", 1.0, 5.0) is transport_to("http://127.0.0.1:1", 1.0, 5.0)
        assert transport_to("http://127.0.0.1:1", 1.0, 5.0) is not transport_to("http://127.0.0.1:2", 1.0, 5.0)


class TestFailures:
    def test_refused_connection_is_none(self, free_port):
        with (
            transport_of(f"http://127.0.0.1:{free_port}") as transport,
            pytest.raises(NotConnectedError, match=f"no connection to {HOST}"),
        ):
            transport.send(GET)

    @pytest.mark.parametrize(
        "behave",
        [
            resetting,
            writing(b""),
            writing(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
            writing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this"),
            writing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n"),
            writing(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nonly"),
            writing(b"no HTTP at all\r\n\r\n"),
            writing(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000),
        ],
        ids=[
            "reset",
            "closed",
            "cut",
            "cut chunk",
            "no last chunk",
            "broken gzip",
            "no HTTP",
            "too many headers",
        ],
    )
    def test_broken_answer_leaves_the_outcome_unknown(self, server, transport, behave):
        server.behave = behave

        with pytest.raises(NoAnswerError, match=HOST):
            transport.send(Request("POST", HOST, "/jobs", body=b"<Request/>"))
        assert len(server.seen) == 1

    def test_silence_leaves_the_outcome_unknown(self, server):
        server.behave = hanging

        with (
            transport_of(server.address, 0.1) as transport,
            pytest.raises(NoAnswerError, match="did not answer in time"),
        ):
            transport.send(GET)

    def test_silence_in_the_middle_leaves_the_outcome_unknown(self, server):
        def behave(handler):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
            hanging(handler)

        server.behave = behave

        with transport_of(server.address, 0.1) as transport, pytest.raises(NoAnswerError):
            transport.send(GET)

    def test_answer_that_takes_too_long_as_a_whole_is_given_up(self, server):
        server.behave = trickling

        with transport_of(server.address, 0.1) as transport, pytest.raises(NoAnswerError, match="too slow"):
            transport.send(GET)

    @pytest.mark.parametrize("framing", ["Content-Length: 99999999", "Connection: close"], ids=["declared", "open end"])
    def test_answer_that_is_too_long_is_given_up(self, server, transport, framing):
        server.behave = writing(
            f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + b"x" * (LONGEST_BODY_BYTES + 100_000)
        )

        with pytest.raises(NoAnswerError, match="too long"):
            transport.send(GET)

    def test_longest_answer_is_read(self, server, transport):
        server.behave = answering(200, b"x" * LONGEST_BODY_BYTES)

        assert len(transport.send(GET).body) == LONGEST_BODY_BYTES

    def test_error_shows_no_header(self, server, transport):
        server.behave = resetting

        with pytest.raises(NoAnswerError) as caught:
            transport.send(
                Request("GET", HOST, "/", headers={"Authorization": "secret", "x-ci-security-token": "hidden"})
            )

        assert "secret" not in str(caught.value)
        assert "hidden" not in str(caught.value)


class TestSurroundings:
    @pytest.fixture
    def _netrc(self, tmp_path, monkeypatch):
        path = tmp_path / "netrc"
        path.write_text("machine 127.0.0.1 login somebody password secret\ndefault login somebody password secret\n")
        monkeypatch.setenv("NETRC", str(path))

    @pytest.mark.usefixtures("_netrc")
    @pytest.mark.parametrize("trusts_surroundings", [False, True], ids=["endpoint", "as without endpoint"])
    def test_password_file_does_not_replace_the_signature(self, server, transport, trusts_surroundings):
        transport._session().trust_env = trusts_surroundings

        transport.send(Request("GET", HOST, "/", headers={"Authorization": "q-sign"}))
        transport.send(GET)

        assert [seen[2].get("Authorization") for seen in server.seen] == ["q-sign", None]

    @pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "ALL_PROXY"])
    def test_proxy_does_not_stand_before_an_endpoint(self, server, transport, free_port, monkeypatch, variable):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{free_port}")

        assert transport.send(GET).status == 200
        assert len(server.seen) == 1

    def test_proxy_stands_before_the_cloud_and_its_refusal_is_no_connection(self, server, monkeypatch):
        monkeypatch.setenv("https_proxy", server.address)
        server.behave = answering(403)

        with transport_of(None) as transport, pytest.raises(NotConnectedError):
            transport.send(GET)

        assert [seen[:2] for seen in server.seen] == [("CONNECT", f"{HOST}:443")]

    def test_proxy_that_is_down_is_no_connection(self, free_port, monkeypatch):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port}")

        with transport_of(None) as transport, pytest.raises(NotConnectedError):
            transport.send(GET)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc))
        .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.timezone.utc))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TestEncryption:
    @contextmanager
    def server_that(self, certificate, serve):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

        def accept(listener):
            connection, _ = listener.accept()
            with closing(connection):
                serve(context, connection)

        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            thread = threading.Thread(target=accept, args=(listener,))
            thread.start()
            yield f"https://localhost:{listener.getsockname()[1]}"
            thread.join()

    def test_refused_certificate_is_no_connection(self, certificate):
        def shake_hands(context, connection):
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True).read()

        with (
            self.server_that(certificate, shake_hands) as endpoint,
            transport_of(endpoint) as transport,
            pytest.raises(NotConnectedError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            transport.send(GET)

    def test_encryption_that_breaks_after_the_request_leaves_the_outcome_unknown(self, certificate):
        received = []

        def read_and_break(context, connection):
            with context.wrap_socket(connection, server_side=True) as encrypted:
                received.append(encrypted.recv(65536))
                with closing(socket.socket(fileno=encrypted.detach())) as bare:
                    bare.sendall(b"this is not encrypted" * 10)

        with self.server_that(certificate, read_and_break) as endpoint, transport_of(endpoint) as transport:
            transport._session().verify = str(certificate)
            with pytest.raises(NoAnswerError):
                transport.send(Request("POST", HOST, "/jobs", body=b"<Request/>"))

        assert received[0].startswith(b"POST /jobs HTTP/1.1\r\n")

    def test_tunnel_of_a_proxy_that_breaks_after_the_request_leaves_the_outcome_unknown(self, certificate, monkeypatch):
        received = []

        def tunnel_and_reset(context, connection):
            assert connection.recv(65536).startswith(b"CONNECT localhost:443 ")
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            encrypted = context.wrap_socket(connection, server_side=True)
            received.append(encrypted.recv(65536))
            encrypted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            encrypted.close()

        with self.server_that(certificate, tunnel_and_reset) as proxy, transport_of(None) as transport:
            monkeypatch.setenv("https_proxy", proxy.replace("https://", "http://"))
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
            with pytest.raises(NoAnswerError):
                transport.send(Request("POST", "localhost", "/jobs", body=b"<Request/>"))

        assert received[0].startswith(b"POST /jobs HTTP/1.1\r\n")


def refused(status, code=""):
    return ApiError("try", action="a", any_resource=False, status=status, code=code, message="", request_id="")


FAILURES = {
    "429": (refused(429), ATTEMPTS, ATTEMPTS),
    "503 SlowDown": (refused(503, "SlowDown"), ATTEMPTS, ATTEMPTS),
    "no connection": (NotConnectedError("refused"), ATTEMPTS, ATTEMPTS),
    "500": (refused(500), ATTEMPTS, 1),
    "503": (refused(503), ATTEMPTS, 1),
    "InternalError": (refused(400, "InternalError"), ATTEMPTS, 1),
    "reset or timeout": (NoAnswerError("reset"), ATTEMPTS, 1),
    "unreadable": (DecodeError("broken"), ATTEMPTS, 1),
    "301": (refused(301), 1, 1),
    "400": (refused(400, "InvalidArgument"), 1, 1),
    "401": (refused(401, "AccessDenied"), 1, 1),
    "403": (refused(403), 1, 1),
    "404": (refused(404), 1, 1),
    "settings": (SettingsError("no credentials"), 1, 1),
    "called off": (InterruptedWaitError("interrupted"), 1, 1),
    "another error": (ValueError("a bug"), 1, 1),
    "interrupt": (KeyboardInterrupt(), 1, 1),
}


class TestRepetition:
    def failing(self, error, *, times=None, clock=None, seconds=0.0):
        tried = []

        def once():
            tried.append(1)
            if clock:
                clock.time += seconds
            if times is None or len(tried) <= times:
                raise error
            return "answer"

        return once, tried

    @pytest.mark.parametrize("repeat", list(Repeat), ids=lambda repeat: repeat.name)
    @pytest.mark.parametrize("name", FAILURES)
    def test_failure_is_tried_as_often_as_its_kind_allows(self, name, repeat):
        error, safely, if_not_accepted = FAILURES[name]
        expected = {
            Repeat.SAFELY: safely,
            Repeat.IF_NOT_ACCEPTED: if_not_accepted,
            Repeat.NEVER: 1,
        }
        once, tried = self.failing(error)

        with pytest.raises(type(error)) as caught:
            attempt(once, repeat=repeat, waiter=FakeClock().waiter())

        assert caught.value is error
        assert len(tried) == expected[repeat]

    @pytest.mark.parametrize("times", range(ATTEMPTS))
    def test_first_good_answer_ends_the_repetition(self, times):
        once, tried = self.failing(NoAnswerError("reset"), times=times)

        assert attempt(once, repeat=Repeat.SAFELY, waiter=FakeClock().waiter()) == "answer"
        assert len(tried) == times + 1

    def test_unknown_outcome_after_a_refused_attempt_ends_the_repetition(self):
        errors = iter([refused(429), NoAnswerError("reset"), AssertionError("sent again")])

        def once():
            raise next(errors)

        with pytest.raises(NoAnswerError):
            attempt(once, repeat=Repeat.IF_NOT_ACCEPTED, waiter=FakeClock().waiter())

    def test_pauses_double_and_chance_lengthens_them(self):
        lengths = {}
        for chance in (0.0, 1.0):
            clock = FakeClock()
            starts = []

            def once(clock=clock, starts=starts):
                starts.append(clock.time)
                raise NoAnswerError("reset")

            with pytest.raises(NoAnswerError):
                attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter(chance=lambda chance=chance: chance))
            lengths[chance] = [later - earlier for earlier, later in pairwise(starts)]

        assert lengths == {0.0: pytest.approx([0.25, 0.5, 1.0]), 1.0: pytest.approx([0.5, 0.75, 1.25])}

    def test_no_attempt_is_begun_after_the_budget_is_spent(self):
        clock = FakeClock()
        once, tried = self.failing(NoAnswerError("timeout"), clock=clock, seconds=BUDGET_SECONDS / 2)

        with pytest.raises(NoAnswerError):
            attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter())

        assert len(tried) == 2

    def test_call_off_ends_the_pause_between_two_attempts(self):
        once, tried = self.failing(NoAnswerError("reset"))

        with pytest.raises(InterruptedWaitError):
            attempt(once, repeat=Repeat.SAFELY, waiter=FakeClock().waiter(is_called_off=lambda: True))

        assert len(tried) == 1

    @pytest.mark.parametrize("name", ["429", "503 SlowDown", "no connection"])
    def test_what_was_turned_away_has_no_unknown_outcome(self, name):
        error, _, _ = FAILURES[name]

        assert (is_certainly_not_accepted(error), is_outcome_unknown(error)) == (True, False)

    @pytest.mark.parametrize("name", ["500", "503", "InternalError", "reset or timeout", "unreadable"])
    def test_what_broke_has_an_unknown_outcome(self, name):
        error, _, _ = FAILURES[name]

        assert (is_certainly_not_accepted(error), is_outcome_unknown(error)) == (False, True)

    @pytest.mark.parametrize("name", ["400", "401", "403", "404"])
    def test_what_was_refused_is_neither(self, name):
        error, _, _ = FAILURES[name]

        assert (is_certainly_not_accepted(error), is_outcome_unknown(error)) == (False, False)


class TestPaidRequests:
    JOB = JobRequest(input=Input(object="in.mp3"), operation=JobOperation(template_id="t1"))

    def submit(self, server, read_timeout=5.0):
        with transport_of(server.address, read_timeout) as transport:
            client = Client(transport, lambda: Credentials("id", "key"), FakeClock().waiter())
            return client.submit_noise_reduction(Bucket("ap-chongqing", "test-1250000000"), self.JOB)

    @pytest.mark.parametrize(
        ("behave", "kind"),
        [
            (resetting, NoAnswerError),
            (writing(b""), NoAnswerError),
            (writing(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<Response>"), NoAnswerError),
            (answering(500), ApiError),
            (answering(503), ApiError),
            (answering(200, b"<Response>"), DecodeError),
            (answering(200), DecodeError),
        ],
        ids=["reset", "closed", "cut", "500", "503", "broken XML", "empty"],
    )
    def test_job_is_sent_once_when_its_outcome_is_unknown(self, server, behave, kind):
        server.behave = behave

        with pytest.raises(kind) as caught:
            self.submit(server)

        assert is_outcome_unknown(caught.value)
        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]

    def test_job_is_sent_once_when_the_service_is_silent(self, server):
        server.behave = hanging

        with pytest.raises(NoAnswerError):
            self.submit(server, read_timeout=0.1)

        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]

    @pytest.mark.parametrize(
        "behave",
        [answering(429), answering(503, b"<Error><Code>SlowDown</Code></Error>")],
        ids=["429", "SlowDown"],
    )
    def test_job_that_was_turned_away_is_left_to_its_caller(self, server, behave):
        server.behave = behave

        with pytest.raises(ApiError) as caught:
            self.submit(server)

        assert is_certainly_not_accepted(caught.value)
        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]
