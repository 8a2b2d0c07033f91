"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 30.0
"""Far more than anything here takes, so that only what will never come is given up."""

_LOOK_SECONDS = 0.02

Found = TypeVar("Found")


def until(condition: Callable[[], Found | None], what: str, *, within_seconds: float = PATIENCE_SECONDS) -> Found:
    """Return what ``condition`` returns as soon as that is true.

    Args:
        condition: looks, and returns something true once it is there.
        what: names what is waited for.
        within_seconds: how long to wait at most.

    Raises:
        AssertionError: it did not come.
    """
    end = time.monotonic() + within_seconds
    while True:
        if found := condition():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come within {within_seconds:g} s")
        time.sleep(_LOOK_SECONDS)


def settled(look: Callable[[], Found], *, for_seconds: float) -> Found:
    """Return what ``look`` returns once that has stayed the same for a time.

    Raises:
        AssertionError: it never came to rest.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    seen, since = look(), time.monotonic()
    while time.monotonic() - since < for_seconds:
        time.sleep(_LOOK_SECONDS)
        if (now := look()) != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() > end:
            raise AssertionError(f"{seen!r} did not stay for {for_seconds:g} s")
    return seen
