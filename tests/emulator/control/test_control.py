import json

import pytest

from pulumi_ci_audio.emulator.control import request_log
from pulumi_ci_audio.emulator.http.messages import MAX_DOCUMENT_BYTES, Request
from pulumi_ci_audio.emulator.state.settings import Settings


def call(cloud, method, path, body=None, host="127.0.0.1", **headers):
    content = b"" if body is None else json.dumps(body).encode()
    reply = cloud.send(method, host, f"/_emulator/{path}", headers, content)
    return reply.status, json.loads(reply.body)


class TestCalls:
    def test_buckets_are_made_changed_and_shown(self, cloud):
        workflows = [{"id": "w1", "name": "one", "state": "Paused"}]
        batch_jobs = [{"id": "b1", "name": "one", "state": "Running", "type": "Job"}]
        path = f"buckets/{cloud.region}/{cloud.bucket}"

        status, made = call(cloud, "PUT", path, {"ci": "on", "asr": "on", "workflows": workflows})
        _, changed = call(cloud, "PUT", path, {"batch_jobs": batch_jobs, "services": ["media"], "moderation": True})

        assert (status, made["ci"], made["moderation"]) == (200, "on", False)
        assert changed == {
            "region": cloud.region,
            "bucket": cloud.bucket,
            "ci": "on",
            "asr": "on",
            "workflows": workflows,
            "batch_jobs": batch_jobs,
            "services": ["media"],
            "moderation": True,
        }
        assert call(cloud, "GET", "state")[1]["buckets"] == [changed]

    def test_state_shows_jobs_templates_and_queues(self, ready, fake_denoise):
        job = ready.submitted(operation="<UserData>mine</UserData>", output="clean/out.wav")
        ready.job_in(job, "Success")
        template = ready.post(
            "/template", body=b"<Request><Tag>NoiseReduction</Tag><Name>n</Name><NoiseReduction/></Request>"
        )

        _, state = call(ready, "GET", "state")

        place = {"region": ready.region, "bucket": ready.bucket}
        assert state["jobs"] == [
            {
                "id": job,
                **place,
                "tag": "NoiseReduction",
                "state": "Success",
                "user_data": "mine",
                "input": "in.wav",
                "output": "clean/out.wav",
                "output_region": ready.region,
                "output_bucket": ready.bucket,
            }
        ]
        assert state["templates"] == [
            {
                "id": template.text("Template/TemplateId"),
                **place,
                "name": "n",
                "format": "wav",
                "sample_rate": "16000",
            }
        ]
        assert [{**queue, "id": "p"} for queue in state["queues"]] == [
            {"id": "p", **place, "name": "queue-speech-1", "state": "Active"}
        ]

    def test_switching_off_behind_the_services_back(self, ready):
        ready.seed(asr="off", ci="off")

        assert ready.get("/").body == b'{"CIStatus":"off"}'
        assert ready.delete("/asrbucket").refusal == (400, "AsrBucketUnBinded")

    def test_reset_leaves_only_folders_and_files(self, ready, fake_denoise):
        ready.job_in(ready.submitted(), "Success")
        ready.control.change_settings(job_seconds=9)
        ready.control.advance(1000)
        ready.control.add_fault(action={"status": 500}, path="/never")
        ready.post("/big", host=ready.cos, query={"uploads": ""})

        assert call(ready, "POST", "reset") == (200, {})

        state = ready.control.state()
        assert [(bucket["ci"], bucket["asr"]) for bucket in state["buckets"]] == [("off", "off")]
        assert (state["jobs"], state["templates"], state["queues"]) == ([], [], [])
        assert (ready.control.faults(), ready.control.requests()) == ([], [])
        assert ready.control.change_settings()["job_seconds"] == 0
        assert ready.control.advance(0) == "2023-11-15T06:13:20+0800"
        assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is not None
        assert ready.get(query={"uploads": ""}, path="/", host=ready.cos).texts("Upload") == []

    def test_a_job_of_before_a_reset_ends_without_a_trace(self, ready, denoise_gate):
        ready.submitted()
        ready.control.reset()
        ready.ready()
        denoise_gate.set()

        ready.job_in(ready.submitted(output="second.wav"), "Success")

        assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is None

    def test_requests_are_logged_in_order_and_control_calls_are_not(self, cloud):
        cloud.seed()
        cloud.control.add_fault(method="GET", action={"status": 503})
        cloud.put("/")
        call(cloud, "GET", "state")
        cloud.get("/asrbucket", host=cloud.regional, query={"regions": "a b"})

        _, log = call(cloud, "GET", "requests")

        assert [{**entry, "connection": 0} for entry in log["requests"]] == [
            {
                "method": "PUT",
                "host": cloud.ci,
                "path": "/",
                "query": "",
                "status": 200,
                "time": 1_700_000_000.0,
                "connection": 0,
                "fault": None,
            },
            {
                "method": "GET",
                "host": cloud.regional,
                "path": "/asrbucket",
                "query": "regions=a+b",
                "status": 503,
                "time": 1_700_000_000.0,
                "connection": 0,
                "fault": 1,
            },
        ]
        assert call(cloud, "DELETE", "requests") == (200, {})
        assert cloud.control.requests() == []

    def test_faults_are_added_listed_and_cleared(self, cloud):
        rule = {"method": "GET", "path": "/jobs*", "times": 2, "effect": "after", "action": {"reset": True}}

        status, added = call(cloud, "POST", "faults", rule)

        assert (status, added) == (200, {"id": 1, "host": "*", "fired": 0, **rule})
        assert call(cloud, "GET", "faults") == (200, {"faults": [added]})
        assert call(cloud, "DELETE", "faults") == (200, {})
        assert cloud.control.faults() == []

    def test_the_clock_is_advanced(self, cloud):
        assert call(cloud, "POST", "clock", {"advance": 60}) == (200, {"now": "2023-11-15T06:14:20+0800"})

    def test_settings_are_changed(self, cloud):
        status, settings = call(cloud, "POST", "settings", {"unbind_seconds": 5, "list_lag_seconds": 1.5})

        assert (status, settings) == (
            200,
            {
                "job_seconds": 0,
                "unbind_seconds": 5,
                "list_lag_seconds": 1.5,
                "queue_concurrency": 10,
                "queue_size": 10_000,
            },
        )

    def test_assumptions_are_shown(self, cloud):
        _, answer = call(cloud, "GET", "assumptions")

        assert {"key", "question", "chosen", "alternatives", "source"} == set(answer["assumptions"][0])

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("GET", "nothing", None, 404),
            ("DELETE", "state", None, 405),
            ("POST", "clock", {"advance": -1}, 400),
            ("POST", "clock", {"advance": "1"}, 400),
            ("POST", "clock", {"back": 1}, 400),
            ("POST", "clock", {}, 400),
            ("POST", "clock", [1], 400),
            ("POST", "settings", {"job_seconds": "1"}, 400),
            ("POST", "settings", {"queue_concurrency": 0}, 400),
            ("POST", "settings", {"speed": 1}, 400),
            ("POST", "faults", {"action": {"status": "x"}}, 400),
            ("PUT", "buckets/ap-beijing/nobucket", {}, 400),
            ("PUT", "buckets/../test-1250000000", {}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"ci": "unbinding"}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"cI": "on"}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"region": "ap-x"}, 400),
            ("POST", "faults", {"self": 1}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"workflows": [{"name": "x"}]}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"workflows": [{"id": "x", "state": "On"}]}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"workflows": [{"id": 1}]}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"workflows": {}}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"batch_jobs": [{"id": "b", "state": "Done"}]}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"services": ["asr"]}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"services": "media"}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"moderation": "yes"}, 400),
            ("PUT", "buckets/ap-beijing/test-1250000000", {"jobs": [{"id": "j1", "tag": "Nonsense"}]}, 400),
        ],
    )
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, make_cloud, method, path, body, status):
        cloud = make_cloud()
        before = cloud.control.state()

        assert call(cloud, method, path, body)[0] == status
        assert "error" in call(cloud, method, path, body)[1]
        assert cloud.control.state() == before

    def test_a_body_that_is_no_json_is_refused(self, cloud):
        assert cloud.send("POST", "localhost", "/_emulator/clock", {}, b"advance").status == 400


class TestSettings:
    @pytest.mark.parametrize(
        "settings", [{"job_seconds": -1}, {"unbind_seconds": float("nan")}, {"queue_concurrency": 0}]
    )
    def test_settings_that_make_no_sense_are_refused(self, settings):
        with pytest.raises(ValueError, match=next(iter(settings))):
            Settings(**settings)


class TestObjects:
    def test_objects_are_put_and_got(self, cloud):
        etag = cloud.control.put_object(cloud.region, cloud.bucket, "a/b", b"content")

        assert etag == '"9a0364b9e99bb480dd25e1f0284c8555"'
        assert cloud.control.get_object(cloud.region, cloud.bucket, "a/b") == b"content"
        assert cloud.control.get_object(cloud.region, cloud.bucket, "a") is None

    @pytest.mark.parametrize(
        ("region", "bucket", "key"), [("x", "a-1250000000", "k"), ("ap-x", "a-1250000000", "../k")]
    )
    def test_names_that_make_no_sense_are_refused(self, cloud, region, bucket, key):
        with pytest.raises(ValueError, match=r"region|key"):
            cloud.control.put_object(region, bucket, key, b"")


class TestAccess:
    @pytest.mark.parametrize("host", ["127.0.0.1:9350", "localhost", "127.8.9.1", "[::1]:9350", "LOCALHOST.:1"])
    def test_a_loopback_name_is_let_in(self, cloud, host):
        assert call(cloud, "GET", "state", host=host)[0] == 200

    @pytest.mark.parametrize("host", ["example.com", "192.168.1.5:9350", "localhost.example.com", "", "10.0.0.1"])
    def test_another_name_is_refused(self, cloud, host):
        status, answer = call(cloud, "POST", "reset", host=host)

        assert status == 403
        assert "this machine" in answer["error"]

    @pytest.mark.parametrize(("listens_on", "host"), [("192.168.1.5", "192.168.1.5:9350"), ("::", "emulator:9350")])
    def test_the_name_it_was_told_to_listen_on_is_let_in(self, make_cloud, listens_on, host):
        assert call(make_cloud(listens_on=listens_on), "GET", "state", host=host)[0] == 200

    @pytest.mark.parametrize("origin", ["https://example.com", "http://localhost:3000", "null", "http://127.0.0.1:1"])
    def test_a_foreign_page_is_refused(self, cloud, origin):
        status, _ = call(cloud, "POST", "reset", host="127.0.0.1:9350", Origin=origin)

        assert status == 403

    def test_a_page_of_its_own_is_let_in(self, cloud):
        assert call(cloud, "GET", "state", host="127.0.0.1:9350", Origin="http://127.0.0.1:9350")[0] == 200

    def test_the_path_is_a_key_on_a_host_of_the_service(self, cloud):
        cloud.seed()
        put = cloud.put("/_emulator/state", host=cloud.cos, body=b"mine")

        assert put.status == 200
        assert cloud.get("/_emulator/state", host=cloud.cos).body == b"mine"


class TestBounds:
    def test_the_log_keeps_the_last_requests_and_the_beginning_of_long_queries(self, make_cloud, monkeypatch):
        monkeypatch.setattr(request_log, "MAX_ENTRIES", 3)
        cloud = make_cloud()
        for number in range(5):
            cloud.send("GET", cloud.ci, f"/{number}?{'x' * 10_000}", {}, b"")

        logged = cloud.control.requests()
        assert [entry["path"] for entry in logged] == ["/2", "/3", "/4"]
        assert {len(entry["query"]) for entry in logged} == {2048}

    def test_only_a_signed_body_is_kept(self, cloud):
        request = Request.parse("PUT", "/a", [("Host", cloud.cos)])
        control_call = Request.parse("POST", "/_emulator/reset", [("Host", "localhost")])

        assert cloud.emulator.most_body_bytes(request) == 0
        assert cloud.emulator.most_body_bytes(control_call) == MAX_DOCUMENT_BYTES + 1
        assert cloud.put("/a", host=cloud.cos, body=b"x" * 100_000).refusal == (404, "NoSuchBucket")
