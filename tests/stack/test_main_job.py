"""The main job on the real engine: preview, up, up again, refresh, destroy; and what it leaves in state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob, NoiseReductionTemplate
from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support.emulators import running_emulator, stored_object, write_calls
from tests.support.places import BUCKET, CLEAN, DATA, RAW, REGION
from tests.support.stacks import Stack

pytestmark = pytest.mark.engine

KEY = "k3y-that-must-never-be-seen"

STORED = DATA / "stored-state.json"
"""What stacks hold, by resource: type, the id but for its last part, and the kinds of inputs and outputs.

Users' stacks hold the same, so nothing of it may change.
"""


def program() -> None:
    binding = CiBucketBinding("binding", bucket=BUCKET)
    audio = AsrBucketBinding("audio", bucket=binding.bucket)
    NoiseReductionJob("clean", bucket=audio.bucket, input_object=RAW, output_object=CLEAN)


def every_kind() -> None:
    program()
    audio = AsrBucketBinding("more", bucket=BUCKET, region=REGION, on_destroy="keep", timeout_seconds=60)
    template = NoiseReductionTemplate("template", bucket=audio.bucket, template_name="voices", format="mp3")
    NoiseReductionJob(
        "templated",
        bucket=audio.bucket,
        region=audio.region,
        input_object=RAW,
        output_object="clean/voice.mp3",
        output_bucket=BUCKET,
        output_region=REGION,
        template_id=template.template_id,
        queue_id=audio.queue_id.apply(str),
        job_level=1,
        user_data="a text",
        callback={"mq_region": "gz", "mq_mode": "Queue", "mq_name": "jobs", "format": "JSON"},
        triggers=["one", 2, True],
        wait=True,
        timeout_seconds=60,
        on_failure="record",
    )


@pytest.fixture
def recording(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)


def outline(resource: dict[str, Any]) -> dict[str, Any]:
    """Return what of a stored resource is the same in every stack."""
    return {
        "type": resource["type"],
        "id": resource["id"].rpartition("/")[0],
        "inputs": kinds(resource["inputs"]),
        "outputs": kinds(resource["outputs"]),
    }


def kinds(value: Any) -> Any:
    """Return a stored value with the names of its kinds in place of texts, numbers and booleans."""
    if isinstance(value, dict):
        return {name: kinds(inner) for name, inner in sorted(value.items())}
    # What a list holds is left out: SDK 3.216 stores its booleans as numbers.
    return {list: "list", str: "text", bool: "boolean"}.get(type(value), "number")


def test_main_job_previews_runs_rests_refreshes_and_goes(
    stack: Stack, emulator: RunningEmulator, recording: None
) -> None:
    preview = stack.preview(program)

    assert preview.changes == {"create": 4}
    assert emulator.requests() == []

    up = stack.up()

    assert up.changes == {"create": 4}
    assert write_calls(emulator) == ["PUT /", "POST /asrbucket", "POST /jobs"]
    assert "[2/3]" in up.text
    assert stored_object(emulator, CLEAN)[:4] == b"RIFF"

    emulator.clear_requests()

    assert stack.up().changes == {"same": 4}
    assert emulator.requests() == []
    assert stack.refresh().changes == {"same": 4}
    assert write_calls(emulator) == []
    assert stack.preview(expect_no_changes=True).succeeded

    destroy = stack.destroy()

    assert destroy.changes == {"delete": 4}
    assert write_calls(emulator) == ["DELETE /asrbucket", "PUT /?unbind"]
    assert emulator.get_object(REGION, BUCKET, CLEAN)
    assert {(bucket["ci"], bucket["asr"]) for bucket in emulator.state()["buckets"]} == {("off", "off")}


def test_no_file_or_output_of_the_engine_holds_a_credential(
    new_stack: NewStack, tmp_path: Path, noisy_audio: bytes
) -> None:
    data = tmp_path / "cloud"
    with running_emulator(data, secret_id="AKIDstrict", secret_key=KEY) as cloud:
        cloud.put_object(REGION, BUCKET, RAW, noisy_audio)
        stack = new_stack("secret")
        stack.change_environment(CI_AUDIO_ENDPOINT=cloud.url, TENCENTCLOUD_SECRET_ID=None, TENCENTCLOUD_SECRET_KEY=None)
        stack.set_config("tencentcloud:secretId", "AKIDstrict")
        stack.set_config("tencentcloud:secretKey", KEY, secret=True)
        cloud.add_fault(method="GET", path="/jobs/*", times=1, effect="before", action={"status": 403})

        outcomes = [stack.up(program), stack.up(program), stack.refresh(), stack.destroy()]

    assert [outcome.succeeded for outcome in outcomes] == [False, True, True, True]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(data)]
    written = {str(path): path.read_text(errors="replace") for path in files}
    written |= {f"output {number}": outcome.text for number, outcome in enumerate(outcomes)}
    assert len(written) > 10
    for secret in (KEY, "q-signature="):
        assert [name for name, text in written.items() if secret in text] == []


@pytest.mark.parametrize("key", ["tencentcloud:secretKey", "tencentcloud:securityToken", "ci-audio:secretKey"])
def test_a_plain_credential_in_the_configuration_is_refused_with_the_command_that_mends_it(
    stack: Stack, emulator: RunningEmulator, key: str
) -> None:
    stack.set_config("tencentcloud:secretId", "emulator")
    stack.set_config("tencentcloud:secretKey", "emulator", secret=key != "tencentcloud:secretKey")
    stack.set_config(key, KEY)

    preview = stack.preview(program)

    assert not preview.succeeded
    assert f"pulumi config set --secret {key}" in preview.text
    assert KEY not in preview.text
    assert emulator.requests() == []


def test_stored_state_never_changes(stack: Stack, emulator: RunningEmulator, recording: None) -> None:
    assert stack.up(every_kind).succeeded

    stored = {name: outline(resource) for name, resource in stack.resources().items()}

    assert stored == json.loads(STORED.read_text(encoding="utf-8"))
    assert stack.up().changes == {"same": 7}


def test_whole_numbers_and_booleans_come_back_as_such(stack: Stack, emulator: RunningEmulator, recording: None) -> None:
    def exporting() -> None:
        binding = CiBucketBinding("binding", bucket=BUCKET)
        audio = AsrBucketBinding("audio", bucket=binding.bucket)
        job = NoiseReductionJob("clean", bucket=audio.bucket, input_object=RAW, output_object=CLEAN)
        kinds = pulumi.Output.all(binding.timeout_seconds, job.sample_rate, job.output_size, binding.adopted, job.wait)
        pulumi.export("kinds", kinds.apply(lambda values: [type(value).__name__ for value in values]))
        pulumi.export("missing", job.template_id.apply(lambda value: value is None))
        pulumi.export("region", binding.region)

    outputs = stack.up(exporting).outputs

    assert outputs == {"kinds": ["int", "int", "int", "bool", "bool"], "missing": True, "region": REGION}
