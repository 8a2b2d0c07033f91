"""The emulator as a server of one test, or of several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator
from tests.support.places import BUCKET, REGION


@contextmanager
def running_emulator(data: Path, **options: Any) -> Iterator[RunningEmulator]:
    """Yield an emulator that listens on a free port, with its buckets in the folder ``data``.

    Args:
        data: where the objects go; made if it is missing, and not removed.
        options: those of :class:`pulumi_ci_audio.emulator.Emulator`.
    """
    emulator = Emulator(data=data, **options)
    try:
        with EmulatorServer(emulator) as server:
            yield RunningEmulator(server, emulator)
    finally:
        emulator.close()


def write_calls(emulator: RunningEmulator) -> list[str]:
    """Return the requests that changed or might have changed something, as ``METHOD path?query``."""
    return [
        f"{entry['method']} {entry['path']}" + (f"?{entry['query']}" if entry["query"] else "")
        for entry in emulator.requests()
        if entry["method"] in {"PUT", "POST", "DELETE"}
    ]


def job_states(emulator: RunningEmulator) -> list[str]:
    """Return the states of the jobs, oldest first."""
    return [job["state"] for job in emulator.state()["jobs"]]


def stored_object(emulator: RunningEmulator, key: str) -> bytes:
    """Return the content of an object in the tests' bucket, where there must be one."""
    content = emulator.get_object(REGION, BUCKET, key)
    assert content is not None, f"there is no object {key}"
    return content
