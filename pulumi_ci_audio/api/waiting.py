"""Waiting for a condition, politely and within a bound. Time, sleep and chance are arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pulumi_ci_audio.api.errors import WaitCancelledError

TICK_SECONDS = 0.1
"""The longest sleep between two looks at whether the wait was cancelled."""


@dataclass(frozen=True)
class Backoff:
    """How long to wait between two polls: soon at first, then less and less often.

    Attributes:
        first_seconds: before the second poll.
        factor: by which each pause exceeds the one before.
        longest_seconds: no pause is longer.
        jitter: the share of a pause that is left to chance, so that many waits do not poll at the same moment.
    """

    first_seconds: float = 0.5
    factor: float = 1.6
    longest_seconds: float = 10.0
    jitter: float = 0.2

    def pauses(self, chance: Callable[[], float]) -> Iterator[float]:
        """Yield the pauses in seconds, without end.

        Args:
            chance: returns a number from 0 to 1.
        """
        pause = self.first_seconds
        while True:
            yield min(pause, self.longest_seconds) * (1 - self.jitter * chance())
            pause = min(pause * self.factor, self.longest_seconds)


@dataclass(frozen=True)
class Waiter:
    """Time as an operation sees it.

    Attributes:
        now: returns a monotonic time in seconds.
        sleep: pauses for some seconds.
        is_cancelled: whether the process is asked to end.
        backoff: the pauses between two polls.
        chance: returns a number from 0 to 1.
    """

    now: Callable[[], float]
    sleep: Callable[[float], None]
    is_cancelled: Callable[[], bool] = lambda: False
    backoff: Backoff = field(default_factory=Backoff)
    chance: Callable[[], float] = random.random

    def pause(self, seconds: float) -> None:
        """Sleep for ``seconds``, in short steps.

        Raises:
            WaitCancelledError: the wait was cancelled.
        """
        end = self.now() + seconds
        while (rest := end - self.now()) > 0:
            if self.is_cancelled():
                raise WaitCancelledError("interrupted")
            self.sleep(min(rest, TICK_SECONDS))

    def polls(self, timeout_seconds: float) -> Iterator[float]:
        """Yield the seconds waited so far, once at first, then after each pause, once more when time is up.

        Raises:
            WaitCancelledError: the wait was cancelled.
        """
        start = self.now()
        for pause in self.backoff.pauses(self.chance):
            waited = self.now() - start
            yield waited
            if waited >= timeout_seconds:
                return
            self.pause(min(pause, max(0.0, timeout_seconds - (self.now() - start))))
