"""What the engine offers beside a plain `pulumi up` works with these resources, and pays for nothing twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support.emulators import write_calls
from tests.support.families import (
    AsrBucketBinding,
    CiBucketBinding,
    NoiseReductionBatch,
    NoiseReductionJob,
    NoiseReductionTemplate,
)
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.stacks import Program, Stack

pytestmark = [pytest.mark.engine, pytest.mark.thorough]

ALL = 6
"""The resources of the program, with its stack."""


@pytest.fixture(autouse=True)
def recording(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)


def one_of_each(**job: Any) -> Program:
    """Return a program that declares one resource of each kind; ``job`` are arguments of its job."""

    def program() -> None:
        binding = CiBucketBinding("binding", bucket=BUCKET)
        audio = AsrBucketBinding("audio", bucket=binding.bucket)
        voices = NoiseReductionTemplate("voices", bucket=audio.bucket, template_name="voices", format="mp3")
        NoiseReductionBatch(
            "folder",
            bucket=audio.bucket,
            template_id=voices.template_id,
            input_prefix="raw/",
            output_prefix="folder/",
            output_extension="mp3",
        )
        NoiseReductionJob("clean", bucket=audio.bucket, input_object=RAW, output_object=CLEAN, **job)

    return program


def submissions(emulator: RunningEmulator) -> int:
    return len([call for call in write_calls(emulator) if call in {"POST /jobs", "POST /inventorytriggerjob"}])


def test_an_update_plan_holds(stack: Stack, emulator: RunningEmulator, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    for changes in ({"create": ALL}, {"same": ALL}):
        assert stack.preview(one_of_each(), plan=plan).succeeded
        up = stack.up(plan=plan)
        assert (up.succeeded, up.changes) == (True, changes), up.text

    assert submissions(emulator) == 2


def test_a_change_that_is_not_in_the_plan_is_refused_and_submits_nothing(
    stack: Stack, emulator: RunningEmulator, tmp_path: Path
) -> None:
    stack.up(one_of_each())
    plan = str(tmp_path / "plan.json")
    stack.preview(plan=plan)

    up = stack.up(one_of_each(triggers=["again"]), plan=plan)

    assert not up.succeeded
    assert "violates plan" in up.text
    assert submissions(emulator) == 2


def test_a_renamed_stack_changes_nothing_and_its_next_change_runs_once(stack: Stack, emulator: RunningEmulator) -> None:
    stack.up(one_of_each())
    stack.rename("prod")

    assert stack.up().changes == {"same": ALL}
    assert submissions(emulator) == 2
    assert stack.up(one_of_each(triggers=["again"])).succeeded
    assert submissions(emulator) == 3


def test_what_is_moved_to_another_stack_changes_nothing_there_and_is_not_switched_off_here(
    stack: Stack, new_stack: NewStack, emulator: RunningEmulator
) -> None:
    stack.up(one_of_each())
    other = new_stack("prod")
    other.up(lambda: None)
    sent = write_calls(emulator)

    stack.move_to(other)

    assert set(other.up(one_of_each()).changes) == {"same"}
    assert stack.up(lambda: None).succeeded
    assert write_calls(emulator) == sent


def test_targets_and_exclusions_run_what_they_name(stack: Stack, emulator: RunningEmulator) -> None:
    stack.up(one_of_each())

    assert stack.up(one_of_each(triggers=[1]), exclude=[stack.urn("clean")]).succeeded
    assert submissions(emulator) == 2
    assert stack.up(target=[stack.urn("clean")]).succeeded
    assert submissions(emulator) == 3
    destroyed = stack.destroy(target=[stack.urn("audio")], target_dependents=True)
    assert destroyed.changes["delete"] == 4
    (bucket,) = emulator.state()["buckets"]
    assert (bucket["ci"], bucket["asr"]) == ("on", "off")


def test_a_transform_changes_what_is_declared(stack: Stack) -> None:
    def program() -> None:
        def with_trigger(arguments: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if arguments.name != "clean":
                return None
            return pulumi.ResourceTransformResult({**arguments.props, "triggers": ["mine"]}, arguments.opts)

        pulumi.runtime.register_resource_transform(with_trigger)
        one_of_each()()

    stack.up(program)

    assert stack.outputs_of("clean")["triggers"] == ["mine"]
    assert stack.up().changes == {"same": ALL}


def test_ignored_changes_run_nothing(stack: Stack, emulator: RunningEmulator) -> None:
    stack.up(one_of_each(format="wav"))
    for ignored in (["format"], ["*"]):
        options = pulumi.ResourceOptions(ignore_changes=ignored)
        assert stack.up(one_of_each(format="mp3", opts=options)).changes == {"same": ALL}

    assert submissions(emulator) == 2


def test_a_secret_output_is_stored_as_one(stack: Stack) -> None:
    stack.up(one_of_each(opts=pulumi.ResourceOptions(additional_secret_outputs=["outputUrl"])))

    assert "ciphertext" in stack.outputs_of("clean")["outputUrl"]
