"""Jobs: ``/jobs``."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_ci_audio.emulator import jobs
from pulumi_ci_audio.emulator.bindings import require_asr
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import render_time
from pulumi_ci_audio.emulator.documents import Content, Values
from pulumi_ci_audio.emulator.errors import ClientGoneError, ServiceError
from pulumi_ci_audio.emulator.exchange import Answer
from pulumi_ci_audio.emulator.operations.parameters import describe_parameters, read_parameters
from pulumi_ci_audio.emulator.progression import settle
from pulumi_ci_audio.emulator.records import NOISE_REDUCTION, Job, State, Target
from pulumi_ci_audio.emulator.shapes import JOB

# Tags of Smart Audio (1045/73375, 1045/73380, 1045/73385, 460/78913), then of the media jobs that share the path.
# A tag that no page names is refused: a misspelt one would list nothing, and a client would submit again.
SMART_AUDIO_TAGS = frozenset(
    {
        "NoiseReduction",
        "SoundHound",
        "SpeechRecognition",
        "Translation",
        "Tts",
        "VoiceSeparate",
        "WordsGeneralize",
    }
)
_MEDIA_TAGS = frozenset(
    {
        "Animation",
        "Concat",
        "DigitalWatermark",
        "ExtractDigitalWatermark",
        "MediaInfo",
        "PicProcess",
        "QualityEstimate",
        "SDRtoHDR",
        "SegmentVideo",
        "SmartCover",
        "Snapshot",
        "StreamExtract",
        "SuperResolution",
        "Transcode",
        "VideoMontage",
        "VideoProcess",
        "VideoTag",
    }
)
TAGS = SMART_AUDIO_TAGS | _MEDIA_TAGS


def create_asr_job(call: Call) -> Answer:
    """Submit a job ("Submit a Task", 1045/73375)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    wish = _read(call)
    if call.request.client_gone():
        raise ClientGoneError
    job = jobs.submit(call.store, bucket, wish)
    answer = call.answer(("JobsDetail", _describe(job)), identified=False)
    settle(call.store)
    call.worker.wake()
    return answer


def describe_jobs(call: Call) -> Answer:
    """Tell about single jobs; unknown ids are no error (436/76945, 1045/43692)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    ids = [job_id for job_id in call.arguments["job_ids"].split(",") if job_id]
    found = [(job_id, jobs.find_job(call.store, bucket, job_id)) for job_id in ids]
    unknown = [job_id for job_id, job in found if job is None]
    if unknown and call.store.assumed("unknown_job_ids") == "comma":
        unknown = [",".join(unknown)]
    return call.answer(
        *(("JobsDetail", _describe(job)) for _, job in found if job is not None),
        *(("NonExistJobIds", job_id) for job_id in unknown),
        identified=False,
    )


def list_jobs(call: Call) -> Answer:
    """List jobs of one tag, page by page (460/60576)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    tag, queue_id, key = call.value("tag"), call.value("queueId"), call.value("inputObject")
    if tag not in TAGS:
        raise ServiceError("InvalidArgument", "tag is required" if not tag else f"{tag!r} is no tag")
    states = read_states(call)
    after = call.time("startCreationTime", float("-inf"))
    before = call.time("endCreationTime", float("inf"))
    # No job here comes from a workflow or a batch job.
    is_of_none = bool(call.value("workflowId") or call.value("inventoryTriggerJobId"))

    def is_wanted(job: Job) -> bool:
        return (
            job.tag == tag
            and job.state in states
            and queue_id in {"", job.queue_id}
            and key in {"", job.input}
            and after < job.created < before
            and not is_of_none
        )

    ascending = call.choice("orderByTime", "Desc", "Desc", "Asc") == "Asc"
    found = jobs.list_jobs(call.store, bucket, is_wanted, ascending=ascending)
    token = call.number("nextToken", 0, least=0)
    if token:  # the number of the last job of the page before
        found = [job for job in found if (job.sequence > token if ascending else job.sequence < token)]
    size = call.number("size", 10, most=100)
    content: list[tuple[str, Content]] = [("JobsDetail", _describe(job)) for job in found[:size]]
    token_after = found[size - 1].sequence if len(found) > size else None
    return call.answer(*content, *next_token(call, token_after), identified=False)


def cancel_jobs(call: Call) -> Answer:
    """Cancel jobs that have not started (436/120620)."""
    ids = [job_id for job_id in call.arguments["job_ids"].split(",") if job_id]
    jobs.cancel(call.store, call.bucket, ids)
    return Answer()


def read_states(call: Call) -> frozenset[State]:
    """Return the states that a list is asked for.

    Raises:
        ServiceError: one is no state of a job.
    """
    asked = call.values("states")
    if not asked or "All" in asked:
        return frozenset(State)
    try:
        return frozenset(State(text) for text in asked)
    except ValueError as error:
        raise ServiceError("InvalidArgument", f"states is a list of {', '.join(State)}") from error


def next_token(call: Call, token: int | None) -> Sequence[tuple[str, Content]]:
    """Return the element that tells how a list goes on."""
    if token is not None:
        return [("NextToken", token)]
    return [("NextToken", None)] if call.store.assumed("end_of_list") == "empty" else []


def _read(call: Call) -> jobs.Wish:
    values = call.read(JOB)
    if values.texts["Tag"] != NOISE_REDUCTION:
        raise ServiceError("InvalidArgument", f"Request.Tag is {NOISE_REDUCTION}; others are not emulated")
    _check_callback(values)
    operation = values.container("Operation")
    output = operation.container("Output").texts
    block = operation.find("NoiseReduction")
    return jobs.Wish(
        input=values.container("Input").texts["Object"],
        target=Target(output["Region"], output["Bucket"], output["Object"]),
        parameters=None if block is None else read_parameters(call, block),
        template_id=operation.texts.get("TemplateId"),
        queue_id=values.texts.get("QueueId"),
        user_data=operation.texts.get("UserData"),
        level=operation.texts.get("JobLevel"),
    )


def _check_callback(values: Values) -> None:
    if values.texts.get("CallBackType") != "TDMQ":
        return
    queue = values.find("CallBackMqConfig")
    missing = [name for name in ("MqRegion", "MqName") if queue is None or name not in queue.texts]
    if missing:
        raise ServiceError("InvalidArgument", f"Request.CallBackMqConfig lacks {', '.join(missing)}")


def _describe(job: Job) -> Content:
    """Return the description of a job; what was not sent is not echoed, but for defaults of the parameters."""
    return [
        ("Code", job.code),
        ("Message", job.message),
        ("JobId", job.id),
        ("State", job.state),
        ("CreationTime", render_time(job.created)),
        ("StartTime", render_time(job.started)),
        ("EndTime", render_time(job.ended)),
        ("QueueId", job.queue_id),
        ("QueueType", "Speeching"),
        ("Tag", job.tag),
        ("Input", [("BucketId", job.bucket), ("Object", job.input), ("Region", job.region)]),
        ("Operation", [] if job.target is None else _describe_operation(job, job.target)),
    ]


def _describe_operation(job: Job, target: Target) -> Content:
    template: list[tuple[str, Content]] = []
    if job.template_id is not None:
        template = [("TemplateId", job.template_id), ("TemplateName", job.template_name)]
    sent: list[tuple[str, Content]] = [
        (name, text) for name, text in (("UserData", job.user_data), ("JobLevel", job.level)) if text is not None
    ]
    output: Content = [("Region", target.region), ("Bucket", target.bucket), ("Object", target.key)]
    return [*template, describe_parameters(job.parameters), ("Output", output), *sent]
