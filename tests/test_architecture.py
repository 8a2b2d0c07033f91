"""The layers of the package, checked on every import."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_point_down_the_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[1])

    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_the_plugin_for_pytest_loads_nothing_heavy() -> None:
    heavy = "pulumi av h11 lxml pydantic requests"
    code = (
        f"import sys, pulumi_ci_audio.emulator.pytest_plugin\nprint(sorted(set('{heavy}'.split()) & set(sys.modules)))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert loaded.strip() == "[]"
