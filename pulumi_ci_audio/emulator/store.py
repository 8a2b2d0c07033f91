"""The state of the emulated cloud, in memory, behind one lock. The rules are in the modules named after their topic.

Everything here is to be called with ``lock`` held: one request, one look at a consistent state.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_ci_audio.emulator.clock import is_seconds
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.objects import ObjectFiles
from pulumi_ci_audio.emulator.records import Bucket, Job, Template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_ci_audio.emulator.assumptions import Assumption
    from pulumi_ci_audio.emulator.clock import Clock


@dataclass(frozen=True)
class Settings:
    """How long things take and how many run at once."""

    job_seconds: float = 0.0
    unbind_seconds: float = 0.0
    list_lag_seconds: float = 0.0
    queue_concurrency: int = 10

    def __post_init__(self) -> None:
        for name in ("job_seconds", "unbind_seconds", "list_lag_seconds"):
            if not is_seconds(getattr(self, name)):
                raise ValueError(f"{name} is a number of seconds, not {getattr(self, name)!r}")
        if type(self.queue_concurrency) is not int or self.queue_concurrency < 1:
            raise ValueError(f"queue_concurrency is a whole number from 1, not {self.queue_concurrency!r}")

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Return the settings with ``changes`` made.

        Raises:
            ValueError: there is no such setting, or a value makes no sense.
        """
        for name in changes:
            if name not in vars(self):
                raise ValueError(f"there is no setting {name!r}, only {', '.join(vars(self))}")
        return replace(self, **changes)


@dataclass
class Upload:
    """A multipart upload that is not complete."""

    id: str
    region: str
    bucket: str
    key: str
    headers: Mapping[str, str]
    started: float
    parts: dict[int, Part]


@dataclass(frozen=True)
class Part:
    """A part of a multipart upload."""

    path: Path
    etag: str
    size: int
    modified: float


class Store:
    """Buckets, jobs, templates and uploads."""

    def __init__(self, *, data: Path, clock: Clock, settings: Settings, assumptions: Mapping[str, Assumption]) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.clock = clock
        self.settings = settings
        self.assumptions = assumptions
        self.objects = ObjectFiles(data)
        self.jobs: dict[str, Job] = {}
        self.templates: dict[str, Template] = {}
        self.uploads: dict[str, Upload] = {}
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._initial_settings = settings
        self._sequence = itertools.count(1)

    def reset(self) -> None:
        """Drop everything but the objects' files: buckets stay as folders, without their settings."""
        self.jobs.clear()
        self.templates.clear()
        self.uploads.clear()
        self._buckets.clear()
        self.settings = self._initial_settings
        self.clock.reset()
        self.objects.forget()

    def assumed(self, key: str) -> str:
        """Return what is assumed about an open question."""
        return self.assumptions[key].chosen

    def next_number(self) -> int:
        """Return the number of a new job: later ones are larger."""
        return next(self._sequence)

    def find_bucket(self, region: str, name: str) -> Bucket | None:
        """Return a bucket, or None; one whose folder has gone is forgotten."""
        if not self.objects.has_bucket(region, name):
            self._forget_bucket(region, name)
            return None
        return self._buckets.setdefault((region, name), Bucket(region, name))

    def bucket(self, region: str, name: str) -> Bucket:
        """Return a bucket.

        Raises:
            ServiceError: it does not exist.
        """
        found = self.find_bucket(region, name)
        if found is None:
            raise ServiceError("NoSuchBucket", "the specified bucket does not exist")
        return found

    def buckets(self) -> list[Bucket]:
        """Return every bucket, ordered by region and name."""
        found = (self.find_bucket(region, name) for region, name in self.objects.buckets())
        return [bucket for bucket in found if bucket is not None]

    def delete_bucket(self, bucket: Bucket) -> None:
        """Delete a bucket and what was known of it.

        Raises:
            ServiceError: it holds objects.
        """
        self.objects.delete_bucket(bucket.region, bucket.name)
        self._forget_bucket(bucket.region, bucket.name)

    def _forget_bucket(self, region: str, name: str) -> None:
        if self._buckets.pop((region, name), None) is None:
            return
        records: tuple[dict[str, Any], ...] = (self.jobs, self.templates, self.uploads)
        for found in records:
            for key in [key for key, item in found.items() if (item.region, item.bucket) == (region, name)]:
                del found[key]
