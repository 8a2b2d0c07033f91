import http.client
import threading
import time

import pytest

from pulumi_ci_audio.emulator.errors import ConnectionResetFault
from pulumi_ci_audio.emulator.http.messages import Request
from pulumi_ci_audio.emulator.http.server import EmulatorServer


@pytest.fixture
def cloud(make_cloud):
    slept = []
    made = make_cloud(sleep=slept.append)
    made.slept = slept
    made.seed()
    return made


def bind(cloud, **options):
    return cloud.put("/", **options)


def ci(cloud):
    return cloud.control.state()["buckets"][0]["ci"]


class TestFaults:
    def test_a_fault_is_injected_into_as_many_requests_as_it_says(self, cloud):
        cloud.control.add_fault(times=2, action={"status": 503, "code": "SlowDown", "message": "slowly"})

        assert [bind(cloud).status for _ in range(3)] == [503, 503, 200]
        assert cloud.control.faults()[0]["fired"] == 2

    @pytest.mark.parametrize(
        ("fault", "matches"),
        [
            ({}, True),
            ({"method": "PUT"}, True),
            ({"method": "put"}, True),
            ({"method": "P[OU]*"}, True),
            ({"method": "GET"}, False),
            ({"path": "/"}, True),
            ({"path": "/jobs*"}, False),
            ({"path": "*unbind"}, False),
            ({"host": "test-*.ci.*"}, True),
            ({"host": "*.cos.*"}, False),
            ({"method": "PUT", "path": "/", "host": "other*"}, False),
        ],
    )
    def test_a_fault_is_for_what_matches_all_its_patterns(self, cloud, fault, matches):
        cloud.control.add_fault(**fault, action={"status": 500})

        assert (bind(cloud).status == 500) is matches

    def test_a_path_may_be_given_with_its_query(self, cloud):
        cloud.control.add_fault(path="*unbind", action={"status": 500})

        assert bind(cloud).status == 200
        assert cloud.put("/", query={"unbind": ""}).status == 500

    def test_the_first_fault_that_is_not_used_up_wins(self, cloud):
        cloud.control.add_fault(action={"status": 500})
        cloud.control.add_fault(action={"status": 502})

        assert [bind(cloud).status for _ in range(3)] == [500, 502, 200]

    def test_control_calls_are_never_faulted(self, cloud):
        cloud.control.add_fault(action={"status": 500}, times=100)

        assert cloud.send("GET", "localhost", "/_emulator/state", {}, b"").status == 200

    @pytest.mark.parametrize(
        "fault",
        [
            {"verb": "PUT"},
            {"method": 1},
            {"times": 0},
            {"times": True},
            {"effect": "during"},
            {"action": "reset"},
            {"action": {"stauts": 500}},
            {"action": {"status": 99}},
            {"action": {"status": "500"}},
            {"action": {"delay": -1}},
            {"action": {"delay": float("inf")}},
            {"action": {"headers": {"X": 1}}},
            {"action": {"headers": {"X": "a\r\nb"}}},
            {"action": {"headers": {"X Y": "a"}}},
            {"action": {"headers": {"Transfer-Encoding": "chunked"}}},
            {"action": {"headers": {"Content-Length": "many"}}},
            {"action": {"reset": 1}},
        ],
    )
    def test_a_fault_that_makes_no_sense_is_refused(self, cloud, fault):
        with pytest.raises(ValueError, match=r"fault|action"):
            cloud.control.add_fault(**fault)


class TestBefore:
    def test_the_operation_is_not_carried_out(self, cloud):
        cloud.control.add_fault(action={"status": 500})

        reply = bind(cloud)

        assert reply.refusal == (500, "InternalError")
        assert reply.headers["x-ci-request-id"] == reply.text("RequestId")
        assert ci(cloud) == "off"

    @pytest.mark.parametrize(
        ("action", "refusal"),
        [
            ({"code": "SlowDown"}, (429, "SlowDown")),
            ({"status": 503, "code": "SlowDown"}, (503, "SlowDown")),
            ({"code": "AccessDenied"}, (403, "AccessDenied")),
            ({"code": "Unheard"}, (500, "Unheard")),
            ({"status": 401, "code": "AccessDenied"}, (401, "AccessDenied")),
            ({"status": 403}, (403, "AccessDenied")),
            ({"status": 429}, (429, "SlowDown")),
            ({"message": "oops"}, (500, "InternalError")),
        ],
    )
    def test_an_error_is_told_by_what_is_given(self, cloud, action, refusal):
        cloud.control.add_fault(action=action)

        assert bind(cloud).refusal == refusal

    def test_throttling_has_a_status_of_its_own_on_each_plane(self, make_cloud):
        for assumptions, ci_status in (({}, 429), ({"throttling": "503"}, 503)):
            cloud = make_cloud(assumptions=assumptions)
            cloud.control.add_fault(times=2, action={"code": "SlowDown"})

            assert cloud.get("/").refusal == (ci_status, "SlowDown")
            assert cloud.get("/a", host=cloud.cos).refusal == (503, "SlowDown")

    def test_a_body_stands_as_it_is(self, cloud):
        cloud.control.add_fault(action={"status": 502, "body": "<html>", "content_type": "text/html"})

        reply = bind(cloud)

        assert (reply.status, reply.body, reply.headers["content-type"]) == (502, b"<html>", "text/html")

    def test_a_body_alone_is_a_success(self, cloud):
        cloud.control.add_fault(action={"body": "gibberish"})

        assert (bind(cloud).status, ci(cloud)) == (200, "off")

    def test_a_status_of_success_has_no_body(self, cloud):
        cloud.control.add_fault(action={"status": 204})

        reply = bind(cloud)

        assert (reply.status, reply.body) == (204, b"")

    def test_headers_replace_those_of_the_service(self, cloud):
        cloud.control.add_fault(action={"status": 503, "headers": {"Retry-After": "3", "server": "proxy"}})

        reply = bind(cloud)

        assert (reply.headers["retry-after"], reply.headers["server"]) == ("3", "proxy")

    def test_a_reset_is_left_to_the_server(self, cloud):
        cloud.control.add_fault(action={"reset": True})

        with pytest.raises(ConnectionResetFault):
            bind(cloud)
        assert ci(cloud) == "off"
        assert [entry["status"] for entry in cloud.control.requests()] == [None]

    def test_a_delay_alone_answers_as_usual(self, cloud):
        cloud.control.add_fault(action={"delay": 2.5})

        assert (bind(cloud).status, cloud.slept, ci(cloud)) == (200, [2.5], "on")

    def test_an_unsigned_request_is_faulted_too(self, cloud):
        cloud.control.add_fault(action={"status": 503})

        assert cloud.send("PUT", cloud.ci, "/", {}, b"").status == 503


class TestAfter:
    def test_the_operation_is_carried_out(self, cloud):
        cloud.control.add_fault(effect="after", action={"status": 500})

        assert (bind(cloud).status, ci(cloud)) == (500, "on")

    def test_a_reset_comes_after_the_effect(self, cloud):
        cloud.control.add_fault(effect="after", action={"reset": True})

        with pytest.raises(ConnectionResetFault):
            bind(cloud)
        assert ci(cloud) == "on"

    def test_a_delay_alone_answers_as_usual(self, cloud):
        cloud.control.add_fault(effect="after", action={"delay": 1})

        assert (bind(cloud).text("CIBucket/BucketId"), cloud.slept) == (cloud.bucket, [1])

    def test_headers_alone_keep_the_answer(self, cloud):
        cloud.control.add_fault(effect="after", action={"headers": {"X-Proxy": "1"}})

        reply = bind(cloud)

        assert (reply.text("CIBucket/BucketId"), reply.headers["x-proxy"]) == (cloud.bucket, "1")

    def test_a_faulted_download_is_given_up(self, cloud):
        cloud.control.put_object(cloud.region, cloud.bucket, "a", b"content")
        cloud.control.add_fault(effect="after", action={"status": 500})

        assert cloud.get("/a", host=cloud.cos).refusal == (500, "InternalError")

    def test_another_body_has_its_own_length(self, cloud):
        cloud.control.put_object(cloud.region, cloud.bucket, "a", b"content")
        cloud.control.add_fault(effect="after", action={"body": "spoiled!!"})

        reply = cloud.get("/a", host=cloud.cos)

        assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"spoiled!!", "9")

    def test_a_longer_length_is_left_to_the_server(self, cloud):
        cloud.control.add_fault(effect="after", action={"headers": {"Content-Length": "9999"}})

        assert bind(cloud).headers["content-length"] == "9999"


class TestClientGone:
    def post(self, cloud, *, gone, path="/jobs"):
        """Send a request whose client has closed its connection, as the server would tell it."""

        def send(method, host, target, headers, body):
            sent = [("Host", host), *headers.items()]
            request = Request.parse(method, target, sent, body, connection=7, client_gone=lambda: gone)
            return cloud.emulator.handle(request).status

        cloud.send = send
        return cloud.post(path, body=cloud.job())

    def test_a_job_is_not_taken_in(self, cloud):
        cloud.ready()

        assert self.post(cloud, gone=True) == 499
        assert cloud.control.state()["jobs"] == []
        assert self.post(cloud, gone=False) == 200
        assert len(cloud.control.state()["jobs"]) == 1

    def test_nothing_is_carried_out_after_a_delay(self, cloud):
        cloud.control.add_fault(action={"delay": 1})

        assert self.post(cloud, gone=True, path="/asrbucket") == 499
        assert cloud.control.state()["buckets"][0]["asr"] == "off"
        assert [(entry["status"], entry["connection"]) for entry in cloud.control.requests()] == [(499, 7)]


class TestOverHttp:
    """What the application and the server do together."""

    @pytest.fixture
    def server(self, cloud):
        with EmulatorServer(cloud.emulator) as server:
            yield server

    @pytest.fixture
    def connection(self, cloud, server):
        """Make the cloud's requests go over one connection."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)

        def send(method, host, target, headers, body):
            connection.request(method, target, body=body, headers={"Host": host, **headers})
            with connection.getresponse() as response:
                return response.status, response.read()

        cloud.send = send
        yield connection
        connection.close()

    @pytest.mark.usefixtures("connection")
    def test_requests_on_one_connection_are_told_apart_from_others(self, cloud, connection):
        bind(cloud)
        bind(cloud)
        connection.close()
        bind(cloud)

        first, second, third = (entry["connection"] for entry in cloud.control.requests())
        assert first == second != third

    @pytest.mark.usefixtures("connection")
    def test_a_reset_is_a_reset(self, cloud):
        cloud.control.add_fault(effect="after", action={"reset": True})

        with pytest.raises(ConnectionResetError):
            bind(cloud)
        assert ci(cloud) == "on"

    @pytest.mark.usefixtures("connection")
    def test_a_longer_length_is_a_truncation(self, cloud):
        cloud.control.add_fault(effect="after", action={"headers": {"Content-Length": "9999"}})

        with pytest.raises(http.client.IncompleteRead):
            bind(cloud)

    def test_a_job_whose_client_hung_up_meanwhile_is_not_taken_in(self, make_cloud):
        delayed, go_on = threading.Event(), threading.Event()

        def sleep(_seconds):
            delayed.set()
            assert go_on.wait(20)

        cloud = make_cloud(sleep=sleep)
        cloud.ready()
        cloud.control.add_fault(path="/jobs", action={"delay": 5})

        with EmulatorServer(cloud.emulator) as server:

            def send(method, host, target, headers, body):
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                connection.request(method, target, body=body, headers={"Host": host, **headers})
                assert delayed.wait(20)
                connection.close()

            cloud.send = send
            cloud.post("/jobs", body=cloud.job())
            go_on.set()
            deadline = time.monotonic() + 20
            while (statuses := [entry["status"] for entry in cloud.control.requests()]) == [None]:
                assert time.monotonic() < deadline
                time.sleep(0.005)

        assert statuses == [499]
        assert cloud.control.state()["jobs"] == []

    def test_of_many_at_once_only_one_gets_the_name(self, cloud, server):
        cloud.ready()
        body = b"<Request><Tag>NoiseReduction</Tag><Name>n</Name><NoiseReduction/></Request>"
        statuses = []

        def send(method, host, target, headers, body):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            connection.request(method, target, body=body, headers={"Host": host, **headers})
            with connection.getresponse() as response:
                statuses.append(response.status)
            connection.close()

        cloud.send = send
        threads = [threading.Thread(target=cloud.post, args=("/template",), kwargs={"body": body}) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(statuses) == [200] + [400] * 7
