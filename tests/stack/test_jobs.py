"""What the job promises on the real engine: it runs once per change, whatever happens, and nothing of it is lost."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support.console import Console
from tests.support.documents import arguments_of, commands_in
from tests.support.emulators import job_states, stored_object
from tests.support.families import NoiseReductionJob, NoiseReductionTemplate
from tests.support.operations import RunningOperation, interrupt, is_running, kill
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.polling import settled, until
from tests.support.stacks import Program, Stack

pytestmark = pytest.mark.engine

UPS = 6
"""Enough for a job that every other `up` would submit again to be seen twice."""


def job(**arguments: Any) -> Program:
    """Return a program with one job on a bucket whose Smart Audio is on already."""

    def program() -> None:
        given = {"bucket": BUCKET, "input_object": RAW, "output_object": CLEAN, **arguments}
        created = NoiseReductionJob("clean", **given)
        pulumi.export("state", created.state)
        pulumi.export("code", created.code)

    return program


@pytest.fixture(autouse=True)
def recording(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)


def jobs(emulator: RunningEmulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = emulator.state()["jobs"]
    return found


def run_recovery(stack: Stack) -> None:
    """Run the commands that the documents name for a stack whose engine was killed, as they are written."""
    for command in commands_in("docs/jobs.md", "After a kill"):
        program, *arguments = arguments_of(command)
        assert program == "pulumi"
        stack.cli(*arguments)


def requests_to(emulator: RunningEmulator, path: str) -> int:
    """Return how many requests there were to paths that begin so."""
    return sum(entry["path"].startswith(path) for entry in emulator.requests())


class TestOnce:
    def test_many_ups_are_one_job_and_a_failure_is_repeated_and_not_paid_again(
        self, stack: Stack, emulator: RunningEmulator, noisy_audio: bytes
    ) -> None:
        emulator.put_object(REGION, BUCKET, "raw/text.mp3", b"this is no audio")

        def program() -> None:
            job()()
            NoiseReductionJob("broken", bucket=BUCKET, input_object="raw/text.mp3", output_object="clean/text.wav")

        outcomes = [stack.up(program, continue_on_error=True) for _ in range(UPS)]

        assert not any(outcome.succeeded for outcome in outcomes)
        assert len(jobs(emulator)) == 2
        (line,) = {
            next(line for line in outcome.errors() if line.partition("job j")[2] and "text.mp3" in line)
            for outcome in outcomes
        }
        assert "failed: ResourceNotSupported" in line
        assert f"`pulumi up --replace {stack.urn('broken')}`" in line

        emulator.put_object(REGION, BUCKET, "raw/text.mp3", noisy_audio)
        (seen,) = {line for line in stack.up().errors() if "has changed since" in line}
        assert "run `pulumi up` again, which runs the job for it" in seen
        mended = stack.up()

        assert mended.succeeded, mended.text
        assert len(jobs(emulator)) == 3
        assert stack.outputs_of("broken")["state"] == "Success"

    @pytest.mark.parametrize("refreshed", [False, True], ids=["at once", "after a refresh"])
    def test_a_job_that_ran_out_of_time_is_kept_and_resumed(
        self, stack: Stack, emulator: RunningEmulator, *, refreshed: bool
    ) -> None:
        emulator.change_settings(job_seconds=30)

        up = stack.up(job(timeout_seconds=2))

        assert not up.succeeded
        assert any("was still Running after 2 s" in line and "run `pulumi up` again" in line for line in up.errors())
        assert stack.outputs_of("clean")["jobId"] == jobs(emulator)[0]["id"]

        if refreshed:
            assert stack.refresh().succeeded
        emulator.advance(60)

        assert stack.up().succeeded
        assert job_states(emulator) == ["Success"]
        assert stack.outputs_of("clean")["state"] == "Success"
        assert stack.up().changes == {"same": 2}

    @pytest.mark.every_family
    @pytest.mark.parametrize("victims", [("provider",), ("engine",), ("engine", "provider")], ids="-".join)
    def test_a_kill_in_the_middle_of_the_wait_leaves_one_job(
        self, stack: Stack, emulator: RunningEmulator, victims: tuple[str, ...]
    ) -> None:
        emulator.change_settings(job_seconds=30)
        with RunningOperation(stack, "up", job()) as running:
            processes = [running.engine(), running.provider()]
            until(lambda: "Running" in job_states(emulator), "the job")
            for process in processes[:1] * ("engine" in victims) + processes[1:] * ("provider" in victims):
                kill(process)
            assert not running.outcome().succeeded
        emulator.advance(60)
        if "engine" in victims:
            run_recovery(stack)

        up = stack.up()

        assert up.succeeded, up.text
        assert job_states(emulator) == ["Success"]
        assert stack.outputs_of("clean")["jobId"] == jobs(emulator)[0]["id"]
        assert stack.state().get("pending_operations", []) == []

    @pytest.mark.every_family
    def test_a_provider_whose_engine_was_killed_before_the_submission_submits_nothing(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.add_fault(method="HEAD", path="*", times=1, effect="after", action={"delay": 1.5})
        with RunningOperation(stack, "up", job()) as running:
            engine, _ = running.engine(), running.provider()
            until(lambda: emulator.faults()[0]["fired"], "the first request")
            kill(engine)
            running.outcome()
            # Far longer than the answer is held back: what the provider still does, it does by then.
            settled(lambda: len(emulator.requests()), for_seconds=3.0)

        assert jobs(emulator) == []
        assert not any(e["method"] == "POST" for e in emulator.requests())

    @pytest.mark.parametrize("family", ["dynamic"])
    def test_control_c_once_waits_for_the_job_and_records_it(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.change_settings(job_seconds=30)
        with RunningOperation(stack, "up", job()) as running:
            until(lambda: "Running" in job_states(emulator), "the job")
            interrupt(running.engine())
            running.wait_until_printed("cancel")
            emulator.advance(60)
            running.outcome()

        assert stack.outputs_of("clean")["state"] == "Success"
        assert stack.up().succeeded
        assert job_states(emulator) == ["Success"]

    @pytest.mark.parametrize("family", ["native"])
    def test_control_c_once_ends_the_wait_of_the_plugin_and_the_next_up_resumes(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=30)
        with RunningOperation(stack, "up", job()) as running:
            until(lambda: "Running" in job_states(emulator), "the job")
            interrupt(running.engine())
            outcome = running.outcome()
        emulator.advance(60)

        assert any("interrupted" in line and jobs(emulator)[0]["id"] in line for line in outcome.errors())
        assert stack.outputs_of("clean")["state"] == "Running"
        assert stack.up().succeeded
        assert job_states(emulator) == ["Success"]

    def test_control_c_twice_ends_the_wait_and_the_next_up_resumes(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=30)
        with RunningOperation(stack, "up", job()) as running:
            engine, provider = running.engine(), running.provider()
            until(lambda: "Running" in job_states(emulator), "the job")
            interrupt(engine)
            running.wait_until_printed("cancel")  # two signals at one moment are one
            interrupt(engine)
            outcome = running.outcome()
            until(lambda: not is_running(provider), "the end of the wait", within_seconds=3)
        emulator.advance(60)

        assert f"(job {jobs(emulator)[0]['id']})" in outcome.text
        assert stack.state()["pending_operations"] != []
        run_recovery(stack)
        assert stack.up().succeeded
        assert stack.state().get("pending_operations", []) == []
        assert job_states(emulator) == ["Success"]


class TestAgain:
    @pytest.mark.every_family
    def test_replace_runs_it_again_once(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(job())

        assert stack.up(replace=[stack.urn("clean")]).succeeded

        assert job_states(emulator) == ["Success", "Success"]
        assert stack.up().changes == {"same": 2}

    @pytest.mark.thorough
    def test_taint_runs_it_again_once(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(job())
        stack.cli("state", "taint", stack.urn("clean"), "--yes")

        assert stack.up().succeeded
        assert stack.up().changes == {"same": 2}
        assert job_states(emulator) == ["Success", "Success"]

    @pytest.mark.thorough
    def test_a_replacement_trigger_runs_it_again_once(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(job(opts=pulumi.ResourceOptions(replacement_trigger="one")))

        assert stack.up(job(opts=pulumi.ResourceOptions(replacement_trigger="two"))).succeeded
        assert job_states(emulator) == ["Success", "Success"]

    def test_a_changed_trigger_runs_it_again_once(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(job(triggers=["one", 1]))

        assert stack.up(job(triggers=["one", 1])).changes == {"same": 2}
        assert stack.up(job(triggers=["one", 2])).succeeded
        assert job_states(emulator) == ["Success", "Success"]

    @pytest.mark.thorough
    def test_a_changed_format_waits_for_the_job_that_still_runs(
        self, stack: Stack, emulator: RunningEmulator, console: Console
    ) -> None:
        emulator.change_settings(job_seconds=30)
        assert stack.up(job(wait=False)).succeeded
        until(lambda: job_states(emulator) == ["Running"], "the first job")

        with RunningOperation(stack, "up", job(format="mp3")) as running:
            until(lambda: any("size" in e["query"] for e in emulator.requests()), "the look-up")
            assert len(jobs(emulator)) == 1
            emulator.advance(31)
            until(lambda: len(jobs(emulator)) == 2, "the second job")
            emulator.advance(31)
            assert running.outcome().succeeded

        first, second = console.jobs()
        assert second["CreationTime"] >= first["EndTime"]

    @pytest.mark.every_family
    def test_changed_audio_is_shown_and_cleaned_again(
        self, stack: Stack, emulator: RunningEmulator, noisy_audio: bytes
    ) -> None:
        stack.up(job())
        emulator.put_object(REGION, BUCKET, RAW, noisy_audio[: len(noisy_audio) // 2])

        preview = stack.preview(refresh=True, diff=True)

        assert preview.changes.get("replace") == 1
        assert "currentInputEtag" in preview.text
        assert stack.up(refresh=True).succeeded
        assert len(jobs(emulator)) == 2
        assert stack.up(refresh=True).changes == {"same": 2}

    @pytest.mark.parametrize(
        ("touched", "count"), [(None, 1), (RAW, 2), pytest.param(CLEAN, 2, marks=pytest.mark.thorough)]
    )
    def test_after_destroy_it_runs_again_only_if_input_or_output_changed(
        self, stack: Stack, emulator: RunningEmulator, touched: str | None, count: int
    ) -> None:
        stack.up(job())
        assert stack.destroy().succeeded
        emulator.advance(60)
        if touched:
            emulator.put_object(REGION, BUCKET, touched, stored_object(emulator, touched) + b"\0")

        assert stack.up().succeeded
        assert len(jobs(emulator)) == count


class TestOutcomes:
    def test_record_makes_a_failure_an_output(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.put_object(REGION, BUCKET, RAW, b"this is no audio")

        up = stack.up(job(on_failure="record"))

        assert up.succeeded
        assert up.outputs == {"state": "Failed", "code": "ResourceNotSupported"}
        assert stack.up().changes == {"same": 2}

    def test_a_passing_failure_is_run_again_by_the_next_up(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.change_settings(job_seconds=30)
        assert stack.up(job(wait=False)).succeeded
        failed = (
            f"<Response><JobsDetail><JobId>{jobs(emulator)[0]['id']}</JobId><State>Failed</State>"
            "<Code>InternalError</Code><Message>try later</Message></JobsDetail></Response>"
        )
        emulator.add_fault(method="GET", path="/jobs/*", times=1, effect="after", action={"body": failed})
        assert stack.refresh().succeeded
        assert stack.outputs_of("clean")["code"] == "InternalError"
        emulator.advance(60)
        emulator.change_settings(job_seconds=0)

        assert stack.up().succeeded
        assert len(jobs(emulator)) == 2

    def test_not_waiting_returns_at_once_and_refresh_brings_the_end(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=30)

        up = stack.up(job(wait=False))

        assert up.outputs["state"] in {"Submitted", "Running"}
        assert stack.up().changes == {"same": 2}
        emulator.advance(60)
        assert stack.refresh().succeeded
        assert stack.outputs_of("clean")["state"] == "Success"
        assert stack.outputs_of("clean")["outputSize"] > 0
        assert len(jobs(emulator)) == 1

    @pytest.mark.thorough
    def test_a_forgotten_record_is_no_drift(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(job())
        emulator.reset()
        emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")

        assert stack.up(refresh=True).changes == {"same": 2}

    def test_destroying_cancels_a_job_that_has_not_started_and_never_fails_for_one_that_has(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.change_settings(job_seconds=30, queue_concurrency=1)

        def two() -> None:
            for name in ("one", "two"):
                NoiseReductionJob(name, bucket=BUCKET, input_object=RAW, output_object=f"{name}.wav", wait=False)

        assert stack.up(two).succeeded
        until(lambda: sorted(job_states(emulator)) == ["Running", "Submitted"], "the queue")

        assert stack.destroy().succeeded
        assert sorted(job_states(emulator)) == ["Cancel", "Running"]

    def test_a_paused_queue_is_said_and_waited_through_and_a_cancelled_job_is_a_failure_that_says_so(
        self, stack: Stack, emulator: RunningEmulator, console: Console
    ) -> None:
        emulator.change_settings(job_seconds=30, queue_concurrency=1)
        console.pause_queue()

        with RunningOperation(stack, "up", job()) as running:
            until(lambda: job_states(emulator) == ["Pause"], "the pause")
            until(lambda: requests_to(emulator, "/jobs/") > 1, "a look at the job")
            console.cancel_job(jobs(emulator)[0]["id"])
            outcome = running.outcome()

        assert "Pause" in outcome.text
        assert "its queue is paused" in outcome.text
        assert any("was cancelled" in line for line in outcome.errors())


class TestTemplates:
    def program(self, **arguments: Any) -> Program:
        def program() -> None:
            given = {"template_name": "voices", "format": "mp3", **arguments}
            template = NoiseReductionTemplate("template", bucket=BUCKET, **given)
            NoiseReductionJob(
                "clean",
                bucket=BUCKET,
                input_object=RAW,
                output_object="clean/voice.mp3",
                template_id=template.template_id,
            )

        return program

    @pytest.mark.thorough
    def test_a_job_takes_its_format_from_a_template_and_stays_when_the_template_changes(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        assert stack.up(self.program()).succeeded
        assert stored_object(emulator, "clean/voice.mp3")[:3] in {b"ID3", b"\xff\xfb"}

        changed = self.program(sample_rate=48000, template_name="better-voices")

        assert stack.preview(changed).changes == {"update": 1, "same": 2}
        assert stack.up().changes == {"update": 1, "same": 2}
        (template,) = emulator.state()["templates"]
        assert (template["name"], template["sample_rate"]) == ("better-voices", "48000")
        assert stack.destroy().succeeded
        assert emulator.state()["templates"] == []

    def test_a_name_taken_by_another_template_is_reported_with_its_id(
        self, new_stack: NewStack, emulator: RunningEmulator
    ) -> None:
        assert new_stack("first").up(self.program()).succeeded
        (taken,) = emulator.state()["templates"]

        up = new_stack("second").up(self.program(format="wav"))

        assert any("voices is taken" in line and taken["id"] in line for line in up.errors())

    def test_a_template_that_says_the_same_is_adopted_and_left_by_destroy(
        self, new_stack: NewStack, emulator: RunningEmulator
    ) -> None:
        assert new_stack("first").up(self.program()).succeeded
        (there,) = emulator.state()["templates"]
        second = new_stack("second")

        assert second.up(self.program()).succeeded
        assert second.outputs_of("template")["adopted"] is True
        assert second.destroy().succeeded
        assert emulator.state()["templates"] == [there]

    def test_drift_is_shown_and_repaired_and_gone_is_made_again(
        self, stack: Stack, emulator: RunningEmulator, console: Console
    ) -> None:
        stack.up(self.program())
        (template,) = emulator.state()["templates"]
        console.change_template(template["id"], "voices", Format="mp3", Samplerate="8000")

        assert stack.preview(refresh=True, diff=True).text.count("sampleRate") >= 1
        assert stack.up(refresh=True).succeeded
        assert emulator.state()["templates"][0]["sample_rate"] == "16000"

        console.remove_template(template["id"])
        assert stack.refresh().succeeded
        assert "template" not in stack.resources()


class TestBeforeSubmission:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"input_object": "raw/none.mp3"}, "there is no object raw/none.mp3"),
            ({"bucket": "nowhere-1250000000"}, "NoSuchBucket"),
            ({"template_id": "t1" + "0" * 32}, "there is no template t1"),
        ],
    )
    def test_what_cannot_succeed_is_named_in_one_line_and_not_submitted(
        self, stack: Stack, emulator: RunningEmulator, arguments: dict[str, Any], said: str
    ) -> None:
        up = stack.up(job(**arguments))

        assert not up.succeeded
        assert any(said in line for line in up.errors())
        assert jobs(emulator) == []
        assert "Traceback" not in up.text

    def test_a_recording_over_10_mb_is_refused(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.put_object(REGION, BUCKET, RAW, bytes(10 * 1024 * 1024 + 1))

        assert any("10485761 bytes" in line for line in stack.up(job()).errors())
        assert jobs(emulator) == []

    def test_smart_audio_off_is_named_with_what_to_declare(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.put_bucket(REGION, BUCKET, asr="off")

        up = stack.up(job())

        assert any("Smart Audio is off" in line and "AsrBucketBinding" in line for line in up.errors())
        assert jobs(emulator) == []
