"""Whether and when a request is sent again: a table, and what follows it. Pure, but for the waiter's pauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import tenacity

from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.operations import Repeat
from pulumi_ci_audio.api.waiting import Waiter

ATTEMPTS = 4
BUDGET_SECONDS = 60.0
"""The time for all attempts of one request: after it, none is begun."""
SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_RETRY_AFTER_SECONDS = 30.0
"""The longest pause that is kept because the service asks for it (``Retry-After``)."""

Result = TypeVar("Result")


class Outcome(Enum):
    """How an attempt ended, as far as another one is concerned."""

    UNSENT = "no connection was made: it had no effect"
    TURNED_AWAY = "the service did not accept it: it had no effect"
    LOST = "there is no good answer: it may have had its effect"
    FINAL = "it was refused, or cannot be sent: another attempt would end alike"


@dataclass(frozen=True)
class Again:
    """How a request is sent again: exponential pauses, of which chance takes any part ("full jitter").

    Attributes:
        attempts: how often it is sent at most, the first time included.
        first_seconds: the longest pause after the first attempt; each one doubles it.
        longest_seconds: no pause is longer.
    """

    attempts: int
    first_seconds: float
    longest_seconds: float

    def pause(self, attempt: int, chance: float) -> float:
        """Return the seconds between an attempt, counted from 1, and the next one."""
        longest = min(self.first_seconds * 2.0 ** (attempt - 1), self.longest_seconds)
        return max(SHORTEST_PAUSE_SECONDS, chance * longest)


_SOON = Again(ATTEMPTS, first_seconds=0.5, longest_seconds=8.0)
_LATER = Again(ATTEMPTS, first_seconds=1.0, longest_seconds=16.0)

POLICY: Mapping[tuple[Repeat, Outcome], Again] = {
    (Repeat.SAFELY, Outcome.UNSENT): _SOON,
    (Repeat.SAFELY, Outcome.TURNED_AWAY): _LATER,
    (Repeat.SAFELY, Outcome.LOST): _SOON,
    (Repeat.IF_NOT_ACCEPTED, Outcome.UNSENT): _SOON,
    (Repeat.IF_NOT_ACCEPTED, Outcome.TURNED_AWAY): _LATER,
}
"""What is sent again: what the table does not name is sent once."""


def outcome_of(error: BaseException) -> Outcome:
    """Return how the attempt that raised ``error`` ended."""
    if not isinstance(error, CiAudioError) or not error.is_transient:
        return Outcome.FINAL
    if not error.is_not_accepted:
        return Outcome.LOST
    return Outcome.TURNED_AWAY if isinstance(error, ApiError) else Outcome.UNSENT


def attempt(once: Callable[[], Result], *, repeat: Repeat, waiter: Waiter) -> Result:
    """Return what ``once`` returns, calling it again where :data:`POLICY` says so, within :data:`BUDGET_SECONDS`.

    Raises:
        CiAudioError: what the last attempt raised; after several, it says how many and how long they took.
        WaitCancelledError: the wait between two attempts was cancelled.
    """
    start = waiter.now()

    def again(state: tenacity.RetryCallState) -> Again | None:
        error = state.outcome.exception() if state.outcome else None
        return POLICY.get((repeat, outcome_of(error))) if error else None

    def pause(state: tenacity.RetryCallState) -> float:
        policy, error = again(state), state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, ApiError) else None
        jittered = policy.pause(state.attempt_number, waiter.chance()) if policy else 0.0
        return jittered + min(asked or 0.0, LONGEST_RETRY_AFTER_SECONDS)

    def is_exhausted(state: tenacity.RetryCallState) -> bool:
        policy = again(state)
        is_last = policy is None or state.attempt_number >= policy.attempts
        return is_last or waiter.now() - start + state.upcoming_sleep > BUDGET_SECONDS

    retrying = tenacity.Retrying(
        retry=lambda state: again(state) is not None,
        wait=pause,
        stop=is_exhausted,
        sleep=waiter.pause,
        reraise=True,
    )
    try:
        return retrying(once)
    except CiAudioError as error:
        tried = retrying.statistics["attempt_number"]
        if tried > 1:
            error.add(f"tried {tried} times in {waiter.now() - start:.0f} s")
        raise
