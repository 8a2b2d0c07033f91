"""Which job a resource owns, so that a paid job runs exactly once for every change. Pure.

A job carries the marker in its ``UserData``. Before a submission, the jobs that carry it are looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.records import UNFINISHED_STATES, JobRecord, parse_time
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker


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
    writes_the_result: Callable[[JobRecord], bool],
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
        writes_the_result: whether a job writes what this resource will write. Another one with the same owner is that
            of a resource that had this one's name before.
        is_recent: whether a job ended so lately that the recording counts as the same, though it cannot be looked at.
        result_is_there: whether the output object is the one the job wrote; asked only for a job that would be
            taken over.
    """
    marked = {job.job_id: (job, known.get(job.job_id) or SubmissionMarker.find_in(job.user_data)) for job in jobs}
    own = {id_: (job, found) for id_, (job, found) in marked.items() if found and found.owner == marker.owner}
    same = [job for job, found in own.values() if found.asks_the_same_as(marker)]
    wanted = [job for job in same if not is_given_up(job.job_id)]
    for job, _ in own.values():
        if job.state in UNFINISHED_STATES and job not in wanted and (is_given_up(job.job_id) or writes_the_result(job)):
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
