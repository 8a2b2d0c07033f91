"""What stands in the way of unbinding: ``/workflow`` and ``/inventorytriggerjob``.

Workflows and batch jobs come from control calls: the emulator lists, pauses, cancels and deletes them, and runs none.
"""

from __future__ import annotations

from pulumi_ci_audio.emulator.bindings import require_bound
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import render_time
from pulumi_ci_audio.emulator.documents import Content
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer
from pulumi_ci_audio.emulator.operations.jobs import next_token, read_states
from pulumi_ci_audio.emulator.records import UNFINISHED, BatchJob, Bucket, State, Workflow


def describe_workflows(call: Call) -> Answer:
    """List workflows (1045/43734). Unknown ids are no error."""
    bucket = _bucket(call)
    is_in_use = bool(bucket.workflows) or "media" in bucket.services
    if not is_in_use and call.store.assumed("workflows_without_media") == "refuse":
        raise ServiceError("MediaBucketUnBinded", "the media processing service is not activated")
    ids, name = call.values("ids"), call.value("name")
    found = [
        workflow
        for workflow in bucket.workflows.values()
        if (not ids or workflow.id in ids) and name in {"", workflow.name}
    ]
    if ids:
        unknown = [workflow_id for workflow_id in ids if workflow_id not in bucket.workflows]
        return call.answer(
            *(_describe(bucket, workflow) for workflow in found),
            *(("NonExistIDs", workflow_id) for workflow_id in unknown),
        )
    page, description = call.page(found)
    return call.answer(*description, *(_describe(bucket, workflow) for workflow in page))


def pause_workflow(call: Call) -> Answer:
    """Pause a workflow (``?paused``)."""
    _workflow(call).state = "Paused"
    return call.answer()


def resume_workflow(call: Call) -> Answer:
    """Let a workflow go on (``?active``)."""
    _workflow(call).state = "Active"
    return call.answer()


def delete_workflow(call: Call) -> Answer:
    """Delete a workflow that is not active."""
    workflow = _workflow(call)
    if workflow.state == "Active":
        raise ServiceError("ActiveWorkflowForbiddenUpdate", "an active workflow can not be deleted")
    del call.bucket.workflows[workflow.id]
    return call.answer(("WorkflowId", workflow.id))


def list_batch_jobs(call: Call) -> Answer:
    """List batch jobs of one type, page by page (460/76894)."""
    bucket = _bucket(call)
    type_ = call.choice("type", "Workflow", "Workflow", "Job")
    states = read_states(call)
    name, job_id = call.value("name"), call.value("jobId")
    after = call.time("startCreationTime", float("-inf"))
    before = call.time("endCreationTime", float("inf"))
    found = [
        job
        for job in bucket.batch_jobs.values()
        if job.type == type_
        and job.state in states
        and name in {"", job.name}
        and job_id in {"", job.id}
        and after < job.created < before
        and not call.value("workflowId")  # none here comes from a workflow
    ]
    if call.choice("orderByTime", "Desc", "Desc", "Asc") == "Desc":
        found.reverse()
    first, size = call.number("nextToken", 0, least=0), call.number("size", 10, most=100)
    more = first + size if len(found) > first + size else None
    content: list[tuple[str, Content]] = [
        ("JobsDetail", _describe_batch_job(job)) for job in found[first : first + size]
    ]
    return call.answer(*content, *next_token(call, more))


def describe_batch_job(call: Call) -> Answer:
    """Tell about one batch job; an unknown id is no error (460/76893)."""
    job = _bucket(call).batch_jobs.get(call.arguments["job_id"])
    if job is None:
        return call.answer(("NonExistJobId", call.arguments["job_id"]))
    return call.answer(("JobsDetail", _describe_batch_job(job)))


def cancel_batch_job(call: Call) -> Answer:
    """Cancel a batch job that has not ended."""
    job = _bucket(call).batch_jobs.get(call.arguments["job_id"])
    if job is None:
        raise ServiceError("ResourceNotFound", f"there is no batch job {call.arguments['job_id']}")
    if job.state not in UNFINISHED:
        raise ServiceError("InvalidArgument", "The job provided can not be modified")
    job.state, job.ended = State.CANCEL, call.store.clock.now()
    return Answer()


def _bucket(call: Call) -> Bucket:
    bucket = call.bucket
    require_bound(call.store, bucket)
    return bucket


def _workflow(call: Call) -> Workflow:
    workflow = _bucket(call).workflows.get(call.arguments["workflow_id"])
    if workflow is None:
        raise ServiceError("ResourceNotFound", f"there is no workflow {call.arguments['workflow_id']}")
    return workflow


def _describe(bucket: Bucket, workflow: Workflow) -> tuple[str, Content]:
    created = render_time(workflow.created)
    return "MediaWorkflowList", [
        ("Name", workflow.name),
        ("WorkflowId", workflow.id),
        ("State", workflow.state),
        ("BucketId", bucket.name),
        ("CreateTime", created),
        ("UpdateTime", created),
        ("Topology", []),
    ]


def _describe_batch_job(job: BatchJob) -> Content:
    return [
        ("Code", "Success"),
        ("Message", None),
        ("Name", job.name),
        ("Type", job.type),
        ("JobId", job.id),
        ("State", job.state),
        ("CreationTime", render_time(job.created)),
        ("StartTime", render_time(None if job.state is State.SUBMITTED else job.created)),
        ("EndTime", render_time(job.ended)),
        ("Input", [("Prefix", None)]),
        ("Operation", []),
    ]
