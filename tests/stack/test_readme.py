"""The README keeps its promises: its generated parts are current, and its programs run."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import load_tool
from tests.stack.conftest import REGION

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
PROGRAM, TEST = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_generated_parts_are_current():
    assert load_tool("reference").current(TEXT) == TEXT


@pytest.mark.engine
def test_the_example_program_runs(stack, emulator, noisy_audio, tmp_path):
    emulator.put_object(REGION, "recordings-1250000000", "raw/voice.mp3", noisy_audio)
    path = tmp_path / "__main__.py"
    path.write_text(PROGRAM, encoding="utf-8")

    up = stack.up(lambda: runpy.run_path(str(path)))

    assert up.succeeded, up.text
    assert up.outputs["cleaned"].endswith("/clean/voice.wav")


@pytest.mark.engine
def test_the_example_test_passes_on_its_own(engine_on_path, tmp_path):
    path = tmp_path / "test_mine.py"
    path.write_text(TEST, encoding="utf-8")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout


def test_every_setting_that_is_read_is_documented():
    from pulumi_ci_audio.api import credentials, settings  # noqa: PLC0415  read for their names alone

    names = [*settings.CONFIGURATION_KEYS, *settings.REGION_VARIABLES, settings.ENDPOINT_VARIABLE]
    names += [settings.READ_TIMEOUT_VARIABLE, settings.SETTLE_VARIABLE]
    names += [credentials.ROLE_ARN_VARIABLE, credentials.ROLE_SESSION_VARIABLE, credentials.INSTANCE_ROLE_VARIABLE]

    assert [name for name in names if name not in TEXT] == []


def test_every_permission_that_an_operation_needs_is_documented():
    from pulumi_ci_audio.api.operations import OPERATIONS  # noqa: PLC0415  read for its table alone

    needed = {action for operation in OPERATIONS for action in operation.action.split(" and ")}

    assert sorted(action for action in needed if f"`{action}`" not in TEXT) == []
