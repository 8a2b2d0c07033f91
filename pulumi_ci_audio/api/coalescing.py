"""Many questions, few requests: what several threads ask at the same time is asked of the service once.

The law: a look is answered only by a request that was sent after the look was asked, so that it is never stale. There
is no thread here: one of those who ask sends for all who asked until then, and whoever asks meanwhile waits for the
next request. Where that one is cancelled, another one sends.

The one exception is a :class:`Listing`, which may answer refreshes for some seconds; a write of this process ends that.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import WaitCancelledError
from pulumi_ci_audio.api.waiting import TICK_SECONDS, Waiter

GATHER_SECONDS = 0.025
"""How long the first who asks waits for others, from its question on."""

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

Send = Callable[[Sequence[Key]], Mapping[Key, Answer]]
"""Sends one request for several keys; what it does not tell is asked alone."""


class RefusedTogetherError(Exception):
    """A request for several was refused, or cannot be read, so that each is to be asked alone.

    Attributes:
        is_final: whether it certainly will be refused again. Otherwise that is so once a lone question is answered.
    """

    def __init__(self, *, is_final: bool) -> None:
        super().__init__("refused together")
        self.is_final = is_final


@dataclass(frozen=True)
class _Outcome(Generic[Key, Answer]):
    """What became of one request."""

    told: Mapping[Key, Answer] = field(default_factory=dict)
    error: Exception | None = None


@dataclass(eq=False)
class _Look(Generic[Key, Answer]):
    """One question of one thread."""

    key: Key
    asked_at: float
    outcome: _Outcome[Key, Answer] | None = None


def first_batch(keys: Sequence[Key], most: int) -> tuple[Key, ...]:
    """Return the first ``most`` different keys."""
    return tuple(dict.fromkeys(keys))[:most]


class Gatherer(Generic[Key, Answer]):
    """Gathers looks at one kind of thing, and answers them by as few requests as may be.

    Args:
        most: how many keys one request may name.
        pause_seconds: how long the first who asks waits for others, from its question on.
        tick_seconds: the longest time between two looks at whether a wait was cancelled.
    """

    def __init__(self, *, most: int, pause_seconds: float, tick_seconds: float = TICK_SECONDS) -> None:
        self._most = most
        self._pause_seconds = pause_seconds
        self._tick_seconds = tick_seconds
        self._changed = threading.Condition()
        self._waiting: list[_Look[Key, Answer]] = []
        self._is_sending = False
        self._is_refused = False

    def ask(
        self, key: Key, send: Send[Key, Answer], alone: Callable[[], Answer], waiter: Waiter
    ) -> Callable[[], Answer]:
        """Ask for ``key`` now, and return the function that waits for the answer.

        Args:
            key: what is asked for.
            send: sends the request, for this look and for those of others; it may raise
                :class:`RefusedTogetherError`.
            alone: asks for ``key`` alone.
            waiter: time, and whether this wait is cancelled, which leaves those of others as they are.

        The function raises what ``send`` raised, whoever called it, or :class:`WaitCancelledError`.
        """
        if self._is_refused:
            return alone
        look: _Look[Key, Answer] = _Look(key, waiter.now())
        with self._changed:
            self._waiting.append(look)
        return lambda: self._answer(look, send, alone, waiter)

    def _answer(
        self, look: _Look[Key, Answer], send: Send[Key, Answer], alone: Callable[[], Answer], waiter: Waiter
    ) -> Answer:
        while (outcome := self._await_turn(look, waiter)) is None:
            self._send_for_all(look, send, waiter)
        if look.key in outcome.told:
            return outcome.told[look.key]
        refusal = outcome.error
        if refusal is not None and not isinstance(refusal, RefusedTogetherError):
            raise _copy_of(refusal) from refusal
        self._is_refused |= refusal is not None and refusal.is_final
        answer = alone()
        self._is_refused |= refusal is not None
        return answer

    def _await_turn(self, look: _Look[Key, Answer], waiter: Waiter) -> _Outcome[Key, Answer] | None:
        """Return what became of ``look``, or ``None`` where it is this thread's turn to send."""
        with self._changed:
            while look.outcome is None and self._is_sending:
                if waiter.is_cancelled():
                    self._withdraw(look)
                    raise WaitCancelledError("interrupted")
                self._changed.wait(self._tick_seconds)
            self._is_sending |= look.outcome is None
            return look.outcome

    def _send_for_all(self, own: _Look[Key, Answer], send: Send[Key, Answer], waiter: Waiter) -> None:
        batch: list[_Look[Key, Answer]] = []
        outcome: _Outcome[Key, Answer] | None = None
        try:
            if len(self._waiting) < self._most:
                waiter.pause(own.asked_at + self._pause_seconds - waiter.now())
            with self._changed:
                keys = first_batch([look.key for look in self._waiting], self._most)
                batch = [look for look in self._waiting if look.key in keys]
                self._waiting = [look for look in self._waiting if look.key not in keys]
            try:
                outcome = _Outcome(send(keys))
            except WaitCancelledError:
                raise
            except Exception as error:  # noqa: BLE001  every error reaches everybody who asked
                outcome = _Outcome(error=error)
        finally:
            with self._changed:
                for look in batch:
                    look.outcome = outcome
                if outcome is None:
                    # Cancelled before there was an answer: another one sends for the others.
                    self._waiting[:0] = batch
                    self._withdraw(own)
                self._is_sending = False
                self._changed.notify_all()

    def _withdraw(self, look: _Look[Key, Answer]) -> None:
        if look in self._waiting:
            self._waiting.remove(look)


def _copy_of(error: Exception) -> Exception:
    """Return an error for one thread to raise and to add to, without the constructor, which may want more."""
    copy = type(error).__new__(type(error))
    copy.args = error.args
    copy.__dict__.update(error.__dict__)
    return copy


class LongListError(Exception):
    """A list has more pages than it is worth.

    Attributes:
        pages: how many it has, at least.
    """

    def __init__(self, pages: int) -> None:
        super().__init__(f"{pages} pages")
        self.pages = pages


class Listing(Generic[Answer]):
    """What a list of a region's buckets told last, and whether another one is worth its pages.

    Args:
        seconds: how long it may answer after it was sent.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._told: Mapping[str, Answer] = {}
        self._sent_at = -math.inf
        self._sent_as = 0
        self._asked = 0
        self._pages = 1

    def count(self) -> None:
        """Take note that somebody asks."""
        with self._lock:
            self._asked += 1

    def worth(self) -> int:
        """Return the most pages that a list may have, or 0 where it would cost more than single questions."""
        with self._lock:
            return self._asked if self._asked > self._pages else 0

    def set_pages(self, pages: int) -> None:
        """Take note that a list has at least so many pages."""
        with self._lock:
            self._pages = pages

    def is_recent(self, now: float) -> bool:
        """Return whether the last list may still answer."""
        with self._lock:
            return now - self._sent_at < self._seconds

    def tell(self, told: Mapping[str, Answer], *, sent_at: float, sent_as: int) -> None:
        """Take note of what a list told.

        Args:
            told: by the names of the buckets.
            sent_at: when its first request was sent.
            sent_as: its place in the order of :meth:`Coalescer.next`.
        """
        with self._lock:
            self._told, self._sent_at, self._sent_as, self._asked = told, sent_at, sent_as, 0

    def recall(self, written_as: Mapping[str, int]) -> Mapping[str, Answer]:
        """Return what the last list told of some buckets: nothing of one that was written to later.

        Args:
            written_as: by the names of the buckets, the places of the last writes to them.
        """
        with self._lock:
            still_true = [name for name, place in written_as.items() if place < self._sent_as and name in self._told]
            return {name: self._told[name] for name in still_true}


@dataclass(frozen=True)
class Sharing:
    """How requests are shared.

    Attributes:
        gather_seconds: how long the first who asks waits for others, from its question on.
        list_seconds: how long a list may answer refreshes after it was sent; 0 for never.
        names_at_most: how many buckets one request names. No page states a limit; an address must not become too long.
        jobs_at_most: how many jobs one request names. No page states a limit; a cancellation takes ten (436/120620).
    """

    gather_seconds: float = 0.0
    list_seconds: float = 0.0
    names_at_most: int = 50
    jobs_at_most: int = 10


class Coalescer:
    """What the clients of one process share that ask the same endpoint.

    Args:
        sharing: how.
    """

    def __init__(self, sharing: Sharing | None = None) -> None:
        self.sharing = sharing or Sharing()
        self._lock = threading.Lock()
        self._gatherers: dict[Hashable, Gatherer[Any, Any]] = {}
        self._listings: dict[Hashable, Listing[Any]] = {}
        self._order = itertools.count(1)
        self._written: dict[Bucket, int] = {}

    def gatherer(self, what: Hashable, most: int) -> Gatherer[Any, Any]:
        """Return the gatherer of looks at ``what``, which names everything that makes their requests differ."""
        with self._lock:
            if what not in self._gatherers:
                self._gatherers[what] = Gatherer(most=most, pause_seconds=self.sharing.gather_seconds)
            return self._gatherers[what]

    def listing(self, what: Hashable) -> Listing[Any]:
        """Return what the list of ``what`` told last."""
        with self._lock:
            return self._listings.setdefault(what, Listing(self.sharing.list_seconds))

    def next(self) -> int:
        """Return the next place in the order of lists and writes."""
        return next(self._order)

    def write(self, bucket: Bucket) -> None:
        """Take note that this process changes the bucket: no list that was sent before tells anything of it."""
        with self._lock:
            self._written[bucket] = next(self._order)

    def written_as(self, bucket: Bucket) -> int:
        """Return the place of the last write to the bucket, or 0 where there was none."""
        with self._lock:
            return self._written.get(bucket, 0)


@lru_cache(maxsize=8)
def coalescer_of(endpoint: str | None, sharing: Sharing) -> Coalescer:  # noqa: ARG001  an endpoint, a coalescer
    """Return the process's coalescer for ``endpoint``, since every operation makes a client of its own."""
    return Coalescer(sharing)
