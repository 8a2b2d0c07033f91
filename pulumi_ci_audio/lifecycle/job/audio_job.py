"""The lifecycle of every kind of job: a recording is processed once per change, and nothing paid is sent twice."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Generic

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.records import NOT_STARTED_STATES, UNFINISHED_STATES, JobRecord
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError, as_model
from pulumi_ci_audio.lifecycle.given_up import note_given_up
from pulumi_ci_audio.lifecycle.job.follow import (
    JobNotSettledError,
    outcome,
    wait_until_ended,
    with_current_recording,
    with_current_result,
    with_record,
    with_result,
)
from pulumi_ci_audio.lifecycle.job.spec import Inputs, JobSpec, State
from pulumi_ci_audio.lifecycle.job.submission import prepare
from pulumi_ci_audio.lifecycle.job.submit import find_or_submit
from pulumi_ci_audio.lifecycle.job_models import AudioJobState
from pulumi_ci_audio.lifecycle.marker import without_marker
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.types import Context, CreateResult, Diff, Lifecycle, ReadResult


class AudioJob(Lifecycle[Inputs, State], Generic[Inputs, State]):
    """Looks for a job, submits it where there is none, follows it, and checks its result."""

    spec: JobSpec[Inputs, State]

    def diff(self, state: State, inputs: Inputs) -> Diff:
        """Replace when inputs or recording changed or the last failure was transient; update to resume waiting."""
        plain = super().diff(state, inputs)
        replaces, updates = list(plain.replaces), list(plain.updates)
        if state.imported:
            # What the service's record does not repeat is not known to differ.
            unrepeated = [name for name in replaces if name not in state.dump()]
            replaces, updates = [name for name in replaces if name not in unrepeated], updates + unrepeated
        if state.recording_changed:
            replaces.append("currentInputEtag")
        fails = inputs.on_failure == "fail"
        if fails and state.is_transient_failure:
            replaces.append("state")
        if (not state.is_terminal and inputs.wait) or (fails and state.failure):
            updates.append("state")
        return Diff(tuple(replaces), tuple(updates), self._reason(state, replaces, updates))

    @staticmethod
    def _reason(state: State, replaces: list[str], updates: list[str]) -> str:
        """Return why a job whose inputs stay runs again, or is looked at again."""
        if "currentInputEtag" in replaces:
            return "the recording changed: the job runs again"
        if "state" in replaces:
            return f"failed with {state.code}, which passes: the job runs again"
        if "state" in updates and state.failure:
            return f"failed with {state.code or state.state}, not paid for again"
        return f"{state.state} when last seen: goes on waiting" if "state" in updates else ""

    def create(self, context: Context, inputs: Inputs) -> CreateResult[State]:
        """Find the job or submit it, and wait for its end."""
        deadline = context.deadline(inputs.timeout_seconds)
        note_given_up(context, inputs.owner)
        try:
            submission = prepare(context, self.spec, inputs)
            job, is_new = find_or_submit(context, submission, deadline)
        except WaitCancelledError as error:
            raise ResourceError(
                f"interrupted before the job for {inputs.input_object} of bucket {inputs.location} was known; "
                "run `pulumi up` again, which looks for it first"
            ) from error
        if not is_new and inputs.keeps_old and job.state not in UNFINISHED_STATES:
            context.warn(
                f"job {job.job_id} ran before, nothing was submitted: with retain_on_delete, or without "
                "delete_before_replace, --replace cannot be told from a first run; change `triggers` to run it again"
            )
        etag = submission.input_etag
        state = self.spec.state_model.model_validate({**inputs.dump(), "inputEtag": etag, "currentInputEtag": etag})
        state = with_record(self.spec, state, job)
        ran_before = not is_new and state.is_terminal
        state = self._follow(context, state, deadline)
        context.report(f"ran before, nothing submitted: {outcome(state)}" if ran_before else outcome(state))
        return CreateResult(_id(state), state)

    def find(self, context: Context, id: ResourceId, state: State | None) -> ReadResult[Inputs, State] | None:  # noqa: A002
        """Return the job's record and the recording's ETag as they are now.

        A record that the service has forgotten, or does not show while Smart Audio is off, is no drift: the job ran,
        and its result does not depend on it. A recording or a result that was deleted is: it shows in what was last
        seen of it.
        """
        try:
            record = context.client.describe_job(id.bucket, id.remote_id)
        except ApiError as error:
            if error.is_bucket_gone or not is_service_off(context.client, id.bucket, error):
                raise
            record = None
        known = state.dump() if state else {}
        known |= {"bucket": id.bucket.name, "region": id.bucket.region, "jobId": id.remote_id}
        if state is None:
            if record is None:
                return None
            known |= {**self._inputs_of(record, id), "__imported": True}
        if not known.get("inputObject") or not known.get("outputObject"):
            return None
        found = as_model(self.spec.state_model, known, f"job {id.remote_id} of bucket {id.bucket}")
        if record is not None and not found.is_terminal:
            found = with_record(self.spec, found, record)
            if found.state == "Success":
                found = with_result(context, found)
        elif found.output_etag is not None:
            found = with_current_result(context, found)
        found = with_current_recording(context, found)
        if state is None:
            # An import takes the recording as it is for the one that the job had.
            found = found.model_copy(update={"input_etag": found.current_input_etag})
        return ReadResult(self.spec.inputs_model.model_validate(found.dump()), found)

    def update(self, context: Context, id: ResourceId, state: State, inputs: Inputs) -> State:  # noqa: A002, ARG002
        """Record what a change does not run the job for, then go on waiting or repeat a recorded failure."""
        own = {*self.spec.inputs_model.model_fields, "imported"}
        known = {name: value for name, value in state.model_dump().items() if name not in own}
        # An import does not know the owner.
        owner = state.owner or inputs.owner
        updated = self.spec.state_model.model_validate({**inputs.model_dump(), **known, "owner": owner})
        if updated.failure and updated.on_failure == "fail" and updated.input_etag:
            # A recording that was mended under its key is for the next run to find, without a refresh.
            with suppress(CiAudioError):
                updated = with_current_recording(context, updated)
        updated = self._follow(context, updated, context.deadline(updated.timeout_seconds))
        context.report(outcome(updated))
        return updated

    def remove(self, context: Context, id: ResourceId, state: State) -> None:  # noqa: A002
        """Cancel the job if it has not started; no audio is touched, and that it cannot be cancelled is fine."""
        context.memory.give_up(state.owner, id)
        if state.is_terminal:
            return
        try:
            record = context.client.describe_job(id.bucket, id.remote_id)
            if record is not None and record.state in NOT_STARTED_STATES:
                context.client.cancel_job(id.bucket, id.remote_id)
        except CiAudioError:
            return

    def _follow(self, context: Context, state: State, deadline: float) -> State:
        """Return the state of a job that has ended well, or that need not be waited for.

        Raises:
            ResourceInitFailedError: it failed or has not ended; nothing of it is lost.
        """
        try:
            if state.wait and not state.is_terminal:
                state = wait_until_ended(context, self.spec, state, deadline)
            # One that has an address was looked at; whether it is still there is for a refresh to show.
            if state.state == "Success" and (state.output_url is None or state.failure):
                state = with_result(context, state)
        except JobNotSettledError as error:
            raise ResourceInitFailedError(str(error), id=_id(error.state), state=error.state) from error
        if state.failure and state.on_failure == "fail":
            raise ResourceInitFailedError(f"{state.failure}; {_advice(context, state)}", id=_id(state), state=state)
        return state

    def _inputs_of(self, record: JobRecord, id: ResourceId) -> dict[str, Any]:  # noqa: A002
        """Return the inputs that a job's record repeats, for a job that is known by its id alone.

        A result in the job's own bucket counts as one whose bucket was left out.

        Raises:
            ResourceError: the job is one of another kind.
        """
        if record.tag not in {None, self.spec.tag}:
            raise ResourceError(f"job {id.remote_id} of bucket {id.bucket} is one for {record.tag}")
        repeated = {
            "inputObject": record.input_object,
            "outputObject": record.output_object,
            "outputBucket": record.output_bucket if record.output_bucket != id.bucket.name else None,
            "outputRegion": record.output_region if record.output_region != id.bucket.region else None,
            "templateId": record.template_id,
            "userData": without_marker(record.user_data),
            **self.spec.inputs_of(record),
        }
        return {name: value for name, value in repeated.items() if value is not None}


def _id(state: AudioJobState) -> ResourceId:
    return ResourceId(state.location, state.job_id or "")


def _advice(context: Context, state: AudioJobState) -> str:
    """Return what to do about a job that failed."""
    if state.recording_changed:
        return "the recording has changed since: run `pulumi up` again, which runs the job for it"
    return (
        "it is not paid for again: change an input, or mend the recording and run `pulumi up --refresh`, "
        f"or force a run with {context.command('up --replace')}"
    )
