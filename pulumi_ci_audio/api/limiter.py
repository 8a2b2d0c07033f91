"""How fast requests may follow each other, per host and for all threads together.

Requests are spaced evenly. Where the service says that there are too many, the spaces grow for everybody, and shrink
again with every answer that says nothing of the kind.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

from pulumi_ci_audio.api.waiting import Waiter

FIRST_SPACE_SECONDS = 0.1
LONGEST_SPACE_SECONDS = 5.0
GROWTH, SHRINKAGE = 2.0, 0.8


@dataclass
class _Pace:
    """How fast requests to one host follow each other.

    Attributes:
        space: the seconds between two requests.
        next: the time before which no further request begins.
    """

    space: float
    next: float = float("-inf")


@dataclass
class Limiter:
    """Spaces the requests to each host.

    Attributes:
        per_second: the most requests in a second to one host, or ``None`` where only the service limits them.
    """

    per_second: float | None = None
    _paces: dict[str, _Pace] = field(init=False, repr=False)
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._paces = defaultdict(lambda: _Pace(self._shortest_space))

    @property
    def _shortest_space(self) -> float:
        return 1 / self.per_second if self.per_second else 0.0

    def admit(self, host: str, waiter: Waiter) -> None:
        """Return when the next request to ``host`` may begin.

        Raises:
            WaitCancelledError: the wait was cancelled.
        """
        with self._lock:
            pace, now = self._paces[host], waiter.now()
            begin = max(now, pace.next)
            pace.next = begin + pace.space
        if begin > now:
            waiter.pause(begin - now)

    def slow_down(self, host: str, now: float, *, pause: float = 0.0) -> None:
        """Take note that the service turned a request away for its rate.

        Args:
            host: that did.
            now: the monotonic time.
            pause: the seconds for which it asked for no request at all.
        """
        with self._lock:
            pace = self._paces[host]
            pace.space = min(max(pace.space * GROWTH, FIRST_SPACE_SECONDS), LONGEST_SPACE_SECONDS)
            pace.space = max(pace.space, self._shortest_space)
            pace.next = max(pace.next, now + max(pause, pace.space))

    def speed_up(self, host: str) -> None:
        """Take note that the service answered."""
        with self._lock:
            pace = self._paces[host]
            pace.space = max(pace.space * SHRINKAGE, self._shortest_space)
            if pace.space < FIRST_SPACE_SECONDS * SHRINKAGE:
                pace.space = self._shortest_space


@lru_cache(maxsize=8)
def limiter_of(per_second: float | None) -> Limiter:
    """Return the process's limiter, so that every client keeps to the same pace."""
    return Limiter(per_second)
