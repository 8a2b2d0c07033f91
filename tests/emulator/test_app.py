"""What holds for every request: hosts, paths, methods, headers, documents, and that nothing breaks."""

import json
import string
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulumi_ci_audio.emulator.http.hosts import Destination, Plane, find_destination
from pulumi_ci_audio.emulator.http.messages import MAX_DOCUMENT_BYTES, Request
from pulumi_ci_audio.emulator.operations.routes import ROUTES


class TestHosts:
    @pytest.mark.parametrize(
        ("host", "destination"),
        [
            ("a-1250000000.ci.ap-x1.myqcloud.com", Destination(Plane.CI_BUCKET, "ap-x1", "a-1250000000")),
            ("a-b-125000000.ci.eu-moscow.tencentci.cn", Destination(Plane.CI_BUCKET, "eu-moscow", "a-b-125000000")),
            ("a-1250000000.pic.ap-beijing.myqcloud.com", Destination(Plane.CI_LEGACY, "ap-beijing", "a-1250000000")),
            ("a-1250000000.cos.ap-beijing.myqcloud.com", Destination(Plane.COS, "ap-beijing", "a-1250000000")),
            ("a-1250000000.cos.ap-beijing.tencentcos.cn", Destination(Plane.COS, "ap-beijing", "a-1250000000")),
            ("ci.ap-beijing.myqcloud.com", Destination(Plane.CI_REGION, "ap-beijing")),
            ("ci.ap-shanghai-fsi.tencentci.cn", Destination(Plane.CI_REGION, "ap-shanghai-fsi")),
            ("ci-1250000000.ci.ap-beijing.myqcloud.com", Destination(Plane.CI_BUCKET, "ap-beijing", "ci-1250000000")),
        ],
    )
    def test_hosts_of_the_service(self, host, destination):
        assert find_destination(host) == destination

    @pytest.mark.parametrize(
        "host",
        [
            "",
            "127.0.0.1",
            "example.com",
            "a.ci.ap-beijing.myqcloud.com",
            "a-1250000000.ci.ap-beijing.example.com",
            "a-1250000000.cos.ap-beijing.tencentci.cn",
            "a-1250000000.ci.ap-beijing.tencentcos.cn",
            "x.a-1250000000.ci.ap-beijing.myqcloud.com",
            "..-1250000000.ci.ap-beijing.myqcloud.com",
            "a-1250000000.ci.beijing.myqcloud.com",
            "-1250000000.ci.ap-beijing.myqcloud.com",
            "1250000000.ci.ap-beijing.myqcloud.com",
        ],
    )
    def test_other_hosts(self, host):
        assert find_destination(host) is None

    def test_a_request_to_another_host_is_refused(self, cloud):
        reply = cloud.get("/", host="example.com")

        assert reply.refusal == (400, "InvalidHost")
        assert reply.headers["x-ci-request-id"]

    def test_a_port_and_a_trailing_dot_do_not_matter(self, cloud):
        cloud.seed()

        assert cloud.get("/", host=f"{cloud.ci}:9350").status == 200
        assert cloud.get("/", host=f"{cloud.ci}.").status == 200


class TestRoutes:
    @pytest.mark.parametrize("path", ["/nothing", "/asrbucket/x", "/asrBucket", "/jobs/a/b", "//"])
    def test_an_unknown_path_is_refused(self, cloud, path):
        assert cloud.get(path).refusal == (404, "InvalidUrl")

    @pytest.mark.parametrize(
        ("method", "path"), [("POST", "/"), ("PUT", "/asrbucket"), ("DELETE", "/jobs/j1"), ("PATCH", "/")]
    )
    def test_an_unknown_method_is_refused(self, cloud, method, path):
        assert cloud.call(method, path).refusal == (404, "InvalidUrl")

    def test_calls_on_a_bucket_are_not_on_the_region_host(self, cloud):
        assert cloud.get("/jobs", host=cloud.regional).refusal == (404, "InvalidUrl")
        assert cloud.post("/asrbucket", host=cloud.regional).refusal == (404, "InvalidUrl")

    def test_the_legacy_host_knows_binding_only(self, cloud):
        assert cloud.get("/asrqueue", host=cloud.pic).refusal == (404, "InvalidUrl")

    def test_every_row_can_be_reached(self):
        for number, route in enumerate(ROUTES):
            earlier = ROUTES[:number]
            hidden = [
                other
                for other in earlier
                if (other.method, other.path) == (route.method, route.path)
                and set(other.planes) & set(route.planes)
                and other.marks <= route.marks
                and other.header in {None, route.header}
            ]
            assert not hidden, route


class TestAnswers:
    def test_documents_are_described_exactly(self, cloud):
        cloud.seed()

        reply = cloud.put("/")

        assert reply.headers["content-type"] == "application/xml"
        assert reply.headers["server"] == "tencent-ci"
        assert reply.headers["x-ci-request-id"] == reply.text("RequestId")
        assert "x-cos-request-id" not in reply.headers

    def test_empty_answers_have_no_type(self, cloud):
        cloud.seed(ci="on")

        reply = cloud.put("/", query={"unbind": ""})

        assert "content-type" not in reply.headers
        assert reply.headers["content-length"] == "0"

    def test_the_envelope_of_errors_is_that_of_ci(self, cloud):
        reply = cloud.get("/")

        assert [child.tag for child in reply.xml] == ["Code", "Message", "RequestId", "TraceId"]
        assert reply.headers["x-ci-request-id"] == reply.text("RequestId")

    def test_the_envelope_of_errors_names_the_resource_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"ci_error_resource": "present"})

        assert cloud.get("/").text("Resource") == cloud.ci

    def test_those_who_ask_for_json_get_it_where_the_service_is_known_to_do_so(self, cloud):
        cloud.seed()
        wanted = {"Accept": "application/json"}

        enabled = cloud.post("/ai_bucket", headers=wanted)
        assert enabled.headers["content-type"] == "application/json"
        assert json.loads(enabled.body)["AiBucket"]["BucketId"] == cloud.bucket
        assert json.loads(cloud.delete("/ai_bucket", headers=wanted).body)["BucketName"] == cloud.bucket
        assert cloud.post("/mediabucket", headers=wanted).text("MediaBucket/BucketId") == cloud.bucket
        assert cloud.get("/ai_bucket", headers=wanted).text("TotalCount") == "0"

    def test_those_who_ask_for_json_get_it_everywhere_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"json_answers": "all"})
        cloud.ready()
        for _ in range(2):
            cloud.submitted()

        jobs = json.loads(cloud.get("/jobs", query={"tag": "NoiseReduction"}, headers={"Accept": "text/json"}).body)

        assert [job["Input"]["Object"] for job in jobs["JobsDetail"]] == ["in.wav", "in.wav"]
        listed = json.loads(cloud.get("/asrbucket", headers={"Accept": "application/json"}).body)
        assert [bucket["BucketId"] for bucket in listed["AsrBucketList"]] == [cloud.bucket]

    def test_plain_http_is_redirected_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"ci_over_http": "redirect"})
        cloud.seed()
        request = Request.parse("GET", "/a%20b?x=%2F", [("Host", cloud.ci)])

        reply = cloud.get("/a b", query={"x": "/"})
        assert (reply.status, reply.headers["location"]) == (308, f"https://{cloud.ci}/a%20b?x=%2F")
        assert cloud.emulator.handle(replace(request, is_secure=True)).status == 401
        assert cloud.call("HEAD", "/", host=cloud.cos).status == 200

    @pytest.mark.parametrize(
        ("choice", "refusal"),
        [
            ("SignatureDoesNotMatch", (403, "SignatureDoesNotMatch")),
            ("AccessDenied", (403, "AccessDenied")),
            ("InvalidAuthorization", (401, "InvalidAuthorization")),
        ],
    )
    def test_a_wrong_signature_has_the_code_that_is_assumed(self, make_cloud, choice, refusal):
        cloud = make_cloud(assumptions={"wrong_signature": choice})

        assert cloud.get("/", key=("emulator", "wrong")).refusal == refusal

    def test_request_ids_differ(self, cloud):
        assert cloud.get("/").text("RequestId") != cloud.get("/").text("RequestId")


class TestDocuments:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", "MissingContent"),
            (b"  \n", "MissingContent"),
            (b"<Request>", "InvalidContent"),
            (b"{}", "InvalidContent"),
            (b"\xff\xfe\x00", "InvalidContent"),
            (b"<Request/><Request/>", "InvalidContent"),
            (
                b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><Request><Tag>&e;</Tag></Request>',
                "InvalidContent",
            ),
            (b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x.dtd"><Request/>', "InvalidContent"),
            (b'<?xml version="1.0" encoding="nonsense"?><Request/>', "InvalidContent"),
            (b"<request/>", "InvalidArgument"),
            (b'<Request xmlns="urn:x"/>', "InvalidArgument"),
            (b"<Request>text</Request>", "InvalidArgument"),
        ],
    )
    def test_what_is_no_request_is_refused(self, ready, body, code):
        assert ready.post("/jobs", body=body).refusal == (400, code)

    def test_deep_and_large_documents_are_refused(self, ready):
        deep = b"<Request>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Request>"
        large = b"<Request>" + b" " * MAX_DOCUMENT_BYTES + b"</Request>"

        assert ready.post("/jobs", body=deep).refusal == (400, "InvalidContent")
        assert ready.post("/jobs", body=large).refusal == (400, "InvalidContent")

    def test_entities_are_not_expanded(self, ready):
        laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
        body = f"<!DOCTYPE r [{laughs}]><Request><Tag>&l9;</Tag></Request>".encode()

        assert ready.post("/jobs", body=body).refusal == (400, "InvalidContent")

    def test_comments_and_instructions_are_passed_over(self, ready):
        body = b'<?xml version="1.0" encoding="utf-8"?><!-- x -->' + ready.job(block="<!-- y --><?z?>")

        assert ready.post("/jobs", body=body).status == 200

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gb18030"])
    def test_texts_come_back_as_they_were_sent(self, ready, encoding):
        key = "录音 <&> \u00e9.wav"
        escaped = key.replace("&", "&amp;").replace("<", "&lt;")
        text = f'<?xml version="1.0" encoding="{encoding}"?>' + ready.job(key=escaped).decode()

        reply = ready.post("/jobs", body=text.encode(encoding))

        assert reply.text("JobsDetail/Input/Object") == key


METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "OPTIONS"])
PATHS = st.one_of(
    st.sampled_from(["/", "/jobs", "/asrqueue", "/template", "/workflow", "/inventorytriggerjob", "/asrbucket"]),
    st.text(st.characters(codec="utf-8"), max_size=40).map(lambda text: f"/{text}"),
)
NAMES = st.sampled_from(
    ["tag", "size", "nextToken", "pageSize", "pageNumber", "ids", "cancel", "unbind", "uploads", "uploadId", "marker"]
)
QUERIES = st.dictionaries(
    st.one_of(NAMES, st.text(string.ascii_letters, min_size=1, max_size=8)),
    st.text(st.characters(codec="utf-8"), max_size=12),
    max_size=3,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"<Request/>", b"<Request><Tag>NoiseReduction</Tag><Name>n</Name><NoiseReduction/></Request>"]),
)


@given(method=METHODS, path=PATHS, query=QUERIES, body=BODIES, plane=st.sampled_from(["ci", "pic", "cos", "regional"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_signed_request_makes_a_server_error_or_leaves_the_folder(
    make_cloud_once, tmp_path, method, path, query, body, plane
):
    cloud = make_cloud_once
    reply = cloud.call(method, path, host=getattr(cloud, plane), query=query, body=body)

    assert reply.status < 500
    assert [child.name for child in tmp_path.iterdir()] == ["data-0"]
    folders = {child.name for child in (tmp_path / "data-0").iterdir()}
    assert folders <= {".emulator", cloud.region}


@pytest.fixture
def make_cloud_once(make_cloud):
    made = make_cloud()
    made.ready()
    return made


@given(target=st.binary(max_size=30), host=st.text(string.printable, max_size=20), signature=st.text(max_size=40))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_unsigned_request_makes_a_server_error(make_cloud_once, target, host, signature):
    text = target.decode("latin-1")
    request = Request.parse("GET", f"/{text}?{text}", [("Host", host), ("Authorization", signature)])

    assert 400 <= make_cloud_once.emulator.handle(request).status < 500
