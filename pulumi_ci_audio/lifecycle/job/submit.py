"""The one job that does what is wanted: found, or submitted where there is none."""

from __future__ import annotations

from functools import partial

from pulumi_ci_audio.api.records import JobRecord
from pulumi_ci_audio.lifecycle.job.idempotency import Submit, TakeOver
from pulumi_ci_audio.lifecycle.job.lookup import find_or_wait_for_others, look_up
from pulumi_ci_audio.lifecycle.job.spec import Inputs
from pulumi_ci_audio.lifecycle.job.submission import Submission, require_services
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker
from pulumi_ci_audio.lifecycle.once import Order, submit_once
from pulumi_ci_audio.lifecycle.types import Context


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
    known_ids = {job.job_id for job in found.passed_over}
    job = submit_once(
        context,
        Order(
            what="job",
            owner=submission.owner,
            marker=str(submission.marker),
            send=partial(context.client.create_job, submission.inputs.location, submission.request),
            find=lambda: _find_new(context, submission, known_ids),
        ),
    )
    _warn_if_unmarked(context, submission, job)
    return job, True


def _find_new(context: Context, submission: Submission[Inputs], known_ids: set[str]) -> JobRecord | None:
    """Return the job of a submission without a good answer, if it is listed.

    A job that was not known before is the one, even if it has failed meanwhile.
    """
    decision = look_up(context, submission)
    if isinstance(decision, TakeOver):
        return decision.job
    passed_over = decision.passed_over if isinstance(decision, Submit) else ()
    return next((job for job in passed_over if job.job_id not in known_ids), None)


def _warn_if_unmarked(context: Context, submission: Submission[Inputs], job: JobRecord) -> None:
    """Say so where the service does not repeat the marker, so that only the state and this machine know the job."""
    if job.user_data is not None and SubmissionMarker.find_in(job.user_data) != submission.marker:
        context.warn(
            f"the service does not repeat the UserData of job {job.job_id} as it was sent: the job is known by its id "
            "in the stack's state only, so that a run without this state would submit it again"
        )
