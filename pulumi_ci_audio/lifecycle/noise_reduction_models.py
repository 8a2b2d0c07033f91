"""The inputs and the state of a noise-reduction job. Pure."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pulumi_ci_audio.lifecycle.job_models import AudioJobInputs, AudioJobState
from pulumi_ci_audio.lifecycle.models import REPLACES, DefaultUnless
from pulumi_ci_audio.lifecycle.parameters import DEFAULT_FORMAT, DEFAULT_SAMPLE_RATE, Format, SampleRate


class NoiseReductionJobInputs(AudioJobInputs):
    """The inputs of a noise-reduction job."""

    format: Annotated[Format | None, REPLACES, DefaultUnless(DEFAULT_FORMAT, "template_id")] = Field(
        None, description="The format of the result."
    )
    sample_rate: Annotated[SampleRate | None, REPLACES, DefaultUnless(DEFAULT_SAMPLE_RATE, "template_id")] = Field(
        None, description="The rate of the result in hertz."
    )


class NoiseReductionJobState(NoiseReductionJobInputs, AudioJobState):
    """The state of a noise-reduction job."""
