"""What only the plugin can do, on the real engine: several accounts, a provider's settings, many operations at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pulumi
import pytest

from pulumi_ci_audio import native
from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.emulators import running_emulator, write_calls
from tests.support.places import BUCKET, OTHER_BUCKET, OTHER_REGION, RAW, REGION
from tests.support.stacks import Program, Stack

pytestmark = pytest.mark.engine

PLANTED = "hush-4711"


@contextmanager
def other_account(folder: Path, secret_key: str) -> Iterator[RunningEmulator]:
    """Yield an account that only ``secret_key`` can sign for."""
    with running_emulator(folder, secret_id="AKIDother", secret_key=secret_key) as emulator:
        emulator.put_bucket(OTHER_REGION, OTHER_BUCKET)
        yield emulator


def two_accounts(other: RunningEmulator, secret_key: str) -> Program:
    def program() -> None:
        native.CiBucketBinding("mine", bucket=BUCKET)
        provider = native.Provider(
            "other", secret_id="AKIDother", secret_key=secret_key, region=OTHER_REGION, endpoint=other.url
        )
        parent = pulumi.ComponentResource(
            "recordings:index:Archive", "archive", opts=pulumi.ResourceOptions(providers=[provider])
        )
        theirs = native.CiBucketBinding("theirs", bucket=OTHER_BUCKET, opts=pulumi.ResourceOptions(parent=parent))
        found = native.get_ci_bucket_output(theirs.bucket, theirs.region, pulumi.InvokeOptions(provider=provider))
        pulumi.export("status", found.apply(lambda bucket: bucket.status))

    return program


def test_each_account_signs_for_its_own_buckets_and_a_new_key_replaces_nothing(
    stack: Stack, emulator: RunningEmulator, tmp_path: Path
) -> None:
    with other_account(tmp_path / "other", PLANTED) as other:
        up = stack.up(two_accounts(other, PLANTED))

        assert up.succeeded, up.text
        assert up.outputs == {"status": "on"}
        assert write_calls(emulator) == ["PUT /"]
        assert write_calls(other) == ["PUT /"]
        assert PLANTED not in json.dumps(stack.state()) + up.text

    with other_account(tmp_path / "rotated", "rotated") as other:
        other.put_bucket(OTHER_REGION, OTHER_BUCKET, ci="on")
        rotated = stack.up(two_accounts(other, "rotated"))

        assert rotated.succeeded, rotated.text
        assert rotated.changes == {"update": 1, "same": 4}
        assert write_calls(other) == []


def test_a_key_that_the_configuration_holds_in_plain_text_is_encrypted_in_state(
    stack: Stack, emulator: RunningEmulator
) -> None:
    stack.change_environment(TENCENTCLOUD_SECRET_KEY=None)
    stack.set_config("ci-audio:secretId", "emulator")
    stack.set_config("ci-audio:secretKey", "emulator")

    assert stack.up(lambda: native.CiBucketBinding("binding", bucket=BUCKET)).succeeded

    (inputs,) = (
        resource["inputs"] for resource in stack.state()["resources"] if resource["type"] == "pulumi:providers:ci-audio"
    )
    assert "ciphertext" in inputs["secretKey"]


@pytest.mark.parametrize(
    "program",
    [lambda: native.Provider("other", secret_id="AKID"), lambda: native.Provider("other", region="Chongqing")],
    ids=["half a pair", "no region"],
)
def test_a_provider_that_cannot_work_is_refused_in_preview(stack: Stack, program: Callable[[], object]) -> None:
    preview = stack.preview(program)

    assert not preview.succeeded
    assert "must be" in preview.text


def test_more_jobs_run_at_once_than_dynamic_resources_could(
    stack: Stack, emulator: RunningEmulator, noisy_audio: bytes
) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio[:16384])
    emulator.change_settings(job_seconds=1, queue_concurrency=64)
    names = [f"clean/{number}.wav" for number in range(20)]

    def program() -> None:
        for name in names:
            native.NoiseReductionJob(name, bucket=BUCKET, input_object=RAW, output_object=name)

    up = stack.up(program, parallel=32)

    assert up.succeeded, up.text
    submitted = [request["time"] for request in emulator.requests() if request["method"] == "POST"]
    assert len(submitted) == len(names)
    # Four at a time, the fifth would be submitted when the first has ended, a second later.
    assert max(submitted) - min(submitted) < 4.0
