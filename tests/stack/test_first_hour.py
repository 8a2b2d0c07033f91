"""What somebody meets who is new to the package: refusals before anything is stored, rows, previews, drift."""

from __future__ import annotations

import re
import shlex

import pulumi
import pytest

from pulumi_ci_audio import CiBucketBinding as DynamicBinding
from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.families import AsrBucketBinding, CiBucketBinding, NoiseReductionJob
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.stacks import Outcome, Stack

pytestmark = pytest.mark.engine

PLANTED = "hush-4711"


def binding(**options: object) -> CiBucketBinding:
    return CiBucketBinding("binding", bucket=BUCKET, opts=pulumi.ResourceOptions(**options))  # type: ignore[arg-type]


def row(outcome: Outcome, name: str, operation: str) -> str:
    """Return the last line about an operation on a resource."""
    return [line for line in outcome.text.splitlines() if f" {name} {operation}" in line][-1]


class TestConfiguration:
    def test_a_plain_key_reaches_neither_state_nor_checkpoints(self, stack: Stack) -> None:
        stack.set_config("tencentcloud:secretId", "AKID", secret=True)
        stack.set_config("tencentcloud:secretKey", PLANTED)

        up = stack.up(binding)

        refusals = [line for line in up.errors() if "tencentcloud:secretKey in plain text" in line]
        assert refusals
        assert "Rotate the key" in refusals[0]
        assert "`pulumi config set --secret tencentcloud:secretKey`" in refusals[0]
        assert "Traceback" not in up.text
        assert PLANTED not in up.text
        assert stack.resources() == {}
        assert PLANTED not in stack.cli("stack", "export")
        # The history holds the configuration itself, which the text says.
        kept = [path for path in stack.folder.parent.joinpath("backend").rglob("*") if path.is_file()]
        holding = [path for path in kept if PLANTED.encode() in path.read_bytes()]
        assert [path for path in holding if "history" not in path.parts] == []
        assert [path for path in holding if path.name.endswith(".checkpoint.json")] == []

    def test_a_provider_that_does_not_see_the_configuration_is_refused_before_it_reaches_the_cloud(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.change_environment(CI_AUDIO_ENDPOINT=None)
        stack.set_config("ci-audio:endpoint", emulator.url)

        def program(**inputs: str) -> None:
            lane = pulumi.ProviderResource("pulumi-python", "lane", inputs)
            binding(provider=lane)

        refused = stack.preview(program)
        accepted = stack.up(lambda: program(**{"ci-audio:endpoint": emulator.url}))

        assert not refused.succeeded
        assert any("does not see the stack configuration (ci-audio:endpoint)" in line for line in refused.errors())
        assert accepted.succeeded, accepted.text
        assert emulator.state()["buckets"][0]["ci"] == "on"
        assert stack.up().changes == {"same": 3}


class TestImport:
    @pytest.mark.parametrize(
        "declare",
        [
            lambda: binding(import_=f"{REGION}/{BUCKET}"),
            lambda: DynamicBinding.get("binding", f"{REGION}/{BUCKET}"),
        ],
        ids=["import_", "get"],
    )
    def test_of_a_dynamic_resource_ends_in_one_line_that_says_what_works(self, stack: Stack, declare: object) -> None:
        up = stack.up(declare)  # type: ignore[arg-type]

        assert any(f"opts=pulumi.ResourceOptions(id='{REGION}/{BUCKET}')" in line for line in up.errors())
        assert "Traceback" not in up.text

    def test_what_it_says_works(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")

        def program() -> None:
            options = pulumi.ResourceOptions(id=f"{REGION}/{BUCKET}")
            audio = AsrBucketBinding("audio", bucket=BUCKET, opts=options)
            pulumi.export("status", audio.status)
            pulumi.export("queue", audio.queue_id)

        up = stack.up(program)

        assert up.succeeded, up.text
        assert (up.outputs["status"], up.outputs["queue"]) == ("on", emulator.state()["queues"][0]["id"])
        assert stack.destroy().succeeded
        assert emulator.state()["buckets"][0]["asr"] == "on"


class TestDeletedWith:
    @pytest.mark.every_family
    def test_smart_audio_that_is_deleted_with_its_binding_leaves_both_off(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        def program() -> None:
            AsrBucketBinding("audio", bucket=BUCKET, opts=pulumi.ResourceOptions(deleted_with=binding()))

        assert stack.up(program).succeeded

        destroyed = stack.destroy()

        assert destroyed.succeeded, destroyed.text
        (bucket,) = emulator.state()["buckets"]
        assert (bucket["ci"], bucket["asr"]) == ("off", "off")


class TestDeadEnd:
    def test_a_half_destroyed_stack_is_left_by_the_command_that_the_error_names(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        assert stack.up(lambda: AsrBucketBinding("audio", bucket=binding().bucket)).succeeded
        denied = {"status": 403, "code": "AccessDenied"}
        emulator.add_fault(method="GET", path="/workflow*", times=9, action=denied)

        destroyed = stack.destroy()

        (line,) = {line for line in destroyed.errors() if "could not check for blockers" in line}
        assert line.count("could not list the workflows") == 1
        (command,) = re.findall(r"`pulumi (state delete [^`]*)`", line)
        stack.cli(*shlex.split(command), "--yes")
        assert stack.resources() == {}
        (bucket,) = emulator.state()["buckets"]
        assert (bucket["ci"], bucket["asr"]) == ("on", "off")


class TestRows:
    @pytest.mark.every_family
    def test_rows_end_with_the_outcome_and_previews_say_why_and_show_what_is_gone(
        self, stack: Stack, emulator: RunningEmulator, noisy_audio: bytes
    ) -> None:
        emulator.put_bucket(REGION, BUCKET, ci="on")
        emulator.put_object(REGION, BUCKET, RAW, noisy_audio)
        emulator.put_object(REGION, BUCKET, "raw/text.mp3", b"this is no audio")

        def program() -> None:
            audio = AsrBucketBinding("audio", bucket=binding().bucket)
            clean = NoiseReductionJob("clean", bucket=audio.bucket, input_object=RAW, output_object=CLEAN)
            NoiseReductionJob(
                "text", bucket=audio.bucket, input_object="raw/text.mp3", output_object="text.wav", on_failure="record"
            )
            pulumi.export("code", clean.code)
            pulumi.export("template", clean.template_id)

        up = stack.up(program)

        assert up.succeeded, up.text
        job = stack.outputs_of("clean")
        assert row(up, "binding", "created").endswith("on already: adopted")
        assert row(up, "audio", "created").endswith("switched Smart Audio on")
        assert row(up, "clean", "created").endswith(f"Success, {job['outputSize']:.0f} bytes (job {job['jobId']})")
        assert "Failed: ResourceNotSupported (recorded)" in row(up, "text", "created")
        assert "[unknown]" not in stack.preview(diff=True).text

        (stored,) = (emulator.emulator.store.objects.find(REGION, BUCKET, CLEAN),)
        assert stored is not None
        stored.path.unlink()
        emulator.put_object(REGION, BUCKET, RAW, noisy_audio[: len(noisy_audio) // 2])
        drifted = stack.preview(refresh=True, diff=True)

        assert "- outputSize" in drifted.text
        assert "~ currentInputEtag" in drifted.text
        assert "the recording changed: the job runs again" in row(stack.preview(refresh=True), "clean", "replace")


def test_a_required_input_without_a_value_is_named_and_no_value_is_printed(stack: Stack) -> None:
    preview = stack.preview(lambda: NoiseReductionJob("clean", bucket=BUCKET, input_object=None, output_object=CLEAN))  # type: ignore[arg-type]

    assert any("input_object must be given" in line for line in preview.errors())
    assert "<nil>" not in preview.text
