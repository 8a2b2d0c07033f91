"""The inputs and the state that every kind of job has, and what must hold between them. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import TRANSIENT_CODES
from pulumi_ci_audio.api.records import TERMINAL_STATES
from pulumi_ci_audio.lifecycle.checking import CheckFailure, Rule
from pulumi_ci_audio.lifecycle.job_inputs import (
    BucketName,
    Callback,
    Identifier,
    JobLevel,
    OnFailure,
    RegionName,
    Triggers,
    UserData,
)
from pulumi_ci_audio.lifecycle.models import HIDDEN, REPLACES, STAYS, UNPRINTED, DerivedFrom, InBucket
from pulumi_ci_audio.lifecycle.validators import object_key


def _input_object(key: str) -> str:
    if key.lower().endswith(".m3u8"):
        raise ValueError("must be an audio file; the service does not read .m3u8 playlists")
    return key


class AudioJobInputs(InBucket):
    """The inputs of a job."""

    input_object: Annotated[str, AfterValidator(object_key), AfterValidator(_input_object), REPLACES] = Field(
        description="The key of the recording, at most 10 MB."
    )
    output_object: Annotated[str, AfterValidator(object_key), REPLACES] = Field(
        description="The key of the cleaned recording."
    )
    output_bucket: Annotated[BucketName, REPLACES] = Field(
        None, description="The bucket of the result; the job's own where it is left out."
    )
    output_region: Annotated[RegionName, REPLACES] = Field(
        None, description="The region of the result; the job's own where it is left out."
    )
    template_id: Annotated[Identifier | None, REPLACES] = Field(
        None, description="A template that says the parameters instead."
    )
    queue_id: Identifier | None = Field(
        None, description="The queue to wait in; the bucket's default queue where it is left out."
    )
    job_level: JobLevel = Field(None, description="The priority in the queue, 0 to 2; higher goes first.")
    user_data: Annotated[UserData, UNPRINTED] = Field(
        None, description="A text of your own that callbacks repeat, printable ASCII."
    )
    callback: Annotated[Callback | None, UNPRINTED] = Field(
        None, description="`{url, format}` or `{mq_region, mq_mode, mq_name, format}`."
    )
    triggers: Annotated[Triggers, REPLACES] = Field(
        None, description="Texts, numbers and booleans; when one changes, the job runs again."
    )
    wait: bool = Field(True, description="Whether to wait for the end of the job.")
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(600, description="How long to wait, in seconds.")
    on_failure: OnFailure = Field(
        "fail", description="`fail`: a failed job fails the deployment. `record`: it is an output like any other."
    )
    owner: Annotated[str, HIDDEN, STAYS] = Field("", alias="__owner", description="Which resource this is.")
    keeps_old: Annotated[bool, HIDDEN] = Field(
        False, alias="__keepsOld", description="Whether the program's options keep the old job at a replacement."
    )

    @property
    def output_location(self) -> Bucket:
        """The bucket of the result."""
        return Bucket(self.output_region or self.region, self.output_bucket or self.bucket)


_FROM_OUTPUT = DerivedFrom(("bucket", "region", "output_object", "output_bucket", "output_region"))


class AudioJobState(AudioJobInputs):
    """The state of a job."""

    job_id: Annotated[str | None, STAYS] = Field(None, description="The service's id of the job.")
    state: str | None = Field(
        None,
        description="`Submitted`, `Running`, `Pause`, `Success`, `Failed` or `Cancel`, as it was seen last. Where "
        "`wait` is false, only a refresh looks again.",
    )
    code: str | None = Field(None, description="Why it failed, as a code.")
    message: Annotated[str | None, _FROM_OUTPUT] = Field(None, description="Why it failed, in words.")
    creation_time: Annotated[str | None, STAYS] = Field(None, description="When it was submitted.")
    start_time: str | None = Field(None, description="When it started.")
    end_time: str | None = Field(None, description="When it ended.")
    input_etag: Annotated[str | None, STAYS] = Field(None, description="The ETag of the recording that was cleaned.")
    current_input_etag: str | None = Field(
        None,
        description="The ETag of the recording when it was looked at last; none where it was not there.",
    )
    output_etag: str | None = Field(None, description="The ETag of the result.")
    output_size: int | None = Field(
        None, description="The size of the result in bytes when it was looked at last; none where it was not there."
    )
    output_url: Annotated[str | None, _FROM_OUTPUT] = Field(None, description="The address of the result, unsigned.")
    imported: Annotated[bool | None, HIDDEN] = Field(
        None, alias="__imported", description="Whether the inputs are only those that the service's record repeats."
    )

    @property
    def recording_changed(self) -> bool:
        """Whether another recording than the job's own was seen last."""
        return bool(self.input_etag and self.current_input_etag) and self.input_etag != self.current_input_etag

    @property
    def is_terminal(self) -> bool:
        """Whether the job has ended."""
        return self.state in TERMINAL_STATES

    @property
    def failure(self) -> str | None:
        """What went wrong, or ``None``: the job succeeded or has not ended."""
        if not self.is_terminal or (self.state == "Success" and self.code in {None, "Success"}):
            return None
        verb = {"Cancel": "was cancelled", "Success": "has no good result"}.get(self.state or "", "failed")
        said = ": ".join(part for part in (self.code, self.message) if part)
        return f"job {self.job_id} for {self.input_object} of bucket {self.location} {verb}" + (
            f": {said}" * bool(said)
        )

    @property
    def is_transient_failure(self) -> bool:
        """Whether the failure is of a kind that passes without a change."""
        return self.state == "Failed" and self.code in TRANSIENT_CODES


def _output_beside_input(inputs: AudioJobInputs) -> CheckFailure | None:
    if inputs.output_location != inputs.location or inputs.input_object != inputs.output_object:
        return None
    return CheckFailure(
        "outputObject", "must be another key than inputObject: the result would overwrite the recording"
    )


RULES = (
    Rule(("bucket", "region", "input_object", "output_object", "output_bucket", "output_region"), _output_beside_input),
)
"""What must hold between several inputs of any job."""
