"""A machine's journal of submissions: one small file each, in the user's state folder."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pulumi_ci_audio.lifecycle.process import Entry

KEPT_SECONDS = 7 * 24 * 3600.0
"""How long an entry is kept. It matters for seconds; this is for people who look."""


@dataclass(frozen=True)
class FileJournal:
    """See :class:`~pulumi_ci_audio.lifecycle.process.Journal`. Holds markers and job ids, nothing else.

    Where the folder cannot be written, nothing is remembered, and a submission that a killed process made is found
    once the service lists it.
    """

    folder: Path

    @classmethod
    def of_user(cls, environment: Mapping[str, str]) -> FileJournal:
        """Return the journal in the user's state folder (``XDG_STATE_HOME``)."""
        state = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        return cls(Path(state) / "pulumi-ci-audio" / "submissions")

    def find(self, marker: str) -> Entry | None:
        """Return the last submission with ``marker``."""
        try:
            record = json.loads(self._path(marker).read_text(encoding="utf-8"))
            age, job_id = time.time() - float(record["begun"]), record["job_id"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if age < 0:
            # Written by a clock that was wrong: counted from now on, so that it settles.
            self._write(marker, job_id)
            return Entry(0.0, job_id)
        return Entry(age, job_id) if age < KEPT_SECONDS else None

    def begin(self, marker: str) -> None:
        """Write down that a submission is about to be sent."""
        self._forget_old()
        self._write(marker, None)

    def accepted(self, marker: str, job_id: str) -> None:
        """Write down that it was accepted."""
        self._write(marker, job_id)

    def withdraw(self, marker: str) -> None:
        """Strike it out: it was certainly not accepted."""
        try:
            self._path(marker).unlink(missing_ok=True)
        except OSError:
            return

    def _write(self, marker: str, job_id: str | None) -> None:
        path = self._path(marker)
        scratch = path.with_suffix(f".{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            scratch.write_text(json.dumps({"begun": time.time(), "job_id": job_id}), encoding="utf-8")
            scratch.replace(path)
        except OSError:
            return

    def _forget_old(self) -> None:
        try:
            for path in self.folder.iterdir():
                if time.time() - path.stat().st_mtime > KEPT_SECONDS:
                    path.unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, marker: str) -> Path:
        return self.folder / hashlib.sha256(marker.encode()).hexdigest()[:32]
