"""The project of the example, a cloud with its recording, and a machine that runs its pipelines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.pipelines import Runner
from tests.support.places import AUDIO, BUCKET, REGION, ROOT
from tests.support.policy_pack import environment_of

PROJECT = ROOT / "examples" / "gitops"

NewRunner = Callable[..., Runner]
"""Makes a machine with a checkout, where somebody has made the stack; variables are its pipeline's."""


@pytest.fixture
def cloud(ci_audio_emulator: RunningEmulator) -> RunningEmulator:
    """The cloud with the project's recording."""
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    ci_audio_emulator.put_object(REGION, BUCKET, "raw/speech.mp3", (AUDIO / "speech-noisy.mp3").read_bytes())
    return ci_audio_emulator


@pytest.fixture(scope="session")
def policies() -> Path:
    """The virtual environment that `pulumi install` makes for the policy pack."""
    return environment_of(PROJECT / "policy")


@pytest.fixture
def new_runner(tmp_path: Path, engine_folder: Path, policies: Path, cloud: RunningEmulator) -> NewRunner:
    """A function that makes the machine."""

    def make(**variables: str) -> Runner:
        given = {**cloud.environment(region=REGION), "STACK": "production", **variables}
        runner = Runner(tmp_path / "runner", PROJECT, engine_folder, policies, given)
        made = runner.run("pulumi stack init production")
        assert made.code == 0, made.text
        with (runner.checkout / "Pulumi.production.yaml").open("a", encoding="utf-8") as file:
            file.write(f"config:\n  gitops:bucket: {BUCKET}\n")
        return runner

    return make


@pytest.fixture
def runner(new_runner: NewRunner) -> Runner:
    """A machine whose state is on its own disk."""
    return new_runner()
