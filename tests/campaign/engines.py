"""The two engines a schedule can be run on: one that speaks to the dynamic host itself, and the real one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from tests.support.families import Family
from tests.support.operations import RunningOperation, kill
from tests.support.places import BUCKET, CLEAN, RAW, REGION
from tests.support.provider_host import CallError, Host, State
from tests.support.stacks import Stack

KIND = "NoiseReductionJob"


class Engine(Protocol):
    """What a schedule needs of an engine."""

    def up(self, trigger: int, *, refresh: bool, replace: bool) -> bool:
        """Run ``pulumi up``, perhaps with ``--refresh`` or ``--replace``, and return whether it succeeded."""

    def kill(self, victim: str) -> bool:
        """Kill, and return whether there was somebody to kill."""

    def tidy(self) -> None:
        """Do what the README says after a kill."""

    def job(self) -> Mapping[str, Any]:
        """Return the resource's properties in the state; none where there is no resource."""

    def has_pending_operations(self) -> bool:
        """Return whether the state notes an operation that did not end."""

    def close(self) -> None:
        """End what is still there."""


class HostEngine:
    """Keeps the state itself and drives the host's process: fast."""

    def __init__(
        self,
        environment: Mapping[str, str],
        family: Family,
        kind: str = KIND,
        inputs: Mapping[str, Any] = MappingProxyType({"inputObject": RAW, "outputObject": CLEAN}),
    ) -> None:
        self._environment = environment
        self._family = family
        self._kind, self._inputs = kind, inputs
        self._state = State(kind)
        self._orphans: list[Host] = []
        self._host: Host | None = None
        self._lock = threading.Lock()

    def up(self, trigger: int, *, refresh: bool, replace: bool) -> bool:
        """Do the calls of ``pulumi up``, and return whether they succeeded."""
        with self._lock:
            self._host = host = Host(self._environment, family=self._family)
        inputs = {
            "bucket": BUCKET,
            "region": REGION,
            **self._inputs,
            "triggers": [trigger],
            "__owner": f"recordings/dev//{self._kind}/resource",
        }
        try:
            if refresh:
                self._state.refresh(host)
            self._state.up(host, inputs, replace=replace)
        except (CallError, ValueError):
            return False
        finally:
            with self._lock:
                self._host = None
                if host not in self._orphans:
                    host.kill()
        return True

    def kill(self, victim: str) -> bool:
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

    def tidy(self) -> None:
        """Nothing: this engine notes no pending operations."""

    def job(self) -> Mapping[str, Any]:
        """Return the resource's properties in the state; none where there is no resource."""
        return self._state.resource.state if self._state.resource else {}

    def has_pending_operations(self) -> bool:
        """Return false: this engine notes none."""
        return False

    def close(self) -> None:
        """End the hosts whose engines were killed."""
        for host in self._orphans:
            host.kill()


class RealEngine:
    """Drives the real engine through the Automation API.

    Args:
        stack: to deploy.
        declare: registers the one resource, called ``resource``, with this trigger.
    """

    def __init__(self, stack: Stack, declare: Callable[[int], object]) -> None:
        self._stack = stack
        self._declare = declare
        self._running: RunningOperation | None = None
        self._lost_its_engine = False
        self._lock = threading.Lock()

    def up(self, trigger: int, *, refresh: bool, replace: bool) -> bool:
        """Run ``pulumi up``, and return whether it succeeded."""
        options: dict[str, Any] = {"refresh": True} if refresh else {}
        if replace:
            options["replace"] = [self._stack.urn("resource")]
        with RunningOperation(self._stack, "up", lambda: self._declare(trigger), **options) as running:
            with self._lock:
                self._running = running
            try:
                return running.outcome().succeeded
            finally:
                with self._lock:
                    self._running = None

    def kill(self, victim: str) -> bool:
        """Kill, and return whether there was somebody to kill."""
        with self._lock:
            if self._running is None or self._running.is_over():
                return False
            engine, provider = self._running.find_engine(), self._running.find_provider()
            if engine is None or provider is None:
                return False
            if "engine" in victim:
                self._lost_its_engine = True
                kill(engine)
            if "provider" in victim:
                kill(provider)
            return True

    def tidy(self) -> None:
        """Do what the README says after a kill."""
        if self._lost_its_engine:
            self._lost_its_engine = False
            self._stack.unlock()
            self._stack.refresh(clear_pending_creates=True)

    def job(self) -> Mapping[str, Any]:
        """Return the resource's properties in the state; none where there is no resource."""
        return self._stack.resources().get("resource", {}).get("outputs", {})

    def has_pending_operations(self) -> bool:
        """Return whether the state notes an operation that did not end."""
        return bool(self._stack.state().get("pending_operations"))

    def close(self) -> None:
        """Nothing is left to end."""
