"""Documents of the API against the facts of the published samples, both ways, and against hostile answers."""

import json
import socket
from contextlib import closing

import pytest

from pulumi_ci_audio.api.errors import SHOWN_CHARACTERS, DecodeError
from pulumi_ci_audio.api.messages import (
    MOST_ELEMENTS,
    AsrBucketResponse,
    BatchJobsResponse,
    BucketListResponse,
    CallBackMqConfig,
    Input,
    JobBody,
    JobOperation,
    JobsResponse,
    NoiseReduction,
    Output,
    QueueListResponse,
    TemplateBody,
    TemplateListResponse,
    TemplateResponse,
    WorkflowListResponse,
    decode,
    decode_error,
    decode_status,
    encode,
)
from tests.data import samples
from tests.data.samples import document_of, facts_of, order_free

ORDERS = [None, 1, 2, 3]
BUCKETS = [
    ("examplebucket-1250000000", "ap-beijing", "2019-11-15T12:12:12+0800"),
    ("examplebucket-1-1250000000", "ap-chongqing", "2020-11-16T14:13:15+0800"),
]


def in_any_order(sample):
    return [document_of(sample.root, shuffled_by=order) for order in ORDERS]


class TestPublishedAnswers:
    @pytest.mark.parametrize("name", samples.RESPONSES)
    def test_facts_survive_being_written_and_read(self, name):
        root = samples.RESPONSES[name].root

        assert facts_of(document_of(root)) == root
        assert order_free(facts_of(document_of(root, shuffled_by=7))) == order_free(root)

    @pytest.mark.parametrize("document", in_any_order(samples.JOB_SUBMITTED), ids=map(str, ORDERS))
    def test_submitted_job_is_read_in_any_order(self, document):
        (job,) = decode(document, JobsResponse).jobs_detail

        assert job.model_dump() == {
            "job_id": samples.JOB_ID,
            "tag": "NoiseReduction",
            "state": "Submitted",
            "code": "Success",
            "message": None,
            "creation_time": "2022-06-27T15:23:10+0800",
            "start_time": None,
            "end_time": None,
            "queue_id": samples.QUEUE_ID,
            "input": {"object": "input/demo.mp4", "bucket_id": "test-123456789", "region": "ap-chongqing"},
            "operation": {
                "template_id": None,
                "noise_reduction": {"format": "wav", "samplerate": None, "sample_rate": "16000"},
                "output": {"region": "ap-chongqing", "bucket": "test-123456789", "object": "output/out.wav"},
                "user_data": "This is my data.",
            },
        }

    def test_job_by_template_echoes_the_template(self):
        (job,) = decode(document_of(samples.JOB_SUBMITTED_BY_TEMPLATE.root), JobsResponse).jobs_detail

        assert job.operation.template_id == samples.TEMPLATE_ID
        assert job.operation.noise_reduction is None

    def test_finished_job_has_its_times(self):
        (job,) = decode(document_of(samples.JOB_CALLBACK.root), JobsResponse).jobs_detail

        assert (job.state, job.creation_time, job.start_time, job.end_time) == (
            "Success",
            "2022-06-30T18:47:18+0800",
            "2022-06-30T18:47:20+0800",
            "2022-06-30T18:47:30+0800",
        )

    def test_unknown_job_is_an_answer_without_jobs(self):
        assert decode(document_of(samples.JOB_UNKNOWN.root), JobsResponse).jobs_detail == []

    @pytest.mark.parametrize(
        "unknown",
        [[("NonExistJobIds", "j1"), ("NonExistJobIds", "j2")], [("NonExistJobIds", "j1,j2")]],
        ids=["repeated", "comma list"],
    )
    def test_unknown_jobs_beside_a_known_one_do_not_hide_it(self, unknown):
        name, children = samples.JOB_SUBMITTED.root

        response = decode(document_of((name, [*unknown, *children])), JobsResponse)

        assert [job.job_id for job in response.jobs_detail] == [samples.JOB_ID]

    def test_list_of_jobs_brings_its_token(self):
        response = decode(document_of(samples.JOB_LIST.root), JobsResponse)

        assert (len(response.jobs_detail), response.next_token) == (1, "21")

    @pytest.mark.parametrize("document", in_any_order(samples.SMART_AUDIO_ENABLED), ids=map(str, ORDERS))
    def test_enabled_bucket_is_read_in_any_order(self, document):
        bucket = decode(document, AsrBucketResponse).asr_bucket

        assert bucket.model_dump() == {
            "bucket_id": "bucket-1250000000",
            "name": "bucket-1250000000",
            "region": "ap-chongqing",
            "create_time": "2020-08-20T16:14:34+0800",
        }

    @pytest.mark.parametrize("document", in_any_order(samples.SMART_AUDIO_LIST), ids=map(str, ORDERS))
    def test_list_of_buckets_is_read_in_any_order(self, document):
        response = decode(document, BucketListResponse)

        assert response.total_count == 2
        assert sorted((b.bucket_id, b.region, b.create_time) for b in response.items) == sorted(BUCKETS)
        assert all(b.name == b.bucket_id for b in response.items)

    @pytest.mark.parametrize(
        "element",
        ["AsrBucketList", "MediaBucketList", "DocBucketList", "FileBucketList", "PicBucketList", "AiBucketList"],
    )
    def test_list_of_every_service_is_read(self, element):
        root = ("Response", [(element, [("BucketId", "a-1250000000")]), (element, [("BucketId", "b-1250000000")])])

        response = decode(document_of(root), BucketListResponse)

        assert [bucket.bucket_id for bucket in response.items] == ["a-1250000000", "b-1250000000"]

    def test_queue_is_read_without_taking_the_state_of_its_notification(self):
        for document in in_any_order(samples.QUEUES):
            (queue,) = decode(document, QueueListResponse).queue_list

            assert queue.model_dump() == {
                "queue_id": "pd0a7e02988c24db88b61551cf540444c",
                "name": "queue-speech-1",
                "state": "Active",
            }

    def test_template_is_read_alone_and_in_a_list(self):
        created = decode(document_of(samples.TEMPLATE_CREATED.root, shuffled_by=1), TemplateResponse).template
        (listed,) = decode(document_of(samples.TEMPLATE_LIST.root, shuffled_by=2), TemplateListResponse).template_list

        assert created.model_dump() == listed.model_dump()
        assert created.template_id == samples.TEMPLATE_ID
        assert (created.name, created.tag, created.state) == ("TemplateName", "NoiseReduction", "Normal")
        assert (created.noise_reduction.format, created.noise_reduction.samplerate) == ("wav", "16000")

    def test_template_printed_with_two_tags_is_read(self):
        root = ("Response", [("Template", [("Tag", "NoiseReduction"), ("Name", "n"), ("Tag", "NoiseReduction")])])

        assert decode(document_of(root), TemplateResponse).template.tag == "NoiseReduction"

    def test_workflow_is_read(self):
        (workflow,) = decode(document_of(samples.WORKFLOWS.root), WorkflowListResponse).media_workflow_list

        assert (workflow.workflow_id, workflow.name, workflow.state) == (samples.WORKFLOW_ID, "workflow", "Paused")

    def test_batch_job_is_read_and_its_empty_token_is_none(self):
        response = decode(document_of(samples.BATCH_JOBS.root), BatchJobsResponse)

        (job,) = response.jobs_detail
        assert (job.job_id, job.name, job.state, job.type) == (samples.BATCH_JOB_ID, "batch", "Running", "Workflow")
        assert response.next_token is None


class TestTolerance:
    def detail(self, *children):
        (job,) = decode(document_of(("Response", [("JobsDetail", list(children))])), JobsResponse).jobs_detail
        return job

    def test_missing_elements_are_none(self):
        assert set(self.detail().model_dump().values()) == {None}

    def test_empty_containers_are_read(self):
        job = self.detail(("Input", ""), ("Operation", [("NoiseReduction", ""), ("Output", "")]))

        assert job.input.object is None
        assert job.operation.output.object is None
        assert job.operation.noise_reduction.format is None

    @pytest.mark.parametrize("text", ["-", " - ", "", "\n  "])
    def test_unset_times_are_none(self, text):
        job = self.detail(("CreationTime", text), ("StartTime", text), ("EndTime", text))

        assert (job.creation_time, job.start_time, job.end_time) == (None, None, None)

    def test_dash_is_unset_only_where_a_time_stands(self):
        job = self.detail(("Input", [("Object", "-")]), ("Operation", [("UserData", "-")]))

        assert (job.input.object, job.operation.user_data) == ("-", "-")

    def test_unknown_elements_attributes_and_comments_are_ignored(self):
        body = b"<Response><!-- a --><New a='1'><JobId>no</JobId></New><JobsDetail b='2'><?pi?><JobId>j1</JobId>"
        body += b"<Progress>50</Progress></JobsDetail></Response>"

        (job,) = decode(body, JobsResponse).jobs_detail

        assert job.job_id == "j1"

    @pytest.mark.parametrize("number", [0, 1, 3])
    def test_repeated_containers_are_counted_from_none(self, number):
        root = ("Response", [("JobsDetail", [("JobId", f"j{index}")]) for index in range(number)])

        assert [job.job_id for job in decode(document_of(root), JobsResponse).jobs_detail] == ["j0", "j1", "j2"][
            :number
        ]

    def test_repeated_single_element_does_not_disturb(self):
        job = self.detail(("State", "Running"), ("JobId", "j1"), ("State", "Success"))

        assert job.state in {"Running", "Success"}

    def test_empty_total_is_none(self):
        assert decode(b"<Response><TotalCount/></Response>", BucketListResponse).total_count is None

    def test_both_spellings_of_the_rate_are_kept_apart(self):
        job = self.detail(("Operation", [("NoiseReduction", [("Samplerate", "8000"), ("SampleRate", "16000")])]))

        assert job.operation.noise_reduction.model_dump(exclude_none=True) == {
            "samplerate": "8000",
            "sample_rate": "16000",
        }

    def test_declared_encoding_is_followed(self):
        body = "<?xml version='1.0' encoding='gbk'?><Error><Message>错误</Message></Error>".encode("gbk")

        assert decode_error(body).message == "错误"


class TestPublishedRequests:
    def job(self, **how):
        return JobBody(
            tag="NoiseReduction",
            input=Input(object="input/demo.mp3"),
            operation=JobOperation(
                output=Output(region="ap-chongqing", bucket="test-123456789", object="output/out.wav"),
                user_data="This is my data.",
                job_level="0",
                **how,
            ),
            call_back="http://callback.demo.com",
            call_back_format="JSON",
        )

    def test_job_by_parameters_differs_from_the_sample_only_in_the_spelling_of_the_rate(self):
        actual = facts_of(encode(self.job(noise_reduction=NoiseReduction(format="wav", samplerate="16000"))))

        published = document_of(samples.JOB_REQUEST.root).replace(b"SampleRate", b"Samplerate")
        assert order_free(actual) == order_free(facts_of(published))

    def test_job_by_template_equals_the_sample(self):
        actual = facts_of(encode(self.job(template_id=samples.TEMPLATE_ID)))

        assert order_free(actual) == order_free(samples.JOB_REQUEST_BY_TEMPLATE.root)

    def test_template_equals_the_sample(self):
        request = TemplateBody(name="TemplateName", noise_reduction=NoiseReduction(format="wav", samplerate="16000"))

        assert order_free(facts_of(encode(request))) == order_free(samples.TEMPLATE_REQUEST.root)

    def test_job_with_every_element_nests_as_documented(self):
        job = self.job(
            template_id=samples.TEMPLATE_ID, noise_reduction=NoiseReduction(format="mp3", samplerate="8000")
        ).model_copy(
            update={
                "queue_id": samples.QUEUE_ID,
                "call_back_type": "TDMQ",
                "call_back_mq_config": CallBackMqConfig(mq_region="bj", mq_mode="Queue", mq_name="name"),
            }
        )

        assert samples.paths_of(facts_of(encode(job))) == {
            "Request",
            "Request/Tag",
            "Request/Input",
            "Request/Input/Object",
            "Request/Operation",
            "Request/Operation/TemplateId",
            "Request/Operation/NoiseReduction",
            "Request/Operation/NoiseReduction/Format",
            "Request/Operation/NoiseReduction/Samplerate",
            "Request/Operation/Output",
            "Request/Operation/Output/Region",
            "Request/Operation/Output/Bucket",
            "Request/Operation/Output/Object",
            "Request/Operation/UserData",
            "Request/Operation/JobLevel",
            "Request/QueueId",
            "Request/CallBack",
            "Request/CallBackFormat",
            "Request/CallBackType",
            "Request/CallBackMqConfig",
            "Request/CallBackMqConfig/MqRegion",
            "Request/CallBackMqConfig/MqMode",
            "Request/CallBackMqConfig/MqName",
        }

    def test_what_has_no_value_is_not_sent(self):
        request = JobBody(
            tag="NoiseReduction", input=Input(object="a.mp3"), operation=JobOperation(output=Output(object="b.wav"))
        )

        assert samples.paths_of(facts_of(encode(request))) == {
            "Request",
            "Request/Tag",
            "Request/Input",
            "Request/Input/Object",
            "Request/Operation",
            "Request/Operation/Output",
            "Request/Operation/Output/Object",
        }

    @pytest.mark.parametrize("key", ["a & b <c>.mp3", "录音/]]>.mp3", "\"quoted'.mp3", "-"])
    def test_keys_come_back_as_they_were_sent(self, key):
        body = encode(JobBody(tag="NoiseReduction", input=Input(object=key), operation=JobOperation()))

        assert ("Input", [("Object", key)]) in facts_of(body)[1]

    def test_document_declares_utf_8(self):
        body = encode(TemplateBody(name="模板", noise_reduction=NoiseReduction(format="wav")))

        assert body.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
        assert "模板".encode() in body


class TestStatus:
    @pytest.mark.parametrize("status", ["on", "off", "unbinding"])
    def test_json_and_xml_say_the_same(self, status):
        assert decode_status(json.dumps({"CIStatus": status}).encode()) == status
        assert decode_status(document_of(("CIStatus", status))) == status

    def test_published_forms_are_read(self):
        assert decode_status(json.dumps(samples.STATUS, separators=(",", ":")).encode()) == "on"
        assert decode_status(document_of(samples.STATUS_XML.root)) == "on"

    @pytest.mark.parametrize("body", [b' \r\n{ "CIStatus" : "on", "More": 1 }', b"\n<CIStatus>\n on </CIStatus>\n"])
    def test_space_around_it_is_ignored(self, body):
        assert decode_status(body) == "on"

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"on",
            b"[]",
            b"{}",
            b'{"CIStatus":1}',
            b'{"CIStatus":""}',
            b'{"CIStatus":null}',
            b'{"CIStatus":"on"',
            b'{"CIStatus":"\xff"}',
            b'{"a":' * 100_000,
            b"<CIStatus/>",
            b"<CIStatus>on",
            b"<Error><Code>on</Code></Error>",
            b"<html>on</html>",
        ],
        ids=lambda body: repr(body[:24]),
    )
    def test_anything_else_is_a_decode_error(self, body):
        with pytest.raises(DecodeError):
            decode_status(body)


class TestErrors:
    @pytest.mark.parametrize("sample", [samples.ERROR, samples.COS_ERROR], ids=["CI", "COS"])
    def test_envelope_is_read_with_and_without_a_resource(self, sample):
        for document in in_any_order(sample):
            error = decode_error(document)

            assert (error.code, error.message, error.request_id) == ("string", "string", "string")

    def test_empty_elements_of_the_envelope_are_none(self):
        error = decode_error(b"<?xml version='1.0' encoding='utf-8' ?><Error><Code/><Message/><Resource/></Error>")

        assert (error.code, error.message, error.request_id) == (None, None, None)

    @pytest.mark.parametrize("names", [("Code", "Message", "RequestId"), ("code", "message", "requestId")])
    def test_json_is_read_in_both_spellings(self, names):
        error = decode_error(json.dumps(dict(zip(names, "cmr", strict=True))).encode())

        assert (error.code, error.message, error.request_id) == ("c", "m", "r")

    def test_nulls_in_json_are_none(self):
        error = decode_error(b'{"Code": "SlowDown", "Message": null, "RequestId": null}')

        assert (error.code, error.message, error.request_id) == ("SlowDown", None, None)

    def test_number_in_json_is_a_code(self):
        assert decode_error(b'{"code": -65014}').code == "-65014"

    @pytest.mark.parametrize("body", [b"", b" \r\n"])
    def test_empty_body_is_an_empty_error(self, body):
        assert decode_error(body).model_dump(exclude_none=True) == {}

    @pytest.mark.parametrize(
        "body",
        [
            b"<html><body><h1>502 Bad Gateway</h1></body></html>",
            b"<!DOCTYPE html><html><head><meta charset=utf-8></head><p>502 Bad Gateway</html>",
            b"502 Bad Gateway",
            b'{"error": "502 Bad Gateway"}',
            b'{"Code": "502 Bad Gateway"',
            b"<Error><Code>502 Bad Gateway</Code>",
            b"<Error><Code>502 Bad Gateway \xff\xfe</Code></Error>",
            b"\x00\x01502 Bad Gateway",
        ],
        ids=["html", "html that is not XML", "text", "other JSON", "cut JSON", "cut XML", "not UTF-8", "zeroes"],
    )
    def test_what_cannot_be_read_becomes_the_message(self, body):
        error = decode_error(body)

        assert error.code is None
        assert "502 Bad Gateway" in error.message

    def test_what_cannot_be_read_is_cut(self):
        shown = decode_error(b"x" * 1_000_000).message

        assert shown is not None
        assert len(shown) == SHOWN_CHARACTERS


class TestHostileAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{}",
            b"<Response>",
            b"<Response><JobsDetail></Response>",
            b"<Error><Code>x</Code></Error>",
            b"<Response><NextToken>\xff\xfe</NextToken></Response>",
            b"<?xml version='1.0' encoding='no-such'?><Response/>",
            b"<Response><NextToken>&undefined;</NextToken></Response>",
            b"<Response>" + b"<a>" * 300 + b"</a>" * 300 + b"</Response>",
            b"<Response><NextToken>" + b"x" * 11_000_000 + b"</NextToken></Response>",
        ],
        ids=[
            "empty",
            "blank",
            "JSON",
            "cut",
            "crossed",
            "another root",
            "not UTF-8",
            "unknown encoding",
            "undefined entity",
            "too deep",
            "too long",
        ],
    )
    def test_what_is_no_such_document_is_a_decode_error_on_one_short_line(self, body):
        with pytest.raises(DecodeError) as caught:
            decode(body, JobsResponse)

        assert len(str(caught.value)) < 400
        assert "\n" not in str(caught.value)

    def test_number_that_is_none_is_a_decode_error(self):
        with pytest.raises(DecodeError):
            decode(b"<Response><TotalCount>many</TotalCount></Response>", BucketListResponse)

    def test_entities_are_not_expanded(self):
        body = b"<!DOCTYPE Response [<!ENTITY e 'expanded'>]><Response><NextToken>a&e;</NextToken></Response>"

        assert "expanded" not in str(self.outcome(body))

    def test_bomb_of_entities_stays_small(self):
        lines = [b"<!ENTITY e0 '0123456789'>"]
        lines += [b"<!ENTITY e%d '%s'>" % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 12)]
        body = b"<!DOCTYPE Response [%s]><Response><NextToken>&e11;</NextToken></Response>" % b"".join(lines)

        assert len(str(self.outcome(body))) < 1000

    @pytest.mark.parametrize("declaration", ['[<!ENTITY e SYSTEM "{0}">]', 'SYSTEM "{0}"'], ids=["entity", "DTD"])
    def test_files_are_not_read(self, declaration, tmp_path):
        path = tmp_path / "secret.dtd"
        path.write_text("<!ENTITY e 'secret-content'>")

        doctype = declaration.format(path.as_uri())
        outcome = self.outcome(f"<!DOCTYPE Response {doctype}><Response><NextToken>&e;</NextToken></Response>".encode())

        assert "secret-content" not in str(outcome)

    @pytest.mark.parametrize("declaration", ['[<!ENTITY e SYSTEM "{0}">]', 'SYSTEM "{0}"'], ids=["entity", "DTD"])
    def test_network_is_not_touched(self, declaration):
        with closing(socket.create_server(("127.0.0.1", 0))) as server:
            server.setblocking(False)
            doctype = declaration.format(f"http://127.0.0.1:{server.getsockname()[1]}/e")
            self.outcome(f"<!DOCTYPE Response {doctype}><Response><NextToken>&e;</NextToken></Response>".encode())

            with pytest.raises(BlockingIOError):
                server.accept()

    def outcome(self, body):
        try:
            return decode(body, JobsResponse)
        except DecodeError as error:
            return error


class TestBounds:
    @pytest.mark.parametrize(
        "item", [b"<JobsDetail/>", b"<a/>", b'<a b="" c=""/>', b"<JobsDetail><Input/></JobsDetail>"]
    )
    def test_answer_of_very_many_elements_is_unreadable(self, item):
        body = b"<Response>" + item * MOST_ELEMENTS + b"</Response>"

        with pytest.raises(DecodeError, match="more than 100,000 elements"):
            decode(body, JobsResponse)

    def test_largest_page_is_read(self):
        item = b"<JobsDetail><JobId>j</JobId>" + b"<More/>" * 500 + b"</JobsDetail>"

        assert len(decode(b"<Response>" + item * 100 + b"</Response>", JobsResponse).jobs_detail) == 100

    def test_status_of_megabytes_is_unreadable(self):
        body = b'{"CIStatus": "on", "x": [' + b"[]," * 1_000_000 + b"[]]}"

        with pytest.raises(DecodeError, match="bytes of JSON"):
            decode_status(body)

    def test_error_of_megabytes_is_cut(self):
        shown = decode_error(b'{"code": "' + b"x" * 5_000_000 + b'"}').message

        assert shown is not None
        assert len(shown) <= SHOWN_CHARACTERS
