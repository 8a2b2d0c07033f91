"""What must be there before something is submitted that the service would refuse, or bill for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.operations import SMART_AUDIO
from pulumi_ci_audio.api.records import TemplateRecord
from pulumi_ci_audio.lifecycle.errors import ResourceError

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client

Found = TypeVar("Found")


def require_smart_audio(client: Client, bucket: Bucket, what: str) -> None:
    """Return if Smart Audio is on, as far as that may be looked at; ``what`` is what needs it.

    Raises:
        ResourceError: it is off.
    """
    if _look(lambda: [client.find_service_bucket(SMART_AUDIO, bucket)]) in ([], [None]):
        raise ResourceError(
            f"Smart Audio is off for bucket {bucket}, nothing was submitted: declare an AsrBucketBinding for it "
            f"and let the {what} depend on it"
        )


def require_output_bucket(client: Client, output: Bucket) -> None:
    """Return if the bucket of the result exists, as far as that may be looked at.

    Raises:
        ResourceError: it does not.
    """
    try:
        client.describe_ci_bucket(output)
    except CiAudioError as error:
        if isinstance(error, ApiError) and error.is_bucket_gone:
            raise ResourceError(
                f"there is no bucket {output} for the result, nothing was submitted: correct output_bucket or "
                "output_region, or create it first"
            ) from error


def require_template(client: Client, bucket: Bucket, template_id: str, tag: str) -> TemplateRecord | None:
    """Return the template, or ``None`` where it may not be looked at.

    Raises:
        ResourceError: it is missing or of another kind.
    """
    templates = _look(lambda: client.describe_templates(bucket, ids=[template_id]))
    if templates is None:
        return None
    template = next((template for template in templates if template.template_id == template_id), None)
    if template is None:
        raise ResourceError(
            f"there is no template {template_id} in bucket {bucket}, nothing was submitted: correct template_id, or "
            "declare the template"
        )
    if template.tag not in {None, tag}:
        raise ResourceError(
            f"template {template_id} of bucket {bucket} is one for {template.tag}, not {tag}; nothing was submitted"
        )
    return template


def _look(ask: Callable[[], list[Found]]) -> list[Found] | None:
    """Return what ``ask`` finds, nothing where the service is off, or ``None`` where asking is not permitted."""
    try:
        return ask()
    except ApiError as error:
        if error.is_denied:
            return None
        if error.is_service_off:
            return []
        raise
