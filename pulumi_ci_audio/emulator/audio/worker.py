"""The one worker that denoises. One, because FFmpeg's filters hold the interpreter while they run."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pulumi_ci_audio.emulator.errors import NotAudioError
from pulumi_ci_audio.emulator.rules.progression import advance_jobs, due, started_jobs
from pulumi_ci_audio.emulator.state.records import MAX_INPUT_BYTES, NOISE_REDUCTION, CannedResult, Job, Outcome
from pulumi_ci_audio.emulator.state.store import Store

log = logging.getLogger(__name__)

_JOIN_SECONDS = 10.0
_LOOK_SECONDS = 0.05


class Denoise(Protocol):
    """Reduces the noise of a recording."""

    def __call__(self, source: Path, target: Path, /, *, format: str, sample_rate: int) -> None:  # noqa: A002  API's
        """Write ``source`` to ``target`` with its noise reduced.

        Raises:
            NotAudioError: nothing could be decoded from ``source``.
        """


def denoise_by_ffmpeg(source: Path, target: Path, /, *, format: str, sample_rate: int) -> None:  # noqa: A002  API's
    """Call the real :func:`~pulumi_ci_audio.emulator.audio.denoise.denoise`; FFmpeg is loaded when it is needed."""
    from pulumi_ci_audio.emulator.audio.denoise import denoise  # noqa: PLC0415  see above

    denoise(source, target, format=format, sample_rate=sample_rate)


class Worker:
    """Denoises what started jobs ask for.

    Args:
        store: where the jobs are.
        denoise: what a job does to its input.
        has_thread: work in a thread, which starts with the first job; else whenever :meth:`run_started` is called.
    """

    def __init__(self, store: Store, denoise: Denoise, *, has_thread: bool) -> None:
        self._store = store
        self._denoise = denoise
        self._has_thread = has_thread
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Make sure that the thread is there to see what changed. To be called with the store's lock held."""
        if self._has_thread and self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name="emulator worker", daemon=True)
            self._thread.start()
        self._store.changed.notify_all()

    def run_started(self) -> None:
        """Denoise for every job that runs, in the caller's thread; it takes no time by the emulator's clock."""
        with self._store.lock:
            advance_jobs(self._store)
            for job in started_jobs(self._store):
                if job.outcome is None:
                    assert job.started is not None
                    job.outcome = replace(self._outcome(job), at=job.started)
            advance_jobs(self._store)

    def close(self) -> None:
        """End the thread after the job in hand."""
        with self._store.lock:
            self._is_closed = True
            self._store.changed.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while jobs := self._next():
            # Looking for jobs takes long where there are thousands: it is done anew after a while, not after each.
            end = time.monotonic() + _LOOK_SECONDS
            for job in jobs:
                self._carry_out(job)
                if self._is_closed or time.monotonic() >= end:
                    break

    def _carry_out(self, job: Job) -> None:
        outcome = self._outcome(job)
        with self._store.lock:
            if self._store.remembers(job):
                job.outcome = outcome
            elif outcome.file is not None:  # reset meanwhile
                outcome.file.unlink(missing_ok=True)

    def _next(self) -> list[Job]:
        """Return the started jobs without an outcome, waiting for one; none when it is time to end."""
        store = self._store
        with store.lock:
            while not self._is_closed:
                advance_jobs(store)
                started = started_jobs(store)
                if waiting := [job for job in started if job.outcome is None]:
                    return waiting
                # Woken by the clock too, so that a result is in its folder in time though nobody asks.
                ends = [due(store, job) - store.clock.now() for job in started]
                store.changed.wait(max(0.0, min(ends)) if ends else None)
        return []

    def _outcome(self, job: Job) -> Outcome:
        """Return what the job comes to; its result waits in an internal file."""
        store = self._store
        with store.lock:
            if job.tag != NOISE_REDUCTION:
                return self._canned(job)
            target = store.objects.new_file(f".{job.parameters.format}")
        try:
            return self._denoise_into(target, job)
        except Exception as error:  # a failed job must not end the thread that runs all of them
            log.exception("job %s failed", job.id)
            target.unlink(missing_ok=True)
            return self._failure("InternalError", f"{type(error).__name__}: {error}")

    def _denoise_into(self, target: Path, job: Job) -> Outcome:
        store, parameters = self._store, job.parameters
        with store.lock:
            source = store.objects.find(job.region, job.bucket, job.input)
        if source is None:
            return self._failure("ResourceNotFound", "the input object does not exist")
        if source.size > MAX_INPUT_BYTES:
            return self._failure("InvalidArgument", "the input object is larger than 10 MB")
        try:
            self._denoise(source.path, target, format=parameters.format, sample_rate=int(parameters.sample_rate))
        except NotAudioError as error:
            target.unlink(missing_ok=True)
            return self._failure(store.assumed("not_audio"), f"the input object is no audio: {error}")
        except FileNotFoundError:
            if source.path.exists():
                raise
            target.unlink(missing_ok=True)
            return self._failure("ResourceNotFound", "the input object was deleted")
        return Outcome(at=store.clock.now(), file=target)

    def _canned(self, job: Job) -> Outcome:
        """Return what a job comes to that is carried out by name only, as a control call wants it."""
        store = self._store
        if job.input and store.objects.find(job.region, job.bucket, job.input) is None:
            return self._failure("ResourceNotFound", "the input object does not exist")
        canned = store.results.get(job.tag, CannedResult())
        file = None
        if canned.output is not None and canned.code == "Success" and job.target is not None:
            file = store.objects.receive([canned.output.encode()]).path
        return Outcome(store.clock.now(), file, canned.code, canned.message, canned.result)

    def _failure(self, code: str, message: str) -> Outcome:
        return Outcome(at=self._store.clock.now(), code=code, message=message)
