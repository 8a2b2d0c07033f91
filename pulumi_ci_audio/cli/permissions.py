"""Which permissions a key has, found out by requests that only read. What writes is named and not tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, NotConnectedError, SettingsError
from pulumi_ci_audio.api.operations import OPERATIONS, SMART_AUDIO, Host, Operation, Service
from pulumi_ci_audio.api.records import NOISE_REDUCTION
from pulumi_ci_audio.lifecycle.errors import explain

_NO_JOB = "j" + "0" * 31
_NO_OBJECT = "pulumi-ci-audio-doctor-looks-for-nothing"

Ask = Callable[[Client, Bucket], Any]
"""Sends one request that reads."""


def _buckets(service: Service) -> Ask:
    return lambda client, bucket: client.describe_service_buckets(
        service, bucket.region, BucketQuery(regions=(bucket.region,), page_number=1, page_size=1)
    )


READS: Mapping[Operation, Ask] = MappingProxyType(
    {
        operations.DESCRIBE_CI_BUCKET: lambda client, bucket: client.describe_ci_bucket(bucket),
        operations.DESCRIBE_CI_BUCKETS: lambda client, bucket: client.describe_ci_buckets(
            bucket.region, prefix=bucket.name
        ),
        **{service.describe_buckets: _buckets(service) for service in (SMART_AUDIO, *operations.OTHER_SERVICES)},
        operations.DESCRIBE_ASR_QUEUES: lambda client, bucket: client.describe_asr_queues(bucket),
        operations.DESCRIBE_JOB: lambda client, bucket: client.describe_job(bucket, _NO_JOB),
        operations.DESCRIBE_JOBS: lambda client, bucket: next(
            client.describe_jobs(bucket, tag=NOISE_REDUCTION, page_size=1), None
        ),
        operations.DESCRIBE_TEMPLATES: lambda client, bucket: client.describe_templates(bucket, ids=["none"]),
        operations.DESCRIBE_WORKFLOWS: lambda client, bucket: client.describe_workflows(bucket),
        operations.DESCRIBE_BATCH_JOBS: lambda client, bucket: client.describe_batch_jobs(
            bucket, kind="Job", states=["Running"]
        ),
        operations.DESCRIBE_BATCH_JOB: lambda client, bucket: client.describe_batch_job(bucket, _NO_JOB),
        operations.LIST_OBJECTS: lambda client, bucket: next(client.list_objects(bucket, _NO_OBJECT), None),
        operations.HEAD_OBJECT: lambda client, bucket: client.head_object(bucket, _NO_OBJECT),
    }
)
"""How to ask each operation that only reads."""

WRITES = tuple(operation for operation in OPERATIONS if operation not in READS)
"""The operations that change something: they are not tried."""


class Permission(Enum):
    """What is known of a permission."""

    THERE = "there"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """What asking an operation brought.

    Attributes:
        operation: that was asked.
        permission: what is known of its permission.
        text: why it is missing or unknown, and what to do; empty where it is there.
    """

    operation: Operation
    permission: Permission
    text: str = ""


def needs_bucket(operation: Operation) -> bool:
    """Return whether the operation can only be asked of a bucket."""
    return operation.host is not Host.CI_REGION


def ask(client: Client, operation: Operation, bucket: Bucket, *, is_bound: bool = True) -> Answer:
    """Return what the service says to an operation of :data:`READS`.

    Raises:
        SettingsError: there are no credentials.
        NotConnectedError: nothing answers.
        ApiError: the credentials themselves are refused, so that every permission is unknown.
    """
    try:
        READS[operation](client, bucket)
    except (SettingsError, NotConnectedError):
        raise
    except ApiError as error:
        if error.is_signature_refused:
            raise
        if error.is_denied:
            return Answer(operation, Permission.MISSING, explain(error))
        # A service that is off says so to whoever may ask. How one that is not bound is refused is not documented.
        is_unbound = not is_bound and error.is_from_service and error.status == HTTPStatus.BAD_REQUEST
        if not error.is_service_off and not is_unbound:
            return Answer(operation, Permission.UNKNOWN, explain(error))
    except CiAudioError as error:
        return Answer(operation, Permission.UNKNOWN, explain(error))
    return Answer(operation, Permission.THERE)
