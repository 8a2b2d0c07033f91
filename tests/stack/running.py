"""An operation of the engine while it runs, and the processes behind it."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

PATIENCE_SECONDS = 30
OPERATIONS = {"up", "refresh", "destroy", "preview"}


def until(condition, what):
    """Return what ``condition`` returns once that is something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about in {PATIENCE_SECONDS} s")


class Running:
    """Runs an operation of a stack beside the test; whatever it started is ended when the block is left.

    Other stacks may run in the same process: theirs are told apart by the folder they work in.
    """

    def __init__(self, operation, *arguments, **options):
        self._folder = str(operation.__self__.folder)
        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(operation, *arguments, **options)
        self._seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self._seen:
            kill(process)
        self._pool.shutdown()

    def engine(self):
        """The engine's process."""
        return until(self.engine_now, "the engine")

    def provider(self):
        """The process of the dynamic providers."""
        return until(self.provider_now, "the provider")

    def engine_now(self):
        """The engine's process, or ``None`` where there is none at this moment."""
        return self._find(psutil.Process(), self._is_engine)

    def provider_now(self):
        """The provider's process, or ``None`` where there is none at this moment."""
        engine = self.engine_now()
        return self._find(engine, _is_provider) if engine else None

    def outcome(self):
        """What the operation came to, waiting for its end."""
        return self._future.result(PATIENCE_SECONDS)

    def is_over(self):
        return self._future.done()

    def _find(self, parent, is_wanted):
        try:
            processes = parent.children(recursive=True)
        except psutil.Error:
            return None
        for process in processes:
            try:
                if is_wanted(process) and process.status() != psutil.STATUS_ZOMBIE:
                    self._seen.append(process)
                    return process
            except psutil.Error:
                continue
        return None

    def _is_engine(self, process):
        line = process.cmdline()
        is_pulumi = bool(line) and Path(line[0]).name == "pulumi"
        return is_pulumi and bool(OPERATIONS & set(line)) and process.cwd() == self._folder


def _is_provider(process):
    return "pulumi.dynamic" in process.cmdline()


def kill(process):
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def interrupt(process):
    process.send_signal(signal.SIGINT)
