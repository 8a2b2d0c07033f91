"""Every example runs as it stands, on the real engine against the emulator."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from pulumi import automation

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.documents import commands_in
from tests.support.emulators import job_states, running_emulator
from tests.support.node import modules_of, node_command
from tests.support.places import AUDIO, BUCKET, REGION, ROOT
from tools.hermetic import engine_variables

pytestmark = pytest.mark.engine

FOLDERS = sorted(path.parent for path in (ROOT / "examples").glob("*/__main__.py"))
DEPLOYED_BY_PIPELINES = "gitops"  # runs in tests/gitops
OTHER_REGION, OTHER_KEY = "ap-guangzhou", {"secret_id": "AKIDother", "secret_key": "other"}


@dataclass(frozen=True)
class Needs:
    """What an example wants to be told, and to find in its bucket, besides the object its ``input`` names."""

    configuration: dict[str, str] = field(default_factory=lambda: {"bucket": BUCKET})
    objects: tuple[str, ...] = ()
    buckets: tuple[tuple[str, str], ...] = ((REGION, BUCKET),)


# For examples that need more than the bucket's name.
NEEDS: dict[str, Needs] = {
    "folder": Needs(objects=("raw/speech.mp3", "raw/deep/other.mp3")),
    "many-regions": Needs(
        {"prefix": "recordings", "appid": "1250000000"},
        buckets=tuple((region, f"recordings-{region}-1250000000") for region in ("ap-chongqing", "ap-shanghai")),
    ),
    "template-and-jobs": Needs(objects=("raw/speech.mp3",)),
    "native": Needs(
        {
            "bucket": BUCKET,
            "otherBucket": "archive-1260000000",
            "otherSecretId": OTHER_KEY["secret_id"],
            "otherSecretKey": OTHER_KEY["secret_key"],
        }
    ),
}
SECRET_KEYS = {"otherSecretKey"}


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def example(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param
    return folder


@pytest.fixture
def project(example: Path) -> dict[str, Any]:
    declared: dict[str, Any] = yaml.safe_load((example / "Pulumi.yaml").read_text(encoding="utf-8"))
    return declared


@pytest.fixture
def other_account(tmp_path: Path) -> Iterator[RunningEmulator]:
    """An account with another key, which nobody else can sign for."""
    with running_emulator(tmp_path / "other", **OTHER_KEY) as emulator:
        emulator.put_bucket(OTHER_REGION, "archive-1260000000")
        yield emulator


@pytest.fixture
def stack(
    example: Path,
    project: dict[str, Any],
    ci_audio_emulator: RunningEmulator,
    other_account: RunningEmulator,
    engine_on_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> automation.Stack:
    """The example's copy with its configuration and its recordings, as a user would have it."""
    needs = NEEDS.get(example.name, Needs())
    variables = {**engine_variables(tmp_path / "pulumi"), **ci_audio_emulator.environment(region=REGION)}
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    for region, bucket in needs.buckets:
        ci_audio_emulator.put_bucket(region, bucket)
    recording = (AUDIO / "speech-noisy.mp3").read_bytes()
    configured = {key: declared.get("default") for key, declared in project.get("config", {}).items()}
    configuration = dict(needs.configuration)
    if "otherEndpoint" in configured:
        configuration["otherEndpoint"] = other_account.url
    configured.update(configuration)
    for key in filter(None, (configured.get("input"), *needs.objects)):
        for region, bucket in needs.buckets:
            ci_audio_emulator.put_object(region, bucket, key, recording)
    folder = with_environment(shutil.copytree(example, tmp_path / example.name))

    def run_program() -> None:
        runpy.run_path(str(folder / "__main__.py"))

    stack = automation.create_stack(
        "dev",
        project_name=project["name"],
        program=run_program,
        opts=automation.LocalWorkspaceOptions(work_dir=str(folder)),
    )
    for key, value in configuration.items():
        stack.set_config(key, automation.ConfigValue(value, secret=key in SECRET_KEYS))
    return stack


def with_environment(folder: Path) -> Path:
    """Return the folder of a project, with the virtual environment that its README makes."""
    (folder / "venv").symlink_to(sys.prefix, target_is_directory=True)
    return folder


def examples_but(*names: str) -> pytest.MarkDecorator:
    """Run a test for the examples that are not run as their READMEs say, in tests of their own."""
    folders = [folder for folder in FOLDERS if folder.name not in names]
    return pytest.mark.parametrize("example", folders, ids=lambda folder: folder.name, indirect=True)


@examples_but("quickstart", DEPLOYED_BY_PIPELINES)
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

    assert {(bucket["ci"], bucket["asr"]) for bucket in ci_audio_emulator.state()["buckets"]} == {("off", "off")}
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


@examples_but(DEPLOYED_BY_PIPELINES)
def test_example_readme_configures_what_its_program_requires(
    example: Path, project: dict[str, Any], engine_on_path: Path, tmp_path: Path
) -> None:
    typed = commands_in(f"examples/{example.name}/README.md")
    configuring = [line for line in typed[: typed.index("pulumi up")] if line.startswith("pulumi ")]
    folder = tmp_path / example.name
    folder.mkdir()
    shutil.copy(example / "Pulumi.yaml", folder)

    asked = subprocess.run(
        ["bash", "-ec", "\n".join([*configuring, "pulumi config --json"])],
        cwd=folder,
        env={**os.environ, **engine_variables(tmp_path / "pulumi")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert asked.returncode == 0, asked.stderr
    configured = {name.removeprefix(f"{project['name']}:") for name in json.loads(asked.stdout)}
    required = {key for key, declared in project.get("config", {}).items() if "default" not in declared}
    assert required <= configured


TYPESCRIPT = ROOT / "examples" / "typescript"


@pytest.fixture(scope="module")
def node() -> list[str]:
    """The command of Node.js."""
    return node_command()


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """What `npm install` makes of the example's packages."""
    return modules_of(TYPESCRIPT)


class TestTypeScript:
    # The host for Node.js is in no registry of packages; its Automation API brings its own.
    DRIVER = """
const { LocalWorkspace } = require("@pulumi/pulumi/automation");

const index = require.resolve("./built/index.js");

async function program() {
    delete require.cache[index];  // every run evaluates it anew
    return require(index);
}

async function main() {
    const args = { stackName: "dev", projectName: "typescript", program };
    const stack = await LocalWorkspace.createStack(args, { workDir: __dirname });
    await stack.setConfig("bucket", { value: process.env.BUCKET });
    await stack.setConfig("input", { value: "raw/speech.mp3" });
    const up = await stack.up();
    const again = await stack.up();
    await stack.destroy();
    console.log(JSON.stringify({ outputs: up.outputs, again: again.summary.resourceChanges }));
}

main().catch((error) => { console.error(error); process.exit(1); });
"""

    def test_example_is_typed_runs_rests_and_goes(
        self,
        node: list[str],
        node_modules: Path,
        engine_on_path: Path,
        ci_audio_emulator: RunningEmulator,
        tmp_path: Path,
    ) -> None:
        ci_audio_emulator.put_bucket(REGION, BUCKET)
        recording = (AUDIO / "speech-noisy.mp3").read_bytes()
        ci_audio_emulator.put_object(REGION, BUCKET, "raw/speech.mp3", recording)
        folder = with_environment(shutil.copytree(TYPESCRIPT, tmp_path / "typescript"))
        (folder / "node_modules").symlink_to(node_modules, target_is_directory=True)
        (folder / "driver.js").write_text(self.DRIVER, encoding="utf-8")
        variables = {**engine_variables(tmp_path / "pulumi"), **ci_audio_emulator.environment(region=REGION)}

        def run(*arguments: str) -> str:
            ended = subprocess.run(
                [*node, *arguments],
                cwd=folder,
                env={**os.environ, **variables, "BUCKET": BUCKET},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, ended.stdout + ended.stderr
            return ended.stdout

        run("node_modules/typescript/bin/tsc", "--noEmit", "false", "--outDir", "built", "--project", ".")
        outcome = json.loads(run("driver.js").splitlines()[-1])

        assert outcome["outputs"]["state"]["value"] == "Success"
        assert outcome["outputs"]["cleanedUrl"]["value"].endswith("/clean/speech.wav")
        assert outcome["again"] == {"same": 4}
        assert job_states(ci_audio_emulator) == ["Success"]
        assert [(bucket["ci"], bucket["asr"]) for bucket in ci_audio_emulator.state()["buckets"]] == [("off", "off")]
