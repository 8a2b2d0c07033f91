"""Jobs: ``/jobs``."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_ci_audio.emulator.errors import ClientGoneError, ServiceError
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content, Values, find_text
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.parameters import describe_parameters, read_parameters
from pulumi_ci_audio.emulator.operations.schemas import JOB, OTHER_JOB
from pulumi_ci_audio.emulator.rules import jobs
from pulumi_ci_audio.emulator.rules.bindings import require_asr
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import NOISE_REDUCTION, Callback, Job, State, Target

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


def create_job(call: Call) -> Response:
    """Submit a job ("Submit a Task", 1045/73375)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    submission = _read(call)
    if call.request.client_gone():
        raise ClientGoneError
    job = jobs.submit(call.store, bucket, submission)
    response = call.response(("JobsDetail", describe(job)), identified=False)
    advance_jobs(call.store)
    call.worker.wake()
    return response


def describe_job(call: Call) -> Response:
    """Tell about jobs by their ids; unknown ids are no error (436/76945, 1045/43692)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    ids = [job_id for job_id in call.arguments["job_ids"].split(",") if job_id]
    call.require_few(ids, "the list of ids")
    found = [(job_id, bucket.jobs.get(job_id)) for job_id in ids]
    unknown = [job_id for job_id, job in found if job is None]
    if unknown and call.store.assumed("unknown_job_ids") == "comma":
        unknown = [",".join(unknown)]
    return call.response(
        *(("JobsDetail", describe(job)) for _, job in found if job is not None),
        *(("NonExistJobIds", job_id) for job_id in unknown),
        identified=False,
    )


def describe_jobs(call: Call) -> Response:
    """List jobs of one tag, page by page (460/60576)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    tag, queue_id, key = call.value("tag"), call.value("queueId"), call.value("inputObject")
    if tag not in TAGS:
        raise ServiceError("InvalidArgument", "tag is required" if not tag else f"{tag!r} is no tag")
    states = read_states(call)
    after = call.time("startCreationTime", float("-inf"))
    before = call.time("endCreationTime", float("inf"))
    batch_id = call.value("inventoryTriggerJobId")

    def is_wanted(job: Job) -> bool:
        return (
            job.tag == tag
            and job.state in states
            and queue_id in {"", job.queue_id}
            and key in {"", job.input}
            and after < job.created < before
            and batch_id in {"", job.batch_id}
            and not call.value("workflowId")  # no job here comes from one
        )

    ascending = call.choice("orderByTime", "Desc", "Desc", "Asc") == "Asc"
    found = jobs.list_jobs(call.store, bucket, is_wanted, ascending=ascending)
    token = call.number("nextToken", 0, least=0)
    if token:  # the number of the last job of the page before
        found = [job for job in found if (job.sequence > token if ascending else job.sequence < token)]
    size = call.number("size", 10, most=100)
    content = call.listed("JobsDetail", map(describe, found[:size]), always_has_one=True)
    token_after = found[size - 1].sequence if len(found) > size else None
    return call.response(*content, *next_token(call, token_after), identified=False)


def cancel_job(call: Call) -> Response:
    """Cancel jobs that have not started (436/120620)."""
    ids = [job_id for job_id in call.arguments["job_ids"].split(",") if job_id]
    jobs.cancel(call.store, call.bucket, ids)
    return Response()


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
        raise ServiceError("InvalidArgument", f"states must be a list of {', '.join(State)}") from error


def next_token(call: Call, token: int | None) -> Sequence[tuple[str, Content]]:
    """Return the element that tells how a list goes on."""
    if token is not None:
        return [("NextToken", token)]
    return [("NextToken", None)] if call.store.assumed("end_of_list") == "empty" else []


def _read(call: Call) -> jobs.Submission:
    document = call.request.document()
    if find_text(document, "Tag") in SMART_AUDIO_TAGS - {NOISE_REDUCTION}:
        return _read_other(call, call.read(OTHER_JOB, document=document))
    values = call.read(JOB, document=document)
    if values.texts["Tag"] != NOISE_REDUCTION:
        raise ServiceError("InvalidArgument", f"Request.Tag must be one of {', '.join(sorted(SMART_AUDIO_TAGS))}")
    callback = _read_callback(call, values)
    operation = values.container("Operation")
    output = operation.container("Output").texts
    block = operation.find("NoiseReduction")
    return jobs.Submission(
        input=values.container("Input").texts["Object"],
        target=Target(output["Region"], output["Bucket"], output["Object"]),
        parameters=None if block is None else read_parameters(call, block),
        template_id=operation.texts.get("TemplateId"),
        queue_id=values.texts.get("QueueId"),
        user_data=operation.texts.get("UserData"),
        level=operation.texts.get("JobLevel"),
        callback=callback,
        wants_no_callback="CallBack" in values.texts,
    )


def _read_other(call: Call, values: Values) -> jobs.Submission:
    """Return the submission of a job that is carried out by name only."""
    content = values.contents["Operation"]
    operation = dict(_pairs(content))
    output = dict(_pairs(operation.get("Output")))
    place = [_text(output.get(name)) for name in ("Region", "Bucket", "Object")]
    source = values.find("Input") or Values()
    return jobs.Submission(
        tag=values.texts["Tag"],
        input=source.texts.get("Object", ""),
        target=Target(*place) if all(place) else None,
        operation=content,
        queue_id=values.texts.get("QueueId"),
        user_data=_text(operation.get("UserData")) or None,
        callback=_read_callback(call, values),
        wants_no_callback="CallBack" in values.texts,
    )


def _pairs(content: Content) -> Sequence[tuple[str, Content]]:
    return () if content is None or isinstance(content, str | int) else content


def _text(content: Content) -> str:
    return content if isinstance(content, str) else ""


def _read_callback(call: Call, values: Values) -> Callback | None:
    """Return where the job's end is told to; None also for a message queue, which the emulator does not have."""
    _check_callback(values)
    url = values.texts.get("CallBack", "no")
    if url == "no" or values.texts.get("CallBackType") == "TDMQ":
        return None
    call.require_callable(url, "Request.CallBack")
    return Callback(url, values.texts.get("CallBackFormat", "XML"))


def _check_callback(values: Values) -> None:
    if values.texts.get("CallBackType") != "TDMQ":
        return
    queue = values.find("CallBackMqConfig")
    missing = [name for name in ("MqRegion", "MqName") if queue is None or name not in queue.texts]
    if missing:
        raise ServiceError("InvalidArgument", f"Request.CallBackMqConfig lacks {', '.join(missing)}")


def describe(job: Job) -> list[tuple[str, Content]]:
    """Return the description of a job; what was not sent is not echoed, but for defaults of the parameters.

    In the order of their names, as captured answers and the published callback have them.
    """
    return [
        ("Code", job.code),
        ("CreationTime", render_time(job.created)),
        ("EndTime", render_time(job.ended)),
        ("Input", [("BucketId", job.bucket), ("Object", job.input), ("Region", job.region)]),
        ("JobId", job.id),
        ("Message", job.message),
        ("Operation", _describe_operation(job)),
        ("QueueId", job.queue_id),
        ("QueueType", "Speeching"),
        ("StartTime", render_time(job.started)),
        ("State", job.state),
        ("Tag", job.tag),
    ]


def _describe_operation(job: Job) -> Content:
    if job.tag != NOISE_REDUCTION:
        return [*_pairs(job.operation), *_pairs(job.result)]
    if job.target is None:  # planted
        return []
    target = job.target
    told: list[tuple[str, Content]] = [
        ("JobLevel", job.level),
        describe_parameters(job.parameters),
        ("Output", [("Bucket", target.bucket), ("Object", target.key), ("Region", target.region)]),
        ("TemplateId", job.template_id),
        ("TemplateName", job.template_name),
        ("UserData", job.user_data),
    ]
    return [(name, content) for name, content in told if content is not None]
