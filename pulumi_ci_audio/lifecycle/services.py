"""Whether a refusal only says that a service is off, which is for its binding to tell and to repair."""

from __future__ import annotations

from http import HTTPStatus

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.places import Bucket


def is_switched_off(client: Client, bucket: Bucket, error: ApiError) -> bool:
    """Return whether ``error`` comes from Smart Audio being off, or from the bucket not being bound.

    How calls on a bucket that is not bound are refused is not documented, so the status of the bucket is asked. Where
    it cannot be read, ``error`` itself has to be shown.
    """
    if error.is_service_off:
        return True
    try:
        return error.status == HTTPStatus.BAD_REQUEST and client.describe_bucket(bucket) != "on"
    except CiAudioError:
        return False
