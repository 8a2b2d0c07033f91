"""What stands in the way of unbinding (1045/43734, 1045/47031)."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.errors import ApiError

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

UNFINISHED = ("Submitted", "Running", "Pause")
AT_THE_CONSOLE = "workflows and batch jobs are made at the console"


def put(stage, bucket, **settings):
    stage.on_the_emulator(
        lambda emulator: emulator.put_bucket(bucket.region, bucket.name, ci="on", **settings), reason=AT_THE_CONSOLE
    )


def test_workflows_are_listed(stage, client, bucket):
    put(stage, bucket, workflows=[{"id": "w1", "name": "first"}, {"id": "w2", "name": "second", "state": "Paused"}])
    found = client.describe_workflows(bucket)

    assert [(workflow.workflow_id, workflow.name, workflow.state) for workflow in found] == [
        ("w1", "first", "Active"),
        ("w2", "second", "Paused"),
    ]


def test_media_service_without_workflows_lists_none(stage, client, bucket):
    put(stage, bucket, services=["media"])

    assert client.describe_workflows(bucket) == []


def test_workflows_are_refused_when_the_media_service_is_not_activated(stage, client, bucket):
    stage.bound()
    with pytest.raises(ApiError) as caught:
        client.describe_workflows(bucket)

    assert caught.value.is_service_off


@pytest.mark.parametrize("kind", ["Workflow", "Job"])
def test_batch_jobs_of_one_kind_are_listed(stage, client, bucket, kind):
    rows = [
        {"id": "b1", "name": "first", "state": "Running", "type": "Workflow"},
        {"id": "b2", "name": "second", "state": "Submitted", "type": "Job"},
        {"id": "b3", "name": "third", "state": "Success", "type": "Job"},
    ]
    put(stage, bucket, batch_jobs=rows)
    (found,) = client.describe_batch_jobs(bucket, kind=kind, states=UNFINISHED)

    assert (found.job_id, found.type) == ({"Workflow": "b1", "Job": "b2"}[kind], kind)


@pytest.mark.parametrize("kind", ["Workflow", "Job"])
def test_bucket_without_batch_jobs_lists_none(stage, client, bucket, kind):
    stage.bound()

    assert client.describe_batch_jobs(bucket, kind=kind, states=UNFINISHED) == []
