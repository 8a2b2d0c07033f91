"""Workflows: ``/workflow``. They come from control calls: the emulator lists, pauses, deletes, and runs none."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.rules import workflows
from pulumi_ci_audio.emulator.rules.bindings import require_bound
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import Bucket, Workflow


def describe_workflows(call: Call) -> Response:
    """List workflows (1045/43734). Unknown ids are no error."""
    bucket = _bucket(call)
    workflows.require_media(call.store, bucket)
    ids, name = call.values("ids"), call.value("name")
    found = [
        workflow
        for workflow in bucket.workflows.values()
        if (not ids or workflow.id in ids) and name in {"", workflow.name}
    ]
    if ids:
        unknown = [workflow_id for workflow_id in ids if workflow_id not in bucket.workflows]
        listed = call.listed("MediaWorkflowList", map(_describe, found), always_has_one=True)
        return _listing(call, listed, [("NonExistIDs", workflow_id) for workflow_id in unknown])
    page, description = call.page(found)
    return _listing(call, call.listed("MediaWorkflowList", map(_describe, page), always_has_one=True), description)


def _listing(call: Call, listed: Sequence[tuple[str, Content]], description: Sequence[tuple[str, Content]]) -> Response:
    """Return a list whose items come first: the Java SDK reads no element before them."""
    return call.response(*listed, ("RequestId", call.request_id), *description, identified=False)


def pause_workflow(call: Call) -> Response:
    """Pause a workflow (``?paused``)."""
    return _change(call, workflows.PAUSED)


def resume_workflow(call: Call) -> Response:
    """Let a workflow go on (``?active``)."""
    return _change(call, workflows.ACTIVE)


def _change(call: Call, state: str) -> Response:
    changed = workflows.change_workflow(_bucket(call), call.arguments["workflow_id"], state)
    if call.store.assumed("workflow_state_answer") == "empty":
        return call.response()
    return call.response(("MediaWorkflow", _describe(changed)))


def delete_workflow(call: Call) -> Response:
    """Delete a workflow that is not active."""
    workflows.delete_workflow(_bucket(call), call.arguments["workflow_id"])
    return call.response(("WorkflowId", call.arguments["workflow_id"]))


def _bucket(call: Call) -> Bucket:
    bucket = call.bucket
    require_bound(call.store, bucket)
    return bucket


def _describe(workflow: Workflow) -> Content:
    created = render_time(workflow.created)
    start: Content = [("Type", "Start"), ("Input", [("QueueId", None), ("ObjectPrefix", None)])]
    return [
        ("Name", workflow.name),
        ("WorkflowId", workflow.id),
        ("State", workflow.state),
        ("BucketId", workflow.bucket),
        ("CreateTime", created),
        ("UpdateTime", created),
        ("Topology", [("Dependencies", [("Start", "End")]), ("Nodes", [("Start", start)])]),
    ]
