"""What a test may do to the emulator behind the service's back: look, seed, make it fail, let time pass.

The control calls (``calls.py``) offer the same over HTTP. Values are JSON's in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_ci_audio.emulator import assumptions
from pulumi_ci_audio.emulator.control.results import read_result
from pulumi_ci_audio.emulator.control.seeds import plan
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.rules import bindings
from pulumi_ci_audio.emulator.rules.batch_jobs import state_of
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.clock import is_seconds, render_time

if TYPE_CHECKING:
    from pulumi_ci_audio.emulator.control.faults import Faults
    from pulumi_ci_audio.emulator.control.request_log import RequestLog
    from pulumi_ci_audio.emulator.operations.callbacks import Callbacks
    from pulumi_ci_audio.emulator.state.records import Bucket, Job
    from pulumi_ci_audio.emulator.state.store import Store

Description = dict[str, Any]


class Control:
    """Controls one emulator."""

    def __init__(self, store: Store, faults: Faults, request_log: RequestLog, callbacks: Callbacks) -> None:
        self._store = store
        self._faults = faults
        self._request_log = request_log
        self._callbacks = callbacks

    def state(self) -> Description:
        """Return buckets, jobs, templates and queues as they are now."""
        with self._store.lock:
            advance_jobs(self._store)
            buckets = self._store.buckets()
            return {
                "buckets": [_describe_bucket(self._store, bucket) for bucket in buckets],
                "jobs": [_describe_job(job) for job in self._store.jobs()],
                "templates": [
                    {
                        "id": template.id,
                        "region": template.region,
                        "bucket": template.bucket,
                        "name": template.name,
                        "format": template.parameters.format,
                        "sample_rate": template.parameters.sample_rate,
                    }
                    for bucket in buckets
                    for template in bucket.templates.values()
                ],
                "queues": [
                    {
                        "id": bucket.queue.id,
                        "region": bucket.region,
                        "bucket": bucket.name,
                        "name": bucket.queue.name,
                        "state": bucket.queue.state.value,
                    }
                    for bucket in buckets
                    if bucket.queue is not None
                ],
            }

    def reset(self) -> None:
        """Drop everything but the objects' files: records, bindings, faults, logs, time that was advanced."""
        with self._store.lock:
            self._store.reset()
            self._faults.clear()
            self._request_log.clear()
            self._callbacks.clear()

    def put_bucket(self, region: str, bucket: str, /, **settings: Any) -> Description:
        """Make a bucket, or change one as somebody at the console would. What is not named stays.

        Args:
            region: the bucket's region.
            bucket: its name with the APPID.
            settings: ``ci`` and ``asr`` (``on`` or ``off``), ``workflows``, ``batch_jobs``, ``services``,
                ``moderation``, and ``jobs`` (``id``, ``tag``, ``state``), which plants jobs that never move.

        Raises:
            ValueError: a setting is unknown or makes no sense.
        """
        with self._store.lock:
            changes = plan(settings, self._store.clock.now())
            try:
                self._store.objects.create_bucket(region, bucket)
            except ServiceError as error:
                raise ValueError(error.message) from error
            found = self._store.bucket(region, bucket)
            for change in changes:
                change(self._store, found)
            advance_jobs(self._store)
            return _describe_bucket(self._store, found)

    def put_object(self, region: str, bucket: str, key: str, content: bytes) -> str:
        """Store an object and return its ETag; the bucket is made where it is missing.

        Raises:
            ValueError: the names or the key are not valid.
        """
        with self._store.lock:
            try:
                self._store.objects.create_bucket(region, bucket)
                received = self._store.objects.receive([content])
                now = self._store.clock.now()
                return self._store.objects.put(received.path, region, bucket, key, modified=now).etag
            except ServiceError as error:
                raise ValueError(error.message) from error

    def get_object(self, region: str, bucket: str, key: str) -> bytes | None:
        """Return an object's content, or None."""
        with self._store.lock:
            advance_jobs(self._store)
            found = self._store.objects.find(region, bucket, key)
            return None if found is None else found.path.read_bytes()

    def add_fault(self, /, **fault: Any) -> Description:
        """Inject a fault into requests: ``method``, ``path``, ``host``, ``times``, ``effect`` and ``action``.

        Raises:
            ValueError: the fault makes no sense.
        """
        self._faults.add(fault)
        return self._faults.describe()[-1]

    def faults(self) -> list[Description]:
        """Return the faults in force and how often each fired."""
        return self._faults.describe()

    def clear_faults(self) -> None:
        """Drop the faults."""
        self._faults.clear()

    def requests(self) -> list[Description]:
        """Return the requests since the log was cleared; control calls are not among them."""
        return self._request_log.describe()

    def clear_requests(self) -> None:
        """Clear the log of requests."""
        self._request_log.clear()

    def callbacks(self) -> list[Description]:
        """Return the callbacks of jobs that ended: ``job_id``, ``url``, ``format``, ``time``, ``body``.

        ``status`` is the receiver's answer, ``error`` why there is none; both are None where nothing was sent.
        """
        return self._callbacks.describe()

    def clear_callbacks(self) -> None:
        """Forget the callbacks so far."""
        self._callbacks.clear()

    def put_result(self, tag: str, /, **result: Any) -> None:
        """Say what jobs of a tag other than noise reduction come to, from now on.

        Args:
            tag: one of Smart Audio's.
            result: ``code`` (``Success`` by default, else the job fails) and ``message``, ``result`` (elements to
                tell with the job's operation, as nested records), ``output`` (a text to write to the output).

        Raises:
            ValueError: there is no such tag, or the result makes no sense.
        """
        canned = read_result(tag, result)
        with self._store.lock:
            self._store.results[tag] = canned

    def advance(self, seconds: float) -> str:
        """Let time pass, and return what the clock says then.

        Raises:
            ValueError: ``seconds`` is no duration.
        """
        if not is_seconds(seconds):
            raise ValueError(f"advance must be a number of seconds, not {seconds!r}")
        with self._store.lock:
            advance_jobs(self._store)
            self._store.clock.advance(seconds)
            advance_jobs(self._store)
            return render_time(self._store.clock.now())

    def change_settings(self, /, **changes: Any) -> Description:
        """Change some of the :class:`~pulumi_ci_audio.emulator.state.settings.Settings` by name; return all.

        Raises:
            ValueError: there is no such setting, or its value makes no sense.
        """
        with self._store.lock:
            self._store.settings = self._store.settings.changed(changes)
            advance_jobs(self._store)
            return dict(vars(self._store.settings))

    def assumptions(self) -> list[Description]:
        """Return the table of open choices, as chosen here."""
        return assumptions.describe(self._store.assumptions)


def _describe_bucket(store: Store, bucket: Bucket) -> Description:
    return {
        "region": bucket.region,
        "bucket": bucket.name,
        "ci": bindings.ci_status(store, bucket),
        "asr": "off" if bucket.queue is None else "on",
        "workflows": [
            {"id": workflow.id, "name": workflow.name, "state": workflow.state}
            for workflow in bucket.workflows.values()
        ],
        "batch_jobs": [
            {"id": job.id, "name": job.name, "state": state_of(store, bucket, job).value, "type": job.type}
            for job in bucket.batch_jobs.values()
        ],
        "services": list(bucket.services),
        "moderation": bucket.moderation,
    }


def _describe_job(job: Job) -> Description:
    return {
        "id": job.id,
        "region": job.region,
        "bucket": job.bucket,
        "tag": job.tag,
        "state": job.state.value,
        "user_data": job.user_data,
        "input": job.input,
        "output": None if job.target is None else job.target.key,
        "output_region": None if job.target is None else job.target.region,
        "output_bucket": None if job.target is None else job.target.bucket,
    }
