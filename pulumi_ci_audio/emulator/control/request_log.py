"""The log of requests, in the order in which they came in."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from pulumi_ci_audio.emulator.http.messages import Request

MAX_ENTRIES = 20_000
_MAX_TEXT = 2048  # no key is longer


@dataclass
class LoggedRequest:
    """A request that came in; without a status as long as it has no response, or if its connection was reset."""

    method: str
    host: str
    path: str
    query: str
    time: float
    connection: int
    fault: int | None
    status: int | None = None


class RequestLog:
    """Remembers the last requests until it is cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: deque[LoggedRequest] = deque(maxlen=MAX_ENTRIES)

    def begin(self, request: Request, *, time: float, fault: int | None) -> LoggedRequest:
        """Note a request; ``fault`` is the id of the fault it meets."""
        entry = LoggedRequest(
            method=request.method[:_MAX_TEXT],
            host=request.host[:_MAX_TEXT],
            path=request.path[:_MAX_TEXT],
            query=request.query[:_MAX_TEXT],
            time=time,
            connection=request.connection,
            fault=fault,
        )
        with self._lock:
            self._entries.append(entry)
        return entry

    def describe(self) -> list[dict[str, Any]]:
        """Return the requests in the words of the control call."""
        with self._lock:
            return [asdict(entry) for entry in self._entries]

    def clear(self) -> None:
        """Forget every request."""
        with self._lock:
            self._entries.clear()
