"""The emulator's clock: real time plus what was advanced. Renders times the way CI and COS write them.

Nothing in the emulator sleeps for a state to pass: states look at this clock when somebody looks at them. Only the
lifetime of a signature is judged by real time, because clients sign with theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))
_FORMAT = "%Y-%m-%dT%H:%M:%S%z"
UNSET = "-"
_MAX_SECONDS = 10**9  # about 30 years: dates stay within what libraries can write


class Clock:
    """Tells the emulator's time in unix seconds."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._advanced = 0.0

    def now(self) -> float:
        """Return the emulator's time."""
        return self._now() + self._advanced

    @property
    def advanced(self) -> float:
        """By how many seconds the emulator's time is ahead of real time."""
        return self._advanced

    def real(self) -> float:
        """Return the time that signatures are judged by."""
        return self._now()

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass at once.

        Raises:
            ValueError: the clock would be too far ahead for dates to be written.
        """
        if self._advanced + seconds > _MAX_SECONDS:
            raise ValueError(f"the clock is at most {_MAX_SECONDS} seconds ahead")
        self._advanced += seconds

    def reset(self) -> None:
        """Return to real time."""
        self._advanced = 0.0


def render_time(moment: float | None) -> str:
    """Return a time as CI writes it, ``2022-06-27T15:23:10+0800``, or ``-`` for a time not yet set."""
    return UNSET if moment is None else datetime.fromtimestamp(moment, _CHINA).strftime(_FORMAT)


def parse_time(text: str) -> float:
    """Return the unix seconds of a time as CI writes it.

    Raises:
        ValueError: ``text`` is not written that way.
    """
    return datetime.strptime(text, _FORMAT).timestamp()  # noqa: DTZ007  the format has a zone


def is_seconds(value: object) -> bool:
    """Return whether ``value`` is a duration in seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MAX_SECONDS
