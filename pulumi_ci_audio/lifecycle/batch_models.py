"""The inputs and the state of a batch, and what must hold between the inputs. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.buckets import Bucket
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
from pulumi_ci_audio.lifecycle.models import (
    HIDDEN,
    REPLACES,
    REQUESTS,
    STAYS,
    UNPRINTED,
    DerivedFrom,
    InBucket,
    ResourceModel,
)
from pulumi_ci_audio.lifecycle.parameters import DEFAULT_FORMAT, Format
from pulumi_ci_audio.lifecycle.validators import key_prefix

DIGEST_LENGTH = 8
"""Of the digest by which a recording that failed is remembered, in characters."""


class Folder(InBucket):
    """A folder of recordings, and the one of their results."""

    input_prefix: Annotated[str, AfterValidator(key_prefix), REPLACES] = Field(
        description="What the keys of the recordings begin with, such as `raw/`."
    )
    output_prefix: Annotated[str, AfterValidator(key_prefix), REPLACES] = Field(
        description="What the keys of the results begin with, such as `clean/`; the recording's file name, without "
        "its extension, and `output_extension` follow."
    )
    output_extension: Annotated[Format, REPLACES] = Field(
        DEFAULT_FORMAT, description="The extension of the results, which is the format that the template says."
    )
    output_bucket: Annotated[BucketName, REPLACES] = Field(
        None, description="The bucket of the results; that of the recordings where it is left out."
    )
    output_region: Annotated[RegionName, REPLACES] = Field(
        None, description="The region of the results; that of the recordings where it is left out."
    )

    @property
    def output_location(self) -> Bucket:
        """The bucket of the results."""
        return Bucket(self.output_region or self.region, self.output_bucket or self.bucket)


class NoiseReductionBatchInputs(Folder):
    """The inputs of a batch."""

    template_id: Identifier = Field(
        description="The template that says format and rate. A change of it alone runs nothing again."
    )
    at_most: Annotated[int, Field(ge=1)] = Field(
        1000, description="How many recordings one deployment may run, and bill, at most; with more, it runs none."
    )
    job_level: JobLevel = Field(None, description="The priority in the queue, 0 to 2; higher goes first.")
    user_data: Annotated[UserData, UNPRINTED] = Field(
        None, description="A text of your own that callbacks repeat, printable ASCII."
    )
    callback: Annotated[Callback | None, UNPRINTED] = Field(
        None, description="`{url, format}` or `{mq_region, mq_mode, mq_name, format}`, told of every recording."
    )
    triggers: Annotated[Triggers, REQUESTS] = Field(
        None, description="Texts, numbers and booleans; when one changes, every recording is run again."
    )
    wait: bool = Field(True, description="Whether to wait for the end of the batch.")
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(3600, description="How long to wait, in seconds.")
    on_failure: OnFailure = Field(
        "fail", description="`fail`: a failed recording fails the deployment. `record`: it is named in the outputs."
    )
    owner: Annotated[str, HIDDEN, STAYS] = Field("", alias="__owner", description="Which resource this is.")


class RecordingFailure(ResourceModel):
    """A recording without a result."""

    input_object: str = Field(description="The key of the recording.")
    code: str | None = Field(None, description="Why it failed, as a code.")
    message: str | None = Field(None, description="Why it failed, in words.")


_FROM_FOLDERS = DerivedFrom(("bucket", "region", "input_prefix", "output_prefix", "output_bucket", "output_region"))


class NoiseReductionBatchState(NoiseReductionBatchInputs):
    """The state of a batch."""

    batch_id: str | None = Field(None, description="The service's id of the last batch; none where none was needed.")
    state: str | None = Field(
        None,
        description="`Submitted`, `Running`, `Pause`, `Success`, `Failed` or `Cancel`, of the last batch when it was "
        "seen last. Where `wait` is false, only a refresh looks again.",
    )
    total: int | None = Field(None, description="How many recordings there are.")
    done: int | None = Field(None, description="How many of them have a current result.")
    pending: int | None = Field(None, description="How many have none: they are new, have changed or have failed.")
    ran: int | None = Field(None, description="How many the last deployment ran.")
    skipped: int | None = Field(None, description="How many it did not run, since they had a current result.")
    failures: Annotated[list[RecordingFailure], _FROM_FOLDERS] = Field(
        [], description="The first 100 recordings that failed, each as `{input_object, code, message}`."
    )
    creation_time: str | None = Field(None, description="When the last batch was submitted.")
    end_time: str | None = Field(None, description="When the last batch ended.")
    since: Annotated[float | None, HIDDEN] = Field(
        None, alias="__since", description="Results that are no younger, in unix seconds, do not count."
    )
    failed: Annotated[str, HIDDEN] = Field(
        "", alias="__failed", description="The digests of the recordings that failed and are not run again as they are."
    )
    replaced: Annotated[str, HIDDEN] = Field(
        "", alias="__replaced", description="The digests of the recordings that were replaced while they were run."
    )
    imported: Annotated[bool | None, HIDDEN] = Field(
        None, alias="__imported", description="Whether the inputs are only those that the service's record repeats."
    )

    @property
    def is_terminal(self) -> bool:
        """Whether the last batch has ended, or none was needed."""
        return self.batch_id is None or self.state in TERMINAL_STATES

    @property
    def failed_digests(self) -> frozenset[str]:
        """The digests of the recordings that are not run again as they are."""
        return digests_in(self.failed)

    @property
    def to_run(self) -> int:
        """How many of the pending recordings the next deployment runs."""
        return max(0, (self.pending or 0) - len(self.failed) // DIGEST_LENGTH)


def digests_in(joined: str) -> frozenset[str]:
    """Return the digests that a hidden output holds, one after the other."""
    return frozenset(joined[at : at + DIGEST_LENGTH] for at in range(0, len(joined), DIGEST_LENGTH))


def _folders_apart(inputs: Folder) -> CheckFailure | None:
    if inputs.output_location != inputs.location:
        return None
    longer, shorter = sorted((inputs.input_prefix, inputs.output_prefix), key=len, reverse=True)
    if not longer.startswith(shorter):
        return None
    return CheckFailure(
        "outputPrefix",
        "must not begin with inputPrefix, nor the other way round: results would be taken for recordings",
    )


RULES = (Rule(("bucket", "region", "input_prefix", "output_prefix", "output_bucket", "output_region"), _folders_apart),)
"""What must hold between several inputs."""
