"""A runner of pipelines: it runs the shell steps of workflow files as they stand, in a checkout, with the real engine.

The tools of the two hosts, ``gh`` and ``curl``, are recorders here: nobody is told anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
import yaml

from tests.support import language_host
from tools.hermetic import engine_variables, foreign_names

GITHUB, GITLAB = Path(".github/workflows/pulumi.yml"), Path(".gitlab-ci.yml")

# A list of issues is empty until one was created.
_RECORDER = """#!/bin/sh
case "$*" in
  *"issue list"*) grep -c "issue create" "$TOLD" || true ;;
  *"--get"*) if grep -q "curl .*--data-urlencode title=" "$TOLD"; then echo '[{"iid": 1}]'; else echo '[]'; fi ;;
esac
printf '%s\\n' "$(basename "$0") $*" >> "$TOLD"
"""


Result = TypeVar("Result")


@dataclass(frozen=True)
class Ended:
    """How a script ended."""

    code: int
    text: str


class Runner:
    """A checkout of a project, and the machine that runs its pipelines.

    Args:
        folder: of the machine.
        project: to copy.
        engine: the folder of ``pulumi``.
        policies: the virtual environment of the project's policy pack.
        variables: what the pipeline is given, besides what the engine needs.
    """

    def __init__(self, folder: Path, project: Path, engine: Path, policies: Path, variables: Mapping[str, str]) -> None:
        self.checkout = Path(shutil.copytree(project, folder / "checkout"))
        tools = folder / "tools"
        language_host.install(tools)
        for name in ("gh", "curl"):
            (tools / name).write_text(_RECORDER, encoding="utf-8")
            (tools / name).chmod(0o755)
        (self.checkout / "venv").symlink_to(sys.prefix, target_is_directory=True)
        (self.checkout / "policy" / "venv").symlink_to(policies, target_is_directory=True)
        self.is_installed = False
        """Whether the project's packages were installed: one machine does it once here, and hosts do it in each job."""
        self._told = folder / "told"
        self._told.touch()
        path = os.pathsep.join([str(tools), str(engine), str(Path(sys.executable).parent), os.environ["PATH"]])
        foreign = foreign_names(os.environ)
        self._variables = {
            **{name: value for name, value in os.environ.items() if name not in foreign},
            **engine_variables(folder / "pulumi"),
            **variables,
            "PATH": path,
            "TOLD": str(self._told),
        }

    @property
    def told(self) -> list[str]:
        """What was told to people so far, as the commands that were to tell it."""
        return self._told.read_text(encoding="utf-8").splitlines()

    def run(self, script: str, **variables: str) -> Ended:
        """Run a script to its end."""
        process = self._start(script, variables)
        text, _ = process.communicate()
        return Ended(process.returncode, text)

    def run_until(self, script: str, happened: Callable[[], bool], **variables: str) -> None:
        """Run a script, and kill the machine with all that it runs as soon as something has happened."""
        process = self._start(script, variables)
        _await(process, happened)
        alive = psutil.Process(process.pid)
        for one in [*alive.children(recursive=True), alive]:
            one.kill()
        process.communicate()

    def run_beside(
        self, script: str, happened: Callable[[], bool], beside: Callable[[], Result]
    ) -> tuple[Ended, Result]:
        """Run a script, do something ``beside`` as soon as something has happened, and return both outcomes."""
        process = self._start(script, {})
        _await(process, happened)
        result = beside()
        text, _ = process.communicate()
        return Ended(process.returncode, text), result

    def _start(self, script: str, variables: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-e", "-c", script],
            cwd=self.checkout,
            env={**self._variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _await(process: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    while not happened():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def github_steps(project: Path, job: str) -> Iterator[tuple[str, str]]:
    """Yield the names and scripts of a job of the workflow."""
    steps = yaml.safe_load((project / GITHUB).read_text(encoding="utf-8"))["jobs"][job]["steps"]
    for step in steps:
        if "run" in step:
            assert "${{" not in step["run"], "expressions belong into variables: a shell would read them"
            yield step["name"], step["run"]


def gitlab_script(project: Path, job: str) -> str:
    """Return the script of a job, without what every job does before."""
    pipeline = yaml.safe_load((project / GITLAB).read_text(encoding="utf-8"))
    return "\n".join(pipeline[job]["script"])
