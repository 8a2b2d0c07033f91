"""Where engines are kept, and how one gets there: as one step, by one process at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.engine_install.errors import UnavailableError
from tools.engine_install.messages import HEARTBEAT_SECONDS, say
from tools.engine_install.probe import LAUNCHER, LAUNCHER_TEXT, is_engine

Fill = Callable[[Path, Path], None]
"""Fills a folder with at least ``pulumi``; the second folder is for whatever it needs meanwhile."""

_PARTIAL = ".partial-"


def cache() -> Path:
    """Return the folder of everything installed."""
    # A relative path must be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "pulumi-ci-audio"


@contextlib.contextmanager
def cache_locked() -> Iterator[None]:
    """Let one process at a time install. The kernel frees the lock of a process that dies."""
    folder = cache()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        said = -HEARTBEAT_SECONDS
        start = time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited = time.monotonic() - start
                if waited - said >= HEARTBEAT_SECONDS:
                    say(f"waiting for another process that installs the engine ({waited:.0f} s)")
                    said = waited
                time.sleep(0.1)
        yield


def install(place: Path, fill: Fill) -> None:
    """Make an engine's folder as one step: ``place`` appears complete or not at all.

    To be called with :func:`cache_locked` held, which makes every other half-done folder a dead process's.

    Args:
        place: the folder to make, within the cache.
        fill: puts at least ``pulumi`` into the folder given to it.

    Raises:
        UnavailableError: ``fill`` did, or what it made does not run.
    """
    for leftover in place.parent.glob(f"{_PARTIAL}*"):
        _remove(leftover)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=place.parent))  # beside, as a rename cannot cross file systems
    try:
        folder, scratch = partial / "engine", partial / "scratch"
        folder.mkdir()
        scratch.mkdir()
        fill(folder, scratch)
        launcher = folder / LAUNCHER
        if not launcher.exists():
            launcher.write_text(LAUNCHER_TEXT)
            launcher.chmod(0o755)
        if not is_engine(folder):
            raise UnavailableError("the engine it gave does not run here")
        if place.exists():  # but is no engine, or nobody would install one
            place.rename(partial / "broken")
        folder.rename(place)
    finally:
        _remove(partial)


def _remove(folder: Path) -> None:
    """Remove a folder as far as possible; Go's module cache makes its own read-only."""
    for parent, names, _ in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                Path(parent, name).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)
