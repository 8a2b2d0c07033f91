"""Every operation of the client against the documented request, the signature of what it sends, pages and errors."""

import logging
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from pulumi_ci_audio.api import operations, signing
from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import (
    ApiError,
    CiAudioError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
)
from pulumi_ci_audio.api.records import (
    BatchJobRequest,
    Callback,
    JobRequest,
    NoiseReductionParameters,
    ObjectHead,
    ObjectRecord,
    TemplateRequest,
)
from pulumi_ci_audio.api.retrying import ATTEMPTS, LONGEST_RETRY_AFTER_SECONDS
from pulumi_ci_audio.api.session import MOST_PAGES, PAGE_SIZE
from tests.api.doubles import RecordingTransport, answered
from tests.data import samples
from tests.data.samples import document_of, facts_of
from tests.support.clock import FakeClock

NOW = 1_700_000_000.9
BUCKET = Bucket("ap-chongqing", "test-1234567890")
CI = "test-1234567890.ci.ap-chongqing.myqcloud.com"
COS = "test-1234567890.cos.ap-chongqing.myqcloud.com"
REGION = "ci.ap-chongqing.myqcloud.com"
CREDENTIALS = Credentials("AKIDexample", "key-that-is-secret")
XML = {"Content-Type": "application/xml"}
PAGE = (("pageNumber", "1"), ("pageSize", "100"))
EMPTY = b"<Response/>"
LISTED = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
JOB = JobRequest("in.mp3", BUCKET, "out.wav", template_id="t1")
BATCH = BatchJobRequest("nightly", f"https://{COS}/lists/1", BUCKET, "clean/${InputName}.wav", "t1")
TEMPLATE = TemplateRequest("n", NoiseReductionParameters("wav", 16000))


def client_of(*answers, credentials=CREDENTIALS):
    transport = RecordingTransport(*answers)
    client = Client(transport, credentials=lambda: credentials, waiter=FakeClock().waiter(), unix_time=lambda: NOW)
    return client, transport


def sent_by(call, *answers, credentials=CREDENTIALS):
    client, transport = client_of(*answers, credentials=credentials)
    call(client)
    (request,) = transport.requests
    return request


def marked(body=b"", **headers):
    """Return an answer that bears the storage's mark, as an object's must."""
    return answered(body, x_cos_request_id="cos-id", **headers)


CALLS = {
    "bind": (lambda c: c.create_ci_bucket(BUCKET), b"", ("PUT", CI, "/", (), XML)),
    "status": (
        lambda c: c.describe_ci_bucket(BUCKET),
        b'{"CIStatus":"on"}',
        ("GET", CI, "/", (), {"Accept": "application/json"}),
    ),
    "status for a refresh": (
        lambda c: c.refresh_ci_bucket(BUCKET),
        b'{"CIStatus":"on"}',
        ("GET", CI, "/", (), {"Accept": "application/json"}),
    ),
    "list the bound buckets": (
        lambda c: c.describe_ci_buckets("ap-chongqing", prefix="test"),
        EMPTY,
        ("GET", REGION, "/cibuckets", (("region", "ap-chongqing"), ("bucketName", "test"), *PAGE), {}),
    ),
    "unbind": (lambda c: c.delete_ci_bucket(BUCKET), b"", ("PUT", CI, "/", (("unbind", ""),), XML)),
    "enable Smart Audio": (lambda c: c.create_asr_bucket(BUCKET), b"", ("POST", CI, "/asrbucket", (), XML)),
    "query Smart Audio": (
        lambda c: c.describe_asr_buckets("ap-chongqing", BucketQuery(bucket_names=["test-1234567890"])),
        EMPTY,
        ("GET", REGION, "/asrbucket", (("bucketNames", "test-1234567890"), *PAGE), {}),
    ),
    "find one bucket in the list": (
        lambda c: c.find_service_bucket(operations.SMART_AUDIO, BUCKET),
        EMPTY,
        ("GET", REGION, "/asrbucket", (("regions", "ap-chongqing"), ("bucketNames", "test-1234567890"), *PAGE), {}),
    ),
    "ask for one bucket in the list": (
        lambda c: c.ask_service_bucket(operations.SMART_AUDIO, BUCKET)(),
        EMPTY,
        ("GET", REGION, "/asrbucket", (("regions", "ap-chongqing"), ("bucketNames", "test-1234567890"), *PAGE), {}),
    ),
    "one bucket in the list for a refresh": (
        lambda c: c.refresh_service_bucket(operations.SMART_AUDIO, BUCKET),
        EMPTY,
        ("GET", REGION, "/asrbucket", (("regions", "ap-chongqing"), ("bucketNames", "test-1234567890"), *PAGE), {}),
    ),
    "disable Smart Audio": (lambda c: c.delete_asr_bucket(BUCKET), b"", ("DELETE", CI, "/asrbucket", (), XML)),
    "list queues": (
        lambda c: c.describe_asr_queues(BUCKET),
        EMPTY,
        ("GET", CI, "/asrqueue", (("pageNumber", "1"), ("pageSize", "10")), {}),
    ),
    "submit a job": (
        lambda c: c.create_job(BUCKET, JOB),
        document_of(samples.JOB_SUBMITTED.root),
        ("POST", CI, "/jobs", (), XML),
    ),
    "get a job": (lambda c: c.describe_job(BUCKET, "j1"), EMPTY, ("GET", CI, "/jobs/j1", (), {})),
    "list jobs": (
        lambda c: list(c.describe_jobs(BUCKET)),
        EMPTY,
        (
            "GET",
            CI,
            "/jobs",
            (("tag", "NoiseReduction"), ("orderByTime", "Desc"), ("states", "All"), ("size", "100")),
            {},
        ),
    ),
    "list some jobs": (
        lambda c: list(
            c.describe_jobs(
                BUCKET,
                tag="Translation",
                states=["Submitted", "Running"],
                input_object="a b.mp3",
                start_creation_time=1_767_196_800.9,
            )
        ),
        EMPTY,
        (
            "GET",
            CI,
            "/jobs",
            (
                ("tag", "Translation"),
                ("orderByTime", "Desc"),
                ("states", "Submitted,Running"),
                ("inputObject", "a b.mp3"),
                ("startCreationTime", "2026-01-01T00:00:00+0800"),
                ("size", "100"),
            ),
            {},
        ),
    ),
    "cancel a job": (lambda c: c.cancel_job(BUCKET, "j1"), b"", ("PUT", CI, "/jobs/j1", (("cancel", ""),), XML)),
    "create a template": (
        lambda c: c.create_template(BUCKET, TEMPLATE),
        document_of(samples.TEMPLATE_CREATED.root),
        ("POST", CI, "/template", (), XML),
    ),
    "update a template": (
        lambda c: c.update_template(BUCKET, "t1", TEMPLATE),
        document_of(samples.TEMPLATE_CREATED.root),
        ("PUT", CI, "/template/t1", (), XML),
    ),
    "list templates": (
        lambda c: c.describe_templates(BUCKET),
        EMPTY,
        ("GET", CI, "/template", (("category", "Custom"), *PAGE), {}),
    ),
    "list some templates": (
        lambda c: c.describe_templates(BUCKET, ids=["t1", "t2"], prefix="speech"),
        EMPTY,
        ("GET", CI, "/template", (("category", "Custom"), ("ids", "t1,t2"), ("name", "speech"), *PAGE), {}),
    ),
    "delete a template": (
        lambda c: c.delete_template(BUCKET, "t1"),
        document_of(samples.TEMPLATE_DELETED.root),
        ("DELETE", CI, "/template/t1", (), XML),
    ),
    "list workflows": (lambda c: c.describe_workflows(BUCKET), EMPTY, ("GET", CI, "/workflow", PAGE, {})),
    "list batch jobs": (
        lambda c: c.describe_batch_jobs(BUCKET, kind="Job", states=["Submitted", "Running", "Pause"]),
        EMPTY,
        (
            "GET",
            CI,
            "/inventorytriggerjob",
            (("type", "Job"), ("states", "Submitted,Running,Pause"), ("size", "100")),
            {},
        ),
    ),
    "list some batch jobs": (
        lambda c: c.describe_batch_jobs(BUCKET, kind="Job", name="nightly", start_creation_time=1_767_196_800.9),
        EMPTY,
        (
            "GET",
            CI,
            "/inventorytriggerjob",
            (
                ("type", "Job"),
                ("states", "All"),
                ("name", "nightly"),
                ("startCreationTime", "2026-01-01T00:00:00+0800"),
                ("size", "100"),
            ),
            {},
        ),
    ),
    "submit a batch job": (
        lambda c: c.create_batch_job(BUCKET, BATCH),
        document_of(samples.BATCH_JOBS.root),
        ("POST", CI, "/inventorytriggerjob", (), XML),
    ),
    "get a batch job": (
        lambda c: c.describe_batch_job(BUCKET, "b1"),
        EMPTY,
        ("GET", CI, "/inventorytriggerjob/b1", (), {}),
    ),
    "cancel a batch job": (
        lambda c: c.cancel_batch_job(BUCKET, "b1"),
        b"",
        ("PUT", CI, "/inventorytriggerjob/b1", (("cancel", ""),), XML),
    ),
    "list a batch's jobs": (
        lambda c: list(c.describe_jobs(BUCKET, batch_job_id="b1")),
        EMPTY,
        (
            "GET",
            CI,
            "/jobs",
            (
                ("tag", "NoiseReduction"),
                ("orderByTime", "Desc"),
                ("states", "All"),
                ("inventoryTriggerJobId", "b1"),
                ("size", "100"),
            ),
            {},
        ),
    ),
    "list objects": (
        lambda c: list(c.list_objects(BUCKET, "raw/录 音")),
        LISTED,
        ("GET", COS, "/", (("prefix", "raw/录 音"), ("encoding-type", "url"), ("max-keys", "1000")), {}),
    ),
    "list every object": (
        lambda c: list(c.list_objects(BUCKET, "")),
        LISTED,
        ("GET", COS, "/", (("encoding-type", "url"), ("max-keys", "1000")), {}),
    ),
    "write an object": (
        lambda c: c.put_object(BUCKET, "lists/录", b"an address", "text/plain"),
        b"",
        ("PUT", COS, "/lists/录", (), {"Content-Type": "text/plain"}),
    ),
    "look at an object": (
        lambda c: c.head_object(BUCKET, "folder/录 音.mp3"),
        b"",
        ("HEAD", COS, "/folder/录 音.mp3", (), {}),
    ),
} | {
    f"list the buckets of {service.name}": (
        lambda c, service=service: c.describe_service_buckets(
            service, "ap-chongqing", BucketQuery(regions=["ap-chongqing"])
        ),
        EMPTY,
        ("GET", REGION, service.describe_buckets.path, (("regions", "ap-chongqing"), *PAGE), {}),
    )
    for service in operations.OTHER_SERVICES
}


def batch_made():
    return answered(document_of(samples.BATCH_JOBS.root))


def query_in_any_order(query):
    return sorted(query)


class TestRequests:
    @pytest.mark.parametrize("name", CALLS)
    def test_call_sends_what_is_documented(self, name):
        call, body, (method, host, path, query, headers) = CALLS[name]

        request = sent_by(call, marked(body))

        assert (request.method, request.host, request.path) == (method, host, path)
        assert query_in_any_order(request.query) == query_in_any_order(query)
        assert {name: value for name, value in request.headers.items() if name != "Authorization"} == headers

    def test_every_public_method_is_among_the_calls(self):
        named = {name for name in vars(Client) if not name.startswith("_")} - {"from_settings"}

        used = {match for call, _, _ in CALLS.values() for match in call.__code__.co_names}
        assert named <= used

    @pytest.mark.parametrize("name", ["submit a job", "create a template", "update a template"])
    def test_call_with_a_document_carries_it(self, name):
        call, body, _ = CALLS[name]

        request = sent_by(call, marked(body))

        root, children = facts_of(request.body)
        assert (root, ("Tag", "NoiseReduction") in children) == ("Request", True)

    def test_batch_is_asked_for_by_a_list_and_a_template(self):
        batch = replace(BATCH, user_data="mine", job_level=1, callback=Callback(url="https://example.com"))

        request = sent_by(lambda c: c.create_batch_job(BUCKET, batch), batch_made())

        output = [("Region", "ap-chongqing"), ("Bucket", BUCKET.name), ("Object", "clean/${InputName}.wav")]
        operation = [
            ("Tag", "NoiseReduction"),
            ("JobParam", [("TemplateId", "t1")]),
            ("Output", output),
            ("UserData", "mine"),
            ("JobLevel", "1"),
            ("CallBack", "https://example.com"),
            ("CallBackType", "Url"),
        ]
        source = [("UrlFile", f"https://{COS}/lists/1")]
        named = [("Name", "nightly"), ("Type", "Job"), ("Input", source), ("Operation", operation)]
        assert facts_of(request.body) == ("Request", named)

    def test_object_is_written_as_it_is(self):
        call, body, _ = CALLS["write an object"]

        assert sent_by(call, marked(body)).body == b"an address"

    @pytest.mark.parametrize(
        "name", [name for name in CALLS if not any(word in name for word in ("job", "template", "write"))]
    )
    def test_call_without_a_document_has_no_body(self, name):
        call, body, _ = CALLS[name]

        assert sent_by(call, marked(body)).body == b""

    def test_list_of_buckets_takes_all_five_parameters(self):
        request = sent_by(
            lambda c: c.describe_asr_buckets(
                "ap-beijing",
                BucketQuery(
                    regions=["ap-shanghai", "ap-beijing"],
                    bucket_names=["a-1250000000", "b-1250000000"],
                    prefix="exam",
                    page_number=3,
                    page_size=7,
                ),
            ),
            answered(EMPTY),
        )

        assert request.host == "ci.ap-beijing.myqcloud.com"
        assert dict(request.query) == {
            "regions": "ap-shanghai,ap-beijing",
            "bucketNames": "a-1250000000,b-1250000000",
            "bucketName": "exam",
            "pageNumber": "3",
            "pageSize": "7",
        }


class TestSignature:
    def parts(self, request):
        return dict(part.split("=", 1) for part in request.headers["Authorization"].split("&"))

    @pytest.mark.parametrize("token", [None, "token/+="], ids=["permanent", "temporary"])
    @pytest.mark.parametrize("name", CALLS)
    def test_signature_is_that_of_the_published_algorithm(self, name, token):
        call, body, _ = CALLS[name]
        request = sent_by(call, marked(body), credentials=Credentials("AKIDexample", "key", token))
        parts = self.parts(request)
        headers = {"host": request.host} | {header.lower(): value for header, value in request.headers.items()}

        expected = signing.signature(
            secret_key="key",
            key_time=parts["q-key-time"],
            method=request.method,
            path=request.path,
            parameters=request.query,
            headers=[(header, headers[header]) for header in parts["q-header-list"].split(";")],
        )

        assert parts["q-signature"] == expected
        assert (parts["q-sign-algorithm"], parts["q-ak"]) == ("sha1", "AKIDexample")
        assert parts["q-sign-time"] == parts["q-key-time"] == "1699999940;1700000900"

    @pytest.mark.parametrize("name", CALLS)
    def test_host_and_every_parameter_are_signed(self, name):
        call, body, (_, _, _, query, _) = CALLS[name]

        parts = self.parts(sent_by(call, marked(body)))

        assert "host" in parts["q-header-list"].split(";")
        assert parts["q-url-param-list"] == ";".join(sorted(parameter.lower() for parameter, _ in query))

    def test_token_goes_to_ci_under_its_own_name_and_is_signed(self):
        request = sent_by(
            lambda c: c.create_ci_bucket(BUCKET), answered(), credentials=Credentials("id", "key", "token/+=")
        )

        assert request.headers["x-ci-security-token"] == "token/+="
        assert "x-cos-security-token" not in request.headers
        assert "x-ci-security-token" in self.parts(request)["q-header-list"].split(";")

    def test_token_goes_to_cos_under_its_own_name_and_is_signed(self):
        request = sent_by(
            lambda c: c.head_object(BUCKET, "a.mp3"),
            marked(),
            credentials=Credentials("id", "key", "token/+="),
        )

        assert request.headers["x-cos-security-token"] == "token/+="
        assert "x-ci-security-token" not in request.headers
        assert "x-cos-security-token" in self.parts(request)["q-header-list"].split(";")

    def test_credentials_are_asked_anew_for_every_attempt(self):
        keys = iter(["first", "second"])
        transport = RecordingTransport(NoAnswerError("broke"), answered(b'{"CIStatus":"on"}'))
        client = Client(transport, lambda: Credentials(next(keys), "key"), FakeClock().waiter(), lambda: NOW)

        client.describe_ci_bucket(BUCKET)

        assert [self.parts(request)["q-ak"] for request in transport.requests] == ["first", "second"]

    def test_secret_key_is_nowhere_in_a_request_or_in_the_client(self):
        client, transport = client_of(answered())

        client.create_ci_bucket(BUCKET)

        assert "key-that-is-secret" not in f"{transport.requests} {client!r}"

    def test_missing_credentials_send_nothing_and_are_not_asked_for_again(self):
        asked = []

        def none():
            asked.append(1)
            raise SettingsError("no credentials")

        transport = RecordingTransport(answered())
        with pytest.raises(SettingsError, match="no credentials"):
            Client(transport, none, FakeClock().waiter()).create_ci_bucket(BUCKET)

        assert (transport.requests, asked) == ([], [1])


class TestAnswers:
    def test_enabled_bucket_is_returned(self):
        client, _ = client_of(answered(document_of(samples.SMART_AUDIO_ENABLED.root)))

        assert client.create_asr_bucket(BUCKET).create_time == "2020-08-20T16:14:34+0800"

    def test_empty_answer_to_enabling_is_a_success(self):
        client, _ = client_of(answered(b"\n"))

        assert client.create_asr_bucket(BUCKET) is None

    def test_bound_bucket_needs_no_body_and_ignores_one(self):
        client, _ = client_of(answered(document_of(samples.BUCKET_BOUND.root)), answered(b"<broken"))

        assert client.create_ci_bucket(BUCKET) is None
        assert client.create_ci_bucket(BUCKET) is None

    def test_job_is_found_among_others(self):
        other = ("JobsDetail", [("JobId", "j-other")])
        client, _ = client_of(answered(document_of(("Response", [other, *samples.JOB_SUBMITTED.root[1]]))))

        assert client.describe_job(BUCKET, samples.JOB_ID).state == "Submitted"

    def test_unknown_job_is_none(self):
        client, _ = client_of(answered(document_of(samples.JOB_UNKNOWN.root)))

        assert client.describe_job(BUCKET, samples.JOB_ID) is None

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<Response/>",
            b"<Response><JobsDetail/></Response>",
            b"<Response><JobsDetail><JobId/></JobsDetail></Response>",
            b"<Response><JobsDetail><JobId>a</JobId></JobsDetail><JobsDetail><JobId>b</JobId></JobsDetail></Response>",
            b"<Response><JobsDetail><JobId>a</JobId>",
        ],
        ids=["empty", "no job", "empty job", "empty id", "two jobs", "cut"],
    )
    def test_submission_that_names_no_single_job_is_unreadable_and_sent_once(self, body):
        client, transport = client_of(answered(body))

        with pytest.raises(DecodeError, match=r"could not submit the job for in\.mp3 of bucket test-1"):
            client.create_job(BUCKET, JOB)
        assert len(transport.requests) == 1

    @pytest.mark.parametrize("body", [b"", b"<Response/>", b"<Response><Template><Name>n</Name></Template></Response>"])
    def test_creation_that_names_no_template_is_unreadable_and_sent_once(self, body):
        client, transport = client_of(answered(body))

        with pytest.raises(DecodeError, match="could not create the template n"):
            client.create_template(BUCKET, TEMPLATE)
        assert len(transport.requests) == 1

    def test_object_is_described_by_its_headers(self):
        client, _ = client_of(
            marked(etag='"abc"', content_length="1234", last_modified="Thu, 16 May 2019 06:45:51 GMT")
        )

        assert client.head_object(BUCKET, "a.mp3") == ObjectHead("abc", 1234, 1557989151.0)

    @pytest.mark.parametrize("headers", [{}, {"last_modified": "yesterday", "content_length": "-5"}])
    def test_object_without_readable_headers_is_described_all_the_same(self, headers):
        client, _ = client_of(marked(**headers))

        assert client.head_object(BUCKET, "a.mp3") == ObjectHead("", 0, None)

    def test_missing_object_is_none(self):
        client, transport = client_of(answered(status=404, x_cos_request_id="cos-id"))

        assert client.head_object(BUCKET, "a.mp3") is None
        assert len(transport.requests) == 1

    def test_proxy_cannot_say_that_an_object_is_missing(self):
        client, _ = client_of(answered(status=404))

        with pytest.raises(ApiError, match="without the service's mark, HTTP 404"):
            client.head_object(BUCKET, "a.mp3")

    @pytest.mark.parametrize("status", [200, 204])
    def test_proxy_cannot_say_that_an_object_is_there(self, status):
        client, _ = client_of(*[answered(status=status, content_length="1200", x_ci_request_id="")] * ATTEMPTS)

        with pytest.raises(DecodeError, match=r"could not look at the object .* without the service's mark"):
            client.head_object(BUCKET, "a.mp3")

    def test_empty_header_is_no_mark(self):
        client, _ = client_of(answered(status=404, x_cos_request_id=""))

        with pytest.raises(ApiError, match="without the service's mark, HTTP 404"):
            client.head_object(BUCKET, "a.mp3")

    def test_forbidden_object_is_an_error(self):
        client, _ = client_of(answered(status=403, x_cos_request_id="cos-id"))

        with pytest.raises(ApiError) as caught:
            client.head_object(BUCKET, "a.mp3")

        assert caught.value.is_denied
        assert caught.value.request_id == "cos-id"


def buckets(*names, total=None):
    items = [("AsrBucketList", [("BucketId", name)]) for name in names]
    return answered(document_of(("Response", [*([("TotalCount", str(total))] if total is not None else []), *items])))


def jobs(*ids, token=None):
    items = [("JobsDetail", [("JobId", job_id)]) for job_id in ids]
    return answered(document_of(("Response", [*items, *([("NextToken", token)] if token is not None else [])])))


EMPTY_ITEMS = {
    "jobs": ("JobsDetail", lambda c: list(c.describe_jobs(BUCKET))),
    "batch jobs": ("JobsDetail", lambda c: c.describe_batch_jobs(BUCKET, kind="Job", states=["Running"])),
    "workflows": ("MediaWorkflowList", lambda c: c.describe_workflows(BUCKET)),
    "templates": ("TemplateList", lambda c: c.describe_templates(BUCKET)),
    "queues": ("QueueList", lambda c: c.describe_asr_queues(BUCKET)),
    "buckets": ("AsrBucketList", lambda c: c.describe_asr_buckets("ap-chongqing", BucketQuery())),
    "one job": ("JobsDetail", lambda c: [job for job in [c.describe_job(BUCKET, "j1")] if job]),
    "one bucket": (
        "AsrBucketList",
        lambda c: [found for found in [c.find_service_bucket(operations.SMART_AUDIO, BUCKET)] if found],
    ),
}


class TestEmptyItems:
    """A list without a match may hold one empty item, as the official Java SDK knows of the lists of jobs."""

    @pytest.mark.parametrize("total", [[], [("TotalCount", "0")]], ids=["no count", "count of zero"])
    @pytest.mark.parametrize("inside", [[], [("State", "")]], ids=["empty", "empty children"])
    @pytest.mark.parametrize("name", EMPTY_ITEMS)
    def test_item_without_its_id_is_no_item(self, name, inside, total):
        element, call = EMPTY_ITEMS[name]
        client, transport = client_of(answered(document_of(("Response", [(element, inside), *total]))))

        assert call(client) == []
        assert len(transport.requests) == 1


class TestPages:
    def names(self, *answers, **arguments):
        client, transport = client_of(*answers)
        found = client.describe_asr_buckets("ap-beijing", BucketQuery(**arguments))
        return [bucket.bucket for bucket in found], [dict(r.query)["pageNumber"] for r in transport.requests]

    def test_numbered_list_is_read_until_a_short_page(self):
        answers = [buckets("a", "b", total=5), buckets("c", "d", total=5), buckets("e", total=5)]

        assert self.names(*answers, page_size=2) == (["a", "b", "c", "d", "e"], ["1", "2", "3"])

    def test_numbered_list_is_read_until_an_empty_page(self):
        assert self.names(buckets("a", "b"), buckets(total=2), page_size=2) == (["a", "b"], ["1", "2"])

    def test_empty_numbered_list_is_one_page(self):
        assert self.names(buckets(total=0)) == ([], ["1"])

    def test_asked_page_is_the_only_one(self):
        assert self.names(buckets("c", "d"), page_size=2, page_number=2) == (["c", "d"], ["2"])

    def test_filters_are_repeated_on_every_page(self):
        client, transport = client_of(buckets("a"), buckets())

        client.describe_asr_buckets("ap-beijing", BucketQuery(regions=["ap-beijing"], page_size=1))

        assert [dict(request.query)["regions"] for request in transport.requests] == ["ap-beijing"] * 2

    @pytest.mark.parametrize(
        ("call", "element", "id_element"),
        [
            (lambda c: [t.template_id for t in c.describe_templates(BUCKET)], "TemplateList", "TemplateId"),
            (lambda c: [w.workflow_id for w in c.describe_workflows(BUCKET)], "MediaWorkflowList", "WorkflowId"),
        ],
        ids=["templates", "workflows"],
    )
    def test_other_numbered_lists_are_read_to_their_end(self, call, element, id_element):
        ids = [f"x{number}" for number in range(PAGE_SIZE + 1)]
        first, second = (
            answered(document_of(("Response", [(element, [(id_element, i)]) for i in part])))
            for part in (ids[:PAGE_SIZE], ids[PAGE_SIZE:])
        )
        client, transport = client_of(first, second)

        assert call(client) == ids
        assert len(transport.requests) == 2

    def job_ids(self, *answers):
        client, transport = client_of(*answers)
        found = [job.job_id for job in client.describe_jobs(BUCKET)]
        return found, [dict(request.query).get("nextToken") for request in transport.requests]

    @pytest.mark.parametrize("last", [jobs("c"), jobs("c", token="")], ids=["absent token", "empty token"])
    def test_tokened_list_follows_its_tokens_to_the_end(self, last):
        assert self.job_ids(jobs("a", "b", token="21"), last) == (["a", "b", "c"], [None, "21"])

    def test_tokened_list_goes_on_behind_an_empty_page(self):
        assert self.job_ids(jobs("a", token="21"), jobs(token="25"), jobs("b")) == (["a", "b"], [None, "21", "25"])

    def test_tokened_list_without_an_end_is_unreadable(self):
        client, transport = client_of(*(jobs(token=str(number)) for number in range(MOST_PAGES + 1)))

        with pytest.raises(DecodeError, match=r"could not list the jobs of .*: the list has no end"):
            list(client.describe_jobs(BUCKET))
        assert len(transport.requests) == MOST_PAGES

    def test_tokened_list_does_not_go_round(self):
        found, tokens = self.job_ids(jobs("a", token="21"), jobs("b", token="25"), jobs("c", token="21"))

        assert (found, tokens) == (["a", "b", "c"], [None, "21", "25"])

    def test_further_pages_of_jobs_are_asked_for_only_when_needed(self):
        client, transport = client_of(jobs("a", "b", token="21"), jobs("c"))
        listed = client.describe_jobs(BUCKET)

        assert [next(listed).job_id, next(listed).job_id] == ["a", "b"]
        assert len(transport.requests) == 1

    def test_batch_jobs_are_read_to_their_end(self):
        client, transport = client_of(jobs("a", token="21"), jobs("b"))

        found = client.describe_batch_jobs(BUCKET, kind="Workflow", states=["Running"])

        assert [job.job_id for job in found] == ["a", "b"]
        assert dict(transport.requests[1].query) == {
            "type": "Workflow",
            "states": "Running",
            "size": "100",
            "nextToken": "21",
        }

    def test_list_of_objects_follows_its_markers_and_spells_keys_back(self):
        first = (
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>raw/%E5%BD%95</NextMarker>"
            '<Contents><Key>raw/a%20b+.wav</Key><ETag>"e1"</ETag><Size>7</Size>'
            "<LastModified>2023-11-14T22:13:20.000Z</LastModified></Contents></ListBucketResult>"
        )
        last = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>z</Key></Contents></ListBucketResult>"
        client, transport = client_of(answered(first.encode()), answered(last.encode()))

        found = list(client.list_objects(BUCKET, "raw/"))

        assert found == [ObjectRecord("raw/a b+.wav", "e1", 7, 1_700_000_000.0), ObjectRecord("z", "", 0, None)]
        assert [dict(request.query).get("marker") for request in transport.requests] == [None, "raw/录"]

    def test_list_of_objects_without_a_marker_goes_on_behind_its_last_key(self):
        first = b"<ListBucketResult><Contents><Key>a</Key></Contents><IsTruncated>true</IsTruncated></ListBucketResult>"
        client, transport = client_of(answered(first), answered(LISTED))

        assert [found.key for found in client.list_objects(BUCKET, "")] == ["a"]
        assert dict(transport.requests[1].query)["marker"] == "a"

    @pytest.mark.parametrize("body", [b"<ListBucketResult/>", b"<html>welcome</html>", EMPTY])
    def test_list_of_objects_that_does_not_say_whether_it_ends_is_unreadable(self, body):
        client, _ = client_of(answered(body))

        with pytest.raises(DecodeError, match="could not list the objects of bucket"):
            list(client.list_objects(BUCKET, ""))

    def test_failing_page_is_repeated_alone(self):
        client, transport = client_of(jobs("a", token="21"), answered(status=500), jobs("b"))

        assert [job.job_id for job in client.describe_jobs(BUCKET)] == ["a", "b"]
        assert [dict(request.query).get("nextToken") for request in transport.requests] == [None, "21", "21"]


MARK = {"x_ci_request_id": "NWE="}


def refusal(status, code="", message="", request_id="", **headers):
    children = [("Code", code), ("Message", message), ("RequestId", request_id)]
    return answered(document_of(("Error", children)), status=status, **headers)


class TestRefusals:
    def error_of(self, *answers, call=lambda c: c.delete_ci_bucket(BUCKET)):
        client, _ = client_of(*answers)
        with pytest.raises(ApiError) as caught:
            call(client)
        return caught.value

    @pytest.mark.parametrize("status", [300, 301, 307, 400, 401, 403, 404, 409, 418, 429, 451, 500, 502, 503, 504, 599])
    def test_every_other_status_is_an_error_with_its_parts(self, status):
        error = self.error_of(refusal(status, "SomeCode", "some words", "some-id"))

        assert (error.status, error.code, error.message, error.request_id) == (
            status,
            "SomeCode",
            "some words",
            "some-id",
        )

    def test_error_names_operation_bucket_code_status_and_request(self):
        error = self.error_of(refusal(400, "InvalidArgument", "tasks exist", "id-1", **MARK))

        assert re.fullmatch(
            r"could not unbind bucket test-1234567890 in ap-chongqing from CI: the service said "
            r"InvalidArgument \(HTTP 400\): tasks exist, request id id-1",
            str(error),
        )

    def test_error_carries_the_permission_that_the_operation_needs(self):
        error = self.error_of(refusal(403, "AccessDenied"), call=lambda c: c.describe_ci_bucket(BUCKET))

        assert (error.action, error.any_resource) == ("ci:DescribeCIBuckets", True)

    @pytest.mark.parametrize("header", ["x_ci_request_id", "x_cos_request_id"])
    def test_request_id_comes_from_the_headers_where_the_body_has_none(self, header):
        assert self.error_of(answered(status=400, **{header: "from-header"})).request_id == "from-header"

    def test_request_id_of_the_body_comes_first(self):
        assert self.error_of(refusal(400, request_id="body", x_ci_request_id="header")).request_id == "body"

    def test_error_in_json_is_read(self):
        error = self.error_of(answered(b'{"code":"AccessDenied","message":"no","requestId":"r"}', status=401, **MARK))

        assert (error.code, error.message, error.request_id, error.is_denied) == ("AccessDenied", "no", "r", True)

    @pytest.mark.parametrize(
        ("answer", "is_from_service"),
        [
            (refusal(400, "InvalidArgument", x_ci_request_id="id"), True),
            (refusal(400, "InvalidArgument", x_cos_request_id="id"), True),
            (refusal(403, "AsrBucketAlreadyBinded", x_ci_request_id="id"), True),
            (refusal(400, "Other", "Asr processing service is not activated", x_ci_request_id="id"), True),
            (refusal(400, "InvalidArgument", request_id="id"), False),
            (refusal(400, "Other", x_ci_request_id="id"), False),
            (answered(status=403, x_ci_request_id="id"), False),
            (answered(status=502), False),
        ],
        ids=["CI", "COS", "ending", "message", "no header", "unknown code", "no body", "neither"],
    )
    def test_answer_is_the_service_s_by_its_header_and_its_code(self, answer, is_from_service):
        assert self.error_of(answer).is_from_service is is_from_service

    @pytest.mark.parametrize(("headers", "is_from_service"), [(MARK, True), ({}, False)], ids=["header", "none"])
    def test_answer_without_a_body_is_the_service_s_by_its_header_where_none_can_have_one(
        self, headers, is_from_service
    ):
        error = self.error_of(answered(status=403, **headers), call=lambda c: c.head_object(BUCKET, "a.mp3"))

        assert error.is_from_service is is_from_service

    def test_hostile_body_is_cut_and_kept_on_one_line(self):
        error = self.error_of(answered(b"<html>\r\n\x1b[31m" + b"x" * 100_000, status=502))

        assert len(str(error)) < 500
        assert str(error).isprintable()

    @pytest.mark.parametrize(
        "failure", [NotConnectedError("no route"), NoAnswerError("reset"), answered(b"<broken")], ids=str
    )
    def test_failure_without_an_answer_names_the_operation_and_keeps_its_kind(self, failure):
        client, transport = client_of(failure)
        kind = type(failure) if isinstance(failure, Exception) else DecodeError

        with pytest.raises(kind, match="could not list the workflows of bucket test-1234567890 in ap-chongqing: "):
            client.describe_workflows(BUCKET)
        assert len(transport.requests) == ATTEMPTS

    @pytest.mark.parametrize(
        ("failure", "job_times", "template_times"),
        [
            (NoAnswerError("reset"), 1, 1),
            (answered(status=500), 1, 1),
            (answered(status=503), 1, 1),
            (refusal(400, "InternalError", **MARK), 1, 1),
            (refusal(400, "ResourceNotFound", **MARK), 1, 1),
            (refusal(503, "SlowDown", **MARK), 1, ATTEMPTS),
            (refusal(429, "SlowDown", **MARK), 1, ATTEMPTS),
            (refusal(429, "SlowDown"), 1, 1),
            (answered(status=429), 1, 1),
            (NotConnectedError("refused"), 1, ATTEMPTS),
        ],
        ids=[
            "reset",
            "500",
            "503",
            "InternalError",
            "400",
            "503 SlowDown",
            "SlowDown",
            "no mark",
            "429",
            "unconnected",
        ],
    )
    def test_paid_job_is_never_sent_again_and_template_only_unaccepted(self, failure, job_times, template_times):
        calls = [
            (lambda c: c.create_job(BUCKET, JOB), job_times),
            (lambda c: c.create_template(BUCKET, TEMPLATE), template_times),
        ]
        for call, times in calls:
            client, transport = client_of(failure)
            with pytest.raises(CiAudioError):
                call(client)

            assert len(transport.requests) == times


class TestThrottling:
    def times_of(self, *answers, calls=3):
        clock = FakeClock()
        transport = RecordingTransport(*answers, now=clock.now)
        client = Client(transport, lambda: CREDENTIALS, clock.waiter(chance=lambda: 0.0), lambda: NOW)
        for _ in range(calls):
            client.delete_ci_bucket(BUCKET)
        return [later - earlier for earlier, later in pairwise(transport.times)]

    def test_without_it_requests_follow_each_other_at_once(self):
        assert self.times_of(answered()) == [0.0, 0.0]

    @pytest.mark.parametrize("marks", [MARK, {}], ids=["service", "proxy"])
    def test_pause_that_is_asked_for_is_kept_and_the_next_requests_are_slower(self, marks):
        pauses = self.times_of(refusal(429, "SlowDown", retry_after="7", **marks), answered())

        assert pauses[0] >= 7.0
        assert all(pause > 0 for pause in pauses[1:])

    def test_pause_that_is_asked_for_holds_nobody_up_for_longer_than_it_is_kept(self):
        clock = FakeClock()
        transport = RecordingTransport(refusal(429, "SlowDown", retry_after="86400"), answered(), now=clock.now)
        client = Client(transport, lambda: CREDENTIALS, clock.waiter(chance=lambda: 0.0), lambda: NOW)
        with pytest.raises(ApiError):
            client.create_job(BUCKET, JOB)
        client.delete_ci_bucket(BUCKET)

        assert transport.times[1] - transport.times[0] < LONGEST_RETRY_AFTER_SECONDS + 1

    def test_job_that_was_turned_away_slows_the_requests_that_follow(self):
        clock = FakeClock()
        client = Client(
            RecordingTransport(refusal(429, "SlowDown", retry_after="5", **MARK), answered()),
            lambda: CREDENTIALS,
            clock.waiter(),
            lambda: NOW,
        )
        with pytest.raises(ApiError):
            client.create_job(BUCKET, JOB)
        client.delete_ci_bucket(BUCKET)

        assert clock.time >= 1005.0


class TestLog:
    @pytest.fixture(autouse=True)
    def _all_of_it(self, caplog):
        caplog.set_level(logging.DEBUG)

    def test_each_request_is_one_line(self, caplog):
        client, _ = client_of(refusal(503, "SlowDown", **MARK), answered(x_ci_request_id="id-2"))
        client.delete_ci_bucket(BUCKET)

        lines = [record.getMessage() for record in caplog.records if record.name == "pulumi_ci_audio"]
        assert lines == [
            f"PUT {CI}/?unbind: 503 in 0.00 s, request id NWE=",
            f"PUT {CI}/?unbind: 200 in 0.00 s, request id id-2",
        ]

    def test_request_without_an_answer_is_a_line_too(self, caplog):
        client, _ = client_of(NoAnswerError("it broke"))
        with pytest.raises(NoAnswerError):
            client.create_job(BUCKET, JOB)

        assert [record.getMessage() for record in caplog.records] == [f"POST {CI}/jobs: it broke after 0.00 s"]

    @pytest.mark.parametrize("name", CALLS)
    def test_no_line_holds_a_secret(self, name, caplog):
        call, body, _ = CALLS[name]
        sent_by(call, answered(body, **MARK), credentials=Credentials("id-hidden", "key-hidden", "token-hidden"))

        assert "hidden" not in caplog.text
        assert "q-signature" not in caplog.text


class TestForeignAnswers:
    @pytest.mark.parametrize(
        "body", [b"<html><body>Sign in</body></html>", b"\n<!DOCTYPE html>\n<html>", b"Welcome to the network"]
    )
    def test_answer_that_is_no_document_asks_for_a_proxy_or_a_wrong_endpoint(self, body):
        client, _ = client_of(*[answered(body, **MARK)] * 4)

        with pytest.raises(DecodeError, match=r"not the service's answer: a proxy or a wrong endpoint\? It begins"):
            client.describe_asr_buckets("ap-beijing", BucketQuery())


class TestMark:
    @pytest.mark.parametrize(
        "call",
        [
            lambda client: client.describe_asr_buckets("ap-beijing", BucketQuery()),
            lambda client: list(client.describe_jobs(BUCKET)),
            lambda client: client.describe_job(BUCKET, "j1"),
            lambda client: client.create_ci_bucket(BUCKET),
        ],
    )
    def test_what_looks_good_without_it_is_not_believed(self, call):
        client, _ = client_of(*[answered(b"<Response/>", x_ci_request_id="")] * ATTEMPTS)

        with pytest.raises(DecodeError, match=r"an answer without the service's mark: a proxy"):
            call(client)


class TestBounds:
    def test_numbered_list_without_an_end_is_unreadable(self):
        answers = (buckets(f"b{number}", total=10**9) for number in range(MOST_PAGES + 1))
        client, transport = client_of(*answers)

        with pytest.raises(DecodeError, match=r"could not list the buckets .*: the list has no end"):
            client.describe_asr_buckets("ap-beijing", BucketQuery())
        assert len(transport.requests) == MOST_PAGES

    @pytest.mark.parametrize("total", ["\u0661\u0662", "\u00b2", "-1", "1.0", "1e3", "+1", "9" * 5000])
    def test_total_that_is_no_number_in_ascii_is_unreadable(self, total):
        client, _ = client_of(buckets("a", total=total))

        with pytest.raises(DecodeError, match="not the document that was expected"):
            client.describe_asr_buckets("ap-beijing", BucketQuery())

    @pytest.mark.parametrize("total", ["", " "])
    def test_empty_total_counts_as_absent(self, total):
        client, _ = client_of(buckets("a", total=total))

        assert [found.bucket for found in client.describe_asr_buckets("ap-beijing", BucketQuery())] == ["a"]

    @pytest.mark.parametrize("size", ["\u00b2", "9" * 5000, "-1", "1.0"])
    def test_size_that_is_no_number_in_ascii_is_unknown(self, size):
        client, _ = client_of(answered(content_length=size, **MARK))

        assert client.head_object(BUCKET, "a.mp3").size == 0
