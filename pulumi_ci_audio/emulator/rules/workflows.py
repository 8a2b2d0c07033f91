"""Rules of workflows, which stand in the way of unbinding.

They come from control calls: they are paused, resumed and deleted here, and none is run.
"""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.records import Bucket, Workflow
from pulumi_ci_audio.emulator.state.store import Store

ACTIVE, PAUSED = "Active", "Paused"


def require_media(store: Store, bucket: Bucket) -> None:
    """Let a look at workflows pass.

    Raises:
        ServiceError: the bucket cannot have any, and the emulator is told to refuse that.
    """
    is_in_use = bool(bucket.workflows) or "media" in bucket.services
    if not is_in_use and store.assumed("workflows_without_media") == "refuse":
        raise ServiceError("MediaBucketUnBinded", "the media processing service is not activated")


def change_workflow(bucket: Bucket, workflow_id: str, state: str) -> Workflow:
    """Pause a workflow or let it go on, and return it.

    Raises:
        ServiceError: there is none with this id.
    """
    changed = _workflow(bucket, workflow_id)
    changed.state = state
    return changed


def delete_workflow(bucket: Bucket, workflow_id: str) -> None:
    """Delete a workflow.

    Raises:
        ServiceError: there is none with this id, or it is active.
    """
    if _workflow(bucket, workflow_id).state == ACTIVE:
        raise ServiceError("ActiveWorkflowForbiddenUpdate", "an active workflow can not be deleted")
    del bucket.workflows[workflow_id]


def _workflow(bucket: Bucket, workflow_id: str) -> Workflow:
    workflow = bucket.workflows.get(workflow_id)
    if workflow is None:
        raise ServiceError("ResourceNotFound", f"there is no workflow {workflow_id}")
    return workflow
