"""`pulumi import` of what is there already, and the ways from dynamic resources to those of the plugin."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic.alias_generators import to_snake

from pulumi_ci_audio import native, resources
from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support import language_host
from tests.support.emulators import write_calls
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.stacks import Stack

pytestmark = pytest.mark.engine

PLACE = f"{REGION}/{BUCKET}"
FOLDER: dict[str, Any] = {"input_prefix": "raw/", "output_prefix": "folder/", "output_extension": "mp3"}


@pytest.fixture(autouse=True)
def recording(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)


@pytest.fixture
def importing(stack: Stack, tmp_path: Path) -> Stack:
    """A stack whose engine finds what it needs to import."""
    language_host.install(tmp_path / "host")
    stack.prepend_to_path(tmp_path / "host")
    return stack


def import_one(stack: Stack, kind: str, name: str, id_: str) -> str:
    """Run ``pulumi import``, and return the declaration it wrote."""
    return run_import(stack, f"ci-audio:index:{kind}", name, id_)


def import_all(stack: Stack, resources: dict[str, dict[str, Any]]) -> str:
    """Run it once, with a file that names every resource by the plugin's type, and return the declarations."""
    named = [
        {"type": f"ci-audio:index:{kind_of(resource)}", "name": name, "id": resource["id"]}
        for name, resource in resources.items()
    ]
    file = stack.folder / "resources.json"
    file.write_text(json.dumps({"resources": named}), encoding="utf-8")
    return run_import(stack, "--file", str(file))


def run_import(stack: Stack, *arguments: str) -> str:
    written = stack.folder / "written.txt"
    options = ("--yes", "--non-interactive", "--skip-preview", "--protect=false", "--out", str(written))
    stack.cli("import", *arguments, *options)
    return written.read_text(encoding="utf-8")


def kind_of(resource: dict[str, Any]) -> str:
    kind: str = resource["type"].rpartition(":")[2]
    return kind


def declare_dynamic(triggers: list[Any]) -> None:
    """Declare one of each kind, of the dynamic family."""
    binding = resources.CiBucketBinding("binding", bucket=BUCKET)
    audio = resources.AsrBucketBinding("audio", bucket=binding.bucket)
    voices = resources.NoiseReductionTemplate("voices", bucket=audio.bucket, template_name="voices", format="mp3")
    resources.NoiseReductionBatch("folder", bucket=audio.bucket, template_id=voices.template_id, **FOLDER)
    resources.NoiseReductionJob(
        "clean", bucket=audio.bucket, input_object=RAW, output_object=CLEAN, triggers=triggers, user_data="mine"
    )


def declare_native(triggers: list[Any], ids: dict[str, str] | None = None) -> None:
    """Declare the same of the plugin's family, and import what ``ids`` name."""

    def opts(name: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(import_=(ids or {}).get(name))

    binding = native.CiBucketBinding("binding", bucket=BUCKET, opts=opts("binding"))
    audio = native.AsrBucketBinding("audio", bucket=binding.bucket, opts=opts("audio"))
    voices = native.NoiseReductionTemplate(
        "voices", bucket=audio.bucket, template_name="voices", format="mp3", opts=opts("voices")
    )
    native.NoiseReductionBatch(
        "folder", bucket=audio.bucket, template_id=voices.template_id, opts=opts("folder"), **FOLDER
    )
    native.NoiseReductionJob(
        "clean",
        bucket=audio.bucket,
        input_object=RAW,
        output_object=CLEAN,
        triggers=triggers,
        user_data="mine",
        opts=opts("clean"),
    )


def test_the_program_that_is_written_for_every_kind_changes_nothing_and_destroying_it_leaves_bindings_on(
    new_stack: NewStack, importing: Stack, emulator: RunningEmulator
) -> None:
    first = new_stack("first")
    assert first.up(lambda: declare_dynamic([1])).succeeded
    others = first.resources()
    binding = others.pop("binding")

    written = import_one(importing, kind_of(binding), "binding", binding["id"]) + import_all(importing, others)

    def program() -> None:
        for declared in language_host.declarations_of(written):
            inputs = {to_snake(name): value for name, value in declared.inputs.items()}
            getattr(native, declared.kind)(declared.name, **inputs)

    emulator.clear_requests()
    assert len(language_host.declarations_of(written)) == 1 + len(others)
    assert importing.preview(program, expect_no_changes=True).succeeded
    assert importing.preview(refresh=True, expect_no_changes=True).succeeded
    assert importing.destroy().succeeded
    (bucket,) = emulator.state()["buckets"]
    assert (bucket["ci"], bucket["asr"]) == ("on", "on")
    assert not any("unbind" in call or "asrbucket" in call for call in write_calls(emulator))


@pytest.mark.parametrize(
    ("kind", "id_", "said"),
    [
        ("CiBucketBinding", "bogus", "the id of a CiBucketBinding must look like ap-chongqing/recordings-1250000000"),
        ("CiBucketBinding", f"{REGION}/nowhere-1250000000", "does not exist"),
        ("NoiseReductionJob", PLACE, "the id of a NoiseReductionJob must look like"),
        ("NoiseReductionJob", f"{PLACE}/j1", "does not exist"),
        ("NoiseReductionTemplate", f"{PLACE}/t1", "does not exist"),
        ("NoiseReductionBatch", f"{PLACE}/raw/", "does not exist"),
    ],
)
def test_an_id_that_nothing_has_is_one_line(
    importing: Stack, emulator: RunningEmulator, kind: str, id_: str, said: str
) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")

    with pytest.raises(subprocess.CalledProcessError) as failed:
        import_one(importing, kind, "resource", id_)

    lines = [line for line in failed.value.stdout.splitlines() if said in line]
    assert lines, failed.value.stdout
    assert "Traceback" not in failed.value.stdout


class TestFromDynamicToNative:
    def test_with_the_command_nothing_is_switched_off_and_nothing_is_paid_twice(
        self, importing: Stack, emulator: RunningEmulator
    ) -> None:
        assert importing.up(lambda: declare_dynamic([1])).succeeded
        old = importing.resources()
        emulator.clear_requests()

        import_all(importing, old)
        self._forget(importing, old)
        up = importing.up(lambda: declare_native([1]))

        assert up.succeeded, up.text
        assert "replace" not in up.changes
        self._nothing_happened(importing, emulator)

    @pytest.mark.thorough
    def test_with_the_option_nothing_is_switched_off_and_nothing_is_paid_twice(
        self, stack: Stack, emulator: RunningEmulator
    ) -> None:
        assert stack.up(lambda: declare_dynamic([])).succeeded
        old = stack.resources()
        emulator.clear_requests()

        self._forget(stack, old)
        up = stack.up(lambda: declare_native([], {name: resource["id"] for name, resource in old.items()}))

        assert up.succeeded, up.text
        assert up.changes["import"] == len(old)
        stack.program = lambda: declare_native([])
        self._nothing_happened(stack, emulator)

    @staticmethod
    def _forget(stack: Stack, old: dict[str, dict[str, Any]]) -> None:
        for resource in reversed(old.values()):
            stack.cli("state", "delete", resource["urn"], "--yes")

    @staticmethod
    def _nothing_happened(stack: Stack, emulator: RunningEmulator) -> None:
        assert stack.up().changes == {"same": 6}
        assert write_calls(emulator) == []
        assert len(emulator.state()["jobs"]) == 2  # the job, and the one recording of the batch
        assert {resource["type"].partition(":")[0] for resource in stack.resources().values()} == {"ci-audio"}


def test_a_resource_that_is_there_can_be_read_without_being_managed(stack: Stack, emulator: RunningEmulator) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on")

    def program() -> None:
        found = native.CiBucketBinding.get("found", PLACE)
        pulumi.export("status", found.status)
        pulumi.export("bucket", found.bucket)
        pulumi.export("region", found.region)

    assert stack.up(program).outputs == {"status": "on", "bucket": BUCKET, "region": REGION}
    assert stack.destroy().succeeded
    assert write_calls(emulator) == []
