"""A service that the program declares is never off in between, whatever else of it is deleted in the same run."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.families import AsrBucketBinding, CiBucketBinding, NoiseReductionJob
from tests.support.places import BUCKET, REGION
from tests.support.stacks import Outcome, Stack

pytestmark = pytest.mark.engine

Program = Callable[[], object]


def binding(name: str) -> CiBucketBinding:
    return CiBucketBinding(name, bucket=BUCKET, region=REGION, on_destroy="off")


def failing() -> NoiseReductionJob:
    return NoiseReductionJob("failing", bucket=BUCKET, region=REGION, input_object="none.mp3", output_object="none.wav")


def declares(*names: str, fails: bool = False) -> Program:
    def program() -> None:
        for name in names:
            binding(name)
        if fails:
            failing()

    return program


def is_on(emulator: RunningEmulator) -> bool:
    (bucket,) = emulator.state()["buckets"]
    return bool(bucket["ci"] == "on")


def was_unbound(emulator: RunningEmulator) -> bool:
    return any(entry["method"] == "PUT" and entry["query"] == "unbind" for entry in emulator.requests())


def succeed(outcome: Outcome) -> None:
    assert outcome.succeeded, outcome.text


class TestDeclared:
    @pytest.fixture(autouse=True)
    def _on(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(declares("old")))
        emulator.clear_requests()

    def test_rename_without_alias_whose_first_run_fails_elsewhere(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        assert not stack.up(declares("new", fails=True)).succeeded

        succeed(stack.up(declares("new")))

        assert is_on(emulator)
        assert not was_unbound(emulator)
        assert set(stack.resources()) == {"new"}

    def test_forced_replacement_whose_first_run_fails_elsewhere(self, stack: Stack, emulator: RunningEmulator) -> None:
        assert not stack.up(declares("old", fails=True), replace=[stack.urn("old")]).succeeded

        succeed(stack.up(declares("old")))

        assert is_on(emulator)
        assert not was_unbound(emulator)

    @pytest.mark.thorough
    def test_one_of_two_resources_on_a_bucket_is_removed(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(declares("old", "second")))

        succeed(stack.up(declares("second")))

        assert is_on(emulator)
        assert not was_unbound(emulator)

    @pytest.mark.thorough
    def test_new_name_is_added_in_one_run_and_the_old_one_removed_in_the_next(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        succeed(stack.up(declares("old", "new")))
        emulator.clear_requests()

        succeed(stack.up(declares("new")))

        assert is_on(emulator)
        assert not was_unbound(emulator)

    def test_what_is_declared_no_more_goes_off(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(declares()))

        assert not is_on(emulator)

    def test_destroy_switches_off(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.destroy())

        assert not is_on(emulator)

    @pytest.mark.thorough
    def test_destroy_that_runs_the_program_switches_off(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.destroy(run_program=True))

        assert not is_on(emulator)


def test_smart_audio_under_two_names(stack: Stack, emulator: RunningEmulator) -> None:
    def audio(*names: str) -> Program:
        def program() -> None:
            for name in names:
                AsrBucketBinding(name, bucket=BUCKET, region=REGION, on_destroy="off")

        return program

    succeed(stack.up(audio("old", "new")))
    succeed(stack.up(audio("new")))

    (bucket,) = emulator.state()["buckets"]
    assert bucket["asr"] == "on"


@pytest.mark.thorough
def test_rename_in_a_component_keeps_it_on(stack: Stack, emulator: RunningEmulator) -> None:
    class Recordings(pulumi.ComponentResource):
        def __init__(self, name: str) -> None:
            super().__init__("recordings:index:Recordings", name)
            CiBucketBinding(
                f"{name}-binding",
                bucket=BUCKET,
                region=REGION,
                on_destroy="off",
                opts=pulumi.ResourceOptions(parent=self),
            )

    succeed(stack.up(lambda: Recordings("one")))
    succeed(stack.up(lambda: Recordings("two")))

    assert is_on(emulator)
    assert not was_unbound(emulator)
