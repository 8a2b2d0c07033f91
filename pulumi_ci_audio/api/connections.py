"""Connections whose answers end in time, whatever trickles in: status line, headers, body and trailers alike.

A timeout of the HTTP library bounds the silence between two bytes only. Here every reading from the socket is bounded
by what is left for the answer as a whole.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager


class Bound:
    """The time that one answer after another may take.

    Args:
        seconds: for one answer.
        now: returns a monotonic time in seconds.
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self.restart()

    def restart(self) -> None:
        """Begin the time of the next answer."""
        self._end = self._now() + self._seconds

    @property
    def rest(self) -> float:
        """The seconds that are left for this answer; negative when its time is over."""
        return self._end - self._now()


class _BoundedReader(io.RawIOBase):
    """What comes in on a socket, until the time is over."""

    def __init__(self, raw: io.RawIOBase, sock: Any, bound: Bound) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._bound = bound
        self._silence: float | None = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        rest = self._bound.rest
        if rest <= 0:
            raise TimeoutError("the answer took too long as a whole")
        self._sock.settimeout(rest if self._silence is None else min(self._silence, rest))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _BoundedResponse(HTTPResponse):
    """A response of the standard library, which reads within ``bound``."""

    def __init__(self, sock: Any, *arguments: Any, bound: Bound, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp = io.BufferedReader(_BoundedReader(self.fp.detach(), sock, bound))


class BoundedAdapter(HTTPAdapter):
    """Sends once, over connections whose answers end within ``bound``; for one request at a time."""

    def __init__(self, bound: Bound) -> None:
        self._pool_classes = _pool_classes(bound)
        # No hidden repetition: what may be repeated is decided by the operation.
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the manager of direct connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> PoolManager:
        """Return the manager of the connections through a proxy."""
        manager: PoolManager = super().proxy_manager_for(*arguments, **options)
        manager.pool_classes_by_scheme = self._pool_classes
        return manager


def _pool_classes(bound: Bound) -> dict[str, type[HTTPConnectionPool]]:
    def prepared(connection: Any) -> Any:
        connection.response_class = partial(_BoundedResponse, bound=bound)
        # The standard library would print every header, the signature among them, for programs that set it.
        connection.debuglevel = 0
        return connection

    class Plain(HTTPConnectionPool):
        def _new_conn(self) -> Any:
            return prepared(super()._new_conn())

    class Encrypted(HTTPSConnectionPool):
        def _new_conn(self) -> Any:
            return prepared(super()._new_conn())

    return {"http": Plain, "https": Encrypted}
