"""One long command of a build: bounded, with signs of life, ended with all it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.engine_install.errors import UnavailableError
from tools.engine_install.messages import HEARTBEAT_SECONDS, say

_LINES_TOLD = 10


def run_step(
    task: str,
    command: Sequence[str | Path],
    *,
    usual_seconds: int,
    limit_seconds: float,
    folder: Path,
    scratch: Path,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run ``command``, saying now and then that it still runs.

    Args:
        task: what it does, as told to the user.
        command: what to run.
        usual_seconds: how long it usually takes.
        limit_seconds: how long it may take.
        folder: where it runs.
        scratch: for what it prints.
        variables: what its environment has besides this process's.

    Raises:
        UnavailableError: it failed, with the end of what it printed, or it took too long.
    """
    say(f"{task} (about {usual_seconds} s)")
    start = time.monotonic()
    with (scratch / "output").open("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | dict(variables or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,  # a group of its own, to end compilers along with it
        )
        try:
            while (status := _wait(process)) is None:
                seconds = time.monotonic() - start
                if seconds > limit_seconds:
                    raise UnavailableError(f"{task} took longer than {limit_seconds:g} s")
                say(f"still {task} ({seconds:.0f} s of about {usual_seconds})")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if status != 0:
            output.seek(0)
            last = "\n".join(f"      {line}" for line in output.read().splitlines()[-_LINES_TOLD:])
            raise UnavailableError(f"{task} failed with exit status {status}:\n{last}")


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(HEARTBEAT_SECONDS)
    except subprocess.TimeoutExpired:
        return None
