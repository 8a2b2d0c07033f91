"""The command line, run in this process against an emulator."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pulumi_ci_audio.cli import main
from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.places import REGION
from tools.hermetic import engine_variables

Run = Callable[..., Result]


@pytest.fixture
def emulator(ci_audio_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> RunningEmulator:
    """A running emulator that the environment names, with its key."""
    for variable, value in ci_audio_emulator.environment(region=REGION).items():
        monkeypatch.setenv(variable, value)
    return ci_audio_emulator


@pytest.fixture
def stack_on_disk(engine_on_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that runs the engine in the folder of a project that has the stack ``dev``."""
    monkeypatch.chdir(tmp_path)
    for variable, value in engine_variables(tmp_path / "pulumi").items():
        monkeypatch.setenv(variable, value)
    (tmp_path / "Pulumi.yaml").write_text("name: recordings\nruntime: yaml\n")

    def pulumi(*arguments: str) -> None:
        subprocess.run([engine_on_path / "pulumi", *arguments], check=True, capture_output=True)

    pulumi("stack", "init", "dev")
    return pulumi


@pytest.fixture
def run() -> Run:
    """A function that runs the command with arguments."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "\x1b" not in result.output, "no colours where there is no terminal"
        return result

    return invoke
