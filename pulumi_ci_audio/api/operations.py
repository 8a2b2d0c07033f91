"""The operations of the CI API as one table: method, path, host, permission, and when a request may be repeated.

The actions are those of the API overview (document 1045/49896), the methods, paths and hosts those of each
operation's own page. The names are the API's; client and emulator use the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Host(Enum):
    """Which server a request goes to."""

    CI_BUCKET = "{bucket}.ci.{region}.myqcloud.com"
    CI_REGION = "ci.{region}.myqcloud.com"
    COS_BUCKET = "{bucket}.cos.{region}.myqcloud.com"

    def of(self, region: str, bucket: str = "") -> str:
        """Return the host of ``bucket`` in ``region``."""
        return self.value.format(region=region, bucket=bucket)


class Repeat(Enum):
    """When a request may be sent again without asking whoever called."""

    SAFELY = "after any failure of the network or the service: the operation is idempotent"
    IF_NOT_ACCEPTED = "only when the service says that it did not accept it: the operation is not idempotent"
    NEVER = "the operation costs money: whoever asks for it decides"


@dataclass(frozen=True)
class Operation:
    """One operation of the API.

    Attributes:
        method: the HTTP method.
        path: with its leading slash; ``{}`` stands for an id or a key.
        host: the server it is sent to.
        phrase: what it does, to be read after "could not"; ``{}`` stands for what it does it to.
        action: the CAM actions it needs, joined by "and".
        sub_resource: the query parameter without a value that is part of the operation, such as ``unbind``.
        any_resource: whether the policy must grant the action on ``*``, because it cannot be narrowed to a bucket.
        repeat: when it may be sent again.
    """

    method: str
    path: str
    host: Host
    phrase: str
    action: str
    sub_resource: str = ""
    any_resource: bool = False
    repeat: Repeat = Repeat.SAFELY


_CI = Host.CI_BUCKET

CREATE_CI_BUCKET = Operation("PUT", "/", _CI, "bind {} to CI", "ci:CreateCIBucket")
DESCRIBE_CI_BUCKET = Operation("GET", "/", _CI, "read the CI status {}", "ci:DescribeCIBuckets", any_resource=True)
DESCRIBE_CI_BUCKETS = Operation(
    "GET", "/cibuckets", Host.CI_REGION, "list the bound buckets {}", "ci:DescribeCIBuckets", any_resource=True
)
DELETE_CI_BUCKET = Operation("PUT", "/", _CI, "unbind {} from CI", "ci:DeleteCIBucket", sub_resource="unbind")
CREATE_ASR_BUCKET = Operation("POST", "/asrbucket", _CI, "enable Smart Audio for {}", "ci:CreateAsrBucket")
DELETE_ASR_BUCKET = Operation("DELETE", "/asrbucket", _CI, "disable Smart Audio for {}", "ci:DeleteAsrBucket")
DESCRIBE_ASR_QUEUES = Operation("GET", "/asrqueue", _CI, "list the Smart Audio queues {}", "ci:DescribeAsrQueues")
CREATE_JOB = Operation(
    "POST", "/jobs", _CI, "submit the job {}", "ci:CreateAsrJobs and cam:PassRole", repeat=Repeat.NEVER
)
DESCRIBE_JOB = Operation("GET", "/jobs/{}", _CI, "read the job {}", "ci:DescribeMediaJob and ci:DescribeAsrJob")
DESCRIBE_JOBS = Operation("GET", "/jobs", _CI, "list the jobs {}", "ci:DescribeMediaJobs and ci:DescribeAsrJobs")
CANCEL_JOB = Operation("PUT", "/jobs/{}", _CI, "cancel the job {}", "ci:CancelMediaJob", sub_resource="cancel")
CREATE_TEMPLATE = Operation(
    "POST", "/template", _CI, "create the template {}", "ci:CreateMediaTemplate", repeat=Repeat.IF_NOT_ACCEPTED
)
UPDATE_TEMPLATE = Operation("PUT", "/template/{}", _CI, "update the template {}", "ci:UpdateMediaTemplate")
DESCRIBE_TEMPLATES = Operation("GET", "/template", _CI, "list the templates {}", "ci:DescribeMediaTemplates")
DELETE_TEMPLATE = Operation("DELETE", "/template/{}", _CI, "delete the template {}", "ci:DeleteMediaTemplate")
DESCRIBE_WORKFLOWS = Operation("GET", "/workflow", _CI, "list the workflows {}", "ci:DescribeMediaWorkflows")
DESCRIBE_BATCH_JOBS = Operation(
    "GET", "/inventorytriggerjob", _CI, "list the batch jobs {}", "ci:DescribeInventoryTriggerJobs"
)
CREATE_BATCH_JOB = Operation(
    "POST",
    "/inventorytriggerjob",
    _CI,
    "submit the batch job {}",
    "ci:CreateInventoryTriggerJob and cam:PassRole",
    repeat=Repeat.NEVER,
)
DESCRIBE_BATCH_JOB = Operation(
    "GET", "/inventorytriggerjob/{}", _CI, "read the batch job {}", "ci:DescribeInventoryTriggerJob"
)
CANCEL_BATCH_JOB = Operation(
    "PUT",
    "/inventorytriggerjob/{}",
    _CI,
    "cancel the batch job {}",
    "ci:CancelInventoryTriggerJob",
    sub_resource="cancel",
)
LIST_OBJECTS = Operation("GET", "/", Host.COS_BUCKET, "list the objects {}", "cos:GetBucket")
PUT_OBJECT = Operation("PUT", "/{}", Host.COS_BUCKET, "write the object {}", "cos:PutObject")
HEAD_OBJECT = Operation("HEAD", "/{}", Host.COS_BUCKET, "look at the object {}", "cos:HeadObject")


@dataclass(frozen=True)
class Service:
    """A processing service that is enabled per bucket.

    Attributes:
        name: what the console calls it.
        element: of one bucket in the answer of its list.
        describe_buckets: the list of the buckets for which it is enabled. The API spells the paths unevenly.
    """

    name: str
    element: str
    describe_buckets: Operation


def _service(name: str, path: str, element: str, action: str) -> Service:
    phrase = f"list the buckets with {name} {{}}"
    return Service(name, element, Operation("GET", path, Host.CI_REGION, phrase, action, any_resource=True))


SMART_AUDIO = _service("Smart Audio", "/asrbucket", "AsrBucketList", "ci:DescribeAsrBuckets")
OTHER_SERVICES = (
    _service("media processing", "/mediabucket", "MediaBucketList", "ci:DescribeMediaBuckets"),
    _service("document processing", "/docbucket", "DocBucketList", "ci:DescribeDocProcessBucket"),
    _service("file processing", "/file_bucket", "FileBucketList", "ci:DescribeFileProcessBucket"),
    _service("image processing", "/picbucket", "PicBucketList", "ci:DescribePicProcessBucket"),
    _service("AI recognition", "/ai_bucket", "AiBucketList", "ci:DescribeAiProcessBucket"),
)
"""The services beside Smart Audio; while one is enabled, a bucket cannot be unbound."""

DESCRIBE_ASR_BUCKETS = SMART_AUDIO.describe_buckets

OPERATIONS = (
    *(value for value in tuple(globals().values()) if isinstance(value, Operation)),
    *(service.describe_buckets for service in OTHER_SERVICES),
)
"""Every operation, for tests and documentation."""
