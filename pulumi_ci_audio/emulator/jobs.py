"""Rules of noise-reduction jobs: submitting, finding, listing, cancelling. No HTTP here.

How a job moves on once it is submitted is told by ``progression.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pulumi_ci_audio.emulator.bindings import require_asr
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.identifiers import new_job_id
from pulumi_ci_audio.emulator.progression import move, settle
from pulumi_ci_audio.emulator.records import FORMATS, NOISE_REDUCTION, WAITING, Bucket, Job, Parameters, Target
from pulumi_ci_audio.emulator.store import Store
from pulumi_ci_audio.emulator.templates import template
from pulumi_ci_audio.emulator.worker import MAX_INPUT_BYTES

MAX_CANCELLED = 10  # 436/120620


@dataclass(frozen=True)
class Wish:
    """What a submission asks for."""

    input: str
    target: Target
    parameters: Parameters | None = None
    template_id: str | None = None
    queue_id: str | None = None
    user_data: str | None = None
    level: str | None = None


def submit(store: Store, bucket: Bucket, wish: Wish) -> Job:
    """Take a job in. It may start at once, so describe it before anything else happens.

    Raises:
        ServiceError: the service is off, or the queue or the template does not exist, or a key is not valid.
    """
    queue = require_asr(store, bucket)
    if wish.queue_id not in {None, queue.id}:
        status = int(store.assumed("unknown_id_status"))
        raise ServiceError("QueueNotFound", f"there is no queue {wish.queue_id}", status=status)
    _check_objects(store, bucket, wish)
    parameters, template_name = wish.parameters, None
    if wish.template_id is not None:  # wins over inline parameters
        used = template(store, bucket, wish.template_id)
        parameters, template_name = used.parameters, used.name
    job = Job(
        id=new_job_id(),
        sequence=store.next_number(),
        region=bucket.region,
        bucket=bucket.name,
        tag=NOISE_REDUCTION,
        created=store.clock.now(),
        queue_id=queue.id,
        input=wish.input,
        target=wish.target,
        parameters=parameters or _absent_parameters(store, wish.target),
        template_id=wish.template_id,
        template_name=template_name,
        user_data=wish.user_data,
        level=wish.level,
    )
    store.jobs[job.id] = job
    return job


def _check_objects(store: Store, bucket: Bucket, wish: Wish) -> None:
    try:
        store.objects.check_key(wish.target.key)
        source = store.objects.find(bucket.region, bucket.name, wish.input)
    except ServiceError as error:
        raise ServiceError("InvalidArgument", error.message) from error
    if source is None and store.assumed("missing_input") == "refuse":
        raise ServiceError("ResourceNotFound", "the input object does not exist")
    if source is not None and source.size > MAX_INPUT_BYTES and store.assumed("large_input") == "refuse":
        raise ServiceError("InvalidArgument", "the input object is larger than 10 MB")


def _absent_parameters(store: Store, target: Target) -> Parameters:
    extension = PurePosixPath(target.key).suffix.lstrip(".").lower()
    if store.assumed("parameters_absent") == "extension" and extension in FORMATS:
        return Parameters(format=extension)
    return Parameters()


def find_job(store: Store, bucket: Bucket, job_id: str) -> Job | None:
    """Return one of the bucket's jobs, or None."""
    job = store.jobs.get(job_id)
    return job if job is not None and (job.region, job.bucket) == (bucket.region, bucket.name) else None


def list_jobs(store: Store, bucket: Bucket, wanted: Callable[[Job], bool], *, ascending: bool) -> list[Job]:
    """Return the bucket's wanted jobs, ordered by creation; a new one is listed after the lag of lists."""
    listed_until = store.clock.now() - store.settings.list_lag_seconds
    jobs = [
        job
        for job in store.jobs.values()
        if (job.region, job.bucket) == (bucket.region, bucket.name) and job.created <= listed_until and wanted(job)
    ]
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
        job = find_job(store, bucket, job_id)
        if job is None:
            raise ServiceError("ResourceNotFound", f"there is no job {job_id}")
        jobs.append(job)
    if store.assumed("cancel_started") == "ignore":
        jobs = [job for job in jobs if job.state in WAITING]
    elif any(job.state not in WAITING for job in jobs):
        raise ServiceError("InvalidArgument", "The job provided can not be modified")
    for job in jobs:
        move(job, "cancel", at=store.clock.now())
    settle(store)
