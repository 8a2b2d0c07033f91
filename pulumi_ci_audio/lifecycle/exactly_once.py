"""Which job a resource owns, so that a paid job runs exactly once per change. Pure.

The API has no idempotency token. The marker stands in for one: it travels in the job's ``UserData`` and says whose
the job is and what was asked for. Before a submission, the jobs that carry it are looked up.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi_ci_audio.api.messages import JobsDetail

UNFINISHED = ("Submitted", "Running", "Pause")
NOT_STARTED = ("Submitted", "Pause")
TERMINAL = ("Success", "Failed", "Cancel")

_MARKER = re.compile(r"pulumi:([0-9a-f]{16}):([0-9a-f]{16})$")
MARKER_LENGTH = 40
LONGEST_USER_DATA = 1024
"""The longest ``UserData`` the service takes, in characters of printable ASCII (document 460/84796)."""


@dataclass(frozen=True)
class Marker:
    """Whose a job is, and what it was asked for, as two hashes."""

    owner: str
    content: str

    @classmethod
    def of(cls, owner: str, content: Mapping[str, Any]) -> Marker:
        """Return the marker of the resource ``owner`` for ``content``: what replaces, and the input's ETag."""
        asked = {name: value for name, value in content.items() if value not in (None, [])}
        return cls(_digest(owner), _digest(json.dumps(asked, sort_keys=True, separators=(",", ":"))))

    @classmethod
    def find_in(cls, user_data: str | None) -> Marker | None:
        """Return the marker at the end of a job's ``UserData``."""
        found = _MARKER.search(user_data or "")
        return cls(found[1], found[2]) if found else None

    def __str__(self) -> str:
        """Return the marker as it stands at the end of ``UserData``."""
        return f"pulumi:{self.owner}:{self.content}"

    def after(self, user_data: str | None) -> str:
        """Return ``user_data`` with the marker behind it."""
        return f"{user_data} {self}" if user_data else str(self)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TakeOver:
    """The job that was asked for exists: it is this resource's."""

    job: JobsDetail


@dataclass(frozen=True)
class WaitFor:
    """A job of the same owner is under way with other content: two must not write one output."""

    job: JobsDetail


@dataclass(frozen=True)
class Submit:
    """There is no such job.

    Attributes:
        passed_over: jobs with the same marker that do not count.
    """

    passed_over: tuple[JobsDetail, ...] = ()


Decision = TakeOver | WaitFor | Submit


def decide(
    jobs: Iterable[JobsDetail],
    marker: Marker,
    *,
    etag_is_known: bool,
    is_spent: Callable[[str], bool],
    result_is_there: Callable[[JobsDetail], bool],
) -> Decision:
    """Return what to do, given the jobs that the look-up brought.

    Args:
        jobs: jobs of the bucket, in any order, some perhaps twice.
        marker: of the resource and what it asks for now.
        etag_is_known: whether the marker covers the input's content; if not, a finished job may be of other audio.
        is_spent: whether this stack has given the job up.
        result_is_there: whether the output object is the one the job wrote; asked only for a job that would be
            taken over.
    """
    own = {job.job_id: job for job in jobs if job.job_id and _owner(job) == marker.owner}
    same = [job for job in own.values() if _marker(job) == marker and not is_spent(job.job_id or "")]
    for job in own.values():
        if job.state in UNFINISHED and job not in same:
            return WaitFor(job)
    for job in same:
        if job.state in UNFINISHED:
            return TakeOver(job)
    for job in same:
        if job.state == "Success" and etag_is_known and result_is_there(job):
            return TakeOver(job)
    return Submit(tuple(job for job in own.values() if _marker(job) == marker))


def _marker(job: JobsDetail) -> Marker | None:
    return Marker.find_in(job.operation.user_data if job.operation else None)


def _owner(job: JobsDetail) -> str | None:
    marker = _marker(job)
    return marker.owner if marker else None


def unix_time(text: str | None) -> float | None:
    """Return a time of the API, such as ``2022-06-27T15:23:10+0800``, in unix seconds; ``None`` where it is none."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return None
