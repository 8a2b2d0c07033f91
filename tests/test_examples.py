"""Every example runs as it stands, on the real engine against the emulator."""

import re
import runpy
import shutil
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from pulumi import automation

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/Pulumi.yaml"))
REGION = "ap-chongqing"
BUCKET = "recordings-1250000000"


@dataclass(frozen=True)
class Needs:
    """What an example wants to be told, and to find in its bucket, besides the object its ``input`` names."""

    configuration: dict[str, str] = field(default_factory=lambda: {"bucket": BUCKET})
    objects: tuple[str, ...] = ()


# For examples that need more than the bucket's name.
NEEDS: dict[str, Needs] = {"template-and-jobs": Needs(objects=("raw/speech.mp3",))}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def example(request) -> Path:
    return request.param


@pytest.fixture
def project(example):
    return yaml.safe_load((example / "Pulumi.yaml").read_text())


@pytest.fixture
def stack(example, project, ci_audio_emulator, engine_on_path, monkeypatch, tmp_path):
    """The example's copy with its configuration and its recordings, as a user would have it."""
    needs = NEEDS.get(example.name, Needs())
    for variable, value in {
        **ci_audio_emulator.environment(region=REGION),
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        "PULUMI_CREDENTIAL_STORE": "plaintext",
    }.items():
        monkeypatch.setenv(variable, value)
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    recording = (ROOT / "tests" / "data" / "audio" / "speech-noisy.mp3").read_bytes()
    configured = {key: declared.get("default") for key, declared in project.get("config", {}).items()}
    configured.update(needs.configuration)
    for key in filter(None, (configured.get("input"), *needs.objects)):
        ci_audio_emulator.put_object(REGION, BUCKET, key, recording)
    folder = shutil.copytree(example, tmp_path / example.name)
    stack = automation.create_or_select_stack(
        "dev",
        project_name=project["name"],
        program=lambda: runpy.run_path(str(folder / "__main__.py")) and None,
        opts=automation.LocalWorkspaceOptions(work_dir=str(folder)),
    )
    for key, value in needs.configuration.items():
        stack.set_config(key, automation.ConfigValue(value))
    return stack


def test_it_runs_rests_and_goes(stack, ci_audio_emulator):
    up = stack.up(color="never")

    state = ci_audio_emulator.state()
    assert {job["state"] for job in state["jobs"]} == {"Success"}
    for job in state["jobs"]:
        assert ci_audio_emulator.get_object(job["output_region"], job["output_bucket"], job["output"])
    assert all(output.value is not None for output in up.outputs.values())
    assert set(stack.up(color="never").summary.resource_changes) == {"same"}
    assert ci_audio_emulator.state()["jobs"] == state["jobs"]

    stack.destroy(color="never")

    assert [(bucket["ci"], bucket["asr"]) for bucket in ci_audio_emulator.state()["buckets"]] == [("off", "off")]
    assert ci_audio_emulator.state()["templates"] == []


def test_its_project_declares_what_its_program_reads(example, project):
    program = (example / "__main__.py").read_text()
    read = set(re.findall(r'config\.(?:require|get)\w*\(\s*"(\w+)"', program))

    assert project["name"] == example.name
    assert project["description"]
    runtime = project["runtime"]
    assert (runtime if isinstance(runtime, str) else runtime["name"]) == "python"
    assert {key for key in project.get("config", {}) if ":" not in key} == read
    assert all(declared["description"] for declared in project.get("config", {}).values())


def test_its_requirements_are_those_of_this_version(example):
    lines = (example / "requirements.txt").read_text().splitlines()
    required = {requirement.name: requirement.specifier for requirement in map(Requirement, lines)}
    declared = re.search(r'^    "(pulumi>=.*)",$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert set(required) == {"pulumi", "pulumi-ci-audio"}
    assert required["pulumi"] == Requirement(declared[1]).specifier
    assert all(version(name) in specifier for name, specifier in required.items())


def test_its_readme_names_every_key_of_its_configuration(example, project):
    readme = (example / "README.md").read_text()

    assert [key for key in project.get("config", {}) if not re.search(rf"\b{key}\b", readme)] == []
