"""How a job is looked up, submitted once, followed to its end, and its result checked."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, InterruptedWaitError, NotConnectedError
from pulumi_ci_audio.api.messages import (
    CallBackMqConfig,
    Input,
    JobOperation,
    JobRequest,
    JobsDetail,
    NoiseReduction,
    Output,
)
from pulumi_ci_audio.api.places import Bucket, ObjectHead
from pulumi_ci_audio.api.transport import is_certainly_not_accepted, is_outcome_unknown
from pulumi_ci_audio.lifecycle.exactly_once import (
    NOT_STARTED,
    TERMINAL,
    UNFINISHED,
    Decision,
    Marker,
    Submit,
    TakeOver,
    WaitFor,
    decide,
    unix_time,
)
from pulumi_ci_audio.lifecycle.job_model import CONTENT, LARGEST_INPUT_BYTES, JobInputs, JobState
from pulumi_ci_audio.lifecycle.protocol import Context, ResourceError, explain
from pulumi_ci_audio.lifecycle.services import is_switched_off

Seen = TypeVar("Seen")

ADVICE = "it is not paid for again: mend the cause and change the recording or an input, or force a run with --replace"
"""What to do about a job that failed."""

SUBMISSIONS_AT_MOST = 3
"""How often a job is sent to a service that cannot be reached or says that it is too busy."""

_RECONNECT_SECONDS = 1.0
_REPORT_SECONDS = 5.0
_LATE_SECONDS = 1.0


class StillRunningError(ResourceError):
    """A job was submitted, and its end was not seen.

    Attributes:
        state: what is known of it.
    """

    def __init__(self, message: str, state: JobState) -> None:
        super().__init__(message)
        self.state = state


# Before a submission


def found_or_submitted(context: Context, wanted: JobInputs, deadline: float) -> JobState:
    """Return the state of the one job that does what is wanted, submitting it where there is none.

    Raises:
        ResourceError: the job cannot succeed, or the outcome of its submission is unknown.
        CiAudioError: the service refused.
    """
    head = _input_head(context, wanted)
    etag = head.etag if head else None
    content = wanted.model_dump(mode="json", by_alias=True, exclude_none=True)
    marker = Marker.of(wanted.owner, {**{name: content.get(name) for name in CONTENT}, "inputEtag": etag})
    job = _looked_up(context, wanted, marker, etag, deadline)
    if isinstance(job, Submit):
        _require_services(context, wanted)
        job = _submitted(context, wanted, marker, etag, known=job.passed_over)
    state = JobState.model_validate({**content, "inputEtag": etag, "currentInputEtag": etag})
    return with_record(state, job)


def _input_head(context: Context, wanted: JobInputs) -> ObjectHead | None:
    """Return what is known of the recording; ``None`` where looking at it is not permitted.

    Raises:
        ResourceError: there is none, or it is too large.
    """
    try:
        head = context.client.head_object(wanted.place, wanted.input_object)
    except ApiError as error:
        if error.is_denied:
            return None
        raise
    if head is None:
        _require_bucket(context, wanted.place)
        raise ResourceError(
            f"there is no object {wanted.input_object} in bucket {wanted.place}, nothing was submitted: "
            "upload the recording first, or depend on what uploads it"
        )
    if head.size > LARGEST_INPUT_BYTES:
        raise ResourceError(
            f"{wanted.input_object} of bucket {wanted.place} has {head.size} bytes and the service takes "
            f"{LARGEST_INPUT_BYTES} at most, nothing was submitted: shorten or compress the recording"
        )
    return head


def _require_bucket(context: Context, place: Bucket) -> None:
    try:
        context.client.describe_bucket(place)
    except ApiError as error:
        if error.is_bucket_gone:
            raise


def _require_services(context: Context, wanted: JobInputs) -> None:
    """Return if Smart Audio is on and the template fits, as far as can be seen.

    Raises:
        ResourceError: the service is off, or the template is missing or of another kind.
    """
    place = wanted.place
    enabled = _seen(
        lambda: context.client.describe_asr_buckets(place.region, regions=[place.region], bucket_names=[place.name])
    )
    if enabled == []:
        raise ResourceError(
            f"Smart Audio is off for bucket {place}, nothing was submitted: declare an AsrBucketBinding for it "
            "and let the job depend on it"
        )
    template_id = wanted.template_id
    if template_id is None:
        return
    templates = _seen(lambda: context.client.describe_templates(place, ids=[template_id]))
    if templates is None:
        return
    template = next((template for template in templates if template.template_id == template_id), None)
    if template is None:
        raise ResourceError(f"there is no template {template_id} in bucket {place}, nothing was submitted")
    if template.tag not in {None, "NoiseReduction"}:
        raise ResourceError(
            f"template {template_id} of bucket {place} is one for {template.tag}, not NoiseReduction; "
            "nothing was submitted"
        )


def _seen(look: Callable[[], list[Seen]]) -> list[Seen] | None:
    """Return what ``look`` brings, or ``None`` where looking is not permitted."""
    try:
        return look()
    except ApiError as error:
        if error.is_denied:
            return None
        if error.is_service_off:
            return []
        raise


# The look-up


def _looked_up(
    context: Context, wanted: JobInputs, marker: Marker, etag: str | None, deadline: float
) -> JobsDetail | Submit:
    """Return the job that does what is wanted already, after other jobs of the same resource have ended."""
    waited_for: set[str] = set()
    decision: Decision = Submit()
    for waited in context.waiter.looks(_rest(context, deadline)):
        decision = _decided(context, wanted, marker, etag)
        if isinstance(decision, TakeOver):
            return decision.job
        if isinstance(decision, Submit):
            if not _settling(context, marker):
                return decision
            context.report("[1/3] making sure that an interrupted run submitted nothing")
            continue
        job_id = decision.job.job_id or ""
        context.report(f"[1/3] waiting {waited:.0f} s for job {job_id} of the same resource to end")
        if job_id not in waited_for and decision.job.state in NOT_STARTED:
            _cancel(context, wanted, job_id)
        waited_for.add(job_id)
    if not isinstance(decision, WaitFor):
        raise ResourceError(
            "an interrupted run may have submitted the job, and the service may not list it yet, so no other was "
            "submitted; run `pulumi up` again to go on"
        )
    raise ResourceError(
        f"job {decision.job.job_id} of the same resource has not ended yet, so no other was submitted; "
        "run `pulumi up` again to go on"
    )


def _decided(context: Context, wanted: JobInputs, marker: Marker, etag: str | None) -> Decision:
    place = wanted.place
    try:
        jobs = [
            *context.client.describe_jobs(place, states=UNFINISHED),
            *context.client.describe_jobs(place, input_object=wanted.input_object),
        ]
    except ApiError as error:
        if not is_switched_off(context.client, place, error):
            raise
        jobs = []
    entry = context.journal.find(str(marker))
    if entry is not None and entry.job_id is not None:
        # Known before it is listed.
        record = context.client.describe_job(place, entry.job_id)
        jobs += [record] if record else []
    return decide(
        jobs,
        marker,
        etag_is_known=etag is not None,
        is_spent=context.memory.is_spent,
        result_is_there=lambda job: _result_is_there(context, wanted, job),
    )


def _settling(context: Context, marker: Marker) -> bool:
    """Return whether a submission from this machine, whose answer nobody saw, may not be listed yet."""
    entry = context.journal.find(str(marker))
    # It may have been on its way for a while before it was accepted.
    unsettled_seconds = context.in_flight_seconds + context.settle_seconds
    return entry is not None and entry.job_id is None and entry.age_seconds < unsettled_seconds


def _result_is_there(context: Context, wanted: JobInputs, job: JobsDetail) -> bool:
    """Return whether the output object is the one that ``job`` wrote: there, and no younger than the job's end."""
    try:
        head = context.client.head_object(wanted.output_place, wanted.output_object)
    except ApiError as error:
        if error.is_denied:
            return True
        raise
    ended = unix_time(job.end_time)
    if head is None or head.size == 0:
        return False
    return ended is None or head.last_modified is None or head.last_modified <= ended + _LATE_SECONDS


def _cancel(context: Context, wanted: JobInputs, job_id: str) -> None:
    try:
        context.client.cancel_job(wanted.place, job_id)
    except CiAudioError:
        # It has started in the meantime, or may not be cancelled: then it is waited for.
        return


# The submission


def _submitted(
    context: Context, wanted: JobInputs, marker: Marker, etag: str | None, *, known: tuple[JobsDetail, ...]
) -> JobsDetail:
    """Submit the job, once.

    Where the service says that it was too busy, the job is sent again, but only after it had the time to appear: so
    a proxy that answers for a service which did accept the job does not make it two.

    Raises:
        ResourceError: whether it was accepted is unknown, or the engine that asked is gone.
        CiAudioError: it was certainly not accepted.
    """
    for attempt in range(1, SUBMISSIONS_AT_MOST + 1):
        if not context.engine_is_there():
            if attempt > 1:
                # What was noted is of an attempt that was turned away.
                context.journal.withdraw(str(marker))
            raise ResourceError("the engine that asked for the job is gone, nothing was submitted")
        context.report("[1/3] submitting" if attempt == 1 else f"[1/3] submitting, attempt {attempt}")
        # Noted anew for every attempt, since its age tells the next process how long to look for it.
        context.journal.begin(str(marker))
        try:
            job = context.client.submit_noise_reduction(wanted.place, job_request(wanted, marker))
        except NotConnectedError:
            if attempt == SUBMISSIONS_AT_MOST:
                context.journal.withdraw(str(marker))
                raise
            context.waiter.pause(_RECONNECT_SECONDS)
            continue
        except CiAudioError as error:
            found = _found_after(context, wanted, marker, etag, error, known=known)
            if found is None and attempt < SUBMISSIONS_AT_MOST:
                continue
            if found is None:
                context.journal.withdraw(str(marker))
                raise
            job = found
        context.journal.accepted(str(marker), job.job_id or "")
        return job
    raise AssertionError("the last attempt returns or raises")


def _found_after(
    context: Context,
    wanted: JobInputs,
    marker: Marker,
    etag: str | None,
    error: CiAudioError,
    *,
    known: tuple[JobsDetail, ...],
) -> JobsDetail | None:
    """Return the job of a submission that ended with ``error``, or ``None`` where it can be sent again.

    Raises:
        ResourceError: whether it was accepted is unknown.
        CiAudioError: it was refused.
    """
    is_too_busy = isinstance(error, ApiError) and error.is_throttled
    if not is_too_busy and not is_outcome_unknown(error):
        context.journal.withdraw(str(marker))
        raise error
    appeared = _appeared(context, wanted, marker, etag, known=known)
    if isinstance(appeared, JobsDetail):
        return appeared
    if is_too_busy and appeared is _NotThere.SEEN:
        return None
    raise ResourceError(
        f"{error}; whether the job was accepted is unknown, so it was not sent again: "
        "run `pulumi up` again, which looks for it first"
    ) from error


class _NotThere(Enum):
    """The service lists no such job, and it had the time to."""

    SEEN = "the list was seen"


def _appeared(
    context: Context, wanted: JobInputs, marker: Marker, etag: str | None, *, known: tuple[JobsDetail, ...]
) -> JobsDetail | _NotThere | None:
    """Return the job of a submission without a good answer, or ``None`` where the list could not be seen in time.

    A job that was not known before is it, even if it has failed meanwhile.
    """
    known_ids = {job.job_id for job in known}
    seen: _NotThere | None = None
    for _ in context.waiter.looks(context.settle_seconds):
        context.report("[1/3] no good answer, looking for the job")
        seen = None
        try:
            decision = _decided(context, wanted, marker, etag)
        except InterruptedWaitError:
            raise
        except CiAudioError:
            continue
        seen = _NotThere.SEEN
        if isinstance(decision, TakeOver):
            return decision.job
        if isinstance(decision, Submit):
            for job in decision.passed_over:
                if job.job_id not in known_ids:
                    return job
    return seen


def job_request(wanted: JobInputs, marker: Marker) -> JobRequest:
    """Return the submission of the job (document 460/84796)."""
    callback = wanted.callback
    by_parameters = wanted.template_id is None
    queue_is_told = callback is not None and callback.url is None
    return JobRequest(
        input=Input(object=wanted.input_object),
        operation=JobOperation(
            template_id=wanted.template_id,
            noise_reduction=NoiseReduction(
                format=wanted.format, samplerate=str(wanted.sample_rate) if wanted.sample_rate else None
            )
            if by_parameters
            else None,
            output=Output(
                region=wanted.output_place.region, bucket=wanted.output_place.name, object=wanted.output_object
            ),
            user_data=marker.after(wanted.user_data),
            job_level=None if wanted.job_level is None else str(wanted.job_level),
        ),
        queue_id=wanted.queue_id,
        call_back=callback.url if callback else None,
        call_back_format=callback.format if callback else None,
        call_back_type=("TDMQ" if queue_is_told else "Url") if callback else None,
        call_back_mq_config=CallBackMqConfig(
            mq_region=callback.mq_region, mq_mode=callback.mq_mode, mq_name=callback.mq_name
        )
        if callback and queue_is_told
        else None,
    )


# After a submission


def ended(context: Context, state: JobState, deadline: float) -> JobState:
    """Return the state of the job once it has ended.

    Raises:
        StillRunningError: it has not, within the timeout, or it could not be followed.
    """
    job = f"job {state.job_id} for {state.input_object} of bucket {state.place}"
    timeout = _rest(context, deadline)
    said: tuple[str | None, float] = (None, 0.0)
    trouble = ""
    try:
        for waited in context.waiter.looks(timeout):
            try:
                record = context.client.describe_job(state.place, state.job_id or "")
            except CiAudioError as error:
                if isinstance(error, InterruptedWaitError) or not (
                    is_outcome_unknown(error) or is_certainly_not_accepted(error)
                ):
                    raise
                trouble = f" ({error})"
                continue
            trouble = ""
            if record is None and waited > context.settle_seconds:
                break
            if record is not None:
                state = with_record(state, record)
            if state.is_terminal:
                return state
            if state.state != said[0] or waited - said[1] >= _REPORT_SECONDS:
                said = (state.state, waited)
                paused = ": its queue is paused" if state.state == "Pause" else ""
                context.report(f"[2/3] {state.state} {waited:.0f} s (job {state.job_id}){paused}")
        else:
            raise StillRunningError(
                f"{job} was still {state.state} after {timeout:.0f} s{trouble}; run `pulumi up` again to go on waiting",
                state,
            )
    except InterruptedWaitError as error:
        raise StillRunningError(f"interrupted: {job} goes on; run `pulumi up` again to resume", state) from error
    except CiAudioError as error:
        raise StillRunningError(f"{explain(error)}; {job} goes on; run `pulumi up` again to resume", state) from error
    raise StillRunningError(
        f"the service has no record of {job}, last seen {state.state}, so its end is unknown; "
        "look at the output object, and force another run with --replace if it is not there",
        state,
    )


def with_record(state: JobState, record: JobsDetail) -> JobState:
    """Return ``state`` with what the service's record of the job says."""
    succeeded = record.state == "Success"
    failed = record.state in TERMINAL and not succeeded
    ignored = _ignored(state, record) if succeeded else None
    return state.model_copy(
        update={
            "job_id": record.job_id,
            "state": record.state or "Submitted",
            "code": record.code if failed else ignored and "ParametersIgnored",
            "message": record.message if failed else ignored,
            "creation_time": record.creation_time,
            "start_time": record.start_time,
            "end_time": record.end_time,
        }
    )


def _ignored(state: JobState, record: JobsDetail) -> str | None:
    """Return how the parameters that the service repeats differ from those asked for.

    The documents spell the rate in two ways (Q1), so that one of them may go unheard.
    """
    echoed = record.operation.noise_reduction if record.operation else None
    if echoed is None or state.template_id is not None:
        return None
    rate = echoed.samplerate or echoed.sample_rate
    pairs = (("format", state.format, echoed.format), ("sample_rate", str(state.sample_rate), rate))
    wrong = [f"{name} {got} instead of {asked}" for name, asked, got in pairs if got is not None and got != asked]
    return f"the service used {', '.join(wrong)}" if wrong else None


def with_result(context: Context, state: JobState) -> JobState:
    """Return the state of a successful job with what is known of its result; without one, it counts as failed."""
    context.report(f"[3/3] checking the result (job {state.job_id})")
    place, key = state.output_place, state.output_object
    result: dict[str, object] = {"output_url": place.url_of(key)}
    try:
        head = context.client.head_object(place, key)
    except ApiError as error:
        if not error.is_denied:
            raise StillRunningError(f"{explain(error)}; run `pulumi up` again to look again", state) from error
        return state.model_copy(update=result)
    except CiAudioError as error:
        raise StillRunningError(f"{error}; run `pulumi up` again to look again", state) from error
    if head is None or head.size == 0:
        code = "ResultMissing" if head is None else "ResultEmpty"
        what = "is missing" if head is None else "is empty"
        message = f"the job ended with Success, but its result {key} in bucket {place} {what}"
        return state.model_copy(update={"code": code, "message": message})
    seen = {"output_etag": head.etag, "output_size": head.size}
    mended = {"code": None, "message": None} if state.code in {"ResultMissing", "ResultEmpty"} else {}
    return state.model_copy(update={**result, **seen, **mended})


def _rest(context: Context, deadline: float) -> float:
    return max(0.0, deadline - context.waiter.now())
