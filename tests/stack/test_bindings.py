"""What the bindings promise, situation by situation, on the real engine: what is printed, stored, sent and not sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support.console import Console
from tests.support.emulators import write_calls
from tests.support.families import AsrBucketBinding, CiBucketBinding, NoiseReductionJob, NoiseReductionTemplate
from tests.support.places import BUCKET, OTHER_BUCKET, REGION
from tests.support.stacks import Outcome, Program, Stack

pytestmark = pytest.mark.engine

OnDestroy = Literal["restore", "off", "keep"]

BIND, UNBIND, ENABLE, DISABLE = "PUT /", "PUT /?unbind", "POST /asrbucket", "DELETE /asrbucket"


def binding(**arguments: Any) -> Program:
    """Return a program with the binding alone."""

    def program() -> None:
        opts = arguments.get("opts")
        rest = {name: value for name, value in arguments.items() if name != "opts"}
        CiBucketBinding("binding", **{"bucket": BUCKET, **rest}, opts=opts)

    return program


def pair(
    bucket: str = BUCKET, *, opts: Callable[[], pulumi.ResourceOptions] | None = None, **arguments: Any
) -> Program:
    """Return a program with the binding and Smart Audio."""

    def program() -> None:
        first = CiBucketBinding("binding", bucket=bucket, opts=opts and opts(), **arguments)
        AsrBucketBinding("audio", bucket=first.bucket, opts=opts and opts(), **arguments)

    return program


def bucket_state(emulator: RunningEmulator, bucket: str = BUCKET) -> dict[str, Any]:
    return next(entry for entry in emulator.state()["buckets"] if entry["bucket"] == bucket)


def shows_status(outcome: Outcome, seen: str) -> bool:
    """Whether the engine shows a status that is to become ``on``; it pads the names of properties."""
    return re.search(rf'~ status\s*: "{seen}" => "on"', outcome.text) is not None


class TestAdoption:
    @pytest.mark.every_family
    def test_what_is_on_already_is_adopted_without_a_write_and_stays_clean(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")

        assert stack.up(pair()).succeeded

        assert write_calls(emulator) == []
        assert [stack.outputs_of(name)["adopted"] for name in ("binding", "audio")] == [True, True]
        assert stack.preview(refresh=True, expect_no_changes=True).succeeded

    @pytest.mark.parametrize(
        ("on_destroy", "before", "after"),
        [
            ("restore", "on", "on"),
            ("restore", "off", "off"),
            pytest.param("off", "on", "off", marks=pytest.mark.thorough),
            pytest.param("off", "off", "off", marks=pytest.mark.thorough),
            pytest.param("keep", "on", "on", marks=pytest.mark.thorough),
            ("keep", "off", "on"),
        ],
    )
    def test_destroying_leaves_what_on_destroy_says(
        self, stack: Stack, emulator: RunningEmulator, on_destroy: OnDestroy, before: str, after: str
    ) -> None:
        emulator.put_bucket(REGION, BUCKET, ci=before, asr=before)
        assert stack.up(pair(on_destroy=on_destroy)).succeeded
        emulator.clear_requests()

        assert stack.destroy().succeeded

        assert (bucket_state(emulator)["ci"], bucket_state(emulator)["asr"]) == (after, after)
        assert write_calls(emulator) == ([DISABLE, UNBIND] if after == "off" else [])

    def test_changing_on_destroy_is_an_update_without_a_request(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(pair())
        emulator.clear_requests()

        up = stack.up(pair(on_destroy="keep"))

        assert up.changes == {"update": 2, "same": 1}
        assert emulator.requests() == []
        assert stack.outputs_of("binding")["onDestroy"] == "keep"
        assert stack.outputs_of("binding")["adopted"] is False

    @pytest.mark.thorough
    def test_two_stacks_on_one_bucket_leave_each_other_alone(
        self, new_stack: NewStack, emulator: RunningEmulator
    ) -> None:
        first, second = new_stack("first"), new_stack("second")
        assert first.up(pair()).succeeded
        assert second.up(pair()).succeeded

        assert second.destroy().succeeded

        assert bucket_state(emulator)["ci"] == "on"
        assert first.preview(refresh=True, expect_no_changes=True).succeeded
        assert first.destroy().succeeded
        assert bucket_state(emulator)["ci"] == "off"


class TestDrift:
    @pytest.mark.every_family
    def test_switched_off_by_hand_is_shown_and_repaired_with_one_write(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(binding())
        emulator.put_bucket(REGION, BUCKET, ci="off")
        emulator.clear_requests()

        preview = stack.preview(refresh=True, diff=True)
        strict = stack.preview(refresh=True, expect_no_changes=True)

        assert shows_status(preview, "off")
        assert not strict.succeeded
        assert write_calls(emulator) == []

        assert stack.up(refresh=True).succeeded

        assert write_calls(emulator) == [BIND]
        assert stack.preview(refresh=True, expect_no_changes=True).succeeded

    def test_smart_audio_switched_off_by_hand_is_shown_and_repaired_with_one_write(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(pair())
        emulator.put_bucket(REGION, BUCKET, asr="off")
        emulator.clear_requests()

        assert shows_status(stack.preview(refresh=True, diff=True), "off")
        assert stack.up(refresh=True).succeeded

        assert write_calls(emulator) == [ENABLE]
        assert stack.preview(refresh=True, expect_no_changes=True).succeeded

    @pytest.mark.parametrize(
        ("off", "repair"),
        [
            ({"ci": "off", "asr": "off"}, [BIND, ENABLE]),
            pytest.param({"ci": "off"}, [BIND], marks=pytest.mark.thorough),
            pytest.param({"asr": "off"}, [ENABLE], marks=pytest.mark.thorough),
        ],
        ids=["both", "the binding", "Smart Audio"],
    )
    def test_what_is_switched_off_under_a_job_and_a_template_is_shown_and_repaired(
        self, stack: Stack, emulator: RunningEmulator, noisy_audio: bytes, off: dict[str, str], repair: list[str]
    ) -> None:
        emulator.put_object(REGION, BUCKET, "voice.mp3", noisy_audio)

        def program() -> None:
            binding = CiBucketBinding("binding", bucket=BUCKET)
            audio = AsrBucketBinding("audio", bucket=binding.bucket)
            template = NoiseReductionTemplate("template", bucket=audio.bucket, template_name="voices")
            NoiseReductionJob(
                "clean",
                bucket=audio.bucket,
                input_object="voice.mp3",
                output_object="voice.wav",
                template_id=template.template_id,
            )

        assert stack.up(program).succeeded
        emulator.put_bucket(REGION, BUCKET, **off)
        emulator.clear_requests()

        preview = stack.preview(refresh=True)

        assert preview.changes == {
            "update": 1 if off == {"asr": "off"} else 2,
            "same": 4 if off == {"asr": "off"} else 3,
        }
        assert stack.up(refresh=True).succeeded
        assert write_calls(emulator) == repair
        assert len(emulator.state()["jobs"]) == 1

    def test_a_deleted_bucket_drops_out_of_state_and_is_named_by_the_next_up(
        self, stack: Stack, emulator: RunningEmulator, console: Console
    ) -> None:
        stack.up(pair())
        console.remove_bucket()

        assert stack.refresh().succeeded
        assert stack.resources() == {}

        up = stack.up()

        assert not up.succeeded
        assert any("NoSuchBucket" in line and "create it first" in line for line in up.errors())
        assert "Traceback" not in up.text

    def test_destroying_after_the_bucket_was_deleted_succeeds(
        self, stack: Stack, emulator: RunningEmulator, console: Console
    ) -> None:
        stack.up(pair())
        console.remove_bucket()
        emulator.clear_requests()

        assert stack.destroy().succeeded
        assert write_calls(emulator) == []

    def test_ignoring_the_status_leaves_it_off(self, stack: Stack, emulator: RunningEmulator) -> None:
        program = binding(opts=pulumi.ResourceOptions(ignore_changes=["status"]))
        stack.up(program)
        emulator.put_bucket(REGION, BUCKET, ci="off")
        emulator.clear_requests()

        assert stack.up(refresh=True).succeeded

        assert write_calls(emulator) == []
        assert bucket_state(emulator)["ci"] == "off"


class TestUnbinding:
    @pytest.fixture
    def caught(self, stack: Stack, emulator: RunningEmulator) -> Outcome:
        """A stack whose destroy gave up while the service was still unbinding."""
        emulator.change_settings(unbind_seconds=30)
        stack.up(binding(timeout_seconds=1))
        destroy = stack.destroy()
        assert not destroy.succeeded
        return destroy

    def test_a_destroy_that_ran_out_of_time_says_what_it_saw_and_goes_on_without_a_second_write(
        self, stack: Stack, emulator: RunningEmulator, caught: Outcome
    ) -> None:
        (line, *_) = [line for line in caught.errors() if "unbinding" in line]
        assert "still unbinding after 1 s" in line
        assert "run again" in line

        emulator.advance(60)

        assert stack.destroy().succeeded
        assert write_calls(emulator).count(UNBIND) == 1

    @pytest.mark.thorough
    def test_refresh_shows_it_and_up_waits_it_out_and_binds_again(
        self, stack: Stack, emulator: RunningEmulator, caught: Outcome
    ) -> None:
        assert stack.refresh().succeeded
        assert stack.outputs_of("binding")["status"] == "unbinding"
        assert shows_status(stack.preview(diff=True), "unbinding")

        emulator.advance(60)

        assert stack.up().succeeded
        assert write_calls(emulator) == [BIND, UNBIND, BIND]
        assert bucket_state(emulator)["ci"] == "on"

    def test_create_waits_it_out_then_binds(
        self, new_stack: NewStack, emulator: RunningEmulator, caught: Outcome
    ) -> None:
        other = new_stack("other")
        emulator.clear_requests()

        impatient = other.up(binding(timeout_seconds=1))

        assert not impatient.succeeded
        assert any("still unbinding" in line and "nothing was sent yet" in line for line in impatient.errors())
        assert write_calls(emulator) == []

        emulator.advance(60)

        assert other.up().succeeded
        assert write_calls(emulator) == [BIND]
        assert other.outputs_of("binding")["adopted"] is False


@pytest.mark.every_family
def test_a_create_that_ran_out_of_time_is_kept_and_goes_on_without_a_second_write(
    stack: Stack, emulator: RunningEmulator
) -> None:
    emulator.add_fault(
        method="GET", path="/", host="*.ci.*", times=50, effect="after", action={"body": '{"CIStatus":"off"}'}
    )

    up = stack.up(binding(timeout_seconds=1))

    assert not up.succeeded
    assert any("still off after 1 s" in line and "run `pulumi up` again" in line for line in up.errors())
    assert stack.outputs_of("binding")["status"] == "off"

    emulator.clear_faults()

    assert stack.up().succeeded
    assert write_calls(emulator) == [BIND]
    assert stack.outputs_of("binding") | {"__provider": ""} == {
        "__provider": "",
        "bucket": BUCKET,
        "region": REGION,
        "status": "on",
        "adopted": False,
        "onDestroy": "restore",
        "timeoutSeconds": 1,
    }
    assert stack.destroy().succeeded
    assert bucket_state(emulator)["ci"] == "off"


class TestBlockers:
    @pytest.mark.every_family
    def test_destroy_names_every_one_and_sends_nothing_then_goes_through_once_they_are_cleared(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(binding())
        emulator.put_bucket(
            REGION,
            BUCKET,
            asr="on",
            services=["media", "doc"],
            workflows=[{"id": f"w{number:032}", "name": f"flow-{number}", "state": "Active"} for number in range(105)],
            batch_jobs=[
                {"id": "b" + "1" * 32, "name": "nightly", "state": "Running", "type": "Workflow"},
                {"id": "b" + "2" * 32, "name": "once", "state": "Submitted", "type": "Job"},
                {"id": "b" + "3" * 32, "name": "over", "state": "Success", "type": "Job"},
            ],
        )
        emulator.clear_requests()

        destroy = stack.destroy()

        assert not destroy.succeeded
        assert write_calls(emulator) == []
        (line, *_) = [line for line in destroy.errors() if "in the way" in line]
        assert "110 in the way" in line
        for named in (
            'service "Smart Audio" (enabled): DELETE /asrbucket',
            'service "media processing" (enabled)',
            'service "document processing" (enabled)',
            'workflow w00000000000000000000000000000104 "flow-104" (Active): PUT /workflow/w',
            f'batch job b{"1" * 32} "nightly" (Running): PUT /inventorytriggerjob/b',
            f'batch job b{"2" * 32} "once" (Submitted)',
        ):
            assert named in line
        assert "over" not in line.replace("over from", "")
        assert "Traceback" not in destroy.text

        emulator.put_bucket(REGION, BUCKET, asr="off", services=[], workflows=[], batch_jobs=[])

        assert stack.destroy().succeeded
        assert write_calls(emulator) == [UNBIND]

    @pytest.mark.thorough
    @pytest.mark.parametrize(
        ("tag", "called"),
        [
            ("NoiseReduction", "noise-reduction job"),
            ("SpeechRecognition", "speech-recognition job"),
            ("VoiceSeparate", "voice-separation job"),
            ("Tts", "text-to-speech job"),
            ("SoundHound", "song-recognition job"),
        ],
    )
    def test_smart_audio_stays_while_jobs_of_any_of_its_tags_wait(
        self, stack: Stack, emulator: RunningEmulator, tag: str, called: str
    ) -> None:
        stack.up(pair())
        waiting = [{"id": f"j{number:032}", "tag": tag, "state": "Submitted"} for number in range(3)]
        emulator.put_bucket(REGION, BUCKET, jobs=waiting)
        emulator.clear_requests()

        destroy = stack.destroy()

        assert not destroy.succeeded
        assert write_calls(emulator) == []
        assert any(f"{called} j{2:032} (Submitted): PUT /jobs/j" in line for line in destroy.errors())

    def test_a_probe_without_permission_is_named_with_what_it_needs(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(binding())
        emulator.add_fault(
            method="GET", path="/workflow", times=9, effect="before", action={"status": 403, "code": "AccessDenied"}
        )
        emulator.clear_requests()

        destroy = stack.destroy()

        assert not destroy.succeeded
        assert write_calls(emulator) == []
        assert any("ci:DescribeMediaWorkflows" in line and "nothing was changed" in line for line in destroy.errors())

    def test_a_service_that_is_not_enabled_stands_in_nobodys_way(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding())
        emulator.add_fault(
            method="GET",
            path="/workflow",
            times=9,
            effect="before",
            action={"status": 400, "code": "MediaBucketUnBinded"},
        )

        assert stack.destroy().succeeded

    def test_a_refusal_that_no_probe_explains_is_passed_on_with_what_cannot_be_seen(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(binding())
        emulator.put_bucket(REGION, BUCKET, moderation=True)

        destroy = stack.destroy()

        assert not destroy.succeeded
        (line, *_) = [line for line in destroy.errors() if "could not unbind" in line]
        assert "HTTP 400" in line
        assert "request id" in line
        assert "automatic moderation" in line
        assert "reviews of historical data" in line
        assert "console" in line

        emulator.put_bucket(REGION, BUCKET, moderation=False)

        assert stack.destroy().succeeded


class TestReplacement:
    def test_another_bucket_comes_before_the_old_one_goes(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.put_bucket(REGION, OTHER_BUCKET)
        stack.up(pair())
        emulator.clear_requests()

        assert stack.up(pair(OTHER_BUCKET)).succeeded

        sent = [
            (entry["host"].partition(".")[0], entry["method"])
            for entry in emulator.requests()
            if entry["method"] != "GET"
        ]
        assert sent == [(OTHER_BUCKET, "PUT"), (OTHER_BUCKET, "POST"), (BUCKET, "DELETE"), (BUCKET, "PUT")]
        assert bucket_state(emulator, OTHER_BUCKET)["asr"] == "on"
        assert bucket_state(emulator)["ci"] == "off"

    def test_a_typo_in_the_bucket_touches_nothing(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(pair())
        emulator.clear_requests()

        assert not stack.up(pair("recordigns-1250000000")).succeeded

        assert write_calls(emulator) == []
        assert (bucket_state(emulator)["ci"], bucket_state(emulator)["asr"]) == ("on", "on")
        assert stack.up(pair()).succeeded
        assert write_calls(emulator) == []

    def test_a_rename_with_an_alias_changes_nothing(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding())
        emulator.clear_requests()

        def renamed() -> None:
            CiBucketBinding("new-name", bucket=BUCKET, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias("binding")]))

        assert stack.up(renamed).changes == {"same": 2}
        assert write_calls(emulator) == []

    def test_a_rename_without_an_alias_never_switches_off(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding())
        emulator.clear_requests()

        assert stack.up(lambda: CiBucketBinding("new-name", bucket=BUCKET)).succeeded

        assert write_calls(emulator) == []
        assert bucket_state(emulator)["ci"] == "on"

    @pytest.mark.thorough
    @pytest.mark.parametrize("program", [binding(), pair()], ids=["alone", "as a pair"])
    def test_forced_with_replace_ends_on_and_never_off_in_between(
        self, stack: Stack, emulator: RunningEmulator, program: Program
    ) -> None:
        stack.up(program)
        emulator.clear_requests()

        up = stack.up(replace=[stack.urn(name) for name in stack.resources()])

        assert up.changes.get("replace") == len(stack.resources())
        assert write_calls(emulator) == []
        assert all(stack.outputs_of(name)["adopted"] for name in stack.resources())
        assert bucket_state(emulator)["ci"] == "on"

    @pytest.mark.every_family
    @pytest.mark.parametrize("program", [binding(), pair()], ids=["alone", "as a pair"])
    def test_forced_by_taint_ends_on_and_never_off_in_between(
        self, stack: Stack, emulator: RunningEmulator, program: Program
    ) -> None:
        stack.up(program)
        for name in stack.resources():
            stack.cli("state", "taint", stack.urn(name), "--yes")
        emulator.clear_requests()

        up = stack.up()

        assert up.changes.get("replace") == len(stack.resources())
        assert write_calls(emulator) == []
        assert bucket_state(emulator)["ci"] == "on"

    @pytest.mark.thorough
    @pytest.mark.parametrize("program", [binding, pair], ids=["alone", "as a pair"])
    def test_forced_by_a_trigger_ends_on_and_never_off_in_between(
        self, stack: Stack, emulator: RunningEmulator, program: Callable[..., Program]
    ) -> None:
        def triggered(value: str) -> Program:
            options = pulumi.ResourceOptions(replacement_trigger=value)
            return program(opts=options if program is binding else lambda: options)

        stack.up(triggered("one"))
        emulator.clear_requests()

        up = stack.up(triggered("two"))

        assert up.changes.get("replace") == len(stack.resources())
        assert write_calls(emulator) == []
        assert bucket_state(emulator)["ci"] == "on"

    def test_a_preview_of_another_change_of_the_binding_replaces_nothing_that_stands_on_it(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(pair())

        preview = stack.preview(pair(timeout_seconds=299))

        assert preview.changes == {"update": 2, "same": 1}


def test_a_region_left_out_stays_whatever_a_runner_says(stack: Stack, emulator: RunningEmulator) -> None:
    stack.up(pair())
    stack.change_environment(TENCENTCLOUD_REGION="ap-shanghai")
    emulator.clear_requests()

    assert stack.up().changes == {"same": 3}
    assert stack.preview(refresh=True, expect_no_changes=True).succeeded
    assert write_calls(emulator) == []


@pytest.mark.thorough
@pytest.mark.parametrize("runner", ["ap-shanghai", None])
def test_a_region_left_out_stays_through_a_replacement(
    stack: Stack, emulator: RunningEmulator, noisy_audio: bytes, runner: str | None
) -> None:
    emulator.put_object(REGION, BUCKET, "voice.mp3", noisy_audio)

    def in_order(value: str) -> Program:
        def program() -> None:
            audio = AsrBucketBinding("audio", bucket=BUCKET, opts=pulumi.ResourceOptions(replacement_trigger=value))
            NoiseReductionJob(
                "clean", bucket=audio.bucket, input_object="voice.mp3", output_object="voice.wav", triggers=[value]
            )

        return program

    assert stack.up(in_order("one")).succeeded
    stack.change_environment(TENCENTCLOUD_REGION=runner)

    up = stack.up(in_order("two"))

    assert up.succeeded, up.text
    assert [resource["outputs"]["region"] for resource in stack.resources().values()] == [REGION, REGION]
    assert len(emulator.state()["jobs"]) == 2


class TestTogether:
    @staticmethod
    def unlinked() -> None:
        AsrBucketBinding("audio", bucket=BUCKET)
        CiBucketBinding("binding", bucket=BUCKET)

    @pytest.mark.thorough
    def test_without_a_dependency_they_converge_in_one_up_and_do_not_flap(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        assert stack.up(self.unlinked).succeeded

        assert (bucket_state(emulator)["ci"], bucket_state(emulator)["asr"]) == ("on", "on")
        assert stack.preview(refresh=True, expect_no_changes=True).succeeded
        assert [stack.outputs_of(name)["adopted"] for name in ("audio", "binding")] == [False, False]

    def test_without_a_dependency_destroy_says_what_to_declare_and_converges(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        stack.up(self.unlinked)
        # The binding is looked at while Smart Audio is still on.
        emulator.add_fault(method="DELETE", path="/asrbucket", times=1, effect="before", action={"delay": 1.5})

        destroy = stack.destroy()

        assert not destroy.succeeded
        assert any("bucket=binding.bucket" in line for line in destroy.errors())
        assert stack.destroy().succeeded
        assert bucket_state(emulator)["ci"] == "off"

    def test_with_a_dependency_destroy_orders_itself(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(pair())
        emulator.clear_requests()

        assert stack.destroy().succeeded
        assert write_calls(emulator) == [DISABLE, UNBIND]


class TestPermissions:
    @pytest.mark.parametrize(
        ("method", "path", "action"),
        [
            ("GET", "/", "ci:DescribeCIBuckets on every resource (*)"),
            ("PUT", "/", "ci:CreateCIBucket"),
            ("POST", "/asrbucket", "ci:CreateAsrBucket"),
            ("GET", "/asrbucket", "ci:DescribeAsrBuckets on every resource (*)"),
        ],
    )
    @pytest.mark.parametrize("status", [401, 403])
    def test_the_missing_action_is_named(
        self, stack: Stack, emulator: RunningEmulator, method: str, path: str, action: str, status: int
    ) -> None:
        emulator.add_fault(
            method=method, path=path, times=99, effect="before", action={"status": status, "code": "AccessDenied"}
        )

        up = stack.up(pair())

        assert not up.succeeded
        assert any(f"grant {action}" in line for line in up.errors())

    def test_unbinding_names_its_action(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding())
        emulator.add_fault(
            method="PUT", path="/", times=9, effect="before", action={"status": 403, "code": "AccessDenied"}
        )

        destroy = stack.destroy()

        assert any("grant ci:DeleteCIBucket" in line for line in destroy.errors())


def test_a_bucket_that_is_an_output_of_another_resource_previews_without_a_complaint(
    stack: Stack, emulator: RunningEmulator
) -> None:
    def program() -> None:
        first = CiBucketBinding("binding", bucket=BUCKET)
        name = first.id.apply(lambda id_: id_.partition("/")[2])
        audio = AsrBucketBinding("audio", bucket=name)
        NoiseReductionJob(
            "clean", bucket=audio.bucket, input_object=name.apply(lambda n: f"{n}.mp3"), output_object="clean.wav"
        )

    preview = stack.preview(program)

    assert preview.changes == {"create": 4}
    assert emulator.requests() == []


class TestResourceOptions:
    def test_protect_keeps_it(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding(opts=pulumi.ResourceOptions(protect=True)))

        assert not stack.destroy().succeeded
        assert bucket_state(emulator)["ci"] == "on"

    @pytest.mark.thorough
    def test_retain_on_delete_leaves_it_on(self, stack: Stack, emulator: RunningEmulator) -> None:
        stack.up(binding(opts=pulumi.ResourceOptions(retain_on_delete=True)))

        assert stack.destroy().succeeded
        assert write_calls(emulator) == [BIND]

    def test_custom_timeouts_bound_the_wait(self, stack: Stack, emulator: RunningEmulator) -> None:
        emulator.change_settings(unbind_seconds=30)
        stack.up(binding(opts=pulumi.ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(delete="1s"))))

        destroy = stack.destroy()

        assert any("still unbinding after 1 s" in line for line in destroy.errors())


class TestBadInput:
    @pytest.mark.every_family
    def test_it_is_shown_on_its_property_in_preview_before_any_request(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        preview = stack.preview(binding(bucket="Recordings", on_destroy="leave"))

        assert not preview.succeeded
        assert "property bucket value {Recordings} has a problem: must be lower case" in preview.text
        assert "property onDestroy value {leave} has a problem" in preview.text
        assert emulator.requests() == []

    def test_what_may_be_private_is_named_and_not_printed(self, stack: Stack, emulator: RunningEmulator) -> None:
        def program() -> None:
            NoiseReductionJob(
                "clean", bucket=BUCKET, input_object="a.m3u8", output_object="b.wav", user_data="\u00fc-private"
            )

        preview = stack.preview(program)

        assert not preview.succeeded
        assert "property inputObject value {a.m3u8} has a problem" in preview.text
        assert "user_data must be printable ASCII" in preview.text
        assert "-private" not in preview.text
        assert emulator.requests() == []
