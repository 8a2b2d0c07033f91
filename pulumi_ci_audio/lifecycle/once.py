"""The submission of something that costs money: sent once, and never again while its outcome is unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pulumi_ci_audio.api.errors import CiAudioError, NotConnectedError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.types import Context

SUBMISSIONS_AT_MOST = 3
"""How often something is sent to a service that cannot be reached or says that it is too busy."""

_RECONNECT_SECONDS = 1.0


class Accepted(Protocol):
    """What the service says of something that it accepted."""

    @property
    def job_id(self) -> str:
        """The service's id of it."""


Record = TypeVar("Record", bound=Accepted)


@dataclass(frozen=True)
class Order(Generic[Record]):
    """Something to submit.

    Attributes:
        what: what it is called, such as ``job``.
        owner: which resource it is for.
        marker: tells it from every other one; the journal notes it.
        send: submits it; it calls what it is given right before it sends, and sends nothing where that raises.
        find: returns it where the service lists it, although it was not there before it was sent.
    """

    what: str
    owner: str
    marker: str
    send: Callable[[Callable[[], None]], Record]
    find: Callable[[], Record | None]


def submit_once(context: Context, order: Order[Record]) -> Record:
    """Submit something, once.

    Where the service says that it was too busy, it is sent again, but only after it had the time to be listed: a proxy
    may answer 429 although the service accepted it.

    Raises:
        ResourceError: whether it was accepted is unknown, or the engine that asked is gone.
        CiAudioError: it was certainly not accepted.
    """
    owner, marker = order.owner, order.marker

    def about_to_send() -> None:
        # Asked and noted now, not before the wait for its turn: the entry's age, which begins anew with every attempt,
        # tells the next process how long to look for it.
        if not context.engine_is_alive():
            if attempt > 1:
                # What was noted is of an attempt that was turned away.
                context.journal.withdraw(owner)
            raise ResourceError(f"the engine that asked for the {order.what} is gone, nothing was submitted")
        context.journal.begin(owner, marker)

    for attempt in range(1, SUBMISSIONS_AT_MOST + 1):
        context.report("[1/3] submitting" if attempt == 1 else f"[1/3] submitting, attempt {attempt}")
        try:
            accepted = order.send(about_to_send)
        except NotConnectedError:
            if attempt == SUBMISSIONS_AT_MOST:
                context.journal.withdraw(owner)
                raise
            context.waiter.pause(_RECONNECT_SECONDS)
            continue
        except CiAudioError as error:
            found = _find_after(error, context, order)
            if found is None and attempt < SUBMISSIONS_AT_MOST:
                continue
            if found is None:
                context.journal.withdraw(owner)
                raise
            accepted = found
        context.journal.accept(owner, marker, accepted.job_id)
        return accepted
    raise AssertionError("the last attempt returns or raises")


def is_unsettled(context: Context, owner: str) -> bool:
    """Return whether a submission from this machine, whose answer nobody saw, may not be listed yet."""
    entry = context.journal.find(owner)
    # It may have been on its way for a while before it was accepted.
    unsettled_seconds = context.in_flight_seconds + context.settle_seconds
    if entry is None or entry.marker == "" or entry.remote_id is not None:
        return False
    return entry.age_seconds < unsettled_seconds


def _find_after(error: CiAudioError, context: Context, order: Order[Record]) -> Record | None:
    """Return what was accepted by a submission that ended with ``error``, or ``None`` where it can be sent again.

    Raises:
        ResourceError: whether it was accepted is unknown.
        CiAudioError: it was refused.
    """
    is_too_busy = error.is_not_accepted
    if not is_too_busy and not error.is_outcome_unknown:
        context.journal.withdraw(order.owner)
        raise error
    list_was_seen = False
    for _ in context.waiter.polls(context.settle_seconds):
        context.report(f"[1/3] no good answer, looking for the {order.what}")
        list_was_seen = False
        try:
            found = order.find()
        except CiAudioError:
            continue
        list_was_seen = True
        if found is not None:
            return found
    if is_too_busy and list_was_seen:
        return None
    raise ResourceError(
        f"{error}; whether the {order.what} was accepted is unknown, so it was not sent again: "
        "run `pulumi up` again, which looks for it first"
    ) from error
