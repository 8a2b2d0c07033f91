"""An operation of the engine while it runs, and the processes behind it."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
from typing_extensions import Self

from tests.support.polling import PATIENCE_SECONDS, until
from tests.support.stacks import Outcome, Stack

_OPERATIONS = frozenset({"up", "refresh", "destroy", "preview"})


class RunningOperation:
    """Runs an operation of a stack beside the test; whatever it started is ended when the block is left.

    Other stacks may run in the same process: theirs are told apart by the folder they work in.

    Args:
        stack: whose operation it is.
        operation: its name, such as ``up``.
        arguments: of the operation.
        options: of the engine's command.
    """

    def __init__(self, stack: Stack, operation: str, *arguments: Any, **options: Any) -> None:
        self._stack = stack
        self._pool = ThreadPoolExecutor(1)
        self._outcome: Future[Outcome] = self._pool.submit(getattr(stack, operation), *arguments, **options)
        self._seen: list[psutil.Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._seen:
            kill(process)
        self._pool.shutdown()

    def engine(self) -> psutil.Process:
        """Return the engine's process, waiting for it."""
        return until(self.find_engine, "the engine")

    def provider(self) -> psutil.Process:
        """Return the provider's process, waiting for it."""
        return until(self.find_provider, "the provider")

    def find_engine(self) -> psutil.Process | None:
        """Return the engine's process, or ``None`` where there is none at this moment."""
        return self._find(psutil.Process(), self._is_engine)

    def find_provider(self) -> psutil.Process | None:
        """Return the provider's process, or ``None`` where there is none at this moment."""
        engine = self.find_engine()
        return self._find(engine, _is_provider) if engine else None

    def outcome(self) -> Outcome:
        """Return what the operation came to, waiting for its end."""
        return self._outcome.result(PATIENCE_SECONDS)

    def is_over(self) -> bool:
        """Return whether it has ended."""
        return self._outcome.done()

    def wait_until_printed(self, text: str) -> None:
        """Wait until the engine has printed a line with ``text``."""
        until(lambda: any(text in line for line in self._stack.printed), f"the line {text!r}")

    def _find(self, parent: psutil.Process, is_wanted: Callable[[psutil.Process], bool]) -> psutil.Process | None:
        try:
            processes = parent.children(recursive=True)
        except psutil.Error:
            return None
        for process in processes:
            with contextlib.suppress(psutil.Error):
                if is_wanted(process) and process.status() != psutil.STATUS_ZOMBIE:
                    self._seen.append(process)
                    return process
        return None

    def _is_engine(self, process: psutil.Process) -> bool:
        line = process.cmdline()
        is_pulumi = bool(line) and Path(line[0]).name == "pulumi"
        return is_pulumi and not _OPERATIONS.isdisjoint(line) and process.cwd() == str(self._stack.folder)


def kill(process: psutil.Process) -> None:
    """Kill a process, if it still is there."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal.SIGKILL)


def end_processes_with(variable: str, value: str) -> None:
    """Kill the processes in whose environment a variable has a value that no other process was given."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(variable) == value:
                kill(process)


def interrupt(process: psutil.Process) -> None:
    """Do what Ctrl-C does."""
    process.send_signal(signal.SIGINT)


def is_running(process: psutil.Process) -> bool:
    """Return whether a process has not ended yet."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_provider(process: psutil.Process) -> bool:
    line = process.cmdline()
    return "pulumi.dynamic" in line or any(part.endswith("/pulumi-resource-ci-audio") for part in line)
