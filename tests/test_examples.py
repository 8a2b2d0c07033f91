"""Every example runs as it stands, on the real engine against the emulator."""

from __future__ import annotations

import re
import runpy
import shutil
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from pulumi import automation

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.emulators import job_states
from tests.support.places import AUDIO, BUCKET, REGION, ROOT
from tools.hermetic import engine_variables

pytestmark = pytest.mark.engine

FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/Pulumi.yaml"))


@dataclass(frozen=True)
class Needs:
    """What an example wants to be told, and to find in its bucket, besides the object its ``input`` names."""

    configuration: dict[str, str] = field(default_factory=lambda: {"bucket": BUCKET})
    objects: tuple[str, ...] = ()


# For examples that need more than the bucket's name.
NEEDS: dict[str, Needs] = {"template-and-jobs": Needs(objects=("raw/speech.mp3",))}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def example(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def project(example: Path) -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load((example / "Pulumi.yaml").read_text(encoding="utf-8"))
    return declared


@pytest.fixture
def stack(
    example: Path,
    project: dict[str, Any],
    ci_audio_emulator: RunningEmulator,
    engine_on_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> automation.Stack:
    """The example's copy with its configuration and its recordings, as a user would have it."""
    needs = NEEDS.get(example.name, Needs())
    variables = {**engine_variables(tmp_path / "pulumi"), **ci_audio_emulator.environment(region=REGION)}
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    recording = (AUDIO / "speech-noisy.mp3").read_bytes()
    configured = {key: declared.get("default") for key, declared in project.get("config", {}).items()}
    configured.update(needs.configuration)
    for key in filter(None, (configured.get("input"), *needs.objects)):
        ci_audio_emulator.put_object(REGION, BUCKET, key, recording)
    folder = shutil.copytree(example, tmp_path / example.name)

    def run_program() -> None:
        runpy.run_path(str(folder / "__main__.py"))

    stack = automation.create_stack(
        "dev",
        project_name=project["name"],
        program=run_program,
        opts=automation.LocalWorkspaceOptions(work_dir=str(folder)),
    )
    for key, value in needs.configuration.items():
        stack.set_config(key, automation.ConfigValue(value))
    return stack


def test_example_runs_rests_and_goes(stack: automation.Stack, ci_audio_emulator: RunningEmulator) -> None:
    up = stack.up(color="never")

    state = ci_audio_emulator.state()
    assert set(job_states(ci_audio_emulator)) == {"Success"}
    for job in state["jobs"]:
        assert ci_audio_emulator.get_object(job["output_region"], job["output_bucket"], job["output"])
    assert all(output.value is not None for output in up.outputs.values())
    assert set(stack.up(color="never").summary.resource_changes or ()) == {"same"}
    assert ci_audio_emulator.state()["jobs"] == state["jobs"]

    stack.destroy(color="never")

    assert [(bucket["ci"], bucket["asr"]) for bucket in ci_audio_emulator.state()["buckets"]] == [("off", "off")]
    assert ci_audio_emulator.state()["templates"] == []


def test_example_project_declares_what_its_program_reads(example: Path, project: dict[str, Any]) -> None:
    program = (example / "__main__.py").read_text()
    read = set(re.findall(r'config\.(?:require|get)\w*\(\s*"(\w+)"', program))

    assert project["name"] == example.name
    assert project["description"]
    runtime = project["runtime"]
    assert (runtime if isinstance(runtime, str) else runtime["name"]) == "python"
    assert {key for key in project.get("config", {}) if ":" not in key} == read
    assert all(declared["description"] for declared in project.get("config", {}).values())


def test_example_requirements_are_those_of_this_version(example: Path) -> None:
    lines = (example / "requirements.txt").read_text().splitlines()
    required = {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}
    declared = re.search(r'^    "(pulumi>=.*)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert declared is not None
    assert set(required) == {"pulumi", "pulumi-ci-audio"}
    assert required["pulumi"] == Requirement(declared[1]).specifier
    assert all(version(name) in specifier for name, specifier in required.items())


def test_example_readme_names_every_key_of_its_configuration(example: Path, project: dict[str, Any]) -> None:
    readme = (example / "README.md").read_text()

    assert [key for key in project.get("config", {}) if not re.search(rf"\b{key}\b", readme)] == []
