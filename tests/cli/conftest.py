"""The command line, run in this process against an emulator."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from pulumi_ci_audio.cli import main
from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.places import REGION

Run = Callable[..., Result]


@pytest.fixture
def emulator(ci_audio_emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> RunningEmulator:
    """A running emulator that the environment names, with its key."""
    for variable, value in ci_audio_emulator.environment(region=REGION).items():
        monkeypatch.setenv(variable, value)
    return ci_audio_emulator


@pytest.fixture
def run() -> Run:
    """A function that runs the command with arguments."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert "\x1b" not in result.output, "no colours where there is no terminal"
        return result

    return invoke
