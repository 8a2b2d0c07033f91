"""The look-up before, and after, a submission: which job does what is wanted already."""

from __future__ import annotations

from collections.abc import Iterable

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.records import NOT_STARTED_STATES, UNFINISHED_STATES, JobRecord, parse_time
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.given_up import given_up_by, records_elsewhere
from pulumi_ci_audio.lifecycle.job.idempotency import (
    Decision,
    Submit,
    TakeOver,
    WaitFor,
    decide,
)
from pulumi_ci_audio.lifecycle.job.spec import Inputs
from pulumi_ci_audio.lifecycle.job.submission import Submission
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker
from pulumi_ci_audio.lifecycle.once import is_unsettled
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import listed_unless_off
from pulumi_ci_audio.lifecycle.types import Context

LATE_SECONDS = 60.0
"""How much younger than its job's end a result may be: the service and the storage tell the time by two clocks."""

UNSEEN_RECORDING_SECONDS = 3600.0
"""How long a finished job counts for a recording that may not be looked at, so that it may be another one by now."""

_DAY_SECONDS = 86400.0
"""How much earlier than the recording its jobs are looked for, whatever the clocks say."""


def find_or_wait_for_others(context: Context, submission: Submission[Inputs], deadline: float) -> JobRecord | Submit:
    """Return the job that does what is wanted already, after other jobs of the same resource have ended.

    Jobs of the resource that have not started are cancelled.

    Raises:
        ResourceError: another job has not ended in time, or one may not be listed yet.
        CiAudioError: the jobs cannot be listed.
    """
    waited_for: set[str] = set()
    decision: Decision = Submit()
    for waited in context.waiter.polls(max(0.0, deadline - context.waiter.now())):
        decision = look_up(context, submission)
        if isinstance(decision, TakeOver):
            return decision.job
        if isinstance(decision, Submit):
            if not is_unsettled(context, submission.owner):
                return decision
            context.report("[1/3] making sure that an interrupted run submitted nothing")
            continue
        job_id = decision.job.job_id
        context.report(f"[1/3] waiting {waited:.0f} s for job {job_id} of the same resource to end")
        if job_id not in waited_for and decision.job.state in NOT_STARTED_STATES:
            _try_to_cancel(context, decision.bucket or submission.inputs.location, job_id)
        waited_for.add(job_id)
    if not isinstance(decision, WaitFor):
        raise ResourceError(
            "an interrupted run may have submitted the job, and the service may not list it yet, so no other was "
            "submitted; run `pulumi up` again to go on"
        )
    raise ResourceError(
        f"job {decision.job.job_id} of the same resource has not ended yet, so no other was submitted; "
        "run `pulumi up` again to go on"
    )


def look_up(context: Context, submission: Submission[Inputs]) -> Decision:
    """Return what to do, given the jobs that the service lists and those that are remembered.

    Raises:
        CiAudioError: the jobs cannot be listed.
    """
    entry = context.journal.find(submission.owner)
    given_up = given_up_by(context, submission.owner, entry)
    known: dict[str, SubmissionMarker] = {}
    if entry is not None and entry.remote_id is not None and (marker := SubmissionMarker.find_in(entry.marker)):
        known[entry.remote_id] = marker
    decision = decide(
        _list_jobs(context, submission, known),
        submission.marker,
        known=known,
        is_given_up={id_.remote_id for id_ in given_up}.__contains__,
        writes_the_result=lambda job: _writes_the_result(submission, job),
        is_recent=lambda job: _is_recent(context, job),
        result_is_there=lambda job: _result_is_there(context, submission, job),
    )
    if isinstance(decision, Submit):
        return _find_elsewhere(context, submission, given_up) or decision
    return decision


def _list_jobs(context: Context, submission: Submission[Inputs], known_ids: Iterable[str]) -> list[JobRecord]:
    """Return the jobs that may be the one that is wanted; none where Smart Audio is certainly off.

    Those whose ids are known are asked for by their ids, since the service may not list them yet.
    """
    bucket, tag, inputs = submission.inputs.location, submission.spec.tag, submission.inputs
    recorded_at = submission.recorded_at
    since = (context.unix_time() - UNSEEN_RECORDING_SECONDS if recorded_at is None else recorded_at) - _DAY_SECONDS

    def ask() -> list[JobRecord]:
        by_id = [context.client.describe_job(bucket, job_id) for job_id in known_ids]
        return [
            *(job for job in by_id if job is not None),
            *context.client.describe_jobs(bucket, tag=tag, states=UNFINISHED_STATES),
            *context.client.describe_jobs(bucket, tag=tag, input_object=inputs.input_object, start_creation_time=since),
        ]

    return listed_unless_off(context.client, bucket, ask)


def _find_elsewhere(
    context: Context, submission: Submission[Inputs], given_up: tuple[ResourceId, ...]
) -> WaitFor | None:
    """Return a job of this resource that still runs in the bucket it had before, and writes the same result."""
    bucket, describe = submission.inputs.location, context.client.describe_job
    for job, elsewhere in records_elsewhere(context, given_up, bucket, describe):
        if job.state in UNFINISHED_STATES and _writes_the_result(submission, job):
            return WaitFor(job, elsewhere)
    return None


def _writes_the_result(submission: Submission[Inputs], job: JobRecord) -> bool:
    inputs = submission.inputs
    written = (job.output_region, job.output_bucket, job.output_object)
    return written == (inputs.output_location.region, inputs.output_location.name, inputs.output_object)


def _is_recent(context: Context, job: JobRecord) -> bool:
    ended = parse_time(job.end_time)
    return ended is not None and context.unix_time() - ended <= UNSEEN_RECORDING_SECONDS


def _result_is_there(context: Context, submission: Submission[Inputs], job: JobRecord) -> bool:
    """Return whether the output object is the one that ``job`` wrote: there, and no younger than the job's end."""
    try:
        head = context.client.head_object(submission.inputs.output_location, submission.inputs.output_object)
    except ApiError as error:
        if error.is_denied:
            return True
        raise
    ended = parse_time(job.end_time)
    if head is None or head.size == 0:
        return False
    return ended is None or head.last_modified is None or head.last_modified <= ended + LATE_SECONDS


def _try_to_cancel(context: Context, bucket: Bucket, job_id: str) -> None:
    try:
        context.client.cancel_job(bucket, job_id)
    except CiAudioError:
        # It has started in the meantime, or may not be cancelled: then it is waited for.
        return
