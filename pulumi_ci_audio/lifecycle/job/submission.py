"""A job that is wanted: its inputs, the recording it is for, and the marker that tells it from every other job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import JobRequest, ObjectHead
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job.spec import Inputs, JobSpec
from pulumi_ci_audio.lifecycle.job_inputs import LARGEST_INPUT_BYTES
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker
from pulumi_ci_audio.lifecycle.requirements import require_output_bucket, require_smart_audio, require_template
from pulumi_ci_audio.lifecycle.types import Context

_ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Submission(Generic[Inputs]):
    """What is asked for.

    Attributes:
        spec: the kind of job.
        inputs: the resource's inputs.
        input_etag: the recording's ETag; ``None`` where looking at it is not permitted.
        recorded_at: when the recording was written, in unix seconds, where that is known.
        marker: of the resource, its content and the recording.
    """

    spec: JobSpec[Inputs, Any]
    inputs: Inputs
    input_etag: str | None
    recorded_at: float | None
    marker: SubmissionMarker

    @property
    def owner(self) -> str:
        """Which resource this is."""
        return self.inputs.owner

    @property
    def request(self) -> JobRequest:
        """The job as the API takes it."""
        return self.spec.request(self.inputs, self.marker.after(self.inputs.user_data))


def prepare(context: Context, spec: JobSpec[Inputs, Any], inputs: Inputs) -> Submission[Inputs]:
    """Return the submission of ``inputs`` for the recording as it is now.

    Raises:
        ResourceError: there is no recording, or it is too large.
        CiAudioError: it cannot be looked at.
    """
    head = _input_head(context, inputs.location, inputs.input_object)
    etag = head.etag if head else None
    properties = inputs.dump()
    content = {name: properties.get(name) for name in spec.content_fields}
    marker = SubmissionMarker.of(inputs.owner, content, etag)
    return Submission(spec, inputs, etag, head.last_modified if head else None, marker)


def permitted_head(context: Context, bucket: Bucket, key: str) -> ObjectHead | ApiError | None:
    """Return what is known of the object, or the refusal of somebody who may not look at it.

    It is asked once more: without the ETag, a job of this recording can be told from others for a while only, and a
    recording that was replaced looks as it was.

    Raises:
        CiAudioError: it cannot be looked at for another reason.
    """
    for is_last in (False, True):
        try:
            return context.client.head_object(bucket, key)
        except ApiError as error:
            if not error.is_denied:
                raise
            if is_last:
                return error
            context.waiter.pause(_ASK_AGAIN_SECONDS)
    raise AssertionError("the second look returns")


def _input_head(context: Context, bucket: Bucket, key: str) -> ObjectHead | None:
    head = permitted_head(context, bucket, key)
    if isinstance(head, ApiError):
        return None
    if head is None:
        _require_bucket(context, bucket)
        raise ResourceError(
            f"there is no object {key} in bucket {bucket}, nothing was submitted: "
            "upload the recording first, or depend on what uploads it"
        )
    if head.size > LARGEST_INPUT_BYTES:
        raise ResourceError(
            f"{key} of bucket {bucket} has {head.size} bytes and the service takes {LARGEST_INPUT_BYTES} at most, "
            "nothing was submitted: shorten or compress the recording"
        )
    return head


def _require_bucket(context: Context, bucket: Bucket) -> None:
    try:
        context.client.describe_ci_bucket(bucket)
    except ApiError as error:
        if error.is_bucket_gone:
            raise


def require_services(context: Context, submission: Submission[Inputs]) -> None:
    """Return if Smart Audio is on, there is a bucket for the result, and the template fits, as far as may be looked at.

    Raises:
        ResourceError: the service is off, the bucket is missing, or the template is missing or of another kind.
    """
    inputs = submission.inputs
    require_smart_audio(context.client, inputs.location, "job")
    if inputs.output_location != inputs.location:
        require_output_bucket(context.client, inputs.output_location)
    if inputs.template_id is not None:
        require_template(context.client, inputs.location, inputs.template_id, submission.spec.tag)
