"""The operations of the CI API as a table: what each is called, which permission it needs, when it may be repeated.

Follows the documents named in the table of operations of the API overview (1045/49896 for the actions).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Repeat(Enum):
    """When the transport may send a request again on its own."""

    SAFELY = "after any failure of the network or the service: the operation is idempotent"
    IF_NOT_ACCEPTED = "only when the service says that it did not accept it: the operation is not idempotent"
    NEVER = "the operation costs money: whoever asks for it decides"


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    Attributes:
        phrase: what it does, to be read after "could not", with a place for what it does it to.
        action: the CAM action it needs.
        any_resource: whether the policy must grant the action on ``*``, because it cannot be narrowed to a bucket.
        repeat: when it may be sent again.
    """

    phrase: str
    action: str
    any_resource: bool = False
    repeat: Repeat = Repeat.SAFELY


BIND_BUCKET = Operation("bind {} to CI", "ci:CreateCIBucket")
DESCRIBE_BUCKET = Operation("read the CI status {}", "ci:DescribeCIBuckets", any_resource=True)
UNBIND_BUCKET = Operation("unbind {} from CI", "ci:DeleteCIBucket")
CREATE_ASR_BUCKET = Operation("enable Smart Audio for {}", "ci:CreateAsrBucket")
DESCRIBE_ASR_BUCKETS = Operation("list the buckets with Smart Audio {}", "ci:DescribeAsrBuckets", any_resource=True)
DELETE_ASR_BUCKET = Operation("disable Smart Audio for {}", "ci:DeleteAsrBucket")
DESCRIBE_ASR_QUEUES = Operation("list the Smart Audio queues {}", "ci:DescribeAsrQueues")
CREATE_JOB = Operation("submit the noise-reduction job {}", "ci:CreateAsrJobs and cam:PassRole", repeat=Repeat.NEVER)
DESCRIBE_JOB = Operation("read the job {}", "ci:DescribeMediaJob and ci:DescribeAsrJob")
DESCRIBE_JOBS = Operation("list the jobs {}", "ci:DescribeMediaJobs and ci:DescribeAsrJobs")
CANCEL_JOB = Operation("cancel the job {}", "ci:CancelMediaJob")
CREATE_TEMPLATE = Operation("create the template {}", "ci:CreateMediaTemplate", repeat=Repeat.IF_NOT_ACCEPTED)
UPDATE_TEMPLATE = Operation("update the template {}", "ci:UpdateMediaTemplate")
DESCRIBE_TEMPLATES = Operation("list the templates {}", "ci:DescribeMediaTemplates")
DELETE_TEMPLATE = Operation("delete the template {}", "ci:DeleteMediaTemplate")
DESCRIBE_WORKFLOWS = Operation("list the workflows {}", "ci:DescribeMediaWorkflows")
DESCRIBE_BATCH_JOBS = Operation("list the batch jobs {}", "ci:DescribeInventoryTriggerJobs")
HEAD_OBJECT = Operation("look at the object {}", "cos:HeadObject")


@dataclass(frozen=True)
class Service:
    """A processing service that is enabled per bucket, beside Smart Audio.

    Attributes:
        name: what the console calls it.
        path: of its list; the API spells the paths unevenly.
        element: of one bucket in the answer.
        operation: the list call.
    """

    name: str
    path: str
    element: str
    operation: Operation


def _service(name: str, path: str, element: str, action: str) -> Service:
    phrase = f"list the buckets with {name} {{}}"
    return Service(name, path, element, Operation(phrase, action, any_resource=True))


SMART_AUDIO = Service("Smart Audio", "/asrbucket", "AsrBucketList", DESCRIBE_ASR_BUCKETS)
OTHER_SERVICES = (
    _service("media processing", "/mediabucket", "MediaBucketList", "ci:DescribeMediaBuckets"),
    _service("document processing", "/docbucket", "DocBucketList", "ci:DescribeDocProcessBucket"),
    _service("file processing", "/file_bucket", "FileBucketList", "ci:DescribeFileProcessBucket"),
    _service("image processing", "/picbucket", "PicBucketList", "ci:DescribePicProcessBucket"),
    _service("AI recognition", "/ai_bucket", "AiBucketList", "ci:DescribeAiProcessBucket"),
)
"""The other services; while one is enabled, a bucket cannot be unbound."""

OPERATIONS = tuple(value for value in globals().values() if isinstance(value, Operation)) + tuple(
    service.operation for service in OTHER_SERVICES
)
"""Every operation, for tests and documentation."""
