"""The README keeps its promises: its program runs, and so does its test."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.places import BUCKET, RAW, REGION, ROOT
from tests.support.stacks import Stack

pytestmark = pytest.mark.engine

PROGRAM, TEST = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_example_program_runs(stack: Stack, emulator: RunningEmulator, noisy_audio: bytes, tmp_path: Path) -> None:
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)
    path = tmp_path / "__main__.py"
    path.write_text(PROGRAM, encoding="utf-8")

    up = stack.up(lambda: runpy.run_path(str(path)))

    assert up.succeeded, up.text
    assert up.outputs["cleaned"].endswith("/clean/voice.wav")


def test_example_test_passes_on_its_own(engine_on_path: Path, tmp_path: Path) -> None:
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
