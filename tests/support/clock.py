"""Time that passes only when somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pulumi_ci_audio.api.waiting import Waiter


class FakeClock:
    """A clock to give to code that takes ``now`` and ``sleep``.

    Attributes:
        time: what ``now`` returns.
        slept: how long each sleep was.
    """

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start
        self.slept: list[float] = []
        self._events: list[tuple[float, Callable[[], object]]] = []

    def now(self) -> float:
        """Return the time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass, and happen what is due then."""
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds
        due = [event for event in self._events if event[0] <= self.time]
        for event in due:
            self._events.remove(event)
            event[1]()

    def after(self, seconds: float, happen: Callable[[], object]) -> None:
        """Call ``happen`` in the sleep that reaches the time ``seconds`` from now."""
        self._events.append((self.time + seconds, happen))

    def waiter(self, **options: Any) -> Waiter:
        """Return a waiter on this clock."""
        return Waiter(now=self.now, sleep=self.sleep, **options)
