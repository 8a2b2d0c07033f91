"""A team's state in a bucket: of two deployments at once one is refused, and nothing is corrupted."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pulumi_ci_audio.emulator import RunningEmulator
from tests.gitops.conftest import NewRunner
from tests.support.emulators import job_states, write_calls

KEYS = {"AWS_ACCESS_KEY_ID": "state", "AWS_SECRET_ACCESS_KEY": "state", "AWS_REGION": "us-east-1"}
UP = 'pulumi up --stack "$STACK" --yes --skip-preview --non-interactive --color never'


@pytest.fixture
def address() -> Iterator[str]:
    """The address of an S3 server with an empty bucket ``state``."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture
def s3(address: str) -> Any:
    """A client of the server, which has made the bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="state",
        aws_secret_access_key="state",
    )
    client.create_bucket(Bucket="state")
    return client


@pytest.mark.engine
def test_of_two_deployments_at_once_one_is_refused_with_the_locks_owner(
    address: str, s3: Any, new_runner: NewRunner, cloud: RunningEmulator
) -> None:
    parameters = f"endpoint={address}&region=us-east-1&s3ForcePathStyle=true&disable_https=true"
    runner = new_runner(**KEYS, PULUMI_BACKEND_URL=f"s3://state/pulumi?{parameters}")
    cloud.change_settings(job_seconds=3600)

    def second() -> Any:
        ended = runner.run(UP)
        cloud.change_settings(job_seconds=0)
        return ended

    first, refused = runner.run_beside(UP, lambda: "POST /jobs" in write_calls(cloud), second)

    assert first.code == 0, first.text
    assert refused.code != 0
    assert "the stack is currently locked by 1 lock(s)" in refused.text
    assert f"created by {getpass.getuser()}@" in refused.text
    assert write_calls(cloud).count("POST /jobs") == 1
    assert job_states(cloud) == ["Success"]

    # What both have left is one state, whole, with no lock, and the next deployment has nothing to do.
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="state")["Contents"]]
    assert [key for key in keys if "/locks/" in key] == []
    checkpoint = next(key for key in keys if key.endswith("/production.json") and "/stacks/" in key)
    stored = json.loads(s3.get_object(Bucket="state", Key=checkpoint)["Body"].read())
    assert len(stored["checkpoint"]["latest"]["resources"]) == 5
    again = runner.run(f"{UP} --expect-no-changes")
    assert again.code == 0, again.text
