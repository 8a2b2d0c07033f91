"""What an emulator remembers, in a file of its data folder, so that a restart loses nothing a client was told.

What is in the making is not kept: uploads in parts are begun again by their clients, and a job that was running runs
again. Faults, logs, callbacks and the settings of the command line are those of one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError

from pulumi_ci_audio.emulator.state.object_files import Remembered
from pulumi_ci_audio.emulator.state.records import Bucket
from pulumi_ci_audio.emulator.state.store import Store

try:
    import fcntl
except ModuleNotFoundError:  # on Windows, where nothing keeps a second emulator off
    fcntl = None  # type: ignore[assignment]

FILE = "emulator-state.json"

_UNFINISHED: Any = {"buckets": {"__all__": {"uploads": True, "jobs": {"__all__": {"outcome"}}}}}


@dataclass(frozen=True)
class _Document:
    advanced_seconds: float
    buckets: list[Bucket]
    objects: dict[str, Remembered]


class Snapshot:
    """The file that holds a store between two runs. To be used with the store's lock held.

    Args:
        data: the data folder.
    """

    def __init__(self, data: Path) -> None:
        self.file = data / FILE
        self._lock: IO[bytes] | None = None

    def claim(self) -> None:
        """Keep other emulators off the folder, until :meth:`release` or the end of the process.

        Raises:
            ValueError: another one serves it: two would overwrite what each of them remembers.
        """
        self._lock = self.file.with_suffix(".lock").open("wb")
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise ValueError(
                f"another emulator serves {self.file.parent}, so nothing was started: end it, or choose another folder"
            ) from None

    def release(self) -> None:
        """Let other emulators have the folder."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def save(self, store: Store) -> None:
        """Write what the store remembers, at once and whole.

        Raises:
            OSError: it cannot be written.
        """
        document = _Document(store.clock.advanced, store.remembered_buckets(), store.objects.remembered())
        scratch = self.file.with_suffix(".new")
        scratch.write_bytes(_adapter().dump_json(document, exclude=_UNFINISHED))
        scratch.replace(self.file)

    def load(self, store: Store) -> None:
        """Let the store remember what was saved; nothing where there is no file.

        Raises:
            ValueError: the file cannot be read.
        """
        try:
            document = _adapter().validate_json(self.file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            raise ValueError(
                f"{self.file} cannot be read, so nothing was started: delete it to begin anew with the objects alone"
            ) from error
        store.clock.advance(document.advanced_seconds)
        store.restore(bucket for bucket in document.buckets if store.objects.has_bucket(bucket.region, bucket.name))
        store.objects.remember(document.objects)


@cache
def _adapter() -> TypeAdapter[_Document]:
    return TypeAdapter(_Document)
