"""The log of requests, in the order in which they came in."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from pulumi_ci_audio.emulator.exchange import Request


@dataclass
class Entry:
    """A request that came in; without a status as long as it has no answer, or if its connection was reset."""

    method: str
    host: str
    path: str
    query: str
    time: float
    connection: int
    fault: int | None
    status: int | None = None


class Journal:
    """Remembers requests until it is cleared."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []

    def begin(self, request: Request, *, time: float, fault: int | None) -> Entry:
        """Note a request; ``fault`` is the id of the rule it meets."""
        entry = Entry(
            method=request.method,
            host=request.host,
            path=request.path,
            query=request.query,
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
