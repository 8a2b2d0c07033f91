"""The inputs and the states of the two bindings. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pulumi_ci_audio.api.records import ON
from pulumi_ci_audio.lifecycle.models import FILLED_IN, STAYS, InBucket

OnDestroy = Literal["restore", "off", "keep"]


class BindingInputs(InBucket):
    """The inputs of a binding."""

    on_destroy: OnDestroy = Field(
        "restore",
        description="What deleting does: `restore` switches off what this resource switched on, `off` switches off "
        "in any case, `keep` leaves it on.",
    )
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        300, description="How long to wait until the service says on, or off, in seconds."
    )
    status: Annotated[str, FILLED_IN] = Field(
        ON,
        description="`on`, `off` or `unbinding`, as the service says. Filled in as `on`; what differs in state is a "
        "change made by hand.",
    )


class BindingState(BindingInputs):
    """The state of a ``CiBucketBinding``."""

    adopted: Annotated[bool, STAYS] = Field(
        False, description="Whether it was on already when the resource was created."
    )


class AsrBindingState(BindingState):
    """The state of an ``AsrBucketBinding``."""

    create_time: str | None = Field(None, description="When Smart Audio was enabled, as the service writes it.")
    queue_id: str | None = Field(None, description="The id of the bucket's default queue.")
