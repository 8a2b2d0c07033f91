"""Telling the end of a job to the address that its submission or its queue names (1045/73376).

Every callback is recorded. It is sent only where the emulator is told to, and only to this machine: an emulator must
not call strangers. Requests are made outside of the store's lock, so a receiver may ask the emulator back.
"""

from __future__ import annotations

import http.client
import logging
import threading
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from pulumi_ci_audio.emulator.http.hosts import is_loopback
from pulumi_ci_audio.emulator.http.messages import XML, json_response
from pulumi_ci_audio.emulator.http.xml import Content, render
from pulumi_ci_audio.emulator.operations.jobs import describe
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import Callback, Job, State
from pulumi_ci_audio.emulator.state.store import Store

log = logging.getLogger(__name__)

_MAX_RECORDED = 1000
_TIMEOUT_SECONDS = 5.0
_JOIN_SECONDS = 10.0
# The published callback does not have them, though a job does.
_NOT_TOLD = frozenset({"QueueType", "NoiseReduction"})


@dataclass
class Recorded:
    """A callback: what was or would be sent, and what came of it; neither status nor error where nothing was sent."""

    job_id: str
    url: str
    format: str
    time: str
    body: str
    status: int | None = None
    error: str | None = None


class Callbacks:
    """Makes the callbacks of jobs that ended.

    Args:
        store: where the jobs are.
        has_thread: make them in a thread; else whenever :meth:`make_pending` is called.
    """

    def __init__(self, store: Store, *, has_thread: bool) -> None:
        self._store = store
        self._recorded: deque[Recorded] = deque(maxlen=_MAX_RECORDED)
        self._is_closed = False
        self._thread: threading.Thread | None = None
        if has_thread:
            self._thread = threading.Thread(target=self._run, name="emulator callbacks", daemon=True)
            self._thread.start()

    def describe(self) -> list[dict[str, Any]]:
        """Return the callbacks in the words of the control call."""
        with self._store.lock:
            return [asdict(entry) for entry in self._recorded]

    def clear(self) -> None:
        """Forget the callbacks so far."""
        with self._store.lock:
            self._recorded.clear()

    def make_pending(self) -> None:
        """Make the callbacks of all jobs that have ended."""
        while True:
            with self._store.lock:
                advance_jobs(self._store)
                if not self._store.ended:
                    return
                made = self._next()
            self._send(*made)

    def close(self) -> None:
        """End the thread after the callback in hand."""
        with self._store.lock:
            self._is_closed = True
            self._store.has_ended.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        store = self._store
        while True:
            with store.lock:
                while not store.ended and not self._is_closed:
                    store.has_ended.wait()
                if self._is_closed:
                    return
                made = self._next()
            try:
                self._send(*made)
            except Exception:  # one callback must not end the thread that makes all of them
                log.exception("a callback failed")

    def _next(self) -> tuple[Recorded, bytes, str]:
        """Return the next callback, recorded, with its body and type. To be called with the store's lock held."""
        job = self._store.ended.popleft()
        assert job.callback is not None
        body, content_type = _document(job, job.callback)
        entry = Recorded(
            job.id, job.callback.url, job.callback.format, render_time(self._store.clock.now()), body.decode()
        )
        self._recorded.append(entry)
        return entry, body, content_type

    def _send(self, entry: Recorded, body: bytes, content_type: str) -> None:
        if not self._store.sends_callbacks:
            return
        status, error = None, None
        try:
            status = _post(entry.url, body, content_type)
        except (OSError, http.client.HTTPException, ValueError) as failure:
            error = f"{type(failure).__name__}: {failure}"
        with self._store.lock:
            entry.status, entry.error = status, error


def _document(job: Job, callback: Callback) -> tuple[bytes, str]:
    """Return the body of a callback and its type: XML, or the same tree in JSON without the outermost element."""
    told = [(name, content) for name, content in describe(job) if name not in _NOT_TOLD]
    details: Content = [(name, _told(name, content, job)) for name, content in told]
    content: list[tuple[str, Content]] = [("EventName", "TaskFinish"), ("JobsDetail", details)]
    if callback.format == "JSON":
        answer = json_response(content)
        assert isinstance(answer.body, bytes)
        return answer.body, answer.headers["Content-Type"]
    return render("Response", content), XML


def _told(name: str, content: Content, job: Job) -> Content:
    if name == "Message" and job.state is State.SUCCESS:
        return "SUCCESS"
    if name == "Operation" and not isinstance(content, str | int | None):
        return [pair for pair in content if pair[0] not in _NOT_TOLD]
    return content


def _post(url: str, body: bytes, content_type: str) -> int:
    """Send a callback and return the status of the answer. Redirects are not followed."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not is_loopback(host):
        raise ValueError("callbacks are sent to this machine only")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind("127.0.0.1" if host.endswith(".localhost") else host, parts.port, timeout=_TIMEOUT_SECONDS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, body, {"Host": parts.netloc, "Content-Type": content_type})
        return connection.getresponse().status
    finally:
        connection.close()
