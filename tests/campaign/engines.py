"""The two engines a schedule can be run on: the dynamic host through its own door, and the real one."""

from __future__ import annotations

import threading

from pulumi_ci_audio import NoiseReductionJob
from tests.doors.dynamic_host import CallError, Host, State
from tests.stack.running import Running, kill

from .run import BUCKET, CLEAN, RAW, REGION

KIND = "NoiseReductionJob"


class HostEngine:
    """Keeps the state itself and drives the host's process: fast."""

    def __init__(self, environment):
        self._environment = environment
        self._state = State(KIND)
        self._orphans = []
        self._host = None
        self._lock = threading.Lock()

    def up(self, step):
        with self._lock:
            self._host = Host(self._environment)
        inputs = {
            "bucket": BUCKET,
            "region": REGION,
            "inputObject": RAW,
            "outputObject": CLEAN,
            "triggers": [step],
            "__owner": "recordings/dev//NoiseReductionJob/resource",
        }
        try:
            self._state.up(self._host, inputs)
        except (CallError, ValueError):
            return False
        finally:
            with self._lock:
                host, self._host = self._host, None
                if host not in self._orphans:
                    host.kill()
        return True

    def kill(self, victim):
        """Kill, and return whether there was somebody to kill."""
        with self._lock:
            if self._host is None:
                return False
            if victim == "engine":
                # Its provider lives on, beside the next run's.
                self._orphans.append(self._host)
                self._host.kill_engine()
            else:
                self._host.process.kill()
            return True

    def tidy(self):
        """Nothing: this engine notes no pending operations."""

    def job_id(self):
        return self._state.resource.state["jobId"]

    def pending(self):
        return []

    def close(self):
        for host in self._orphans:
            host.kill()


class RealEngine:
    """Drives the real engine through the Automation API."""

    def __init__(self, stack):
        self._stack = stack
        self._running = None
        self._lost_its_engine = False
        self._lock = threading.Lock()

    def up(self, step):
        def program():
            NoiseReductionJob("resource", bucket=BUCKET, input_object=RAW, output_object=CLEAN, triggers=[step])

        with Running(self._stack.up, program) as running:
            with self._lock:
                self._running = running
            try:
                return running.outcome().succeeded
            finally:
                with self._lock:
                    self._running = None

    def kill(self, victim):
        """Kill, and return whether there was somebody to kill."""
        with self._lock:
            if self._running is None or self._running.is_over():
                return False
            engine, provider = self._running.engine_now(), self._running.provider_now()
            if engine is None or provider is None:
                return False
            if "engine" in victim:
                self._lost_its_engine = True
                kill(engine)
            if "provider" in victim:
                kill(provider)
            return True

    def tidy(self):
        """Do what the README says after a kill."""
        if self._lost_its_engine:
            self._lost_its_engine = False
            self._stack.unlock()
            self._stack.refresh(clear_pending_creates=True)

    def job_id(self):
        return self._stack.outputs_of("resource")["jobId"]

    def pending(self):
        return self._stack.state().get("pending_operations") or []

    def close(self):
        """Nothing is left to close."""
