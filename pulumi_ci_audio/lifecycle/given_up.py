"""The jobs, and batches, that a resource gave up for a new run: remembered, and looked at where it was before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.lifecycle.journal import Entry
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.types import Context

Record = TypeVar("Record")


def given_up_by(context: Context, owner: str, entry: Entry | None) -> tuple[ResourceId, ...]:
    """Return what the resource gave up: in this process, or, by its journal's entry, in one that failed before."""
    return (*context.memory.given_up_by(owner), *map(ResourceId.parse, entry.given_up if entry else ()))


def note_given_up(context: Context, owner: str) -> None:
    """Note what the resource gave up, before anything can fail, until the new run is known.

    The next process would otherwise take it over, or not know of it.
    """
    if given_up := context.memory.given_up_by(owner):
        context.journal.give_up(owner, map(str, given_up))


def records_elsewhere(
    context: Context,
    given_up: Iterable[ResourceId],
    bucket: Bucket,
    describe: Callable[[Bucket, str], Record | None],
) -> Iterator[tuple[Record, Bucket]]:
    """Yield the service's records of what was given up in other buckets than ``bucket``, each with its bucket.

    Raises:
        CiAudioError: they cannot be looked at, although their bucket and its services are there.
    """
    for id_ in given_up:
        if id_.bucket == bucket:
            continue
        try:
            record = describe(id_.bucket, id_.remote_id)
        except ApiError as error:
            if error.is_bucket_gone or is_service_off(context.client, id_.bucket, error):
                continue
            raise
        if record is not None:
            yield record, id_.bucket
