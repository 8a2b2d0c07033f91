"""The transport against real local sockets, and the repetition of requests against a clock that stands still."""

import gzip
import logging
import socket
import ssl
import struct
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection

import pytest

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import (
    ApiError,
    CiAudioError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
)
from pulumi_ci_audio.api.records import JobRequest
from pulumi_ci_audio.api.transport import (
    LONGEST_BODY_BYTES,
    Request,
    RequestsTransport,
    transport_to,
)
from tests.api.servers import answering, dripping, hanging, resetting, trickling, writing
from tests.support.clock import FakeClock

HOST = "test-1250000000.ci.ap-chongqing.myqcloud.com"
GET = Request("GET", HOST, "/jobs")


@contextmanager
def transport_of(endpoint, read_timeout=5.0, ca_bundle=None):
    transport = RequestsTransport(endpoint, connect_timeout=10, read_timeout=read_timeout, ca_bundle=ca_bundle)
    with closing(transport):
        yield transport


@pytest.fixture
def transport(server):
    with transport_of(server.address) as transport:
        yield transport


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

    def test_connection_is_used_again_by_another_thread(self, server, transport):
        transport.send(GET)
        with ThreadPoolExecutor(1) as threads:
            threads.submit(transport.send, GET).result()

        assert len(self.connections(server)) == 1

    def test_requests_at_the_same_time_have_connections_of_their_own(self, server, transport):
        both_are_there = threading.Barrier(2)

        def answer_together(handler):
            both_are_there.wait(5)
            answering()(handler)

        server.behave = answer_together
        with ThreadPoolExecutor(2) as threads:
            for _ in range(2):
                assert [answer.status for answer in threads.map(transport.send, [GET, GET])] == [200, 200]

        assert len(self.connections(server)) == 2

    def test_connection_of_a_request_that_failed_is_not_used_again(self, server, transport):
        server.behave = resetting
        with pytest.raises(NoAnswerError):
            transport.send(GET)
        server.behave = answering()

        assert transport.send(GET).status == 200
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

    def test_request_that_must_not_be_lost_goes_over_a_new_connection(self, server, transport):
        for _ in range(2):
            transport.send(GET)
            transport.send(Request("POST", HOST, "/jobs", body=b"<Request/>", is_unrepeatable=True))

        assert len(self.connections(server)) == 3
        assert [seen[0] for seen in server.seen] == ["GET", "POST", "GET", "POST"]

    def test_connection_that_dies_when_it_is_used_again_loses_no_request_that_must_not_be_lost(self, server, transport):
        transport.send(GET)
        old = self.connections(server)
        server.behave = lambda handler: (resetting if {handler.client_address} == old else answering())(handler)

        assert transport.send(Request("POST", HOST, "/jobs", body=b"<Request/>", is_unrepeatable=True)).status == 200
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

    def test_refused_connection_names_the_endpoint_and_the_setting_behind_it(self, free_port):
        url = f"http://127.0.0.1:{free_port}"
        transport = RequestsTransport(url, connect_timeout=1, read_timeout=1, endpoint_source="CI_AUDIO_ENDPOINT")

        with pytest.raises(NotConnectedError) as error:
            transport.send(GET)

        assert f"does the emulator run at the endpoint {url}, which CI_AUDIO_ENDPOINT names?" in str(error.value)

    def test_host_that_cannot_be_found_asks_for_the_region(self):
        transport = RequestsTransport(None, connect_timeout=1, read_timeout=1)
        request = Request("GET", "test.ci.no-such-region.invalid", "/")

        with pytest.raises(NotConnectedError, match=r"are the region and the network right\?"):
            transport.send(request)

    @pytest.mark.parametrize(
        "behave",
        [
            resetting,
            writing(b""),
            writing(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"),
            writing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this"),
            writing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nonly\r\n"),
            writing(b"no HTTP at all\r\n\r\n"),
            writing(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000),
        ],
        ids=[
            "reset",
            "closed",
            "cut",
            "cut chunk",
            "no last chunk",
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
            pytest.raises(NoAnswerError, match=r" at http://127\.0\.0\.1:\d+ did not answer in time"),
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

    @pytest.mark.parametrize(
        "start",
        [
            b"HTTP/1.1 200 OK\r\nX: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HT",
        ],
        ids=["headers", "body", "chunk", "trailer", "open end", "status"],
    )
    def test_answer_that_drips_is_given_up_wherever_it_does(self, server, start):
        server.behave = dripping(start, b"x")

        with (
            transport_of(server.address, 0.15) as transport,
            pytest.raises(NoAnswerError, match="too slow"),
        ):
            transport.send(GET)

    @pytest.mark.parametrize(
        ("start", "again"),
        [
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: x\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
        ids=["trailers", "interim answers"],
    )
    def test_lines_without_an_end_are_given_up(self, server, start, again):
        server.behave = dripping(start, again)

        with transport_of(server.address, 0.15) as transport, pytest.raises(NoAnswerError, match="too slow"):
            transport.send(GET)

    def test_time_of_one_answer_is_not_taken_from_the_next(self, server):
        def slow(handler):
            handler.server.is_over.wait(0.2)
            answering()(handler)

        server.behave = slow
        with transport_of(server.address, 0.3) as transport:
            for _ in range(4):
                assert transport.send(GET).status == 200

    def test_compressed_answer_is_refused_and_not_unpacked(self, server, transport):
        packed = gzip.compress(b"x" * LONGEST_BODY_BYTES * 5)
        server.behave = answering(200, packed, Content_Encoding="gzip")

        with pytest.raises(DecodeError, match=r"the answer is compressed \(gzip\), which was not asked for"):
            transport.send(GET)

    def test_compressed_object_is_described_all_the_same(self, server, transport):
        server.behave = answering(200, Content_Encoding="gzip")

        assert transport.send(Request("HEAD", HOST, "/a.wav")).headers["content-encoding"] == "gzip"

    @pytest.mark.parametrize("length", ["\u00b2", "-5", "x", "9" * 30])
    def test_length_that_is_no_number_promises_nothing(self, server, transport, length):
        server.behave = writing(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nbody".encode("latin-1"))

        with suppress(NoAnswerError):
            assert transport.send(GET).body in {b"", b"body"}

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
        transport.send(GET)
        transport._idle[0].session.trust_env = trusts_surroundings

        transport.send(Request("GET", HOST, "/", headers={"Authorization": "q-sign"}))
        transport.send(GET)

        assert [seen[2].get("Authorization") for seen in server.seen] == [None, "q-sign", None]

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

    @pytest.mark.parametrize(
        "proxy",
        [
            "http://somebody:hidden@proxy.invalid:bad",
            "http://somebody:hid/hidden@proxy.invalid:1",
            "somebody:hidden@proxy.invalid:99999999",
            "http://somebody:hidden@[::1",
            "socks5://somebody:hidden@127.0.0.1:1",
            "http://somebody:hidden@127.0.0.1:1",
        ],
    )
    def test_password_of_a_proxy_is_in_no_line(self, monkeypatch, caplog, proxy):
        caplog.set_level(logging.DEBUG)
        monkeypatch.setenv("https_proxy", proxy)

        with transport_of(None) as transport, pytest.raises(CiAudioError) as caught:
            transport.send(GET)

        lines = "".join(traceback.format_exception(caught.value))
        assert "hidden" not in f"{caught.value}{caplog.text}{lines.split('Traceback')[0]}"
        assert str(caught.value).isprintable()
        assert caught.value.__suppress_context__
        assert caught.value.is_not_accepted or isinstance(caught.value, SettingsError)

    def test_header_is_not_printed_whatever_the_standard_library_is_told(self, server, monkeypatch, capfd):
        monkeypatch.setattr(HTTPConnection, "debuglevel", 1)

        with transport_of(server.address) as transport:
            transport.send(Request("GET", HOST, "/", headers={"Authorization": "hidden"}))

        assert "hidden" not in "".join(capfd.readouterr())

    def test_proxy_that_is_down_is_no_connection(self, free_port, monkeypatch):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{free_port}")

        with transport_of(None) as transport, pytest.raises(NotConnectedError):
            transport.send(GET)


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
            pytest.raises(NotConnectedError, match=r"CERTIFICATE_VERIFY_FAILED.* REQUESTS_CA_BUNDLE names"),
        ):
            transport.send(GET)

    def test_encryption_that_breaks_after_the_request_leaves_the_outcome_unknown(self, certificate):
        received = []

        def read_and_break(context, connection):
            with context.wrap_socket(connection, server_side=True) as encrypted:
                received.append(encrypted.recv(65536))
                with closing(socket.socket(fileno=encrypted.detach())) as bare:
                    bare.sendall(b"this is not encrypted" * 10)

        with (
            self.server_that(certificate, read_and_break) as endpoint,
            transport_of(endpoint, ca_bundle=str(certificate)) as transport,
            pytest.raises(NoAnswerError),
        ):
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

        with (
            self.server_that(certificate, tunnel_and_reset) as proxy,
            transport_of(None, ca_bundle=str(certificate)) as transport,
        ):
            monkeypatch.setenv("https_proxy", proxy.replace("https://", "http://"))
            with pytest.raises(NoAnswerError):
                transport.send(Request("POST", "localhost", "/jobs", body=b"<Request/>"))

        assert received[0].startswith(b"POST /jobs HTTP/1.1\r\n")


class TestPaidRequests:
    JOB = JobRequest("in.mp3", Bucket("ap-chongqing", "test-1250000000"), "out.wav", template_id="t1")

    def submit(self, server, read_timeout=5.0):
        with transport_of(server.address, read_timeout) as transport:
            client = Client(transport, lambda: Credentials("id", "key"), FakeClock().waiter())
            return client.create_job(Bucket("ap-chongqing", "test-1250000000"), self.JOB)

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

        assert caught.value.is_outcome_unknown
        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]

    def test_job_is_sent_once_when_the_service_is_silent(self, server):
        server.behave = hanging

        with pytest.raises(NoAnswerError):
            self.submit(server, read_timeout=0.1)

        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]

    @pytest.mark.parametrize("status", [429, 503])
    def test_job_that_was_turned_away_is_left_to_its_caller(self, server, status):
        server.behave = answering(status, b"<Error><Code>SlowDown</Code></Error>", X_Ci_Request_Id="id")

        with pytest.raises(ApiError) as caught:
            self.submit(server)

        assert caught.value.is_not_accepted
        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]

    @pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 409, 413, 429, 503])
    def test_refusal_by_a_proxy_says_nothing_of_the_job(self, server, status):
        server.behave = answering(status, b"<Error><Code>SlowDown</Code></Error>")

        with pytest.raises(ApiError) as caught:
            self.submit(server)

        assert (caught.value.is_not_accepted, caught.value.is_outcome_unknown) == (False, True)
        assert [seen[:2] for seen in server.seen] == [("POST", "/jobs")]
