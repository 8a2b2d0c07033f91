"""Noise-reduction jobs (460/84796, 436/76945, 460/60576, 436/120620)."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import Callback, NoiseReductionParameters

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

WAV = NoiseReductionParameters("wav", 16000)


@pytest.fixture(autouse=True)
def _enabled(stage):
    stage.enabled()


def test_job_is_submitted_with_parameters(stage, client, bucket, job_of):
    job = client.create_job(bucket, job_of(stage.object("in.mp3"), noise_reduction=WAV))

    assert job.job_id.startswith("j")
    assert (job.state, job.tag) == ("Submitted", "NoiseReduction")
    assert (job.start_time, job.end_time) == (None, None)
    assert job.noise_reduction == WAV
    assert job.output_bucket == bucket.name


def test_job_is_submitted_with_a_template(stage, client, bucket, job_of, template_of):
    stage.cleared_templates()
    template_id = stage.template(template_of("job", format="mp3", sample_rate=24000))
    job = client.create_job(bucket, job_of(stage.object("in.mp3"), template_id=template_id))

    assert job.template_id == template_id


def test_job_is_submitted_with_everything_else(stage, client, bucket, job_of):
    request = job_of(
        stage.object("in.mp3"),
        queue_id=stage.queue(),
        callback=Callback(url="no"),
        noise_reduction=WAV,
        job_level=1,
        user_data="ci-audio-record 1",
    )
    job = client.create_job(bucket, request)

    assert job.queue_id == request.queue_id
    assert job.user_data == "ci-audio-record 1"


def test_job_is_submitted_with_neither_parameters_nor_template(stage, client, bucket, job_of):
    assert client.create_job(bucket, job_of(stage.object("in.mp3"))).state == "Submitted"


def test_unknown_format_is_refused(stage, client, bucket, job_of):
    request = job_of(stage.object("in.mp3"), noise_reduction=NoiseReductionParameters(format="flac"))
    with pytest.raises(ApiError) as caught:
        client.create_job(bucket, request)

    assert caught.value.code == "InvalidArgument"


def test_unknown_template_is_refused(stage, client, bucket, job_of):
    request = job_of(stage.object("in.mp3"), template_id="t1" + "0" * 32)
    with pytest.raises(ApiError) as caught:
        client.create_job(bucket, request)

    assert caught.value.code == "TemplateNotFound"


def test_submission_is_refused_when_smart_audio_is_not_activated(stage, client, bucket, job_of):
    stage.bound()
    with pytest.raises(ApiError) as caught:
        client.create_job(bucket, job_of("ci-audio-record/in.mp3", noise_reduction=WAV))

    assert caught.value.is_service_off


def test_ended_job_is_described(stage, client, bucket, job_of):
    job_id = stage.job(job_of(stage.object("in.mp3"), noise_reduction=WAV, user_data="ci-audio-record 2"))
    job = client.describe_job(bucket, job_id)

    assert (job.job_id, job.state) == (job_id, "Success")
    assert job.user_data == "ci-audio-record 2"
    assert job.creation_time
    assert job.start_time
    assert job.end_time


def test_job_without_audio_fails(stage, client, bucket, job_of):
    job_id = stage.job(job_of(stage.object("text.mp3", b"no audio at all"), noise_reduction=WAV))
    job = client.describe_job(bucket, job_id)

    assert job.state == "Failed"
    assert job.code not in {None, "Success"}
    assert job.message


def test_job_without_input_fails(stage, client, bucket, job_of):
    job_id = stage.job(job_of("ci-audio-record/absent.mp3", noise_reduction=WAV))
    job = client.describe_job(bucket, job_id)

    assert (job.state, job.code) == ("Failed", "ResourceNotFound")


def test_unknown_job_is_none(stage, client, bucket):
    assert client.describe_job(bucket, "j" + "0" * 32) is None


def test_jobs_of_one_input_are_listed(stage, client, bucket, job_of):
    key = stage.object("listed.mp3")
    job_id = stage.job(job_of(key, noise_reduction=WAV))
    stage.job(job_of(stage.object("in.mp3"), noise_reduction=WAV))
    listed = next(client.describe_jobs(bucket, input_object=key, states=["Success"]))

    assert (listed.job_id, listed.input_object) == (job_id, key)


def test_list_goes_on_from_page_to_page(stage, client, bucket, job_of):
    key = stage.object("pages.mp3")
    ids = [stage.job(job_of(key, noise_reduction=WAV)) for _ in range(3)]
    listed = client.describe_jobs(bucket, input_object=key, page_size=2)

    assert [next(listed).job_id for _ in range(3)] == ids[::-1]


def test_waiting_job_is_cancelled(stage, client, bucket, job_of):
    stage.paused_queue()
    job_id = stage.job(job_of(stage.object("in.mp3"), noise_reduction=WAV), until_ended=False)
    client.cancel_job(bucket, job_id)

    assert client.describe_job(bucket, job_id).state == "Cancel"


def test_ended_job_is_not_cancelled(stage, client, bucket, job_of):
    job_id = stage.job(job_of(stage.object("in.mp3"), noise_reduction=WAV))
    with pytest.raises(ApiError) as caught:
        client.cancel_job(bucket, job_id)

    assert "can not be modified" in caught.value.message


def test_unknown_job_is_not_cancelled(stage, client, bucket):
    with pytest.raises(ApiError) as caught:
        client.cancel_job(bucket, "j" + "0" * 32)

    assert not caught.value.is_server_fault
