"""The inputs and the state that every kind of job has, and what must hold between them. Pure."""

from __future__ import annotations

import math
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pulumi_ci_audio.api import records
from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import TRANSIENT_CODES
from pulumi_ci_audio.api.records import LONGEST_USER_DATA, TERMINAL_STATES
from pulumi_ci_audio.lifecycle.checking import CheckFailure, Rule
from pulumi_ci_audio.lifecycle.job.idempotency import MARKER_LENGTH
from pulumi_ci_audio.lifecycle.models import HIDDEN, REPLACES, STAYS, UNPRINTED, DerivedFrom, InBucket, ResourceModel
from pulumi_ci_audio.lifecycle.validators import bucket_name, object_key, region_name

LARGEST_INPUT_BYTES = 10 * 1024 * 1024
"""The largest input; the documents write "10M" (document 460/84796)."""

LONGEST_OWN_USER_DATA = LONGEST_USER_DATA - MARKER_LENGTH - 1
"""What a marker and the space before it leave of ``UserData``, in characters."""

OnFailure = Literal["fail", "record"]
Scalar = str | int | float | bool | None


def _input_object(key: str) -> str:
    if key.lower().endswith(".m3u8"):
        raise ValueError("must be an audio file; the service does not read .m3u8 playlists")
    return key


def _user_data(text: str) -> str:
    if not all(" " <= character <= "~" for character in text):
        raise ValueError("must be printable ASCII")
    if len(text) > LONGEST_OWN_USER_DATA:
        raise ValueError(
            f"must be at most {LONGEST_OWN_USER_DATA} characters, since a marker of {MARKER_LENGTH} follows it"
        )
    return text


def _scalar(value: object) -> object:
    # The engine's numbers are all floats; 3 and 3.0 are the same trigger.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float) and not math.isfinite(value):
        # Not a number differs from itself, so that the job would run, and be paid, at every update.
        raise ValueError("must be a finite number")
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError("must be a text, a number or a boolean")


class Callback(ResourceModel):
    """Where the service reports the end of a job: an address, or a message queue (document 460/84796)."""

    url: str | None = None
    format: Literal["XML", "JSON"] | None = None
    mq_region: Literal["sh", "bj", "gz", "cd", "hk"] | None = None
    mq_mode: Literal["Queue", "Topic"] | None = None
    mq_name: str | None = None

    @model_validator(mode="after")
    def _is_one_of_two_forms(self) -> Callback:
        queue = (self.mq_region, self.mq_mode, self.mq_name)
        if (self.url is None) == (queue == (None, None, None)) or (self.url is None and None in queue):
            raise ValueError("must be either {url, format} or {mq_region, mq_mode, mq_name, format}")
        # The literal "no" silences the queue's own callback.
        if self.url is not None and self.url != "no" and not _is_web_address(self.url):
            raise ValueError("must have a url that is an http or https address")
        if self.mq_name == "":
            raise ValueError("must have an mq_name that is not empty")
        return self

    def record(self) -> records.Callback:
        """Return the callback as the API takes it."""
        return records.Callback(**{name: getattr(self, name) for name in type(self).model_fields})


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable() and " " not in url


class AudioJobInputs(InBucket):
    """The inputs of a job."""

    input_object: Annotated[str, AfterValidator(object_key), AfterValidator(_input_object), REPLACES] = Field(
        description="The key of the recording, at most 10 MB."
    )
    output_object: Annotated[str, AfterValidator(object_key), REPLACES] = Field(
        description="The key of the cleaned recording."
    )
    output_bucket: Annotated[str | None, AfterValidator(lambda n: n and bucket_name(n)), REPLACES] = Field(
        None, description="The bucket of the result; the job's own where it is left out."
    )
    output_region: Annotated[str | None, AfterValidator(lambda n: n and region_name(n)), REPLACES] = Field(
        None, description="The region of the result; the job's own where it is left out."
    )
    template_id: Annotated[str | None, Field(min_length=1), REPLACES] = Field(
        None, description="A template that says the parameters instead."
    )
    queue_id: Annotated[str | None, Field(min_length=1)] = Field(
        None, description="The queue to wait in; the bucket's default queue where it is left out."
    )
    job_level: Annotated[int | None, Field(ge=0, le=2)] = Field(
        None, description="The priority in the queue, 0 to 2; higher goes first."
    )
    user_data: Annotated[str | None, AfterValidator(lambda t: t and _user_data(t)), UNPRINTED] = Field(
        None, description="A text of your own that callbacks repeat, printable ASCII."
    )
    callback: Annotated[Callback | None, UNPRINTED] = Field(
        None, description="`{url, format}` or `{mq_region, mq_mode, mq_name, format}`."
    )
    triggers: Annotated[list[Annotated[Scalar, BeforeValidator(_scalar)]] | None, REPLACES] = Field(
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
