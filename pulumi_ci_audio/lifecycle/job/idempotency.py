"""Which job a resource owns, so that a paid job runs exactly once for every change. Pure.

The API has no idempotency token. The marker stands in for one: it travels in the job's ``UserData`` and says whose
the job is and what was asked for. Before a submission, the jobs that carry it are looked up.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.records import UNFINISHED_STATES, JobRecord, parse_time

_MARKER = re.compile(r"pulumi:([0-9a-f]{16}):([0-9a-f]{8})([0-9a-f]{8})$")
_UNKNOWN_ETAG = "0" * 8
MARKER_LENGTH = 40


@dataclass(frozen=True)
class SubmissionMarker:
    """Whose a job is, and what it was asked for.

    Attributes:
        owner: hash of the resource.
        content: hash of what replaces it.
        etag: hash of the recording's ETag; zeros where it could not be looked at.
    """

    owner: str
    content: str
    etag: str

    @classmethod
    def of(cls, owner: str, content: Mapping[str, Any], etag: str | None) -> SubmissionMarker:
        """Return the marker of the resource ``owner`` for ``content`` (what replaces it) and the recording's ETag."""
        asked = {name: value for name, value in content.items() if value not in (None, [])}
        text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
        return cls(_digest(owner, 16), _digest(text, 8), _digest(etag, 8) if etag else _UNKNOWN_ETAG)

    @classmethod
    def find_in(cls, user_data: str | None) -> SubmissionMarker | None:
        """Return the marker at the end of a job's ``UserData``."""
        found = _MARKER.search(user_data or "")
        return cls(found[1], found[2], found[3]) if found else None

    def __str__(self) -> str:
        """Return the marker as it stands at the end of ``UserData``."""
        return f"pulumi:{self.owner}:{self.content}{self.etag}"

    def after(self, user_data: str | None) -> str:
        """Return ``user_data`` with the marker behind it."""
        return f"{user_data} {self}" if user_data else str(self)

    def asks_the_same_as(self, other: SubmissionMarker) -> bool:
        """Return whether both are of one resource and one content, as far as the recording could be looked at."""
        same = (self.owner, self.content) == (other.owner, other.content)
        return same and (self.etag == other.etag or _UNKNOWN_ETAG in {self.etag, other.etag})

    @property
    def etag_is_known(self) -> bool:
        """Whether the recording could be looked at."""
        return self.etag != _UNKNOWN_ETAG


def without_marker(user_data: str | None) -> str | None:
    """Return what the program itself put into a job's ``UserData``, or ``None`` where there is nothing else."""
    return _MARKER.sub("", user_data or "").rstrip() or None


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@dataclass(frozen=True)
class TakeOver:
    """The job that was asked for exists: it is this resource's."""

    job: JobRecord


@dataclass(frozen=True)
class WaitFor:
    """A job of the same owner is under way with other content: two must not write one output.

    Attributes:
        job: the other job.
        bucket: where it is, if not in the resource's own bucket.
    """

    job: JobRecord
    bucket: Bucket | None = None


@dataclass(frozen=True)
class Submit:
    """There is no such job.

    Attributes:
        passed_over: jobs with the same marker that do not count.
    """

    passed_over: tuple[JobRecord, ...] = ()


Decision = TakeOver | WaitFor | Submit


def decide(
    jobs: Iterable[JobRecord],
    marker: SubmissionMarker,
    *,
    known: Mapping[str, SubmissionMarker],
    is_given_up: Callable[[str], bool],
    is_recent: Callable[[JobRecord], bool],
    result_is_there: Callable[[JobRecord], bool],
) -> Decision:
    """Return what to do, given the jobs that the look-up brought.

    Of finished jobs only the newest counts: it is what was wanted last. A failure counts like a success, since nobody
    was told of it: a failure that was told is in the engine's state, and given up before the job is created again.

    Args:
        jobs: jobs of the bucket, in any order, some perhaps twice.
        marker: of the resource and what it asks for now.
        known: the markers of jobs whose ids are remembered; they hold whatever the service made of ``UserData``.
        is_given_up: whether the resource has given the job up.
        is_recent: whether a job ended so lately that the recording counts as the same, though it cannot be looked at.
        result_is_there: whether the output object is the one the job wrote; asked only for a job that would be
            taken over.
    """
    marked = {job.job_id: (job, known.get(job.job_id) or SubmissionMarker.find_in(job.user_data)) for job in jobs}
    own = {id_: (job, found) for id_, (job, found) in marked.items() if found and found.owner == marker.owner}
    same = [job for job, found in own.values() if found.asks_the_same_as(marker)]
    wanted = [job for job in same if not is_given_up(job.job_id)]
    for job, _ in own.values():
        if job.state in UNFINISHED_STATES and job not in wanted:
            return WaitFor(job)
    for job in wanted:
        if job.state in UNFINISHED_STATES:
            return TakeOver(job)
    ended = [job for job in wanted if job.state in {"Success", "Failed"}]
    newest = max(ended, key=lambda job: parse_time(job.creation_time) or 0.0, default=None)
    if newest is not None:
        is_of_this_recording = marker.etag_is_known and own[newest.job_id][1] == marker
        counts = is_of_this_recording or is_recent(newest)
        if counts and (newest.state == "Failed" or result_is_there(newest)):
            return TakeOver(newest)
    return Submit(tuple(same))
