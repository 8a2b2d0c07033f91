"""The state of the emulated cloud, in memory, behind one lock.

Everything here is to be called with ``lock`` held: one request, one look at a consistent state.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.object_files import ObjectFiles
from pulumi_ci_audio.emulator.state.records import Bucket, CannedResult, Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pulumi_ci_audio.emulator.assumptions import Assumption
    from pulumi_ci_audio.emulator.state.clock import Clock
    from pulumi_ci_audio.emulator.state.settings import Settings


class Store:
    """The buckets with all that the service remembers of them, and the objects in them."""

    def __init__(
        self,
        *,
        data: Path,
        clock: Clock,
        settings: Settings,
        assumptions: Mapping[str, Assumption],
        sends_callbacks: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.clock = clock
        self.settings = settings
        self.assumptions = assumptions
        self.sends_callbacks = sends_callbacks
        self.results: dict[str, CannedResult] = {}
        self.ended: deque[Job] = deque()  # those whose callback is still to be made
        self.has_ended = threading.Condition(self.lock)  # apart from "changed", which every request notifies
        self.objects = ObjectFiles(data)
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._initial_settings = settings
        self._sequence = itertools.count(1)

    def reset(self) -> None:
        """Drop everything but the objects' files: buckets stay as folders, without their settings."""
        self._buckets.clear()
        self.results.clear()
        self.ended.clear()
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
            self._buckets.pop((region, name), None)
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

    def remembered_buckets(self) -> list[Bucket]:
        """Return the buckets that something was asked of, without a look at the folders."""
        return list(self._buckets.values())

    def restore(self, buckets: Iterable[Bucket]) -> None:
        """Remember ``buckets`` as they were before a restart; new jobs are numbered after theirs."""
        self._buckets.update({(bucket.region, bucket.name): bucket for bucket in buckets})
        self._sequence = itertools.count(max((job.sequence for job in self.jobs()), default=0) + 1)

    def delete_bucket(self, bucket: Bucket) -> None:
        """Delete a bucket and what was known of it.

        Raises:
            ServiceError: it holds objects.
        """
        self.objects.delete_bucket(bucket.region, bucket.name)
        self._buckets.pop((bucket.region, bucket.name), None)

    def jobs(self) -> list[Job]:
        """Return the jobs of all buckets in the order of their submission."""
        jobs = itertools.chain.from_iterable(bucket.jobs.values() for bucket in self._buckets.values())
        return sorted(jobs, key=attrgetter("sequence"))

    def remembers(self, job: Job) -> bool:
        """Return whether ``job`` is still there: its bucket may be gone, or everything reset."""
        bucket = self._buckets.get((job.region, job.bucket))
        return bucket is not None and bucket.jobs.get(job.id) is job
