"""Rules of binding a bucket to CI and of enabling Smart Audio on it."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.identifiers import new_queue_id
from pulumi_ci_audio.emulator.state.records import UNFINISHED, WAITING, Bucket, Queue, State
from pulumi_ci_audio.emulator.state.store import Store

ON, OFF, UNBINDING = "on", "off", "unbinding"
_OFF_CODES = {
    "media": "MediaBucketUnBinded",
    "doc": "DocBucketUnBinded",
    "file": "FileBucketUnBinded",
    "pic": "PicBucketUnBinded",
    "ai": "AIBucketUnBinded",
}
_READS_WHILE_UNBINDING = 2


def ci_status(store: Store, bucket: Bucket) -> str:
    """Return whether the bucket is bound, as CIStatus has it."""
    if bucket.bound_at is None:
        return OFF
    if bucket.unbinding_since is None:
        return ON
    if store.assumed("unbinding_ends") == "reads":
        is_over = bucket.reads_while_unbinding > _READS_WHILE_UNBINDING
    else:
        is_over = store.clock.now() >= bucket.unbinding_since + store.settings.unbind_seconds
    if is_over:
        bucket.bound_at = bucket.unbinding_since = None
        return OFF
    return UNBINDING


def read_ci_status(store: Store, bucket: Bucket) -> str:
    """Return the status to a client that asks for it, which may be what the end of unbinding is counted by."""
    bucket.reads_while_unbinding += 1
    return ci_status(store, bucket)


def bind(store: Store, bucket: Bucket) -> None:
    """Bind the bucket.

    Raises:
        ServiceError: it is bound or still unbinding, and the emulator is told to refuse that.
    """
    status = ci_status(store, bucket)
    if status == ON and store.assumed("bind_when_bound") == "refuse":
        raise ServiceError("MediaBucketAlreadyBinded", "the bucket is already bound")
    _bind(store, bucket, status)


def _bind(store: Store, bucket: Bucket, status: str) -> None:
    if status == UNBINDING and store.assumed("bind_while_unbinding") == "refuse":
        raise ServiceError("InvalidArgument", "the bucket is being unbound")
    if status != ON:
        bucket.bound_at, bucket.unbinding_since = store.clock.now(), None


def _is_in_use(bucket: Bucket) -> bool:
    """Return whether something is left that keeps the bucket bound."""
    of_batches = {job.batch_id for job in bucket.jobs.values() if job.state in UNFINISHED}
    has_batch_jobs = any(
        job.id in of_batches or (job.is_planted and job.state in UNFINISHED) for job in bucket.batch_jobs.values()
    )
    has_services = bool(bucket.services) or bucket.queue is not None
    return bool(bucket.workflows) or has_batch_jobs or has_services or bucket.moderation


def unbind(store: Store, bucket: Bucket) -> None:
    """Begin to unbind the bucket.

    Raises:
        ServiceError: task configurations or services are left, or it is not bound and the emulator is told to refuse.
    """
    status = ci_status(store, bucket)
    if status == OFF and store.assumed("unbind_when_off") == "refuse":
        raise ServiceError("InvalidArgument", "the bucket is not bound")
    if status != ON:
        return
    if _is_in_use(bucket):
        # "Unbind Bucket" names the check, and nothing that would tell a client what was found.
        raise ServiceError(store.assumed("unbind_refusal_code"), "task configurations exist, unbinding is not allowed")
    bucket.unbinding_since, bucket.reads_while_unbinding = store.clock.now(), 0


def require_bound(store: Store, bucket: Bucket) -> None:
    """Let a call pass that needs a bound bucket.

    Raises:
        ServiceError: the bucket is not bound, or not for long.
    """
    if ci_status(store, bucket) != ON:
        raise ServiceError(store.assumed("unbound_code"), "the bucket is not bound to Cloud Infinite")


def require_asr(store: Store, bucket: Bucket) -> Queue:
    """Return the queue of a bucket that can use Smart Audio.

    Raises:
        ServiceError: the service is not enabled, or the bucket is not bound.
    """
    if bucket.queue is None:
        raise ServiceError("AsrBucketUnBinded", "Asr processing service is not activated")
    require_bound(store, bucket)
    return bucket.queue


def enable_asr(store: Store, bucket: Bucket) -> None:
    """Enable Smart Audio, binding the bucket where it is not bound.

    Raises:
        ServiceError: the bucket is still unbinding and the emulator is told to refuse that.
    """
    _bind(store, bucket, ci_status(store, bucket))
    open_asr(store, bucket)


def enable_service(store: Store, bucket: Bucket, name: str) -> float:
    """Enable a service beside Smart Audio, binding the bucket where it is not bound; return since when it is enabled.

    Raises:
        ServiceError: the bucket is still unbinding and the emulator is told to refuse that.
    """
    _bind(store, bucket, ci_status(store, bucket))
    return bucket.services.setdefault(name, store.clock.now())


def disable_service(bucket: Bucket, name: str) -> None:
    """Disable a service beside Smart Audio.

    Raises:
        ServiceError: it is not enabled.
    """
    if bucket.services.pop(name, None) is None:
        raise ServiceError(_OFF_CODES[name], f"the {name} processing service is not activated")


def open_asr(store: Store, bucket: Bucket) -> None:
    """Make the service's queue, unless it is there."""
    if bucket.queue is None:
        now = store.clock.now()
        bucket.queue = Queue(new_queue_id(), created=now, updated=now)


def disable_asr(store: Store, bucket: Bucket) -> None:
    """Disable Smart Audio; its queue goes with it.

    Raises:
        ServiceError: it is not enabled, or jobs are unfinished and the emulator is told to refuse that.
    """
    if bucket.queue is None:
        raise ServiceError("AsrBucketUnBinded", "Asr processing service is not activated")
    has_unfinished = any(job.state in UNFINISHED for job in bucket.jobs.values())
    if has_unfinished and store.assumed("disable_with_waiting_jobs") == "refuse":
        raise ServiceError("InvalidArgument", "jobs are unfinished")
    close_asr(store, bucket)


def close_asr(store: Store, bucket: Bucket) -> None:
    """Drop the service's queue, and cancel what waits in it."""
    for job in bucket.jobs.values():
        if job.state in WAITING:
            job.state, job.ended = State.CANCEL, store.clock.now()
    bucket.queue = None
