"""The tools as a user starts them: each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.support.places import ROOT


def start_tool(
    name: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start ``python -m tools.<name>`` from the root of the repository.

    Args:
        name: of the tool.
        arguments: for it.
        environment: what it gets; this process's if it is ``None``.
    """
    return subprocess.Popen(
        [sys.executable, "-m", f"tools.{name}", *arguments],
        cwd=ROOT,
        env=os.environ if environment is None else environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_tool(name: str, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a tool to its end, and return its status, what it printed, and what it printed of errors."""
    with start_tool(name, *arguments, environment=environment) as process:
        output, errors = process.communicate()
    return process.returncode, output, errors
