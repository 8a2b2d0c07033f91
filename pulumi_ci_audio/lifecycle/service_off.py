"""Whether a refusal only says that a service is off, which is for its binding to report and to repair."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.operations import SMART_AUDIO
from pulumi_ci_audio.api.records import ON

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client

Found = TypeVar("Found")


def is_service_off(client: Client, bucket: Bucket, error: ApiError) -> bool:
    """Return whether ``error`` comes from Smart Audio being off, or from the bucket not being bound.

    How calls on a bucket that is not bound are refused is not documented, so the status of the bucket is asked. Where
    it cannot be read, ``error`` itself has to be shown.
    """
    if error.is_service_off:
        return True
    try:
        is_refusal = error.status == HTTPStatus.BAD_REQUEST and error.is_from_service
        return is_refusal and client.describe_ci_bucket(bucket) != ON
    except CiAudioError:
        return False


def listed_unless_off(client: Client, bucket: Bucket, ask: Callable[[], list[Found]]) -> list[Found]:
    """Return what ``ask`` lists, and nothing where Smart Audio is certainly off.

    Raises:
        CiAudioError: it cannot be listed.
    """
    try:
        return ask()
    except ApiError as error:
        if not is_service_off(client, bucket, error):
            raise
        if client.find_service_bucket(SMART_AUDIO, bucket) is None:
            return []
    # The service is on after all: the refusal was wrong, and an empty list would make a second submission.
    return ask()
