"""The submission of a job that costs money: sent once, and never again while its outcome is unknown."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_ci_audio.api.errors import CiAudioError, NotConnectedError
from pulumi_ci_audio.api.records import JobRecord
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job.idempotency import SubmissionMarker, Submit, TakeOver
from pulumi_ci_audio.lifecycle.job.lookup import find_or_wait_for_others, look_up
from pulumi_ci_audio.lifecycle.job.spec import Inputs
from pulumi_ci_audio.lifecycle.job.submission import Submission, require_services
from pulumi_ci_audio.lifecycle.types import Context

SUBMISSIONS_AT_MOST = 3
"""How often a job is sent to a service that cannot be reached or says that it is too busy."""

_RECONNECT_SECONDS = 1.0


def find_or_submit(context: Context, submission: Submission[Inputs], deadline: float) -> tuple[JobRecord, bool]:
    """Return the one job that does what is wanted, submitting it where there is none, and whether it is new.

    Raises:
        ResourceError: the job cannot succeed, or the outcome of its submission is unknown.
        CiAudioError: the service refused.
    """
    found = find_or_wait_for_others(context, submission, deadline)
    if isinstance(found, JobRecord):
        context.journal.accept(submission.owner, str(submission.marker), found.job_id)
        return found, False
    require_services(context, submission)
    return _submit_once(context, submission, known=found.passed_over), True


def _submit_once(context: Context, submission: Submission[Inputs], *, known: tuple[JobRecord, ...]) -> JobRecord:
    """Submit the job, once.

    Where the service says that it was too busy, the job is sent again, but only after it had the time to be listed:
    a proxy may answer 429 although the service accepted the job.

    Raises:
        ResourceError: whether it was accepted is unknown, or the engine that asked is gone.
        CiAudioError: it was certainly not accepted.
    """
    owner = submission.owner
    for attempt in range(1, SUBMISSIONS_AT_MOST + 1):
        if not context.engine_is_alive():
            if attempt > 1:
                # What was noted is of an attempt that was turned away.
                context.journal.withdraw(owner)
            raise ResourceError("the engine that asked for the job is gone, nothing was submitted")
        context.report("[1/3] submitting" if attempt == 1 else f"[1/3] submitting, attempt {attempt}")
        # Noted anew for every attempt, since its age tells the next process how long to look for it.
        context.journal.begin(owner, str(submission.marker))
        try:
            job = context.client.create_job(submission.inputs.location, submission.request)
        except NotConnectedError:
            if attempt == SUBMISSIONS_AT_MOST:
                context.journal.withdraw(owner)
                raise
            context.waiter.pause(_RECONNECT_SECONDS)
            continue
        except CiAudioError as error:
            found = _find_after(error, context, submission, known=known)
            if found is None and attempt < SUBMISSIONS_AT_MOST:
                continue
            if found is None:
                context.journal.withdraw(owner)
                raise
            job = found
        context.journal.accept(owner, str(submission.marker), job.job_id)
        _warn_if_unmarked(context, submission, job)
        return job
    raise AssertionError("the last attempt returns or raises")


def _find_after(
    error: CiAudioError,
    context: Context,
    submission: Submission[Inputs],
    *,
    known: tuple[JobRecord, ...],
) -> JobRecord | None:
    """Return the job of a submission that ended with ``error``, or ``None`` where it can be sent again.

    Raises:
        ResourceError: whether it was accepted is unknown.
        CiAudioError: it was refused.
    """
    is_too_busy = error.is_not_accepted
    if not is_too_busy and not error.is_outcome_unknown:
        context.journal.withdraw(submission.owner)
        raise error
    appearance = _wait_until_listed(context, submission, known=known)
    if appearance.job is not None:
        return appearance.job
    if is_too_busy and appearance.list_was_seen:
        return None
    raise ResourceError(
        f"{error}; whether the job was accepted is unknown, so it was not sent again: "
        "run `pulumi up` again, which looks for it first"
    ) from error


def _warn_if_unmarked(context: Context, submission: Submission[Inputs], job: JobRecord) -> None:
    """Say so where the service does not repeat the marker, so that only the state and this machine know the job."""
    if job.user_data is not None and SubmissionMarker.find_in(job.user_data) != submission.marker:
        context.warn(
            f"the service does not repeat the UserData of job {job.job_id} as it was sent: the job is known by its id "
            "in the stack's state only, so that a run without this state would submit it again"
        )


@dataclass(frozen=True)
class _Appearance:
    """Whether a job appeared in the list.

    Attributes:
        job: the job, if it did.
        list_was_seen: whether the list could be read when the time was up.
    """

    job: JobRecord | None
    list_was_seen: bool


def _wait_until_listed(
    context: Context, submission: Submission[Inputs], *, known: tuple[JobRecord, ...]
) -> _Appearance:
    """Look for the job of a submission without a good answer until the service would list it.

    A job that was not known before is the one, even if it has failed meanwhile.
    """
    known_ids = {job.job_id for job in known}
    list_was_seen = False
    for _ in context.waiter.polls(context.settle_seconds):
        context.report("[1/3] no good answer, looking for the job")
        list_was_seen = False
        try:
            decision = look_up(context, submission)
        except CiAudioError:
            continue
        list_was_seen = True
        if isinstance(decision, TakeOver):
            return _Appearance(decision.job, list_was_seen)
        if isinstance(decision, Submit):
            for job in decision.passed_over:
                if job.job_id not in known_ids:
                    return _Appearance(job, list_was_seen)
    return _Appearance(None, list_was_seen)
