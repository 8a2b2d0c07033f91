"""The name of a batch, which says whose it is and what it was asked for. Pure.

The service has no other place for it that its lists repeat. A name need not be unique there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.lifecycle.batch.survey import Recording
from pulumi_ci_audio.lifecycle.batch_models import Folder, NoiseReductionBatchInputs
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker

_NAME = re.compile(r"pulumi-([0-9a-f]{16})-([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]+)")
_PLACEHOLDER = "${InputName}"


@dataclass(frozen=True)
class BatchName:
    """What the name of a batch says.

    Attributes:
        marker: whose it is, and which template and triggers for which recordings.
        place: hash of the folder of recordings and that of results.
        since: results that are no younger did not count; ``None`` where any did.
    """

    marker: SubmissionMarker
    place: str
    since: float | None

    @classmethod
    def of(cls, inputs: NoiseReductionBatchInputs, since: float | None, recordings: Iterable[Recording]) -> BatchName:
        """Return the name of the batch that runs ``recordings`` for a resource."""
        versions = "\n".join(f"{recording.key} {recording.etag}" for recording in recordings)
        content = {"templateId": inputs.template_id, "triggers": inputs.triggers}
        return cls(SubmissionMarker.of(inputs.owner, content, versions), place_of(inputs), since)

    @classmethod
    def find_in(cls, name: str | None) -> BatchName | None:
        """Return what the name of a batch says, or ``None`` where it is none of this package's."""
        found = _NAME.fullmatch(name or "")
        if found is None:
            return None
        owner, content, versions, place, since = found.groups()
        return cls(SubmissionMarker(owner, content, versions), place, float(int(since, 16)) or None)

    def __str__(self) -> str:
        """Return the name as it is sent."""
        marker = self.marker
        return f"pulumi-{marker.owner}-{marker.content}-{marker.etag}-{self.place}-{int(self.since or 0):x}"


def place_of(folder: Folder) -> str:
    """Return what tells the folders of a batch from those of every other one."""
    return _place(folder.location, folder.input_prefix, folder.output_location, output_object(folder))


def output_object(folder: Folder) -> str:
    """Return the key of a result as a batch is told it."""
    return f"{folder.output_prefix}{_PLACEHOLDER}.{folder.output_extension}"


def folder_of(bucket: Bucket, input_prefix: str, place: str, output: Bucket, output_key: str) -> tuple[str, str] | None:
    """Return output prefix and extension of a batch that is known by its output, if ``place`` says that it is this one.

    Args:
        bucket: of the recordings.
        input_prefix: of the recordings.
        place: as the name of the batch says it.
        output: the bucket of the results.
        output_key: the key of a result as the batch was told it.
    """
    prefix, placeholder, extension = output_key.rpartition(f"{_PLACEHOLDER}.")
    if not placeholder or _place(bucket, input_prefix, output, output_key) != place:
        return None
    return prefix, extension


def _place(bucket: Bucket, input_prefix: str, output: Bucket, output_key: str) -> str:
    text = f"{bucket.region}\n{bucket.name}\n{input_prefix}\n{output.region}\n{output.name}\n{output_key}"
    return hashlib.sha256(text.encode()).hexdigest()[:8]
