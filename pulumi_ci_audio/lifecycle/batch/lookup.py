"""The look-up before, and after, a submission: which batches of this package there are for a folder."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import CiAudioError
from pulumi_ci_audio.api.records import NOT_STARTED_STATES, UNFINISHED_STATES, BatchJobRecord, parse_time
from pulumi_ci_audio.lifecycle.batch.naming import BatchName, output_object
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchInputs
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.given_up import given_up_by, records_elsewhere
from pulumi_ci_audio.lifecycle.journal import KEPT_SECONDS
from pulumi_ci_audio.lifecycle.once import is_unsettled
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import listed_unless_off
from pulumi_ci_audio.lifecycle.types import Context

_KIND = "Job"


@dataclass(frozen=True)
class Batch:
    """A batch of this package: its record, what its name says, and the bucket of its recordings."""

    record: BatchJobRecord
    name: BatchName
    bucket: Bucket

    @property
    def is_unfinished(self) -> bool:
        """Whether it has not ended."""
        return self.record.state in UNFINISHED_STATES


def find_or_wait_for_others(context: Context, inputs: NoiseReductionBatchInputs, deadline: float) -> Batch | None:
    """Return the newest batch of the resource if it asks for the same, after all others for its folders have ended.

    Those that the resource gave up, or that do something else to its folders, are cancelled if they have not started.
    Those of another resource are waited for: what they do need not be done again.

    Raises:
        ResourceError: another batch has not ended in time, or one may not be listed yet.
        CiAudioError: the batches cannot be listed.
    """
    wanted = BatchName.of(inputs, None, ())
    given_up = given_up_by(context, inputs.owner, context.journal.find(inputs.owner))
    given_up_ids = {id_.remote_id for id_ in given_up}
    cancelled: set[str] = set()
    other: Batch | None = None
    for waited in context.waiter.polls(max(0.0, deadline - context.waiter.now())):
        batches = _batches_of(context, inputs, wanted, given_up)
        own = [batch for batch in batches if batch.name.marker.owner == wanted.marker.owner]
        newest = max(own, key=_created, default=None)
        mine = newest if newest and _asks_for(newest, wanted) else None
        other = next(
            (batch for batch in batches if batch is not mine and _is_in_the_way(batch, wanted, given_up_ids)), None
        )
        if other is None:
            if (mine is not None and mine.is_unfinished) or not is_unsettled(context, inputs.owner):
                return mine
            context.report("[1/3] making sure that an interrupted run submitted nothing")
            continue
        batch_id, is_own = other.record.job_id, other in own
        context.report(f"[1/3] waiting {waited:.0f} s for batch {batch_id} on the same folder to end")
        if is_own and batch_id not in cancelled and other.record.state in NOT_STARTED_STATES:
            _try_to_cancel(context, other.bucket, batch_id)
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


def _batches_of(
    context: Context, inputs: NoiseReductionBatchInputs, wanted: BatchName, given_up: Iterable[ResourceId]
) -> list[Batch]:
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
    return [
        batch
        for batch in (*_named(records.values(), bucket), *_found_elsewhere(context, inputs, given_up))
        if batch.name.marker.owner == wanted.marker.owner or (batch.is_unfinished and batch.name.place == wanted.place)
    ]


def _found_elsewhere(
    context: Context, inputs: NoiseReductionBatchInputs, given_up: Iterable[ResourceId]
) -> list[Batch]:
    """Return the batches of the resource in the bucket it had before that write the same results."""
    output, describe = inputs.output_location, context.client.describe_batch_job
    results = (output.region, output.name, output_object(inputs))
    return [
        batch
        for record, bucket in records_elsewhere(context, given_up, inputs.location, describe)
        if (record.output_region, record.output_bucket, record.output_object) == results
        for batch in _named([record], bucket)
    ]


def _named(records: Iterable[BatchJobRecord], bucket: Bucket) -> list[Batch]:
    return [Batch(record, name, bucket) for record in records if (name := BatchName.find_in(record.name))]


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
    return sorted(_named(found, bucket), key=_created, reverse=True)


def _is_in_the_way(batch: Batch, wanted: BatchName, given_up: Container[str]) -> bool:
    """Return whether the folders may not be written before a batch has ended.

    One with the same owner and other folders is that of a resource that had this one's name before.
    """
    is_ours = batch.name.place == wanted.place or batch.record.job_id in given_up
    return batch.is_unfinished and is_ours


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
