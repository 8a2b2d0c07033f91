"""What a test may do to the emulator behind the service's back: look, seed, spoil, let time pass, start over.

The control calls (``control_calls.py``) offer the same over HTTP. Values are JSON's in both.
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from pulumi_ci_audio.emulator import assumptions, bindings
from pulumi_ci_audio.emulator.clock import is_seconds, render_time
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.progression import settle
from pulumi_ci_audio.emulator.seeds import plan

if TYPE_CHECKING:
    from pulumi_ci_audio.emulator.app import Emulator
    from pulumi_ci_audio.emulator.faults import Faults
    from pulumi_ci_audio.emulator.journal import Journal
    from pulumi_ci_audio.emulator.records import Bucket, Job
    from pulumi_ci_audio.emulator.server import EmulatorServer
    from pulumi_ci_audio.emulator.store import Store

Description = dict[str, Any]


class Control:
    """The hands on one emulator."""

    def __init__(self, store: Store, faults: Faults, journal: Journal) -> None:
        self._store = store
        self._faults = faults
        self._journal = journal

    def state(self) -> Description:
        """Return buckets, jobs, templates and queues as they are now."""
        with self._store.lock:
            settle(self._store)
            buckets = self._store.buckets()
            return {
                "buckets": [_describe_bucket(self._store, bucket) for bucket in buckets],
                "jobs": [_describe_job(job) for job in self._store.jobs.values()],
                "templates": [
                    {
                        "id": template.id,
                        "region": template.region,
                        "bucket": template.bucket,
                        "name": template.name,
                        "format": template.parameters.format,
                        "sample_rate": template.parameters.sample_rate,
                    }
                    for template in self._store.templates.values()
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
        """Drop everything but the objects' files: records, bindings, faults, the log, time that was advanced."""
        with self._store.lock:
            self._store.reset()
            self._faults.clear()
            self._journal.clear()

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
            settle(self._store)
            return _describe_bucket(self._store, found)

    def put_object(self, region: str, bucket: str, key: str, content: bytes) -> str:
        """Store an object and return its ETag; the bucket is made where it is missing.

        Raises:
            ValueError: the names or the key are not valid.
        """
        with self._store.lock:
            try:
                self._store.objects.create_bucket(region, bucket)
                received = self._store.objects.receive(BytesIO(content))
                now = self._store.clock.now()
                return self._store.objects.place(received.path, region, bucket, key, modified=now).etag
            except ServiceError as error:
                raise ValueError(error.message) from error

    def get_object(self, region: str, bucket: str, key: str) -> bytes | None:
        """Return an object's content, or None."""
        with self._store.lock:
            settle(self._store)
            found = self._store.objects.find(region, bucket, key)
            return None if found is None else found.path.read_bytes()

    def add_fault(self, /, **rule: Any) -> Description:
        """Add a rule that spoils requests: ``method``, ``path``, ``host``, ``times``, ``effect`` and ``action``.

        Raises:
            ValueError: the rule makes no sense.
        """
        self._faults.add(rule)
        return self._faults.describe()[-1]

    def faults(self) -> list[Description]:
        """Return the rules in force and how often each fired."""
        return self._faults.describe()

    def clear_faults(self) -> None:
        """Drop the rules."""
        self._faults.clear()

    def requests(self) -> list[Description]:
        """Return the requests since the log was cleared; control calls are not among them."""
        return self._journal.describe()

    def clear_requests(self) -> None:
        """Clear the log of requests."""
        self._journal.clear()

    def advance(self, seconds: float) -> str:
        """Let time pass, and return what the clock says then.

        Raises:
            ValueError: ``seconds`` is no duration.
        """
        if not is_seconds(seconds):
            raise ValueError(f"{seconds!r} is no number of seconds")
        with self._store.lock:
            settle(self._store)
            self._store.clock.advance(seconds)
            settle(self._store)
            return render_time(self._store.clock.now())

    def change_settings(self, /, **changes: Any) -> Description:
        """Change ``job_seconds``, ``unbind_seconds``, ``list_lag_seconds`` or ``queue_concurrency``; return all.

        Raises:
            ValueError: there is no such setting, or its value makes no sense.
        """
        with self._store.lock:
            self._store.settings = self._store.settings.changed(changes)
            settle(self._store)
            return dict(vars(self._store.settings))

    def assumptions(self) -> list[Description]:
        """Return the table of open choices, as chosen here."""
        return assumptions.describe(self._store.assumptions)


class RunningEmulator(Control):
    """A running server together with the hands on its emulator."""

    def __init__(self, server: EmulatorServer, emulator: Emulator) -> None:
        super().__init__(emulator.store, emulator.faults, emulator.journal)
        self.server = server
        self.emulator = emulator

    @property
    def url(self) -> str:
        """The endpoint, for ``CI_AUDIO_ENDPOINT`` or as an HTTP proxy."""
        return self.server.url

    def environment(self, *, region: str = "ap-chongqing") -> dict[str, str]:
        """Return the environment variables a Pulumi program needs to use this emulator."""
        return {
            "CI_AUDIO_ENDPOINT": self.url,
            "TENCENTCLOUD_SECRET_ID": self.emulator.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.emulator.secret_key,
            "TENCENTCLOUD_REGION": region,
        }


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
            {"id": job.id, "name": job.name, "state": job.state.value, "type": job.type}
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
