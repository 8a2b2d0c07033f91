"""What outlives a single operation: the memory of a process, and a machine's journal of submissions."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol


class Memory:
    """What one provider process remembers between operations; safe to use from several threads.

    A forced replacement creates the new resource and then deletes the old one. Where both are the same thing in the
    cloud, the deletion would undo the creation: so creating claims, and deleting leaves alone what is claimed.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claimed: set[Hashable] = set()
        self._spent: set[str] = set()
        self._first_seen: dict[Hashable, str] = {}
        self._regions: dict[str, str] = {}

    def claim(self, identity: Hashable) -> None:
        """Remember that ``identity`` is wanted by a resource of this process."""
        with self._lock:
            self._claimed.add(identity)

    def is_claimed(self, identity: Hashable) -> bool:
        """Return whether a resource of this process wants ``identity``."""
        with self._lock:
            return identity in self._claimed

    def first_seen(self, identity: Hashable, status: str) -> str:
        """Return the status in which this process saw ``identity`` first, which is ``status`` the first time.

        Enabling Smart Audio binds the bucket. A binding created in the same deployment must not mistake that for a
        binding that was there before.
        """
        with self._lock:
            return self._first_seen.setdefault(identity, status)

    def region_of(self, urn: str, known: str | None) -> str | None:
        """Return the region of the resource ``urn``: ``known``, else the one that was known before.

        For a replacement, the engine asks a second time, without what the resource was.
        """
        with self._lock:
            return self._regions.setdefault(urn, known) if known else self._regions.get(urn)

    def spend(self, job_id: str) -> None:
        """Remember that the job was given up, so that its result is not taken over by a new run."""
        with self._lock:
            self._spent.add(job_id)

    def is_spent(self, job_id: str) -> bool:
        """Return whether the job was given up."""
        with self._lock:
            return job_id in self._spent


@dataclass(frozen=True)
class Entry:
    """A submission this machine has begun.

    Attributes:
        age_seconds: since it began.
        job_id: the id in the service's answer; ``None`` where no answer was seen.
    """

    age_seconds: float
    job_id: str | None


class Journal(Protocol):
    """What this machine remembers of submissions, so that a killed process does not lose one.

    A service may list a job some seconds after it accepted it. A process that was killed in between leaves no trace
    but this.
    """

    def find(self, marker: str) -> Entry | None:
        """Return the last submission with ``marker``."""

    def begin(self, marker: str) -> None:
        """Write down that a submission is about to be sent."""

    def accepted(self, marker: str, job_id: str) -> None:
        """Write down that it was accepted."""

    def withdraw(self, marker: str) -> None:
        """Strike it out: it was certainly not accepted."""
