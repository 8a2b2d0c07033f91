"""A job after its submission: its record, its end, and its result."""

from __future__ import annotations

from typing import Any, Generic

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.records import TERMINAL_STATES, JobRecord
from pulumi_ci_audio.lifecycle.errors import ResourceError, explain
from pulumi_ci_audio.lifecycle.job.spec import JobSpec, State
from pulumi_ci_audio.lifecycle.job.submission import permitted_head
from pulumi_ci_audio.lifecycle.job_models import AudioJobState
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.types import Context

_REPORT_SECONDS = 5.0


class JobNotSettledError(ResourceError, Generic[State]):
    """A job was submitted, and its end or its result was not seen.

    Attributes:
        state: what is known of it.
    """

    def __init__(self, message: str, state: State) -> None:
        super().__init__(message)
        self.state = state


def wait_until_ended(context: Context, spec: JobSpec[Any, State], state: State, deadline: float) -> State:
    """Return the state of the job once it has ended.

    Raises:
        JobNotSettledError: it has not, within the timeout, or it could not be followed.
    """
    job = f"job {state.job_id} for {state.input_object} of bucket {state.location}"
    timeout = max(0.0, deadline - context.waiter.now())
    said: tuple[str | None, float] = (None, 0.0)
    trouble = ""
    try:
        for waited in context.waiter.polls(timeout):
            try:
                record = context.client.describe_job(state.location, state.job_id or "")
            except CiAudioError as error:
                if not error.is_transient:
                    raise
                trouble = f" ({error})"
                continue
            trouble = ""
            if record is None and waited > context.settle_seconds:
                break
            if record is not None:
                state = with_record(spec, state, record)
            if state.is_terminal:
                return state
            if state.state != said[0] or waited - said[1] >= _REPORT_SECONDS:
                said = (state.state, waited)
                paused = ": its queue is paused" if state.state == "Pause" else ""
                context.report(f"[2/3] {state.state} {waited:.0f} s (job {state.job_id}){paused}")
        else:
            raise JobNotSettledError(
                f"{job} was still {state.state} after {timeout:.0f} s{trouble}; run `pulumi up` again to go on waiting",
                state,
            )
    except WaitCancelledError as error:
        raise JobNotSettledError(f"interrupted: {job} goes on; run `pulumi up` again to resume", state) from error
    except CiAudioError as error:
        raise JobNotSettledError(_unfollowed(context, state, job, error), state) from error
    raise JobNotSettledError(
        f"the service has no record of {job}, last seen {state.state}, so its end is unknown; "
        f"look at the output object, and force another run with {context.command('up --replace')} if it is not there",
        state,
    )


def _unfollowed(context: Context, state: AudioJobState, job: str, error: CiAudioError) -> str:
    """Return why ``job`` could not be followed to its end, and what to do."""
    if not isinstance(error, ApiError) or not is_service_off(context.client, state.location, error):
        return f"{explain(error)}; {job} goes on; run `pulumi up` again to resume"
    return (
        f"{error}; Smart Audio was switched off while {job} was {state.state}, so its end cannot be seen: run "
        f"`pulumi up --refresh`, which switches on again what the program declares, or give the job up with "
        f"{context.command('destroy --target')}"
    )


def with_record(spec: JobSpec[Any, State], state: State, record: JobRecord) -> State:
    """Return ``state`` with what the service's record of the job says.

    A job that succeeded with other parameters than those asked for counts as failed: the documents spell one of them
    in two ways, so that it may go unheard.
    """
    succeeded = record.state == "Success"
    failed = record.state in TERMINAL_STATES and not succeeded
    ignored = spec.ignored_parameters(state, record) if succeeded else []
    return state.model_copy(
        update={
            "job_id": record.job_id,
            "state": record.state or "Submitted",
            "code": record.code if failed else ("ParametersIgnored" if ignored else None),
            "message": record.message if failed else (f"the service used {', '.join(ignored)}" if ignored else None),
            "creation_time": record.creation_time,
            "start_time": record.start_time,
            "end_time": record.end_time,
        }
    )


def outcome(state: AudioJobState) -> str:
    """Return in a few words what a job has come to, as it was seen last."""
    job = f"(job {state.job_id})"
    if state.failure:
        return f"{state.state if state.state == 'Cancel' else 'Failed'}: {state.code or 'no code'} (recorded) {job}"
    if not state.is_terminal:
        return f"{state.state} when last seen, not waited for {job}"
    return f"Success, {state.output_size} bytes {job}" if state.output_size is not None else f"Success {job}"


def with_current_recording(context: Context, state: State) -> State:
    """Return the state of a job with the recording as it is now; without a look at it, as it was.

    Raises:
        CiAudioError: it cannot be looked at.
    """
    head = permitted_head(context, state.location, state.input_object)
    if isinstance(head, ApiError):
        return state
    if head is None:
        context.report(f"the recording {state.input_object} is gone")
    return state.model_copy(update={"current_input_etag": head.etag if head else None})


def with_current_result(context: Context, state: State) -> State:
    """Return the state of a successful job with the size of its result as it is now; none where it is gone.

    Its ETag stays, as that of what the job wrote: another job may have it as a trigger.

    Raises:
        CiAudioError: it cannot be looked at.
    """
    try:
        head = permitted_head(context, state.output_location, state.output_object)
    except ApiError as error:
        if not error.is_bucket_gone:
            raise
        head = None
    if isinstance(head, ApiError):
        return state
    if head is None:
        context.report(f"the result {state.output_object} is gone")
    return state.model_copy(update={"output_size": head.size if head else None})


def with_result(context: Context, state: State) -> State:
    """Return the state of a successful job with what is known of its result; without one, it counts as failed.

    Raises:
        JobNotSettledError: the result could not be looked at.
    """
    context.report(f"[3/3] checking the result (job {state.job_id})")
    bucket, key = state.output_location, state.output_object
    result: dict[str, object] = {"output_url": bucket.url_of(key)}
    try:
        head = permitted_head(context, bucket, key)
    except (CiAudioError, WaitCancelledError) as error:
        said = explain(error) if isinstance(error, CiAudioError) else error
        raise JobNotSettledError(f"{said}; run `pulumi up` again to look again", state) from error
    if isinstance(head, ApiError):
        return state.model_copy(update=result)
    if head is None or head.size == 0:
        code = "ResultMissing" if head is None else "ResultEmpty"
        what = "is missing" if head is None else "is empty"
        message = f"the job ended with Success, but its result {key} in bucket {bucket} {what}"
        return state.model_copy(update={"code": code, "message": message})
    seen = {"output_etag": head.etag, "output_size": head.size}
    recovered = {"code": None, "message": None} if state.code in {"ResultMissing", "ResultEmpty"} else {}
    return state.model_copy(update={**result, **seen, **recovered})
