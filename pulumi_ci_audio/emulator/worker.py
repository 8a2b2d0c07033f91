"""The one thread that denoises. One, because FFmpeg's filters hold the interpreter while they run."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from pulumi_ci_audio.emulator.progression import due, settle
from pulumi_ci_audio.emulator.records import Job, Outcome, State
from pulumi_ci_audio.emulator.store import Store

log = logging.getLogger(__name__)

MAX_INPUT_BYTES = 10 * 1024**2  # "within 10M", "Submit a Task"; that this means MiB is assumed
_JOIN_SECONDS = 10.0


class Worker:
    """Denoises what started jobs ask for. Its thread starts with the first job."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Make sure that the thread is there to see what changed. To be called with the store's lock held."""
        if self._thread is None and not self._is_closed:
            self._thread = threading.Thread(target=self._run, name="emulator worker", daemon=True)
            self._thread.start()
        self._store.changed.notify_all()

    def close(self) -> None:
        """End the thread after the job in hand."""
        with self._store.lock:
            self._is_closed = True
            self._store.changed.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        while (job := self._next()) is not None:
            outcome = self._denoise(job)
            with self._store.lock:
                if self._store.jobs.get(job.id) is job:
                    job.outcome = outcome
                elif outcome.file is not None:  # reset meanwhile
                    outcome.file.unlink(missing_ok=True)

    def _next(self) -> Job | None:
        """Return the next started job without an outcome, waiting for one; None when it is time to end."""
        store = self._store
        with store.lock:
            while not self._is_closed:
                settle(store)
                started = [job for job in store.jobs.values() if job.state is State.RUNNING and not job.is_planted]
                for job in started:
                    if job.outcome is None:
                        return job
                # Woken by the clock too, so that a result is in its folder in time though nobody asks.
                ends = [due(store, job) - store.clock.now() for job in started]
                store.changed.wait(max(0.0, min(ends)) if ends else None)
        return None

    def _denoise(self, job: Job) -> Outcome:
        """Return what the job comes to; its result waits in an internal file."""
        store = self._store
        with store.lock:
            target = store.objects.new_file(f".{job.parameters.format}")
        try:
            return self._denoise_into(target, job)
        except Exception as error:  # a failed job must not end the thread that runs all of them
            log.exception("job %s failed", job.id)
            target.unlink(missing_ok=True)
            return self._failure("InternalError", f"{type(error).__name__}: {error}")

    def _denoise_into(self, target: Path, job: Job) -> Outcome:
        from pulumi_ci_audio.emulator.audio import (  # noqa: PLC0415  FFmpeg is loaded when it is needed
            NotAudioError,
            denoise,
        )

        store, parameters = self._store, job.parameters
        with store.lock:
            source = store.objects.find(job.region, job.bucket, job.input)
        if source is None:
            return self._failure("ResourceNotFound", "the input object does not exist")
        if source.size > MAX_INPUT_BYTES:
            return self._failure("InvalidArgument", "the input object is larger than 10 MB")
        try:
            denoise(source.path, target, format=parameters.format, sample_rate=int(parameters.sample_rate))
        except NotAudioError as error:
            target.unlink(missing_ok=True)
            return self._failure(store.assumed("not_audio"), f"the input object is no audio: {error}")
        except FileNotFoundError:
            if source.path.exists():
                raise
            target.unlink(missing_ok=True)
            return self._failure("ResourceNotFound", "the input object was deleted")
        return Outcome(at=store.clock.now(), file=target)

    def _failure(self, code: str, message: str) -> Outcome:
        return Outcome(at=self._store.clock.now(), code=code, message=message)
