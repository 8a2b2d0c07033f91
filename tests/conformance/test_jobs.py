"""Noise-reduction jobs through the official SDK (1045/73375, 436/76945, 460/60576, 436/120620).

Release 1.9.44 has no call of its own for noise reduction: ``ci_create_media_jobs`` sends any body to ``POST /jobs``.
"""

from __future__ import annotations

import io
import time
import wave

import pytest
from qcloud_cos.cos_exception import CosServiceError

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import NoAnswerError
from pulumi_ci_audio.api.records import JobRequest, NoiseReductionParameters
from pulumi_ci_audio.api.transport import RequestsTransport
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator
from tests.conformance.conftest import BUCKET, REGION, Sdk, is_time

WAV = {"Format": "wav", "Samplerate": "16000"}


def submit(client, body):
    (job,) = client.ci_create_media_jobs(Bucket=BUCKET, Jobs=body, Lst={})["JobsDetail"]
    return job


def ended(client, job_id):
    deadline = time.monotonic() + 30
    while True:
        (job,) = client.ci_get_media_jobs(Bucket=BUCKET, JobIDs=job_id)["JobsDetail"]
        if job["State"] not in {"Submitted", "Running"}:
            return job
        assert time.monotonic() < deadline, job
        time.sleep(0.02)


@pytest.fixture
def paused(ready):
    """The SDK, and a queue in which jobs wait."""
    queue_id = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
    body = {"Name": "q", "State": "Paused", "NotifyConfig": {"State": "Off"}}
    ready.ci_update_asr_queue(Bucket=BUCKET, QueueId=queue_id, Request=body)
    return ready


class TestSubmission:
    def test_answer_echoes_the_request(self, ready, job_of):
        queue_id = ready.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        answer = ready.ci_create_media_jobs(
            Bucket=BUCKET, Jobs=job_of(NoiseReduction=WAV, UserData="mine 1", JobLevel="2"), Lst={}
        )
        (job,) = answer["JobsDetail"]

        assert "RequestId" not in answer
        assert len(job.pop("JobId")) == 33
        assert is_time(job.pop("CreationTime"))
        assert job == {
            "Code": "Success",
            "Message": None,
            "State": "Submitted",
            "StartTime": "-",
            "EndTime": "-",
            "QueueId": queue_id,
            "QueueType": "Speeching",
            "Tag": "NoiseReduction",
            "Input": {"BucketId": BUCKET, "Object": "in.mp3", "Region": REGION},
            "Operation": {
                "NoiseReduction": WAV,
                "Output": {"Region": REGION, "Bucket": BUCKET, "Object": "out/${InputName}.wav"},
                "UserData": "mine 1",
                "JobLevel": "2",
            },
        }

    def test_body_has_no_type_and_a_signed_length(self, ready, sdk, job_of):
        submit(ready, job_of(NoiseReduction=WAV))

        assert sdk.last.body.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<Request>')
        assert {"content-length", "host"} <= set(sdk.signed("q-header-list"))

    def test_parameters_not_sent_are_filled_in(self, ready, job_of):
        """The official examples send neither a template nor parameters."""
        operation = submit(ready, job_of())["Operation"]

        assert operation["NoiseReduction"] == {"Format": "wav", "Samplerate": "16000"}
        assert "UserData" not in operation
        assert "JobLevel" not in operation

    def test_spelling_of_the_job_pages_is_echoed(self, ready, job_of):
        block = {"Format": "mp3", "SampleRate": "24000"}

        assert submit(ready, job_of(NoiseReduction=block))["Operation"]["NoiseReduction"] == block

    def test_template_gives_parameters_and_its_name(self, ready, job_of):
        template = {"Tag": "NoiseReduction", "Name": "calls", "NoiseReduction": {"Format": "m4a", "Samplerate": "8000"}}
        template_id = ready.ci_create_template(Bucket=BUCKET, Template=template)["Template"]["TemplateId"]
        operation = submit(ready, job_of(TemplateId=template_id, NoiseReduction=WAV))["Operation"]

        assert (operation["TemplateId"], operation["TemplateName"]) == (template_id, "calls")
        assert operation["NoiseReduction"] == template["NoiseReduction"]

    def test_job_ends_with_an_object_of_the_asked_kind(self, ready, job_of):
        submitted = submit(ready, job_of(NoiseReduction={"Format": "wav", "Samplerate": "24000"}))
        job = ended(ready, submitted["JobId"])
        content = ready.get_object(Bucket=BUCKET, Key="out/${InputName}.wav")["Body"].get_raw_stream().read()

        assert (job["State"], job["Code"], job["Message"]) == ("Success", "Success", None)
        assert is_time(job["StartTime"])
        assert is_time(job["EndTime"])
        with wave.open(io.BytesIO(content)) as sound:
            assert (sound.getframerate(), sound.getnchannels()) == (24000, 1)

    def test_missing_input_ends_the_job_as_failed(self, ready, job_of):
        job = ended(ready, submit(ready, job_of("absent.mp3", NoiseReduction=WAV))["JobId"])

        assert (job["State"], job["Code"]) == ("Failed", "ResourceNotFound")
        assert job["Message"]

    def test_input_that_is_deleted_before_it_is_read_ends_the_job_as_failed(self, job_of, tmp_path):
        def read_too_late(source, *_, **__):
            client.delete_object(Bucket=BUCKET, Key="in.mp3")
            return source.read_bytes()

        emulator = Emulator(data=tmp_path / "slow", denoise=read_too_late)
        with EmulatorServer(emulator) as server:
            cloud = RunningEmulator(server, emulator)
            cloud.put_bucket(REGION, BUCKET, ci="on", asr="on")
            cloud.put_object(REGION, BUCKET, "in.mp3", b"a recording")
            sdk = Sdk(server.url)
            client = sdk.client()
            job = ended(client, submit(client, job_of(NoiseReduction=WAV))["JobId"])
            sdk.session.close()
        emulator.close()

        assert (job["State"], job["Code"]) == ("Failed", "ResourceNotFound")

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            pytest.param({"TemplateId": "t10"}, "TemplateNotFound", id="template"),
            pytest.param({"NoiseReduction": {"Format": "flac"}}, "InvalidArgument", id="format"),
            pytest.param({"NoiseReduction": {"Samplerate": "11025"}}, "InvalidArgument", id="rate"),
            pytest.param({"JobLevel": "3"}, "InvalidArgument", id="level"),
            pytest.param({"UserData": "中文"}, "InvalidArgument", id="user data"),
        ],
    )
    def test_what_the_page_does_not_allow_is_refused(self, ready, job_of, ci_audio_emulator, change, code):
        with pytest.raises(CosServiceError) as caught:
            submit(ready, job_of(**change))

        assert f"<Code>{code}</Code>" in caught.value.get_origin_msg()
        assert ci_audio_emulator.state()["jobs"] == []

    def test_it_is_refused_while_smart_audio_is_off(self, client, job_of):
        with pytest.raises(CosServiceError) as caught:
            submit(client, job_of(NoiseReduction=WAV))

        assert "is not activated" in caught.value.get_origin_msg()


class TestReading:
    def test_several_ids_travel_with_an_encoded_comma(self, paused, sdk, job_of):
        ids = [submit(paused, job_of())["JobId"] for _ in range(2)]
        answer = paused.ci_get_media_jobs(Bucket=BUCKET, JobIDs=",".join(ids))

        assert "%2C" in sdk.last.url
        assert ids == [job["JobId"] for job in answer["JobsDetail"]]
        assert "NonExistJobIds" not in answer

    def test_unknown_ids_are_told_beside_the_known(self, paused, job_of):
        known = submit(paused, job_of())["JobId"]
        answer = paused.ci_get_media_jobs(Bucket=BUCKET, JobIDs=f"j0,{known},j1")

        assert [job["JobId"] for job in answer["JobsDetail"]] == [known]
        assert answer["NonExistJobIds"] == ["j0", "j1"]

    def test_only_unknown_ids_are_no_error(self, ready):
        assert ready.ci_get_media_jobs(Bucket=BUCKET, JobIDs="j0") == {"NonExistJobIds": "j0"}


class TestListing:
    def test_pages_follow_the_token(self, paused, sdk, job_of):
        ids = [submit(paused, job_of(UserData=str(number)))["JobId"] for number in range(5)]
        pages, token = [], ""
        while not pages or token:
            page = paused.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction", Size=2, NextToken=token)
            pages.append([job["JobId"] for job in page["JobsDetail"]])
            token = page.get("NextToken")

        assert [ids[4:2:-1], ids[2:0:-1], ids[:1]] == pages
        assert "nextToken=" in sdk.sent[-3].url

    def test_first_page_is_asked_for_with_an_empty_token(self, ready, sdk):
        answer = ready.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction")

        assert sdk.last.url.endswith("states=All&size=10&nextToken=")
        assert answer == {"JobsDetail": []}

    def test_conditions_choose(self, paused, job_of):
        queue_id = paused.ci_get_asr_queue(Bucket=BUCKET)["QueueList"][0]["QueueId"]
        first, second = (submit(paused, job_of())["JobId"] for _ in range(2))
        paused.ci_cancel_jobs(Bucket=BUCKET, JobID=second)

        def listed(tag="NoiseReduction", **conditions):
            answer = paused.ci_list_media_jobs(Bucket=BUCKET, Tag=tag, **conditions)
            return [job["JobId"] for job in answer.get("JobsDetail", [])]

        assert listed(OrderByTime="Asc") == [first, second]
        assert listed(States="Pause") == [first]
        assert listed(States="Cancel,Success") == [second]
        assert listed(QueueId=queue_id) == [second, first]
        assert listed(QueueId="p0") == []
        assert listed(StartCreationTime="2001-01-01T00:00:00+0800") == [second, first]
        assert listed(EndCreationTime="2001-01-01T00:00:00+0800") == []
        assert listed(tag="SpeechRecognition") == []

    def test_job_reads_alike_alone_and_in_the_list(self, paused, job_of):
        job_id = submit(paused, job_of(UserData="mine"))["JobId"]
        listed = paused.ci_list_media_jobs(Bucket=BUCKET, Tag="NoiseReduction")

        assert paused.ci_get_media_jobs(Bucket=BUCKET, JobIDs=job_id) == listed


class TestCancelling:
    def test_waiting_job_ends_although_its_mark_is_unsigned(self, paused, sdk, job_of):
        job_id = submit(paused, job_of())["JobId"]
        answer = paused.ci_cancel_jobs(Bucket=BUCKET, JobID=job_id)

        assert sdk.last.url.endswith(f"/jobs/{job_id}?cancel")
        assert sdk.signed("q-url-param-list") == []
        assert answer == ""
        assert ended(paused, job_id)["State"] == "Cancel"

    def test_ten_at_once_end_together(self, paused, job_of):
        ids = [submit(paused, job_of())["JobId"] for _ in range(10)]
        paused.ci_cancel_jobs(Bucket=BUCKET, JobID=",".join(ids))
        jobs = paused.ci_get_media_jobs(Bucket=BUCKET, JobIDs=",".join(ids))["JobsDetail"]

        assert {job["State"] for job in jobs} == {"Cancel"}

    def test_ended_job_is_refused(self, ready, job_of):
        job_id = submit(ready, job_of())["JobId"]
        ended(ready, job_id)
        with pytest.raises(CosServiceError) as caught:
            ready.ci_cancel_jobs(Bucket=BUCKET, JobID=job_id)

        assert "The job provided can not be modified" in caught.value.get_origin_msg()
        assert ended(ready, job_id)["State"] == "Success"

    def test_unknown_job_is_refused(self, ready):
        with pytest.raises(CosServiceError) as caught:
            ready.ci_cancel_jobs(Bucket=BUCKET, JobID="j0")

        assert caught.value.get_status_code() == 400


class TestLostReply:
    """The answer to a submission is lost after the job was accepted. A job costs money, so two are one too many."""

    @pytest.fixture(autouse=True)
    def _lost_reply(self, ready, job_of, ci_audio_emulator):
        ci_audio_emulator.clear_requests()
        ci_audio_emulator.add_fault(method="POST", path="/jobs", effect="after", action={"reset": True})

    @staticmethod
    def submissions(emulator):
        return len([entry for entry in emulator.requests() if entry["method"] == "POST"])

    def test_official_sdk_submits_again_and_has_two_jobs(self, sdk, job_of, ci_audio_emulator):
        submit(sdk.client(retry=3), job_of(NoiseReduction=WAV))

        assert sdk.last.headers["x-cos-sdk-retry"] == "true"
        assert "x-cos-sdk-retry" in sdk.signed("q-header-list")
        assert self.submissions(ci_audio_emulator) == 2
        assert len(ci_audio_emulator.state()["jobs"]) == 2

    def test_own_client_submits_once_and_says_that_the_outcome_is_unknown(self, ci_audio_emulator):
        transport = RequestsTransport(ci_audio_emulator.url, connect_timeout=10, read_timeout=10)
        waiter = Waiter(now=time.monotonic, sleep=time.sleep)
        client = Client(transport, lambda: Credentials("emulator", "emulator"), waiter)
        job = JobRequest(
            "in.mp3", Bucket(REGION, BUCKET), "out.wav", noise_reduction=NoiseReductionParameters("wav", 16000)
        )
        with pytest.raises(NoAnswerError):
            client.create_job(Bucket(REGION, BUCKET), job)
        transport.close()

        assert self.submissions(ci_audio_emulator) == 1
        assert len(ci_audio_emulator.state()["jobs"]) == 1
