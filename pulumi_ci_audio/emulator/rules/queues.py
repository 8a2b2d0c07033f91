"""Rules of Smart Audio's queues."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.rules.bindings import require_asr
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.records import UNFINISHED, Bucket, Queue, QueueState
from pulumi_ci_audio.emulator.state.store import Store


def queue(store: Store, bucket: Bucket, queue_id: str | None = None) -> Queue:
    """Return the queue of a bucket that can use Smart Audio; it has one, whether or not its id is given.

    Raises:
        ServiceError: the service is not enabled, or the id is another one.
    """
    found = require_asr(store, bucket)
    if queue_id not in {None, found.id}:
        status = int(store.assumed("unknown_id_status"))
        raise ServiceError("QueueNotFound", f"there is no queue {queue_id}", status=status)
    return found


def require_room(store: Store, bucket: Bucket, used: Queue) -> None:
    """Let a submission to a queue pass.

    Raises:
        ServiceError: the queue is paused or full, and the emulator is told to refuse that.
    """
    if used.state is QueueState.PAUSED and store.assumed("paused_queue") == "refuse":
        raise ServiceError("QueuePaused", "the queue is paused")
    unfinished = sum(job.state in UNFINISHED for job in bucket.jobs.values() if job.queue_id == used.id)
    if unfinished >= store.settings.queue_size and store.assumed("full_queue") == "refuse":
        raise ServiceError("QueueSaturated", "the queue is full")


def update_queue(store: Store, changed: Queue, *, name: str, state: QueueState, notify: Mapping[str, str]) -> None:
    """Change a queue; jobs stop waiting or begin to, as its state wants."""
    changed.name, changed.state, changed.notify = name, state, dict(notify)
    changed.updated = store.clock.now()
    advance_jobs(store)
