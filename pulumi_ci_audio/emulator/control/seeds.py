"""What the control call on a bucket may set, a function for each name: checked first, changed later.

Each takes the value and the time, raises ValueError if the value makes no sense, and returns the change to make.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pulumi_ci_audio.emulator.operations.jobs import TAGS
from pulumi_ci_audio.emulator.rules import bindings
from pulumi_ci_audio.emulator.state.records import NOISE_REDUCTION, SERVICES, BatchJob, Bucket, Job, State, Workflow
from pulumi_ci_audio.emulator.state.store import Store

Change = Callable[[Store, Bucket], None]


def _ci(value: Any, now: float) -> Change:
    is_on = _one_of("ci", value, {"on", "off"}) == "on"

    def change(_store: Store, bucket: Bucket) -> None:
        if not is_on:
            bucket.bound_at = None
        elif bucket.bound_at is None:
            bucket.bound_at = now
        bucket.unbinding_since = None

    return change


def _asr(value: Any, _now: float) -> Change:
    return bindings.open_asr if _one_of("asr", value, {"on", "off"}) == "on" else bindings.close_asr


def _workflows(value: Any, now: float) -> Change:
    rows = [
        (row["id"], row.get("name", row["id"]), _one_of("state", row.get("state", "Active"), {"Active", "Paused"}))
        for row in _rows("workflows", value, {"id", "name", "state"})
    ]

    def change(_store: Store, bucket: Bucket) -> None:
        bucket.workflows = {row[0]: Workflow(row[0], bucket.name, row[1], row[2], now) for row in rows}

    return change


def _batch_jobs(value: Any, now: float) -> Change:
    jobs = {}
    for row in _rows("batch_jobs", value, {"id", "name", "state", "type"}):
        state = State(_one_of("state", row.get("state", "Running"), set(State)))
        type_ = _one_of("type", row.get("type", "Workflow"), {"Workflow", "Job"})
        jobs[row["id"]] = BatchJob(row["id"], row.get("name", row["id"]), state, type_, now)

    def change(_store: Store, bucket: Bucket) -> None:
        bucket.batch_jobs = jobs

    return change


def _services(value: Any, now: float) -> Change:
    if not isinstance(value, list):
        raise ValueError("services must be a list")  # noqa: TRY004  one kind of error for every wrong value
    names = [_one_of("a service", name, set(SERVICES)) for name in value]

    def change(_store: Store, bucket: Bucket) -> None:
        bucket.services = {name: bucket.services.get(name, now) for name in names}

    return change


def _moderation(value: Any, _now: float) -> Change:
    if not isinstance(value, bool):
        raise ValueError("moderation must be true or false")  # noqa: TRY004  see above

    def change(_store: Store, bucket: Bucket) -> None:
        bucket.moderation = value

    return change


def _jobs(value: Any, now: float) -> Change:
    rows = [
        (
            row["id"],
            _one_of("tag", row.get("tag", NOISE_REDUCTION), TAGS),
            State(_one_of("state", row.get("state", "Running"), set(State))),
        )
        for row in _rows("jobs", value, {"id", "tag", "state"})
    ]

    def change(store: Store, bucket: Bucket) -> None:
        bucket.jobs = {job_id: job for job_id, job in bucket.jobs.items() if not job.is_planted}
        for job_id, tag, state in rows:
            bucket.jobs[job_id] = Job(
                id=job_id,
                sequence=store.next_number(),
                region=bucket.region,
                bucket=bucket.name,
                tag=tag,
                created=now,
                queue_id="" if bucket.queue is None else bucket.queue.id,
                state=state,
                is_planted=True,
            )

    return change


# In the order in which they are made: planted jobs name the queue of Smart Audio.
SEEDS: Mapping[str, Callable[[Any, float], Change]] = {
    "ci": _ci,
    "asr": _asr,
    "workflows": _workflows,
    "batch_jobs": _batch_jobs,
    "services": _services,
    "moderation": _moderation,
    "jobs": _jobs,
}


def plan(settings: Mapping[str, Any], now: float) -> list[Change]:
    """Return the changes that ``settings`` ask for, in a fixed order.

    Raises:
        ValueError: a setting is unknown or makes no sense.
    """
    unknown = sorted(set(settings) - set(SEEDS))
    if unknown:
        raise ValueError(f"a bucket has no {unknown[0]!r}, only {', '.join(SEEDS)}")
    return [seed(settings[name], now) for name, seed in SEEDS.items() if name in settings]


def _one_of(what: str, value: Any, choices: set[str] | frozenset[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{what} must be one of {', '.join(sorted(choices))}, not {value!r}")
    return value


def _rows(what: str, value: Any, names: set[str]) -> list[dict[str, str]]:
    """Return a list of records of texts, each with an id."""
    if not isinstance(value, list):
        raise ValueError(f"{what} must be a list")  # noqa: TRY004  see above
    for row in value:
        if not isinstance(row, dict) or "id" not in row or not set(row) <= names:
            raise ValueError(f"{what} must be records of {', '.join(sorted(names))}, with an id")
        if not all(isinstance(text, str) and text for text in row.values()):
            raise ValueError(f"{what} must hold texts")
    return value
