"""Runs a schedule: `up` until it is done, with what was drawn going wrong, and then a look at what is left."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typing_extensions import Self

from pulumi_ci_audio.emulator import RunningEmulator, Settings
from tests.campaign.engines import Engine
from tests.campaign.schedule import (
    FORCE,
    LAST_LOOK,
    REPLACE_RECORDING,
    REQUESTS,
    SETTLE_SECONDS,
    TRIGGER,
    Schedule,
    Step,
)
from tests.support.emulators import job_states, running_emulator, stored_object
from tests.support.operations import end_processes_with
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.polling import until

UPS_AT_MOST = 18
"""Four faults that each fail three times, a kill, and a few for what follows from them."""

NO_AUDIO = b"a text that somebody called voice.mp3"

_FOREVER_SECONDS = 3600.0
_DAY_SECONDS = 86400.0


@contextmanager
def service_of(folder: Path, schedule: Schedule) -> Iterator[RunningEmulator]:
    """Yield a service of this run alone, whose jobs end when they are told to."""
    settings = Settings(job_seconds=_FOREVER_SECONDS, list_lag_seconds=schedule.lag_seconds)
    with running_emulator(folder, settings=settings) as service:
        service.put_bucket(REGION, BUCKET, ci="on", asr="on")
        yield service


def settings_for(service: RunningEmulator, schedule: Schedule) -> dict[str, str]:
    """Return the variables that lead the package to a service, with short waits."""
    return {
        **service.environment(region=REGION),
        "CI_AUDIO_SETTLE_SECONDS": str(SETTLE_SECONDS),
        "CI_AUDIO_READ_TIMEOUT_SECONDS": str(schedule.read_timeout_seconds),
    }


def run(
    schedule: Schedule,
    service: RunningEmulator,
    engine: Engine,
    *,
    recordings: tuple[bytes, bytes],
    journal: Path,
    seconds_at_most: float,
) -> None:
    """Create a job and run it again, both under the schedule's troubles, and assert that each ran exactly once.

    Args:
        schedule: what goes wrong.
        service: the emulator.
        engine: runs `up`.
        recordings: the first one, and the one that replaces it.
        journal: the folder of the journal that the engine's provider keeps.
        seconds_at_most: after which the run counts as one that hangs, and its processes are ended.
    """
    watch = _Watch(service, seconds_at_most)
    trigger = 0
    with watch:
        for number, step in enumerate(schedule.steps):
            if number == 0 or step.change == REPLACE_RECORDING:
                service.put_object(REGION, BUCKET, RAW, NO_AUDIO if step.fails else recordings[number])
            trigger += step.change == TRIGGER
            service.clear_requests()
            service.clear_faults()
            for fault in step.faults:
                service.add_fault(**fault.rule())
            try:
                with Troubles(schedule, step, service, engine) as troubles:
                    _up_until_done(step, trigger, engine, troubles, journal, watch)
                troubles.assert_all_came()
                _assert_ran_once(number, step, service, engine)
                if step.fails:
                    assert not engine.up(trigger, refresh=False, replace=False), "a failure was forgotten"
                    _assert_ran_once(number, step, service, engine)
            except Exception as error:
                what = "it hangs" if watch.is_over else f"{type(error).__name__}: {error}"
                raise AssertionError(f"step {number} ({step.change}): {what}") from error


def _up_until_done(step: Step, trigger: int, engine: Engine, troubles: Troubles, journal: Path, watch: _Watch) -> None:
    refresh = step.change == REPLACE_RECORDING
    for attempt in range(UPS_AT_MOST):
        succeeded = engine.up(trigger, refresh=refresh, replace=step.change == FORCE and attempt == 0)
        assert not watch.is_over
        if succeeded or (step.fails and engine.job().get("state") == "Failed"):
            assert succeeded is not step.fails, f"ended well: {succeeded}"
            return
        if troubles.has_killed:
            engine.tidy()
        if step.clock_jumps and attempt == 0:
            _set_clock_ahead(journal)
    raise AssertionError(f"not done after {UPS_AT_MOST} ups")


def _assert_ran_once(number: int, step: Step, service: RunningEmulator, engine: Engine) -> None:
    accepted = [entry["id"] for entry in service.state()["jobs"]]
    assert len(accepted) == number + 1, f"accepted {accepted}"
    assert engine.job()["jobId"] == accepted[-1], f"accepted {accepted}, known is {engine.job()['jobId']}"
    assert not engine.has_pending_operations(), "an operation is pending"
    if not step.fails:
        assert stored_object(service, CLEAN), "the result is empty"


def _set_clock_ahead(journal: Path) -> None:
    """Make the journal look as it does to a machine whose wall clock was set a day ahead: a day older."""
    # Only a file that a killed process had not written to its end has a suffix.
    for path in (path for path in journal.glob("*") if not path.suffix):
        record = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**record, "begun": record["begun"] - _DAY_SECONDS}), encoding="utf-8")


class _Watch:
    """Ends the processes of a run that takes too long."""

    def __init__(self, service: RunningEmulator, seconds: float) -> None:
        self.is_over = False
        self._endpoint = service.url
        self._end = threading.Event()
        self._seconds = seconds
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        self.is_over = not self._end.wait(self._seconds)
        while not self._end.is_set():
            end_processes_with("CI_AUDIO_ENDPOINT", self._endpoint)
            self._end.wait(1.0)


class Troubles:
    """Watches a step: kills when it is time, and lets the job end once everything drawn before its end has come."""

    def __init__(self, schedule: Schedule, step: Step, service: RunningEmulator, engine: Engine) -> None:
        self.has_killed = False
        self._schedule, self._step, self._service, self._engine = schedule, step, service, engine
        self._seen = [time.monotonic() for _ in job_states(service)]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def assert_all_came(self) -> None:
        """Assert that everything drawn has gone wrong."""
        fired = {rule["id"]: rule["fired"] for rule in self._service.faults()}
        assert all(fired.values()), f"{self._step.faults} fired {fired}"
        assert self._step.kill is None or self.has_killed, "nobody was killed"

    def _watch(self) -> None:
        kill = self._step.kill
        while not self._is_over.wait(0.02):
            if kill is not None and not self.has_killed and self._has_come(kill.request):
                time.sleep(kill.delay_seconds)
                self.has_killed = self._engine.kill(kill.victim)
            states = job_states(self._service)
            if len(states) > len(self._seen):
                self._seen.append(time.monotonic())
            if "Running" in states and self._may_end():
                self._service.advance(_FOREVER_SECONDS + 1)
                until(lambda: "Running" not in job_states(self._service), "the end of the job")
                self._date_result()

    def _may_end(self) -> bool:
        fired = [rule["fired"] for rule in self._service.faults()]
        early = [count for fault, count in zip(self._step.faults, fired, strict=True) if fault.request != LAST_LOOK]
        kill = self._step.kill
        is_killed = kill is None or kill.request == LAST_LOOK or self.has_killed
        # The time that ends a job lists it, too.
        is_listed = time.monotonic() - self._seen[-1] >= self._schedule.lag_seconds
        return is_listed and all(early) and is_killed

    def _date_result(self) -> None:
        """Date the result by the storage's own clock, which is ahead of the service's."""
        result = self._service.emulator.store.objects.find(REGION, BUCKET, CLEAN)
        if result is not None and not self._step.fails:
            written = result.modified + self._schedule.result_seconds
            os.utime(result.path, (written, written))

    def _has_come(self, request: str) -> bool:
        method, path = REQUESTS[request]
        return any(entry["method"] == method and _fits(entry["path"], path) for entry in self._service.requests())


def _fits(path: str, pattern: str) -> bool:
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
