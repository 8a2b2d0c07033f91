"""How jobs move. The moves are a table; time is read from the clock, never slept for.

``settle`` carries every job as far as it can be by now. It runs at every request and whenever the worker is done with
something, so nobody sees a job in a state that is over.
"""

from __future__ import annotations

from collections import defaultdict

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.records import Job, Outcome, QueueState, State
from pulumi_ci_audio.emulator.store import Store

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


def settle(store: Store) -> None:
    """Carry every job as far as it can be by now."""
    now = store.clock.now()
    waiting: dict[str, list[Job]] = defaultdict(list)
    running: dict[str, int] = defaultdict(int)
    for job in store.jobs.values():
        if job.is_planted:
            continue
        if job.state is State.RUNNING and job.outcome is not None and due(store, job) <= now:
            _end(store, job, job.outcome)
        if job.state is State.RUNNING:
            running[job.queue_id] += 1
        elif job.state in {State.SUBMITTED, State.PAUSE}:
            waiting[job.queue_id].append(job)
    for bucket in store.buckets() if waiting else ():
        queue = bucket.queue
        if queue is None:
            continue
        if queue.state is QueueState.PAUSED:
            _move_all(waiting[queue.id], State.SUBMITTED, "pause", at=now)
            continue
        _move_all(waiting[queue.id], State.PAUSE, "resume", at=now)
        free = max(0, store.settings.queue_concurrency - running[queue.id])
        first = sorted(waiting[queue.id], key=lambda job: (-int(job.level or 0), job.sequence))
        _move_all(first[:free], State.SUBMITTED, "start", at=now)
    store.changed.notify_all()


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
            store.objects.place(outcome.file, target.region, target.bucket, target.key, modified=ended)
        except ServiceError as error:
            code, message = "WriteTargetBucketDenied", f"the output cannot be written: {error.message}"
            outcome.file.unlink(missing_ok=True)
    job.code, job.message = code, message
    move(job, "succeed" if code == "Success" else "fail", at=ended)
