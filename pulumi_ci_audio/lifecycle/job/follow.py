"""A job after its submission: its record, its end, and its result."""

from __future__ import annotations

from typing import Any, Generic

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.records import TERMINAL_STATES, JobRecord
from pulumi_ci_audio.lifecycle.errors import ResourceError, explain
from pulumi_ci_audio.lifecycle.job.spec import JobSpec, State
from pulumi_ci_audio.lifecycle.job.submission import permitted_head
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
        raise JobNotSettledError(f"{explain(error)}; {job} goes on; run `pulumi up` again to resume", state) from error
    raise JobNotSettledError(
        f"the service has no record of {job}, last seen {state.state}, so its end is unknown; "
        "look at the output object, and force another run with --replace if it is not there",
        state,
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
