"""The inputs and the state of a template. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.records import NoiseReductionParameters
from pulumi_ci_audio.lifecycle.models import HIDDEN, REQUESTS, STAYS, InBucket
from pulumi_ci_audio.lifecycle.parameters import DEFAULT_FORMAT, DEFAULT_SAMPLE_RATE, Format, SampleRate

_NAME = re.compile(r"[\w\-*]{1,64}")


def _template_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 64 letters, digits, underscores, dashes and asterisks")
    return name


class TemplateInputs(InBucket):
    """The inputs of a template."""

    template_name: Annotated[str, AfterValidator(_template_name), REQUESTS] = Field(
        description="The name, which no other template of the bucket has."
    )
    format: Annotated[Format, REQUESTS] = Field(DEFAULT_FORMAT, description="The format of the results.")
    sample_rate: Annotated[SampleRate, REQUESTS] = Field(
        DEFAULT_SAMPLE_RATE, description="The rate of the results in hertz."
    )
    owner: Annotated[str, HIDDEN, STAYS] = Field("", alias="__owner", description="Which resource this is.")

    @property
    def parameters(self) -> NoiseReductionParameters:
        """Format and rate."""
        return NoiseReductionParameters(self.format, self.sample_rate)


class TemplateState(TemplateInputs):
    """The state of a template."""

    template_id: Annotated[str | None, STAYS] = Field(None, description="The service's id of the template.")
    adopted: Annotated[bool, STAYS] = Field(
        False, description="Whether it was there already when the resource was created; deleting it then leaves it."
    )
    create_time: Annotated[str | None, STAYS] = Field(None, description="When it was created.")
    update_time: str | None = Field(None, description="When it was changed last.")
