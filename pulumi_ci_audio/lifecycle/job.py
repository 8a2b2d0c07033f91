"""What ``NoiseReductionJob`` means: a recording is cleaned once per change, and nothing paid is sent twice.

The inputs and the state stand in ``job_model``, whose job is whose in ``exactly_once``, how a job is submitted and
followed in ``job_run``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, InterruptedWaitError
from pulumi_ci_audio.api.messages import JobsDetail
from pulumi_ci_audio.api.places import Bucket, ObjectHead
from pulumi_ci_audio.lifecycle import fields, job_run
from pulumi_ci_audio.lifecycle.exactly_once import NOT_STARTED
from pulumi_ci_audio.lifecycle.job_model import RULES, JobInputs, JobState
from pulumi_ci_audio.lifecycle.protocol import (
    Checked,
    Context,
    Created,
    Diff,
    KeptError,
    Observed,
    Properties,
    ResourceError,
)
from pulumi_ci_audio.lifecycle.services import is_switched_off

_PARAMETER_DEFAULTS = {"format": "wav", "sampleRate": 16000}
"""What the service documents as defaults. They are sent, since what it does without them is not documented."""


class Job:
    """See :class:`~pulumi_ci_audio.lifecycle.protocol.Lifecycle`."""

    kind: ClassVar[str] = "NoiseReductionJob"

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> Checked:
        """Return the inputs with defaults, and every complaint about what is known of them."""
        checked = fields.check(JobInputs, old_inputs, inputs, region, RULES)
        if checked.inputs.get("templateId") is not None:
            return checked
        return Checked({**_PARAMETER_DEFAULTS, **checked.inputs}, checked.failures)

    def diff(self, state: Properties, inputs: Properties) -> Diff:
        """Replace for new content, a changed recording or a passing failure; update to go on waiting."""
        plain = fields.diff(JobInputs, state, inputs, delete_before_replace=True)
        replaces, updates = list(plain.replaces), list(plain.updates)
        recorded = JobState.model_validate(state)
        etag, current = recorded.input_etag, recorded.current_input_etag
        if etag and current and etag != current:
            replaces.append("currentInputEtag")
        wanted_to_fail = inputs.get("onFailure", "fail") == "fail"
        if wanted_to_fail and recorded.may_pass:
            replaces.append("state")
        if (not recorded.is_terminal and inputs.get("wait", True)) or (wanted_to_fail and recorded.failure):
            updates.append("state")
        return Diff(tuple(replaces), tuple(updates), delete_before_replace=True)

    def create(self, context: Context, inputs: Properties) -> Created:
        """Find the job or submit it, and wait for its end."""
        wanted = JobInputs.model_validate(inputs)
        deadline = context.deadline(wanted.timeout_seconds)
        try:
            state = job_run.found_or_submitted(context, wanted, deadline)
        except InterruptedWaitError as error:
            raise ResourceError(
                f"interrupted before the job for {wanted.input_object} of bucket {wanted.place} was known; "
                "run `pulumi up` again, which looks for it first"
            ) from error
        return Created(_id(state), self._followed(context, state, deadline))

    def read(self, context: Context, id: str, state: Properties) -> Observed | None:  # noqa: A002
        """Return the job's record and the recording's ETag as they are now.

        A record that the service has forgotten, or does not show while Smart Audio is off, is no drift: the job ran,
        and its result does not depend on it.
        """
        bucket, job_id = fields.split_id(id)
        try:
            record = context.client.describe_job(bucket, job_id)
        except ApiError as error:
            if error.is_bucket_gone:
                return None
            if not is_switched_off(context.client, bucket, error):
                raise
            record = None
        known: dict[str, Any] = {**state, "bucket": bucket.name, "region": bucket.region, "jobId": job_id}
        if record is not None and "inputObject" not in state:
            known.update(_asked_for(record, bucket))
        if not known.get("inputObject") or not known.get("outputObject"):
            return None
        found = JobState.model_validate(known)
        if record is not None and not found.is_terminal:
            found = job_run.with_record(found, record)
            if found.state == "Success":
                found = job_run.with_result(context, found)
        head = _current(context, found)
        if head is not None:
            found = found.model_copy(update={"current_input_etag": head.etag})
        return Observed(_inputs_of(found), plain(found))

    def update(self, context: Context, id: str, state: Properties, inputs: Properties) -> dict[str, Any]:  # noqa: A002, ARG002
        """Take over what a change does not run the job for, then go on waiting or repeat a recorded failure."""
        given = {fields.stored_name(name, field) for name, field in JobInputs.model_fields.items()} - {"__owner"}
        outcome = {name: value for name, value in state.items() if name not in given}
        recorded = JobState.model_validate({**inputs, **outcome})
        return self._followed(context, recorded, context.deadline(recorded.timeout_seconds))

    def delete(self, context: Context, id: str, state: Properties) -> None:  # noqa: A002
        """Cancel the job if it has not started; no audio is touched, and that it cannot be cancelled is fine."""
        bucket, job_id = fields.split_id(id)
        context.memory.spend(job_id)
        recorded = JobState.model_validate(state)
        if recorded.is_terminal:
            return
        try:
            record = context.client.describe_job(bucket, job_id)
            if record is not None and record.state in NOT_STARTED:
                context.client.cancel_job(bucket, job_id)
        except CiAudioError:
            return

    def _followed(self, context: Context, state: JobState, deadline: float) -> dict[str, Any]:
        """Return the state of a job that has ended well, or that need not be waited for.

        Raises:
            KeptError: it failed or has not ended; nothing of it is lost.
        """
        try:
            if state.wait and not state.is_terminal:
                state = job_run.ended(context, state, deadline)
            if state.state == "Success" and (state.output_etag is None or state.failure):
                state = job_run.with_result(context, state)
        except job_run.StillRunningError as error:
            raise KeptError(str(error), id=_id(error.state), state=plain(error.state)) from error
        if state.failure and state.on_failure == "fail":
            raise KeptError(f"{state.failure}; {job_run.ADVICE}", id=_id(state), state=plain(state))
        return plain(state)


def plain(state: JobState) -> dict[str, Any]:
    """Return ``state`` as the engine stores it."""
    return state.model_dump(mode="json", by_alias=True, exclude_none=True)


def _id(state: JobState) -> str:
    return f"{state.region}/{state.bucket}/{state.job_id}"


def _inputs_of(state: JobState) -> dict[str, Any]:
    return JobInputs.model_validate(plain(state)).model_dump(mode="json", by_alias=True, exclude_none=True)


def _current(context: Context, state: JobState) -> ObjectHead | None:
    try:
        return context.client.head_object(state.place, state.input_object)
    except ApiError as error:
        if error.is_denied:
            return None
        raise


def _asked_for(record: JobsDetail, bucket: Bucket) -> dict[str, Any]:
    """Return the inputs that a job's record repeats, for a job that is known by its id alone.

    A result in the job's own bucket counts as one whose place was left out.
    """
    operation = record.operation
    parameters = operation.noise_reduction if operation else None
    output = operation.output if operation else None
    rate = (parameters.samplerate or parameters.sample_rate) if parameters else None
    asked: dict[str, object] = {
        "inputObject": record.input.object if record.input else None,
        "outputObject": output.object if output else None,
        "outputBucket": output.bucket if output and output.bucket != bucket.name else None,
        "outputRegion": output.region if output and output.region != bucket.region else None,
        "templateId": operation.template_id if operation else None,
        "format": parameters.format if parameters else None,
        "sampleRate": int(rate) if rate and rate.isdigit() else None,
    }
    if asked["templateId"]:
        asked["format"] = asked["sampleRate"] = None
    return {name: value for name, value in asked.items() if value is not None}
