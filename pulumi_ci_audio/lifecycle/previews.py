"""What a resource will look like, as far as that can be told before anything is done. Pure."""

from __future__ import annotations

from typing import Any

from pulumi_ci_audio.lifecycle.models import (
    FILLED_IN,
    HIDDEN,
    REQUESTS,
    STAYS,
    UNKNOWN,
    InBucket,
    has,
    stored_name,
)
from pulumi_ci_audio.lifecycle.types import Diff


def created(state_model: type[InBucket], inputs: InBucket) -> dict[str, Any]:
    """Return the state of a resource that is about to be created: every output is unknown."""
    return dict.fromkeys(_outputs(state_model, inputs), UNKNOWN) | inputs.dump()


def updated(state: InBucket, inputs: InBucket, diff: Diff) -> dict[str, Any]:
    """Return the state of a resource that is about to be updated.

    An update that asks nothing of the service changes no output.
    """
    fields = {stored_name(name, field): field for name, field in type(inputs).model_fields.items()}
    acts = any(
        name not in fields or has(fields[name], REQUESTS) or has(fields[name], FILLED_IN) for name in diff.updates
    )
    known = state.dump()
    outputs = _outputs(type(state), inputs)
    kept = {name: known[name] for name, stays in outputs.items() if name in known and (stays or not acts)}
    unknown = {name: UNKNOWN for name, stays in outputs.items() if acts and not stays}
    return kept | unknown | inputs.dump()


def _outputs(state_model: type[InBucket], inputs: InBucket) -> dict[str, bool]:
    """Return the stored names of the outputs, and whether an update leaves each as it is."""
    return {
        stored_name(name, field): has(field, STAYS)
        for name, field in state_model.model_fields.items()
        if name not in type(inputs).model_fields and not has(field, HIDDEN)
    }
