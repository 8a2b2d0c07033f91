"""Runs a schedule: `up` until green, with what was drawn going wrong, and then a look at what is left."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager

from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.control import RunningEmulator
from pulumi_ci_audio.emulator.server import EmulatorServer

from .schedule import LAST_LOOK, READ_TIMEOUT_SECONDS, REQUESTS, SETTLE_SECONDS

REGION, BUCKET = "ap-chongqing", "recordings-1250000000"
RAW, CLEAN = "raw/voice.mp3", "clean/voice.wav"
UPS_AT_MOST = 14
"""Three faults that each fail three times, a kill, and a few for what follows from them."""

PATIENCE_SECONDS = 60
_FOREVER_SECONDS = 3600.0


@contextmanager
def cloud(folder, audio, schedule):
    """A service of this run alone, whose jobs end when they are told to."""
    emulator = Emulator(data=folder, job_seconds=_FOREVER_SECONDS, list_lag_seconds=schedule.lag_seconds)
    try:
        with EmulatorServer(emulator) as server:
            service = RunningEmulator(server, emulator)
            service.put_bucket(REGION, BUCKET, ci="on", asr="on")
            service.put_object(REGION, BUCKET, RAW, audio)
            yield service
    finally:
        emulator.close()
        shutil.rmtree(folder, ignore_errors=True)


def environment(service, folder):
    return {
        **service.environment(region=REGION),
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "CI_AUDIO_SETTLE_SECONDS": str(SETTLE_SECONDS),
        "CI_AUDIO_READ_TIMEOUT_SECONDS": str(READ_TIMEOUT_SECONDS),
    }


def run(schedule, service, engine):
    """Create a job and change it, both under the schedule's troubles, and assert that each ran exactly once.

    Args:
        schedule: what goes wrong.
        service: the emulator.
        engine: has ``up(step)``, which returns whether it succeeded; ``kill(victim)``; ``tidy()``, for what is to be
            done after a kill; ``job_id()`` and ``pending()``, for a look at the state.
    """
    for step, (faults, kill) in enumerate(zip(schedule.faults, schedule.kills, strict=True)):
        service.clear_requests()
        service.clear_faults()
        for fault in faults:
            service.add_fault(**fault.rule())
        troubles = Troubles(schedule, service, engine, faults, kill)
        with troubles:
            for _ in range(UPS_AT_MOST):
                if engine.up(step):
                    break
                if troubles.has_killed:
                    engine.tidy()
            else:
                raise AssertionError(f"seed {schedule.seed}, step {step}: not green after {UPS_AT_MOST} ups")
        troubles.assert_all_came()
        accepted = [entry["id"] for entry in service.state()["jobs"]]
        assert len(accepted) == step + 1, f"seed {schedule.seed}, step {step}: accepted {accepted}"
        assert engine.job_id() == accepted[-1], f"seed {schedule.seed}, step {step}"
        assert service.get_object(REGION, BUCKET, CLEAN), f"seed {schedule.seed}, step {step}: no output"
        assert engine.pending() == [], f"seed {schedule.seed}, step {step}"


class Troubles:
    """Watches a step: kills when it is time, and lets the job end once everything drawn before its end has come."""

    def __init__(self, schedule, service, engine, faults, kill):
        self.has_killed = False
        self._schedule, self._service, self._engine = schedule, service, engine
        self._faults, self._kill = faults, kill
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()

    def assert_all_came(self):
        fired = {rule["id"]: rule["fired"] for rule in self._service.faults()}
        assert all(fired.values()), f"seed {self._schedule.seed}: {self._faults} fired {fired}"
        assert self._kill is None or self.has_killed, f"seed {self._schedule.seed}: nobody was killed"

    def _watch(self):
        has_ended = False
        while not self._is_over.wait(0.02):
            if self._kill is not None and not self.has_killed and self._has_come(self._kill.request):
                time.sleep(self._kill.delay_seconds)
                self.has_killed = self._engine.kill(self._kill.victim)
            if not has_ended and self._may_end():
                has_ended = True
                self._service.advance(_FOREVER_SECONDS + 1)

    def _may_end(self):
        fired = [rule["fired"] for rule in self._service.faults()]
        early = [count for fault, count in zip(self._faults, fired, strict=True) if fault.request != LAST_LOOK]
        is_killed = self._kill is None or self._kill.request == LAST_LOOK or self.has_killed
        accepted = [entry for entry in self._service.state()["jobs"] if entry["state"] == "Running"]
        return bool(accepted) and all(early) and is_killed

    def _has_come(self, request):
        method, path = REQUESTS[request]
        return any(entry["method"] == method and _fits(entry["path"], path) for entry in self._service.requests())


def _fits(path, pattern):
    return path.startswith(pattern[:-1]) if pattern.endswith("*") else path == pattern
