"""Batches of noise reduction, and the objects they are made of (1045/50369, 460/76894, 436/7734, 436/7749)."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import BatchJobRequest

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

PREFIX = "ci-audio-record/batch/"


@pytest.fixture
def batch_of(stage, bucket, template_of):
    """Return a function that describes a batch of the recordings that a list names, with a template of its own."""
    stage.enabled()
    stage.cleared_templates()
    template_id = stage.template(template_of("batch", format="wav", sample_rate=16000))

    def describe(*keys, name="ci-audio-record_1-a"):
        addresses = "".join(f"{bucket.url_of(key)}\n" for key in keys)
        key = stage.object("batch-list.txt", addresses.encode())
        output = f"{PREFIX}clean/${{InputName}}.wav"
        return BatchJobRequest(name, bucket.url_of(key), bucket, output, template_id, "mine")

    return describe


def test_batch_is_submitted_and_described(stage, client, bucket, batch_of):
    request = batch_of(stage.object("batch/raw/会议 1.mp3"))
    made = client.create_batch_job(bucket, request)

    assert made.job_id.startswith("b")
    assert (made.name, made.type, made.template_id) == ("ci-audio-record_1-a", "Job", request.template_id)
    assert made.output_object == request.output_object
    found = client.describe_batch_job(bucket, made.job_id)
    assert (found.job_id, found.name) == (made.job_id, made.name)


def test_batch_is_found_by_its_name(stage, client, bucket, batch_of):
    name = "ci-audio-record_2-b"
    made = client.create_batch_job(bucket, batch_of(stage.object("batch/raw/a.mp3"), name=name))
    found = client.describe_batch_jobs(bucket, kind="Job", name=name)

    assert made.job_id in [job.job_id for job in found]


def test_batch_lists_the_jobs_of_its_recordings(stage, client, bucket, batch_of):
    key = stage.object("batch/raw/a.mp3")
    made = client.create_batch_job(bucket, batch_of(key))

    jobs = list(client.describe_jobs(bucket, batch_job_id=made.job_id))
    assert [(job.input_object, job.user_data) for job in jobs] == [(key, "mine")]


def test_batch_of_a_paused_queue_is_cancelled(stage, client, bucket, batch_of):
    request = batch_of(stage.object("batch/raw/a.mp3"))
    stage.paused_queue()
    made = client.create_batch_job(bucket, request)
    client.cancel_batch_job(bucket, made.job_id)

    assert client.describe_batch_job(bucket, made.job_id).state == "Cancel"


def test_unknown_batch_is_none(stage, client, bucket):
    stage.enabled()

    assert client.describe_batch_job(bucket, "b" + "0" * 32) is None


def test_batch_of_an_absent_list_is_refused(stage, client, bucket, batch_of):
    request = batch_of()
    with pytest.raises(ApiError):
        client.create_batch_job(
            bucket,
            BatchJobRequest(
                request.name, bucket.url_of(f"{PREFIX}absent.txt"), bucket, request.output_object, request.template_id
            ),
        )


def test_objects_are_written_and_listed(stage, client, bucket):
    stage.bound()
    client.put_object(bucket, f"{PREFIX}list/会议 1+2.txt", b"an address", "text/plain")
    (found,) = client.list_objects(bucket, f"{PREFIX}list/")

    assert (found.key, found.size) == (f"{PREFIX}list/会议 1+2.txt", 10)
    assert found.last_modified


def test_prefix_without_objects_lists_none(stage, client, bucket):
    stage.bound()

    assert list(client.list_objects(bucket, f"{PREFIX}none/")) == []
