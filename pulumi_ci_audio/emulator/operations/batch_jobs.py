"""Batch jobs: ``/inventorytriggerjob``. Those of noise reduction are run, others come from control calls."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ClientGoneError, ServiceError
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content, Values, parse_content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.jobs import next_token, read_states
from pulumi_ci_audio.emulator.operations.parameters import read_parameters
from pulumi_ci_audio.emulator.operations.schemas import BATCH_JOB
from pulumi_ci_audio.emulator.rules import batch_jobs
from pulumi_ci_audio.emulator.rules.bindings import require_bound
from pulumi_ci_audio.emulator.rules.jobs import Submission
from pulumi_ci_audio.emulator.rules.progression import advance_jobs
from pulumi_ci_audio.emulator.state.clock import parse_time, render_time
from pulumi_ci_audio.emulator.state.records import NOISE_REDUCTION, BatchJob, Bucket, State, Target

_SOURCES = ("Prefix", "Object", "UrlFile", "Manifest")


def create_batch_job(call: Call) -> Response:
    """Submit a batch of jobs (1045/50369)."""
    bucket = _bucket(call)
    submission = _read(call)
    if call.request.client_gone():
        raise ClientGoneError
    made = batch_jobs.create_batch_job(call.store, bucket, submission)
    response = call.response(("JobsDetail", _describe(made, made.state)))
    advance_jobs(call.store)
    call.worker.wake()
    return response


def describe_batch_jobs(call: Call) -> Response:
    """List batch jobs, of both types if none is asked for, page by page (460/76894)."""
    bucket = _bucket(call)
    type_ = call.choice("type", "", "", "Workflow", "Job")
    states = read_states(call)
    name, job_id = call.value("name"), call.value("jobId")
    after = call.time("startCreationTime", float("-inf"))
    before = call.time("endCreationTime", float("inf"))
    listed_until = call.store.clock.now() - call.store.settings.list_lag_seconds
    found = [
        (job, state)
        for job in bucket.batch_jobs.values()
        if type_ in {"", job.type}
        and (state := batch_jobs.state_of(call.store, bucket, job)) in states
        and _is_named(call, job.name, name)
        and job_id in {"", job.id}
        and after < job.created < before
        and job.created <= listed_until
        and not call.value("workflowId")  # none here comes from a workflow
    ]
    if call.choice("orderByTime", "Desc", "Desc", "Asc") == "Desc":
        found.reverse()
    first, size = call.number("nextToken", 0, least=0), call.number("size", 10, most=100)
    more = first + size if len(found) > first + size else None
    content = call.listed("JobsDetail", (_describe(job, state) for job, state in found[first : first + size]))
    return call.response(*content, *next_token(call, more))


def _is_named(call: Call, name: str, asked: str) -> bool:
    return name.startswith(asked) if call.store.assumed("batch_name") == "prefix" else asked in {"", name}


def describe_batch_job(call: Call) -> Response:
    """Tell about one batch job; an unknown id is no error (460/76893)."""
    bucket = _bucket(call)
    job = bucket.batch_jobs.get(call.arguments["job_id"])
    if job is None:
        return call.response(("NonExistJobId", call.arguments["job_id"]))
    return call.response(("JobsDetail", _describe(job, batch_jobs.state_of(call.store, bucket, job))))


def cancel_batch_job(call: Call) -> Response:
    """Cancel a batch job that has not ended."""
    batch_jobs.cancel_batch_job(call.store, _bucket(call), call.arguments["job_id"])
    return Response()


def _bucket(call: Call) -> Bucket:
    bucket = call.bucket
    require_bound(call.store, bucket)
    return bucket


def _read(call: Call) -> batch_jobs.BatchSubmission:
    document = call.request.document()
    values = call.read(BATCH_JOB, document=document)
    if values.texts["Type"] != "Job":
        raise ServiceError("InvalidArgument", "Request.Type must be Job: workflows are not run here")
    operation = values.container("Operation")
    if operation.texts["Tag"] != NOISE_REDUCTION:
        raise ServiceError(
            "InvalidArgument", f"Request.Operation.Tag must be {NOISE_REDUCTION}: others are not run here"
        )
    source = values.container("Input").texts
    if len(source) != 1:
        raise ServiceError("InvalidArgument", f"Request.Input must hold one of {', '.join(_SOURCES)}")
    if "Manifest" in source:
        raise ServiceError("NotImplemented", "manifests are not emulated")
    told = dict(parse_content(document))
    return batch_jobs.BatchSubmission(
        name=values.texts["Name"],
        job=_read_job(call, operation),
        input=told["Input"],
        operation=told["Operation"],
        prefix=source.get("Prefix"),
        key=source.get("Object"),
        list_file=source.get("UrlFile"),
        modified=_read_interval(operation.find("TimeInterval")),
    )


def _read_job(call: Call, operation: Values) -> Submission:
    """Return what is asked for each recording."""
    output = operation.container("Output").texts
    parameters = operation.find("JobParam") or Values()
    block = parameters.find("NoiseReduction")
    return Submission(
        input="",
        target=Target(output["Region"], output["Bucket"], output["Object"]),
        parameters=None if block is None else read_parameters(call, block),
        template_id=parameters.texts.get("TemplateId"),
        queue_id=operation.texts.get("QueueId"),
        user_data=operation.texts.get("UserData"),
        level=operation.texts.get("JobLevel"),
        wants_no_callback=operation.texts.get("CallBack") == "no",
    )


def _read_interval(values: Values | None) -> tuple[float, float]:
    texts = {} if values is None else values.texts
    start, end = (texts.get(name) for name in ("Start", "End"))
    try:
        return (
            float("-inf") if start is None else parse_time(start),
            float("inf") if end is None else parse_time(end),
        )
    except (ValueError, OverflowError) as error:
        raise ServiceError("InvalidArgument", "TimeInterval must hold times like 2022-06-27T15:23:10+0800") from error


def _describe(job: BatchJob, state: State) -> Content:
    return [
        ("Code", "Success"),
        ("Message", None),
        ("Name", job.name),
        ("Type", job.type),
        ("JobId", job.id),
        ("State", state),
        ("CreationTime", render_time(job.created)),
        ("StartTime", render_time(None if state is State.SUBMITTED else job.created)),
        ("EndTime", render_time(job.ended)),
        ("Input", job.input),
        ("Operation", job.operation),
    ]
