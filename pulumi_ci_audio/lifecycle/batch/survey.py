"""Which recordings of a folder have no current result: two lists are read, a thousand objects a page."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pulumi_ci_audio.api.records import ObjectRecord
from pulumi_ci_audio.lifecycle.batch_models import DIGEST_LENGTH, Folder

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client

LISTS = "pulumi-ci-audio/batches/"
"""What the keys of the lists that this package writes begin with: they are no recordings."""


@dataclass(frozen=True)
class Recording:
    """A recording and its result.

    Attributes:
        key: of the recording.
        etag: of the recording.
        size: of the recording, in bytes.
        modified: when it was written, in unix seconds, where that is known.
        result: the key of its result.
        reason: why it has to be run: its result is ``missing``, ``empty``, ``older`` than it, or ``outdated`` since
            the triggers changed; ``None`` where it is current.
    """

    key: str
    etag: str
    size: int
    modified: float | None
    result: str
    reason: str | None

    @property
    def digest(self) -> str:
        """What tells this version of the recording from every other one."""
        return hashlib.sha256(f"{self.key}\n{self.etag}".encode()).hexdigest()[:DIGEST_LENGTH]


@dataclass(frozen=True)
class Survey:
    """A look at both folders.

    Attributes:
        recordings: all of them, in the order of their keys.
        newest_result: when the youngest of their results was written, in whole unix seconds, rounded up.
    """

    recordings: tuple[Recording, ...]
    newest_result: float | None

    @property
    def pending(self) -> tuple[Recording, ...]:
        """The recordings without a current result."""
        return tuple(recording for recording in self.recordings if recording.reason)

    def clashes(self) -> list[tuple[Recording, Recording]]:
        """Return the pairs of recordings that would share a result."""
        first: dict[str, Recording] = {}
        return [
            (other, recording)
            for recording in self.recordings
            if (other := first.setdefault(recording.result, recording)) is not recording
        ]


def look(client: Client, folder: Folder, since: float | None) -> Survey:
    """Look at both folders.

    Args:
        client: the API.
        folder: what to look at.
        since: results that are no younger, in unix seconds, do not count; ``None`` where any does.

    Raises:
        CiAudioError: they cannot be listed.
    """
    results = {item.key: item for item in client.list_objects(folder.output_location, folder.output_prefix)}
    return survey_of(folder, client.list_objects(folder.location, folder.input_prefix), results, since)


def survey_of(
    folder: Folder, recordings: Iterable[ObjectRecord], results: Mapping[str, ObjectRecord], since: float | None
) -> Survey:
    """Return what two lists say; the folders that consoles make, and this package's own lists, are no recordings."""
    found: list[Recording] = []
    newest: float | None = None
    for item in recordings:
        if item.key.endswith("/") or item.key.startswith(LISTS):
            continue
        key = f"{folder.output_prefix}{PurePosixPath(item.key).stem}.{folder.output_extension}"
        result = results.get(key)
        if result is not None and result.last_modified is not None:
            newest = max(newest or 0.0, float(math.ceil(result.last_modified)))
        found.append(Recording(item.key, item.etag, item.size, item.last_modified, key, _reason(item, result, since)))
    return Survey(tuple(found), newest)


def _reason(recording: ObjectRecord, result: ObjectRecord | None, since: float | None) -> str | None:
    if result is None:
        return "missing"
    if result.size == 0:
        return "empty"
    # Both times are the storage's own. Without one, nothing says that the result is old.
    if result.last_modified is None:
        return None
    if recording.last_modified is not None and result.last_modified < recording.last_modified:
        return "older"
    return "outdated" if since is not None and result.last_modified <= since else None
