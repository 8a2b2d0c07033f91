"""The id of a resource, as the engine stores it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket


@dataclass(frozen=True)
class ResourceId:
    """The id of a resource: ``region/bucket``, or ``region/bucket/<id of the service>``.

    Attributes:
        bucket: the bucket it is in.
        remote_id: the service's own id; empty for a binding, which has none.
    """

    bucket: Bucket
    remote_id: str = ""

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Return the id that ``text`` spells."""
        region, _, rest = text.partition("/")
        name, _, remote_id = rest.partition("/")
        return cls(Bucket(region, name), remote_id)

    def __str__(self) -> str:
        """Return the id as the engine stores it."""
        place = f"{self.bucket.region}/{self.bucket.name}"
        return f"{place}/{self.remote_id}" if self.remote_id else place
