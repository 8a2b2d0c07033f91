"""The look-up before, and after, a submission: which batches of this package there are for a folder."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import CiAudioError
from pulumi_ci_audio.api.records import NOT_STARTED_STATES, UNFINISHED_STATES, BatchJobRecord, parse_time
from pulumi_ci_audio.lifecycle.batch.naming import BatchName
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchInputs
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.journal import KEPT_SECONDS
from pulumi_ci_audio.lifecycle.once import is_unsettled
from pulumi_ci_audio.lifecycle.service_off import listed_unless_off
from pulumi_ci_audio.lifecycle.types import Context

_KIND = "Job"


@dataclass(frozen=True)
class Batch:
    """A batch of this package: its record and what its name says."""

    record: BatchJobRecord
    name: BatchName

    @property
    def is_unfinished(self) -> bool:
        """Whether it has not ended."""
        return self.record.state in UNFINISHED_STATES


def find_or_wait_for_others(context: Context, inputs: NoiseReductionBatchInputs, deadline: float) -> Batch | None:
    """Return the newest batch of the resource if it asks for the same, after all others for its folders have ended.

    Those of the resource that ask for something else and have not started are cancelled. Those of another resource
    are waited for: what they do need not be done again.

    Raises:
        ResourceError: another batch has not ended in time, or one may not be listed yet.
        CiAudioError: the batches cannot be listed.
    """
    wanted = BatchName.of(inputs, None, ())
    cancelled: set[str] = set()
    other: Batch | None = None
    for waited in context.waiter.polls(max(0.0, deadline - context.waiter.now())):
        batches = batches_of(context, inputs, wanted)
        own = [batch for batch in batches if batch.name.marker.owner == wanted.marker.owner]
        newest = max(own, key=_created, default=None)
        mine = newest if newest and _asks_for(newest, wanted) else None
        other = next((batch for batch in batches if batch.is_unfinished and batch is not mine), None)
        if other is None:
            if (mine is not None and mine.is_unfinished) or not is_unsettled(context, inputs.owner):
                return mine
            context.report("[1/3] making sure that an interrupted run submitted nothing")
            continue
        batch_id, is_own = other.record.job_id, other in own
        context.report(f"[1/3] waiting {waited:.0f} s for batch {batch_id} on the same folder to end")
        if is_own and batch_id not in cancelled and other.record.state in NOT_STARTED_STATES:
            _try_to_cancel(context, inputs.location, batch_id)
        cancelled.add(batch_id)
    if other is None:
        raise ResourceError(
            "an interrupted run may have submitted the batch, and the service may not list it yet, so no other was "
            "submitted; run `pulumi up` again to go on"
        )
    raise ResourceError(
        f"batch {other.record.job_id} on the same folder has not ended yet, so no other was submitted; "
        "run `pulumi up` again to go on"
    )


def batches_of(context: Context, inputs: NoiseReductionBatchInputs, wanted: BatchName) -> list[Batch]:
    """Return the batches of the resource, and the unfinished ones of others for the same folders.

    Of those that have ended, a week is looked at: as long as a submission is remembered on this machine.

    Raises:
        CiAudioError: they cannot be listed.
    """
    entry = context.journal.find(inputs.owner)
    bucket, client = inputs.location, context.client
    since = context.unix_time() - KEPT_SECONDS

    def ask() -> list[BatchJobRecord]:
        # The service may not list it yet.
        noted = client.describe_batch_job(bucket, entry.remote_id) if entry and entry.remote_id else None
        return [
            *([noted] if noted else []),
            *client.describe_batch_jobs(bucket, kind=_KIND, states=UNFINISHED_STATES),
            *client.describe_batch_jobs(bucket, kind=_KIND, start_creation_time=since),
        ]

    records = {record.job_id: record for record in listed_unless_off(client, bucket, ask)}
    named = [Batch(record, name) for record in records.values() if (name := BatchName.find_in(record.name))]
    return [
        batch
        for batch in named
        if batch.name.marker.owner == wanted.marker.owner or (batch.is_unfinished and batch.name.place == wanted.place)
    ]


def batches_called(context: Context, bucket: Bucket, name: BatchName) -> list[BatchJobRecord]:
    """Return the batches of this name that the service lists.

    Raises:
        CiAudioError: the batches cannot be listed.
    """
    found = context.client.describe_batch_jobs(bucket, kind=_KIND, name=str(name))
    return [record for record in found if record.name == str(name)]


def named_batches(context: Context, bucket: Bucket) -> list[Batch]:
    """Return every batch of this package in the bucket, newest first.

    Raises:
        CiAudioError: they cannot be listed.
    """
    found = listed_unless_off(context.client, bucket, lambda: context.client.describe_batch_jobs(bucket, kind=_KIND))
    named = [Batch(record, name) for record in found if (name := BatchName.find_in(record.name))]
    return sorted(named, key=_created, reverse=True)


def _asks_for(batch: Batch, wanted: BatchName) -> bool:
    return (batch.name.place, batch.name.marker.content) == (wanted.place, wanted.marker.content)


def _created(batch: Batch) -> float:
    return parse_time(batch.record.creation_time) or 0.0


def _try_to_cancel(context: Context, bucket: Bucket, batch_id: str) -> None:
    try:
        context.client.cancel_batch_job(bucket, batch_id)
    except CiAudioError:
        # It has started in the meantime, or may not be cancelled: then it is waited for.
        return
