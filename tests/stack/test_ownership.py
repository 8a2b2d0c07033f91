"""Whose a job is when resources move: into components, under other names, by forced runs and other options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.families import NoiseReductionJob, NoiseReductionTemplate
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.stacks import Outcome, Stack

pytestmark = pytest.mark.engine

Program = Callable[[], object]


def succeed(outcome: Outcome) -> None:
    assert outcome.succeeded, outcome.text


def job(name: str = "clean", **arguments: Any) -> NoiseReductionJob:
    given = {"bucket": BUCKET, "region": REGION, "input_object": RAW, "output_object": CLEAN, **arguments}
    return NoiseReductionJob(name, **given)


class Cleaning(pulumi.ComponentResource):
    """A template and a job of it, as a team would wrap them."""

    def __init__(self, name: str) -> None:
        super().__init__("recordings:index:Cleaning", name)
        below = pulumi.ResourceOptions(parent=self)
        template = NoiseReductionTemplate(
            f"{name}-template", bucket=BUCKET, region=REGION, template_name=f"{name}-voices", opts=below
        )
        cleaned = job(f"{name}-job", template_id=template.template_id, output_object=f"{name}.wav", opts=below)
        self.job_id = cleaned.job_id
        self.register_outputs({"job_id": cleaned.job_id})


@pytest.fixture(autouse=True)
def _ready(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)


class TestComponents:
    def test_job_and_template_live_in_a_component(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(lambda: Cleaning("one")))
        again = stack.up()

        succeed(again)
        assert set(again.changes) == {"same"}
        assert len(emulator.state()["jobs"]) == 1

    def test_components_of_one_class_have_jobs_of_their_own(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(lambda: (Cleaning("one"), Cleaning("two"))))

        markers = {entry["user_data"].rpartition(":")[0] for entry in emulator.state()["jobs"]}
        assert len(markers) == 2

    @pytest.mark.thorough
    def test_components_within_components(self, stack: Stack, emulator: RunningEmulator) -> None:
        class Outer(pulumi.ComponentResource):
            def __init__(self) -> None:
                super().__init__("recordings:index:Outer", "outer")
                inner = pulumi.ComponentResource(
                    "recordings:index:Inner", "inner", opts=pulumi.ResourceOptions(parent=self)
                )
                self.job = job(opts=pulumi.ResourceOptions(parent=inner))
                self.register_outputs({"job": self.job.job_id})

        succeed(stack.up(Outer))

        assert len(emulator.state()["jobs"]) == 1


class TestMoves:
    def test_rename_with_an_alias_and_a_change_waits_for_the_job_under_way(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=4)
        succeed(stack.up(lambda: job("old", wait=False)))
        renamed = pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")])

        succeed(stack.up(lambda: job("new", format="mp3", opts=renamed)))

        first, second = emulator.state()["jobs"]
        assert (first["state"], second["state"]) == ("Success", "Success")
        owners = {entry["user_data"].split(":")[1] for entry in (first, second)}
        assert len(owners) == 1

    @pytest.mark.thorough
    def test_new_parent_with_an_alias_and_a_change_waits_for_the_job_under_way(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=4)
        succeed(stack.up(lambda: job(wait=False)))

        def program() -> None:
            parent = pulumi.ComponentResource("recordings:index:Parent", "parent")
            opts = pulumi.ResourceOptions(parent=parent, aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)])
            job(format="mp3", opts=opts)

        succeed(stack.up(program))

        owners = {entry["user_data"].split(":")[1] for entry in emulator.state()["jobs"]}
        assert len(emulator.state()["jobs"]) == 2
        assert len(owners) == 1


class TestForcedRuns:
    @pytest.mark.every_family
    def test_one_that_fails_once_runs_the_next_time(self, stack: Stack, emulator: RunningEmulator) -> None:
        succeed(stack.up(job))
        refusal = {"status": 400, "code": "InvalidArgument"}
        emulator.add_fault(method="POST", path="/jobs", times=1, action=refusal)
        assert not stack.up(replace=[stack.urn("clean")]).succeeded

        succeed(stack.up())

        assert len(emulator.state()["jobs"]) == 2

    @pytest.mark.parametrize(
        "options",
        [pulumi.ResourceOptions(retain_on_delete=True), pulumi.ResourceOptions(delete_before_replace=False)],
        ids=["retain_on_delete", "delete_before_replace=False"],
    )
    def test_options_that_keep_the_old_job_say_why_nothing_runs(
        self, stack: Stack, emulator: RunningEmulator, options: pulumi.ResourceOptions
    ) -> None:
        succeed(stack.up(lambda: job(opts=options)))

        forced = stack.up(replace=[stack.urn("clean")])

        succeed(forced)
        assert len(emulator.state()["jobs"]) == 1
        assert "ran before, nothing was submitted" in forced.text
        assert "change `triggers` to run it again" in forced.text

    def test_killed_while_waiting_and_failed_meanwhile_is_not_paid_again(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.put_object(REGION, BUCKET, RAW, b"this is no audio")
        assert not stack.up(job).succeeded
        stack.cli("state", "delete", stack.urn("clean"), "--yes")

        again = stack.up()

        assert not again.succeeded
        assert len(emulator.state()["jobs"]) == 1
        assert "it is not paid for again" in again.text
