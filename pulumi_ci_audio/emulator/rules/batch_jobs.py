"""Rules of batch jobs: one submission that becomes a job for every recording it names.

Those that a control call puts in stand in the way of unbinding and never move by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import Plane, find_destination
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.rules.bindings import require_asr
from pulumi_ci_audio.emulator.rules.jobs import Submission, require_role, start
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.rules.templates import template
from pulumi_ci_audio.emulator.state.identifiers import new_batch_job_id
from pulumi_ci_audio.emulator.state.records import (
    MAX_INPUT_BYTES,
    UNFINISHED,
    WAITING,
    BatchJob,
    Bucket,
    Job,
    State,
    Target,
)
from pulumi_ci_audio.emulator.state.store import Store

_MAX_LIST_BYTES = 10 * 1024**2


@dataclass(frozen=True)
class BatchSubmission:
    """What a batch asks for: of ``prefix``, ``key`` and ``list_file`` one is given.

    ``job`` is what is asked for each recording; its target's key holds placeholders. ``modified`` bounds the time of
    the recordings' last modification. ``input`` and ``operation`` are told with the batch as they came.
    """

    name: str
    job: Submission
    input: Content
    operation: Content
    prefix: str | None = None
    key: str | None = None
    list_file: str | None = None
    modified: tuple[float, float] = (float("-inf"), float("inf"))


def create_batch_job(store: Store, bucket: Bucket, submission: BatchSubmission) -> BatchJob:
    """Take a batch in, and a job for each of its recordings; it ends when they all have.

    Raises:
        ServiceError: a service that it needs is off, CI's role is missing, or what it names does not exist.
    """
    require_asr(store, bucket)
    if store.assumed("batch_service") == "media" and "media" not in bucket.services:
        raise ServiceError("MediaBucketUnBinded", "the media processing service is not activated")
    require_role(store)
    if submission.job.template_id is not None:
        template(store, bucket, submission.job.template_id)
    now = store.clock.now()
    made = BatchJob(
        id=new_batch_job_id(),
        name=submission.name,
        state=State.SUBMITTED,
        type="Job",
        created=now,
        input=submission.input,
        operation=submission.operation,
        is_planted=False,
    )
    keys = list(_keys(store, bucket, submission))
    for key in keys:
        start(store, bucket, replace(submission.job, input=key, target=_target(submission.job, key, made.id)), made.id)
    bucket.batch_jobs[made.id] = made
    return made


def jobs_of(bucket: Bucket, batch: BatchJob) -> list[Job]:
    """Return the jobs of a batch's recordings."""
    return [job for job in bucket.jobs.values() if job.batch_id == batch.id]


def state_of(store: Store, bucket: Bucket, batch: BatchJob) -> State:
    """Return the state of a batch, which follows from those of its jobs; what ends it is noted with it."""
    if batch.is_planted or batch.state not in UNFINISHED:
        return batch.state
    jobs = jobs_of(bucket, batch)
    states = {job.state for job in jobs}
    if states & UNFINISHED and store.assumed("batch_ends") == "files":
        batch.state = State.PAUSE if states & UNFINISHED == {State.PAUSE} else State.RUNNING
        return batch.state
    has_failed = store.assumed("batch_failure") == "Failed" and State.FAILED in states
    batch.state = State.FAILED if has_failed else State.SUCCESS
    batch.ended = max((job.ended for job in jobs if job.ended is not None), default=batch.created)
    return batch.state


def cancel_batch_job(store: Store, bucket: Bucket, job_id: str) -> None:
    """Cancel a batch job, and those of its jobs that wait.

    Raises:
        ServiceError: there is none with this id, or it has ended.
    """
    batch = bucket.batch_jobs.get(job_id)
    if batch is None:
        raise ServiceError("ResourceNotFound", f"there is no batch job {job_id}")
    if state_of(store, bucket, batch) not in UNFINISHED:
        raise ServiceError("InvalidArgument", "The job provided can not be modified")
    batch.state, batch.ended = State.CANCEL, store.clock.now()
    for job in jobs_of(bucket, batch):
        if job.state in WAITING:
            job.state, job.ended = State.CANCEL, store.clock.now()
    advance_jobs(store)


def _keys(store: Store, bucket: Bucket, submission: BatchSubmission) -> Iterable[str]:
    """Return the keys of the recordings, in order; absent ones too, whose jobs fail."""
    if submission.key is not None:
        named: Iterable[str] = [submission.key]
    elif submission.list_file is not None:
        named = _listed(store, bucket, submission.list_file)
    else:
        prefix = submission.prefix or ""
        named = store.objects.keys(bucket.region, bucket.name, prefix)
    after, before = submission.modified
    most = MAX_INPUT_BYTES if store.assumed("batch_large_input") == "skip" else float("inf")
    for key in named:
        found = store.objects.find(bucket.region, bucket.name, key)
        if not key.endswith("/") and (found is None or (after <= found.modified <= before and found.size <= most)):
            yield key


def _listed(store: Store, bucket: Bucket, list_file: str) -> list[str]:
    """Return the keys that a list of addresses holds, an object that is named by its key or by its address."""
    region, name, key = _place_of(list_file) or (bucket.region, bucket.name, list_file)
    if (region, name) != (bucket.region, bucket.name) and store.assumed("batch_list_place") == "own":
        raise ServiceError("InvalidArgument", "Request.Input.UrlFile must be in the batch's own bucket")
    found = store.objects.find(region, name, key)
    if found is None or found.size > _MAX_LIST_BYTES:
        raise ServiceError("ResourceNotFound", "the list of addresses does not exist, or is larger than 10 MB")
    keys = []
    for line in found.path.read_text(encoding="utf-8", errors="replace").split("\n"):
        if address := line.strip():
            place = _place_of(address)
            if place is None or place[:2] != (bucket.region, bucket.name):
                raise ServiceError("InvalidArgument", f"{address!r} is no address of an object in this bucket")
            keys.append(place[2])
    return keys


def _place_of(address: str) -> tuple[str, str, str] | None:
    """Return region, bucket and key of an object's address; None for other texts."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    place = find_destination((parts.hostname or "").lower())
    key = unquote(address.partition("://")[2].partition("/")[2])
    if place is None or place.plane is not Plane.COS or not key:
        return None
    return place.region, place.bucket, key


def _target(job: Submission, key: str, batch_id: str) -> Target:
    assert job.target is not None
    path = PurePosixPath(key)
    texts = {"InputName": path.stem, "ext": path.suffix.removeprefix("."), "InventoryTriggerJobId": batch_id}
    target = job.target.key
    for name, text in texts.items():
        target = target.replace(f"${{{name}}}", text)
    return replace(job.target, key=target)
