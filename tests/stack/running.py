"""An operation of the engine while it runs, and the processes behind it."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

PATIENCE_SECONDS = 30


def until(condition, what):
    """Return what ``condition`` returns once that is something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come about in {PATIENCE_SECONDS} s")


class Running:
    """Runs an operation of a stack beside the test; whatever it started is ended when the block is left."""

    def __init__(self, operation, *arguments, **options):
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
        return until(lambda: self._find("up", "refresh", "destroy", "preview"), "the engine")

    def provider(self):
        """The process of the dynamic providers."""
        return until(lambda: self._find("pulumi.dynamic"), "the provider")

    def outcome(self):
        """What the operation came to, waiting for its end."""
        return self._future.result(PATIENCE_SECONDS)

    def is_over(self):
        return self._future.done()

    def _find(self, *words):
        for process in psutil.Process().children(recursive=True):
            try:
                line = process.cmdline()
            except psutil.Error:
                continue
            is_wanted = "pulumi.dynamic" in line if "pulumi.dynamic" in words else _is_engine(line, words)
            if is_wanted and process.status() != psutil.STATUS_ZOMBIE:
                self._seen.append(process)
                return process
        return None


def _is_engine(line, words):
    return bool(line) and Path(line[0]).name == "pulumi" and any(word in line for word in words)


def kill(process):
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return


def interrupt(process):
    process.send_signal(signal.SIGINT)
