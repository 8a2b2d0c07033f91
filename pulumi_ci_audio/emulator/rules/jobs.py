"""Rules of Smart Audio's jobs: submitting, finding, listing, cancelling.

How a job moves on once it is submitted is told by ``progression.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.rules.bindings import require_asr
from pulumi_ci_audio.emulator.rules.progression import advance_jobs, move
from pulumi_ci_audio.emulator.rules.queues import queue, require_room
from pulumi_ci_audio.emulator.rules.templates import template
from pulumi_ci_audio.emulator.state.identifiers import new_job_id
from pulumi_ci_audio.emulator.state.keys import check_key
from pulumi_ci_audio.emulator.state.records import (
    FORMATS,
    MAX_INPUT_BYTES,
    NOISE_REDUCTION,
    WAITING,
    Bucket,
    Callback,
    Job,
    Parameters,
    Queue,
    Target,
)
from pulumi_ci_audio.emulator.state.store import Store

MAX_CANCELLED = 10  # 436/120620


@dataclass(frozen=True)
class Submission:
    """What a submission asks for. Of jobs that are no noise reduction, ``operation`` is kept as it came."""

    input: str
    target: Target | None
    tag: str = NOISE_REDUCTION
    operation: Content = ()
    callback: Callback | None = None
    wants_no_callback: bool = False
    parameters: Parameters | None = None
    template_id: str | None = None
    queue_id: str | None = None
    user_data: str | None = None
    level: str | None = None


def submit(store: Store, bucket: Bucket, submission: Submission) -> Job:
    """Take a job in as :func:`start` does, if its queue has room and its objects are as they must be.

    Raises:
        ServiceError: the service is off, CI's role is missing, the queue or the template does not exist, the queue
            takes no more jobs, or a key is not valid.
    """
    used_queue = queue(store, bucket, submission.queue_id)
    require_role(store)
    require_room(store, bucket, used_queue)
    _check_objects(store, bucket, submission)
    return start(store, bucket, submission)


def require_role(store: Store) -> None:
    """Let a submission pass if the account let CI act for it.

    Raises:
        ServiceError: it did not, as far as the emulator is told.
    """
    if store.assumed("ci_role") == "missing":
        raise ServiceError("CIRoleNotExist", "the account has not let Cloud Infinite act for it")


def start(store: Store, bucket: Bucket, submission: Submission, batch_id: str | None = None) -> Job:
    """Take a job in. It may start at once, so describe it before anything else happens.

    Raises:
        ServiceError: the service is off, or the queue or the template does not exist.
    """
    used_queue = queue(store, bucket, submission.queue_id)
    parameters, template_name = submission.parameters, None
    if submission.template_id is not None:  # wins over inline parameters
        used = template(store, bucket, submission.template_id)
        parameters, template_name = used.parameters, used.name
    job = Job(
        id=new_job_id(),
        sequence=store.next_number(),
        region=bucket.region,
        bucket=bucket.name,
        tag=submission.tag,
        created=store.clock.now(),
        queue_id=used_queue.id,
        input=submission.input,
        target=submission.target,
        operation=submission.operation,
        callback=submission.callback or (None if submission.wants_no_callback else _callback_of(used_queue)),
        parameters=parameters or _absent_parameters(store, submission.target),
        template_id=submission.template_id,
        template_name=template_name,
        user_data=submission.user_data,
        level=submission.level,
        batch_id=batch_id,
    )
    bucket.jobs[job.id] = job
    return job


def _check_objects(store: Store, bucket: Bucket, submission: Submission) -> None:
    try:
        if submission.target is not None:
            check_key(submission.target.key)
        if not submission.input:  # a text to speak, or an address
            return
        source = store.objects.find(bucket.region, bucket.name, submission.input)
    except ServiceError as error:
        raise ServiceError("InvalidArgument", error.message) from error
    if source is None and store.assumed("missing_input") == "refuse":
        raise ServiceError("ResourceNotFound", "the input object does not exist")
    if source is not None and source.size > MAX_INPUT_BYTES and store.assumed("large_input") == "refuse":
        raise ServiceError("InvalidArgument", "the input object is larger than 10 MB")


def _callback_of(used: Queue) -> Callback | None:
    """Return the callback that the queue has for jobs without one of their own."""
    notify = used.notify
    is_on = notify["State"] == "On" and notify["Type"] == "Url" and "TaskFinish" in notify["Event"].split(",")
    return Callback(notify["Url"], notify.get("ResultFormat", "XML")) if is_on else None


def _absent_parameters(store: Store, target: Target | None) -> Parameters:
    if target is None:
        return Parameters()
    extension = PurePosixPath(target.key).suffix.lstrip(".").lower()
    if store.assumed("parameters_absent") == "extension" and extension in FORMATS:
        return Parameters(format=extension)
    return Parameters()


def list_jobs(store: Store, bucket: Bucket, wanted: Callable[[Job], bool], *, ascending: bool) -> list[Job]:
    """Return the bucket's wanted jobs, ordered by creation; a new one is listed after the lag of lists."""
    listed_until = store.clock.now() - store.settings.list_lag_seconds
    jobs = [job for job in bucket.jobs.values() if job.created <= listed_until and wanted(job)]
    return sorted(jobs, key=lambda job: job.sequence, reverse=not ascending)


def cancel(store: Store, bucket: Bucket, job_ids: list[str]) -> None:
    """Cancel jobs that have not started: all of them, or none.

    Raises:
        ServiceError: too many, one does not exist, or has started and the emulator is told to refuse that.
    """
    require_asr(store, bucket)
    if len(job_ids) > MAX_CANCELLED:
        raise ServiceError("InvalidArgument", f"at most {MAX_CANCELLED} jobs can be cancelled at once")
    jobs = []
    for job_id in job_ids:
        job = bucket.jobs.get(job_id)
        if job is None:
            raise ServiceError("ResourceNotFound", f"there is no job {job_id}")
        jobs.append(job)
    if store.assumed("cancel_started") == "ignore":
        jobs = [job for job in jobs if job.state in WAITING]
    elif any(job.state not in WAITING for job in jobs):
        raise ServiceError("InvalidArgument", "The job provided can not be modified")
    for job in jobs:
        move(job, "cancel", at=store.clock.now())
    advance_jobs(store)
