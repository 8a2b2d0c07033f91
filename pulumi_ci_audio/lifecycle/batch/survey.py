"""Which recordings of a folder have no current result: two lists are read, a thousand objects a page."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pulumi_ci_audio.api.records import ObjectRecord
from pulumi_ci_audio.lifecycle.batch_models import DIGEST_LENGTH, Folder, NoiseReductionBatchState, digests_in

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client

LISTS = "pulumi-ci-audio/batches/"
"""What the keys of the lists that this package writes begin with: they are no recordings."""


REPLACED = "replaced"


@dataclass(frozen=True)
class Recording:
    """A recording and its result.

    Attributes:
        key: of the recording.
        etag: of the recording.
        size: of the recording, in bytes.
        modified: when it was written, in unix seconds, where that is known.
        result: the key of its result.
        reason: why it has to be run: its result is ``missing``, ``empty``, ``older`` than it, ``outdated`` since
            the triggers changed, or of a version that was ``replaced`` while it was run; ``None`` where it is current.
        result_version: tells this version of the result from every other one.
    """

    key: str
    etag: str
    size: int
    modified: float | None
    result: str
    reason: str | None
    result_version: str = ""

    @property
    def digest(self) -> str:
        """What tells this version of the recording from every other one."""
        return _digest(self.key, self.etag)

    @property
    def pair_digest(self) -> str:
        """What tells this version of the recording with this version of its result from every other pair."""
        return _digest(self.key, self.etag, self.result_version)


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

    def after(self, run: Iterable[Recording]) -> Survey:
        """Return the look after ``run`` was run: what was replaced meanwhile has the result of another version."""
        versions = {recording.key: recording.etag for recording in run}
        return replace(
            self,
            recordings=tuple(
                replace(recording, reason=REPLACED)
                if recording.reason is None and versions.get(recording.key, recording.etag) != recording.etag
                else recording
                for recording in self.recordings
            ),
        )

    def clashes(self) -> list[tuple[Recording, Recording]]:
        """Return the pairs of recordings that would share a result."""
        first: dict[str, Recording] = {}
        return [
            (other, recording)
            for recording in self.recordings
            if (other := first.setdefault(recording.result, recording)) is not recording
        ]


@dataclass(frozen=True)
class Stale:
    """Which results do not count, though they are younger than their recordings.

    Attributes:
        since: those that are no younger, in unix seconds; ``None`` where any counts.
        replaced: the digests of pairs whose recording was replaced while it was run.
    """

    since: float | None = None
    replaced: frozenset[str] = frozenset()

    @classmethod
    def by(cls, state: NoiseReductionBatchState) -> Stale:
        """Return what a batch's state says of it."""
        return cls(state.since, digests_in(state.replaced))


def look(client: Client, folder: Folder, stale: Stale) -> Survey:
    """Look at both folders.

    Args:
        client: the API.
        folder: what to look at.
        stale: which results do not count.

    Raises:
        CiAudioError: they cannot be listed.
    """
    results = {item.key: item for item in client.list_objects(folder.output_location, folder.output_prefix)}
    return survey_of(folder, client.list_objects(folder.location, folder.input_prefix), results, stale)


def survey_of(
    folder: Folder, recordings: Iterable[ObjectRecord], results: Mapping[str, ObjectRecord], stale: Stale
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
        reason = _reason(item, result, stale.since)
        version = f"{result.etag} {result.last_modified}" if result else ""
        one = Recording(item.key, item.etag, item.size, item.last_modified, key, reason, version)
        found.append(replace(one, reason=REPLACED) if reason is None and one.pair_digest in stale.replaced else one)
    return Survey(tuple(found), newest)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGEST_LENGTH]


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
