"""What the inputs of jobs, and of batches of them, may hold. Pure."""

from __future__ import annotations

import math
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from pulumi_ci_audio.api import records
from pulumi_ci_audio.api.records import LONGEST_USER_DATA
from pulumi_ci_audio.lifecycle.marker import MARKER_LENGTH
from pulumi_ci_audio.lifecycle.models import ResourceModel
from pulumi_ci_audio.lifecycle.validators import bucket_name, identifier, region_name

LARGEST_INPUT_BYTES = 10 * 1024 * 1024
"""The largest input; the documents write "10M" (document 460/84796)."""

LONGEST_OWN_USER_DATA = LONGEST_USER_DATA - MARKER_LENGTH - 1
"""What a marker and the space before it leave of ``UserData``, in characters."""

OnFailure = Literal["fail", "record"]
Scalar = str | int | float | bool | None


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
        if self.mq_name is not None and (not self.mq_name.strip() or not self.mq_name.isprintable()):
            raise ValueError("must have an mq_name that is printable and not empty")
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


JobLevel = Annotated[int | None, Field(ge=0, le=2)]
UserData = Annotated[str | None, AfterValidator(lambda text: text and _user_data(text))]
Triggers = list[Annotated[Scalar, BeforeValidator(_scalar)]] | None
Identifier = Annotated[str, AfterValidator(identifier)]
BucketName = Annotated[str | None, AfterValidator(lambda name: name and bucket_name(name))]
RegionName = Annotated[str | None, AfterValidator(lambda name: name and region_name(name))]
