"""What ``NoiseReductionBatch`` means: every recording of a folder has a current result, and none is paid for twice."""

from __future__ import annotations

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.records import NOT_STARTED_STATES
from pulumi_ci_audio.lifecycle.batch.failures import NAMED_AT_MOST, with_failures
from pulumi_ci_audio.lifecycle.batch.follow import BatchNotSettledError, Run, find_end, with_record
from pulumi_ci_audio.lifecycle.batch.lookup import named_batches
from pulumi_ci_audio.lifecycle.batch.naming import folder_of
from pulumi_ci_audio.lifecycle.batch.settle import settle
from pulumi_ci_audio.lifecycle.batch.survey import Stale, Survey, look
from pulumi_ci_audio.lifecycle.batch_models import RULES, NoiseReductionBatchInputs, NoiseReductionBatchState
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError
from pulumi_ci_audio.lifecycle.given_up import note_given_up
from pulumi_ci_audio.lifecycle.kinds import NOISE_REDUCTION_BATCH
from pulumi_ci_audio.lifecycle.models import differing_fields
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.types import Context, CreateResult, Diff, Lifecycle, ReadResult

ADVICE = "they are not paid for again as they are: replace or remove them, or change `triggers` to run every recording"
"""What to do about recordings that failed."""

_NAMED = 3


class NoiseReductionBatchLifecycle(
    Lifecycle[NoiseReductionBatchInputs, NoiseReductionBatchState], kind=NOISE_REDUCTION_BATCH
):
    """Looks which recordings have no current result, runs one batch for exactly those, and looks again."""

    rules = RULES

    def diff(self, state: NoiseReductionBatchState, inputs: NoiseReductionBatchInputs) -> Diff:
        """Replace when a folder changed; update to resume waiting, to run what is pending, or to repeat a failure."""
        plain = super().diff(state, inputs)
        return Diff(plain.replaces, (*plain.updates, *_causes(state, inputs)), _reason(state, inputs))

    def create(self, context: Context, inputs: NoiseReductionBatchInputs) -> CreateResult[NoiseReductionBatchState]:
        """Run what has no current result, unless a batch of this resource does so already, and wait for its end."""
        note_given_up(context, inputs.owner)
        state = NoiseReductionBatchState.model_validate(inputs.dump())
        return CreateResult(_id(state), self._settle(context, state, runs_all=False))

    def find(
        self,
        context: Context,
        id: ResourceId,  # noqa: A002
        state: NoiseReductionBatchState | None,
    ) -> ReadResult[NoiseReductionBatchInputs, NoiseReductionBatchState] | None:
        """Return how many recordings have no current result now.

        A batch that is known by its id alone is read from the newest one of this package on that folder. A record that
        the service has forgotten, or does not show while Smart Audio is off, is no drift.
        """
        known = _found(context, id) if state is None else state
        if known is None:
            return None
        survey = look(context.client, known, Stale.by(known))
        if known.is_terminal and state is not None:
            found = with_failures(known, survey, ())
        else:
            found = _observed(context, known, survey)
        return ReadResult(NoiseReductionBatchInputs.model_validate(found.dump()), found)

    def update(
        self,
        context: Context,
        id: ResourceId,  # noqa: A002, ARG002
        state: NoiseReductionBatchState,
        inputs: NoiseReductionBatchInputs,
    ) -> NoiseReductionBatchState:
        """Record what a change does not run anything for; then go on waiting, or run what has no current result."""
        own = {*NoiseReductionBatchInputs.model_fields, "imported"}
        outcome = {name: value for name, value in state.model_dump().items() if name not in own}
        # An import does not know the owner.
        owner = state.owner or inputs.owner
        updated = NoiseReductionBatchState.model_validate({**inputs.model_dump(), **outcome, "owner": owner})
        # Which triggers an imported one had is not known.
        runs_all = not state.imported and "triggers" in differing_fields(state, inputs)[1]
        if not runs_all and not _causes(state, inputs):
            return updated
        return self._settle(context, updated, runs_all=runs_all)

    def remove(self, context: Context, id: ResourceId, state: NoiseReductionBatchState) -> None:  # noqa: A002
        """Cancel the batch if it has not started; no audio is touched, and that it cannot be cancelled is fine."""
        if state.batch_id is None:
            return
        context.memory.give_up(state.owner, ResourceId(id.bucket, state.batch_id))
        if state.is_terminal:
            return
        try:
            record = context.client.describe_batch_job(id.bucket, state.batch_id)
            if record is not None and record.state in NOT_STARTED_STATES:
                context.client.cancel_batch_job(id.bucket, state.batch_id)
        except CiAudioError:
            return

    def _settle(self, context: Context, state: NoiseReductionBatchState, *, runs_all: bool) -> NoiseReductionBatchState:
        """Return the state of a folder whose recordings have a current result, or that need not be waited for.

        Raises:
            ResourceInitFailedError: some have none; nothing of what is known is lost.
            ResourceError: nothing was submitted.
        """
        try:
            state = settle(context, state, context.deadline(state.timeout_seconds), runs_all=runs_all)
        except BatchNotSettledError as error:
            raise ResourceInitFailedError(str(error), id=_id(error.state), state=error.state) from error
        except WaitCancelledError as error:
            raise ResourceError(
                f"interrupted before the batch for {state.input_prefix} of bucket {state.location} was known; "
                "run `pulumi up` again, which looks for it first"
            ) from error
        if state.failures and state.on_failure == "fail" and state.is_terminal:
            raise ResourceInitFailedError(f"{_failure_text(state)}; {ADVICE}", id=_id(state), state=state)
        context.report(_outcome(state))
        return state


def _causes(state: NoiseReductionBatchState, inputs: NoiseReductionBatchInputs) -> tuple[str, ...]:
    """Return the stored names of the outputs for whose sake a deployment has to act."""
    if not state.is_terminal:
        return ("state",) if inputs.wait else ()
    repeats = ("failures",) if inputs.on_failure == "fail" and state.failures else ()
    return (*(("pending",) if state.to_run else ()), *repeats)


def _reason(state: NoiseReductionBatchState, inputs: NoiseReductionBatchInputs) -> str:
    """Return the same in words."""
    causes = _causes(state, inputs)
    if "state" in causes:
        return f"{state.state} when last seen: goes on waiting"
    if "pending" in causes:
        return f"{state.to_run} of {state.total} recordings have no current result: they are run"
    return f"{_failed(state)} of {state.total} recordings failed, not paid for again" if causes else ""


def _outcome(state: NoiseReductionBatchState) -> str:
    """Return in a few words what a folder has come to, as it was seen last."""
    batch = f" (batch {state.batch_id})" if state.batch_id else ""
    if not state.is_terminal:
        return f"{state.state} when last seen, not waited for{batch}"
    failed = f", {_failed(state)} failed (recorded)" if state.failures else ""
    return f"{state.done} of {state.total} done, {state.ran} run, {state.skipped} skipped{failed}{batch}"


def _failed(state: NoiseReductionBatchState) -> str:
    count = len(state.failures)
    return f"{count} or more" if count == NAMED_AT_MOST else str(count)


def _observed(context: Context, state: NoiseReductionBatchState, survey: Survey) -> NoiseReductionBatchState:
    """Return what can be told of a batch whose end was not seen."""
    try:
        record = context.client.describe_batch_job(state.location, state.batch_id or "")
        if record is not None:
            state = with_record(state, record)
        end = find_end(context, state, Run(survey.pending, is_exact=False), 0.0) if state.is_terminal else None
    except ApiError as error:
        if error.is_bucket_gone or not is_service_off(context.client, state.location, error):
            raise
        return with_failures(state, survey, ())
    if end is not None:
        return with_failures(end.state, end.survey, end.failures)
    if state.is_terminal:
        # It has handed its recordings out, and some are still under way.
        state = state.model_copy(update={"state": "Running"})
    return with_failures(state, survey, ())


def _found(context: Context, id: ResourceId) -> NoiseReductionBatchState | None:  # noqa: A002
    """Return the state of a batch that is known by its id alone, from the newest one on that folder."""
    for batch in named_batches(context, id.bucket):
        record = batch.record
        output = Bucket(record.output_region or id.bucket.region, record.output_bucket or id.bucket.name)
        folder = folder_of(id.bucket, id.remote_id, batch.name.place, output, record.output_object or "")
        if folder is None or record.template_id is None:
            continue
        elsewhere = {"outputBucket": output.name, "outputRegion": output.region} if output != id.bucket else {}
        properties = {
            "bucket": id.bucket.name,
            "region": id.bucket.region,
            "inputPrefix": id.remote_id,
            "outputPrefix": folder[0],
            "outputExtension": folder[1],
            "templateId": record.template_id,
            "__since": batch.name.since,
            "__imported": True,
            **elsewhere,
        }
        return with_record(NoiseReductionBatchState.model_validate(properties), record)
    return None


def _failure_text(state: NoiseReductionBatchState) -> str:
    more, named = len(state.failures) - _NAMED, state.failures[:_NAMED]
    shown = "; ".join(
        ": ".join(part for part in (failure.input_object, failure.code, failure.message) if part) for failure in named
    )
    return (
        f"{_failed(state)} of {state.total} recordings under {state.input_prefix} of bucket {state.location} failed "
        f"(batch {state.batch_id}): {shown}" + f"; and {more} more" * (more > 0)
    )


def _id(state: NoiseReductionBatchState) -> ResourceId:
    return ResourceId(state.location, state.input_prefix)
