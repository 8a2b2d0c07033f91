"""The submission of a batch for exactly the recordings that need it, with everything checked before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from pulumi_ci_audio.api.records import NOISE_REDUCTION, BatchJobRecord, BatchJobRequest
from pulumi_ci_audio.lifecycle.batch.lookup import batches_called
from pulumi_ci_audio.lifecycle.batch.naming import BatchName, output_object
from pulumi_ci_audio.lifecycle.batch.survey import LISTS, Recording, Survey
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchInputs
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job_inputs import LARGEST_INPUT_BYTES
from pulumi_ci_audio.lifecycle.once import Order, submit_once
from pulumi_ci_audio.lifecycle.requirements import require_smart_audio, require_template
from pulumi_ci_audio.lifecycle.types import Context

_NAMED = 5


def submit(
    context: Context,
    inputs: NoiseReductionBatchInputs,
    recordings: Sequence[Recording],
    *,
    since: float | None,
) -> BatchJobRecord:
    """Submit the batch of ``recordings``, once.

    Args:
        context: the world.
        inputs: of the resource.
        recordings: what to run.
        since: results that are no younger, in unix seconds, do not count.

    Raises:
        ResourceError: whether it was accepted is unknown, or the engine that asked is gone.
        CiAudioError: it was certainly not accepted.
    """
    bucket, output = inputs.location, inputs.output_location
    # Only line breaks end an address, and an address has none.
    addresses = "".join(f"{bucket.url_of(recording.key)}\n" for recording in recordings).encode()
    list_key = f"{LISTS}{hashlib.sha256(addresses).hexdigest()[:32]}.txt"
    context.client.put_object(output, list_key, addresses, "text/plain")
    name = BatchName.of(inputs, since, recordings)
    request = BatchJobRequest(
        name=str(name),
        list_url=output.url_of(list_key),
        output=output,
        output_object=output_object(inputs),
        template_id=inputs.template_id,
        user_data=name.marker.after(inputs.user_data),
        job_level=inputs.job_level,
        callback=inputs.callback.record() if inputs.callback else None,
    )
    # However old: one of the same name is there where the same recordings were pending before.
    known_ids = frozenset(record.job_id for record in batches_called(context, bucket, name))
    return submit_once(
        context,
        Order(
            what="batch",
            owner=inputs.owner,
            marker=str(name),
            send=partial(context.client.create_batch_job, bucket, request),
            find=lambda: next(
                (record for record in batches_called(context, bucket, name) if record.job_id not in known_ids), None
            ),
        ),
    )


def require_fit(
    context: Context, inputs: NoiseReductionBatchInputs, survey: Survey, recordings: Sequence[Recording]
) -> None:
    """Return if the service can run ``recordings``, and may.

    Raises:
        ResourceError: some cannot be run, or there are more than the program allows.
        CiAudioError: the service or the template cannot be looked at.
    """
    place = f"bucket {inputs.location}, nothing was submitted"
    clashes = [f"{one.key} and {other.key} to {one.result}" for one, other in survey.clashes()]
    if clashes:
        raise ResourceError(
            f"recordings would share a result in {place}: {_named(clashes)}; give them other names, or folders of "
            "their own"
        )
    large = [f"{recording.key} ({recording.size} bytes)" for recording in recordings if _is_large(recording)]
    if large:
        raise ResourceError(
            f"the service takes recordings of {LARGEST_INPUT_BYTES} bytes at most, and some are larger in {place}: "
            f"{_named(large)}; shorten or compress them, or move them out of {inputs.input_prefix}"
        )
    empty = [recording.key for recording in recordings if recording.size == 0]
    if empty:
        raise ResourceError(
            f"there are empty recordings in {place}: {_named(empty)}; upload them again, or delete them"
        )
    if len(recordings) > inputs.at_most:
        raise ResourceError(
            f"{len(recordings)} recordings under {inputs.input_prefix} have no current result in {place}: every minute "
            f"of them would be billed, and at_most is {inputs.at_most}; check input_prefix and output_prefix, or raise "
            "at_most"
        )
    require_smart_audio(context.client, inputs.location, "batch")
    template = require_template(context.client, inputs.location, inputs.template_id, NOISE_REDUCTION)
    said = template.noise_reduction.format if template and template.noise_reduction else None
    if said not in {None, inputs.output_extension}:
        raise ResourceError(
            f"template {inputs.template_id} of bucket {inputs.location} writes {said}, and output_extension is "
            f"{inputs.output_extension}; nothing was submitted: set output_extension to {said}, or change the template"
        )


def _is_large(recording: Recording) -> bool:
    return recording.size > LARGEST_INPUT_BYTES


def _named(texts: Sequence[str]) -> str:
    more = len(texts) - _NAMED
    return ", ".join(texts[:_NAMED]) + (f" and {more} more" if more > 0 else "")
