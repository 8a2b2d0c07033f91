"""How jobs move. The moves are a table; time is read from the clock, never slept for.

``advance_jobs`` moves every job to the state it should have at the current time. It runs before each request and
whenever the worker has finished something, so nobody sees a job in a state that is over.
"""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.records import WAITING, Bucket, Job, Outcome, QueueState, State
from pulumi_ci_audio.emulator.state.store import Store

# What happens to a job, and what it makes of each state (1045/73375, 436/120620). What is not here cannot happen.
MOVES = {
    ("start", State.SUBMITTED): State.RUNNING,
    ("pause", State.SUBMITTED): State.PAUSE,
    ("resume", State.PAUSE): State.SUBMITTED,
    ("cancel", State.SUBMITTED): State.CANCEL,
    ("cancel", State.PAUSE): State.CANCEL,
    ("succeed", State.RUNNING): State.SUCCESS,
    ("fail", State.RUNNING): State.FAILED,
}


def move(job: Job, event: str, *, at: float) -> None:
    """Let ``event`` happen to a job.

    Raises:
        ServiceError: it cannot happen to a job in this state.
    """
    state = MOVES.get((event, job.state))
    if state is None:
        raise ServiceError("InvalidArgument", "The job provided can not be modified")
    job.state = state
    if event == "start":
        job.started = at
    elif event in {"cancel", "succeed", "fail"}:
        job.ended = at


def due(store: Store, job: Job) -> float:
    """Return the earliest time at which a started job can end."""
    assert job.started is not None
    return job.started + store.settings.job_seconds


def started_jobs(store: Store) -> list[Job]:
    """Return the jobs that run, in the order of their submission; planted ones run for ever and are left out."""
    return [job for job in store.jobs() if job.state is State.RUNNING and not job.is_planted]


def advance_jobs(store: Store) -> None:
    """Move every job to the state it should have by now."""
    now = store.clock.now()
    for bucket in store.remembered_buckets():
        jobs = [job for job in bucket.jobs.values() if not job.is_planted]
        for job in jobs:
            if job.state is State.RUNNING and job.outcome is not None and due(store, job) <= now:
                _end(store, job, job.outcome)
        if any(job.state in WAITING for job in jobs) and store.find_bucket(bucket.region, bucket.name) is bucket:
            _advance_queue(store, bucket, jobs, now)
    store.changed.notify_all()


def _advance_queue(store: Store, bucket: Bucket, jobs: list[Job], now: float) -> None:
    """Pause, resume and start what waits in a bucket's queue: jobs of a higher level first, then older ones."""
    queue = bucket.queue
    if queue is None:
        return
    # A bucket whose Smart Audio was switched off and on again may still run jobs of its former queue.
    queued = [job for job in jobs if job.queue_id == queue.id]
    if queue.state is QueueState.PAUSED:
        _move_all(queued, State.SUBMITTED, "pause", at=now)
        return
    _move_all(queued, State.PAUSE, "resume", at=now)
    running = sum(job.state is State.RUNNING for job in queued)
    waiting = [job for job in queued if job.state is State.SUBMITTED]
    waiting.sort(key=lambda job: (-int(job.level or 0), job.sequence))
    _move_all(waiting[: max(0, store.settings.queue_concurrency - running)], State.SUBMITTED, "start", at=now)


def _move_all(jobs: list[Job], state: State, event: str, *, at: float) -> None:
    for job in jobs:
        if job.state is state:
            move(job, event, at=at)


def _end(store: Store, job: Job, outcome: Outcome) -> None:
    """End a started job: its result becomes an object in the same moment."""
    ended = max(due(store, job), outcome.at)
    code, message = outcome.code, outcome.message
    if outcome.file is not None:
        assert job.target is not None
        target = job.target
        try:
            store.objects.put(outcome.file, target.region, target.bucket, target.key, modified=ended)
        except ServiceError as error:
            code, message = "WriteTargetBucketDenied", f"the output cannot be written: {error.message}"
            outcome.file.unlink(missing_ok=True)
    job.code, job.message, job.result = code, message, outcome.result
    move(job, "succeed" if code == "Success" else "fail", at=ended)
    if job.callback is not None:
        store.ended.append(job)
        store.has_ended.notify_all()
