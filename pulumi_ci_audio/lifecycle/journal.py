"""A machine's journal of submissions, so that a killed process does not lose one.

A service may list a job, or a template, some seconds after it accepted it. A process that was killed in between
leaves no trace but this.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from pulumi_ci_audio.api.settings import home_folder

KEPT_SECONDS = 7 * 24 * 3600.0
"""How long an entry is kept. It is needed for about a minute; the rest is for debugging."""


@dataclass(frozen=True)
class Entry:
    """What this machine knows of a resource's submissions.

    Attributes:
        marker: of the last submission that was begun; empty where there is none.
        age_seconds: since it began.
        remote_id: the id in the service's answer; ``None`` where no answer was seen.
        given_up: the ids of the jobs that were given up for a new run that is not known yet.
    """

    marker: str
    age_seconds: float
    remote_id: str | None
    given_up: tuple[str, ...] = ()


class SubmissionJournal(Protocol):
    """Remembers the submissions of each resource, by its owner."""

    def find(self, owner: str) -> Entry | None:
        """Return what is known of the submissions of ``owner``."""

    def begin(self, owner: str, marker: str) -> None:
        """Note that a submission is about to be sent."""

    def accept(self, owner: str, marker: str, remote_id: str) -> None:
        """Note that it was accepted; what was given up for it need not be remembered any longer."""

    def withdraw(self, owner: str) -> None:
        """Delete the submission: it was certainly not accepted."""

    def give_up(self, owner: str, ids: Iterable[str]) -> None:
        """Note the jobs that are given up for a new run."""


@dataclass(frozen=True)
class _Record:
    """What a file holds. Two clocks tell the age: neither is believed alone when it says that much time has passed."""

    begun: float
    uptime: float
    marker: str = ""
    remote_id: str | None = None
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileJournal:
    """A :class:`SubmissionJournal` of one small file for each resource. It holds markers and ids, nothing else.

    Where the folder cannot be written, nothing is remembered, and a submission that a killed process made is found
    once the service lists it.

    Attributes:
        folder: where the files are.
        now: returns the time in unix seconds.
        uptime: returns a time in seconds that only a restart of the machine sets back.
    """

    folder: Path
    now: Callable[[], float] = field(default=time.time, repr=False)
    uptime: Callable[[], float] = field(default=time.monotonic, repr=False)

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> FileJournal:
        """Return the journal in the user's state folder (``XDG_STATE_HOME``)."""
        state = environment.get("XDG_STATE_HOME") or str(home_folder() / ".local" / "state")
        return cls(Path(state) / "pulumi-ci-audio" / "submissions")

    def find(self, owner: str) -> Entry | None:
        """Return what is known of the submissions of ``owner``."""
        record = self._read(owner)
        if record is None:
            return None
        age = self.now() - record.begun
        if age < 0:
            # A clock that was wrong wrote it: its age counts from now on, so that it settles.
            self._write(owner, replace(record, begun=self.now(), uptime=self.uptime()))
            age = 0.0
        if age >= KEPT_SECONDS:
            return None
        return Entry(record.marker, min(age, self._running_since(record)), record.remote_id, record.given_up)

    def begin(self, owner: str, marker: str) -> None:
        """Note that a submission is about to be sent."""
        self._delete_old()
        self._write(owner, _Record(self.now(), self.uptime(), marker, None, self._given_up(owner)))

    def accept(self, owner: str, marker: str, remote_id: str) -> None:
        """Note that it was accepted; what was given up for it need not be remembered any longer."""
        self._write(owner, _Record(self.now(), self.uptime(), marker, remote_id))

    def withdraw(self, owner: str) -> None:
        """Delete the submission: it was certainly not accepted."""
        if given_up := self._given_up(owner):
            self._write(owner, _Record(self.now(), self.uptime(), given_up=given_up))
            return
        try:
            self._path(owner).unlink(missing_ok=True)
        except OSError:
            return

    def give_up(self, owner: str, ids: Iterable[str]) -> None:
        """Note the jobs that are given up for a new run."""
        record = self._read(owner) or _Record(self.now(), self.uptime())
        self._write(owner, replace(record, given_up=tuple(dict.fromkeys((*record.given_up, *ids)))))

    def _running_since(self, record: _Record) -> float:
        """Return for how long this machine has certainly been running since then; a restart counts from itself."""
        uptime = self.uptime()
        return uptime - record.uptime if uptime >= record.uptime else uptime

    def _given_up(self, owner: str) -> tuple[str, ...]:
        record = self._read(owner)
        return record.given_up if record else ()

    def _read(self, owner: str) -> _Record | None:
        try:
            read = json.loads(self._path(owner).read_text(encoding="utf-8"))
            return _Record(
                begun=float(read["begun"]),
                uptime=float(read["uptime"]),
                marker=str(read["marker"]),
                remote_id=read["remote_id"],
                given_up=tuple(map(str, read["given_up"])),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, owner: str, record: _Record) -> None:
        path = self._path(owner)
        scratch = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps(asdict(record)), encoding="utf-8")
            scratch.replace(path)
        except OSError:
            return

    def _delete_old(self) -> None:
        try:
            for path in self.folder.iterdir():
                if self.now() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, owner: str) -> Path:
        return self.folder / hashlib.sha256(owner.encode()).hexdigest()[:32]
