"""What a provider knows of a resource beside its inputs: its URN, and the state that the stack holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pulumi_ci_audio.lifecycle.checking import unknown_properties
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.models import CONFIGURED, STAYS, marked
from pulumi_ci_audio.lifecycle.types import CheckResult, Lifecycle


def check_as(
    urn: str,
    lifecycle: Lifecycle[Any, Any],
    memory: Memory,
    old_inputs: Mapping[str, Any],
    inputs: Mapping[str, Any],
    region: str | None,
) -> CheckResult[Any]:
    """Return the checked inputs of the resource ``urn``.

    For a replacement, the engine asks a second time, without what the resource was; what identifies it stays.

    Args:
        urn: of the resource; empty where it is not known.
        lifecycle: of its kind.
        memory: of this process.
        old_inputs: the inputs in state; empty for a new resource.
        inputs: the program's.
        region: stands in where neither names one.
    """
    if urn:
        names = {*marked(lifecycle.inputs_model, STAYS), *marked(lifecycle.inputs_model, CONFIGURED)}
        known = {name: old_inputs[name] for name in names if old_inputs.get(name)}
        old_inputs = {**old_inputs, **memory.identity_of(urn, known)}
    return lifecycle.check(old_inputs, inputs, region)


def state_of(lifecycle: Lifecycle[Any, Any], properties: Mapping[str, Any]) -> Any:
    """Return the recorded state.

    Raises:
        ResourceError: another version of this package wrote it, and this one does not understand it.
    """
    strange = unknown_properties(lifecycle.state_model, properties)
    if strange:
        names = ", ".join(item.property for item in strange)
        raise ResourceError(
            f"the stack's state holds {names} of a {lifecycle.kind}, which this version of pulumi-ci-audio does not "
            "know: a newer one wrote it; install that one"
        )
    try:
        return lifecycle.state_model.parse(properties)
    except ValidationError as error:
        names = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ResourceError(
            f"the stack's state of a {lifecycle.kind} does not fit this version of pulumi-ci-audio ({names}): another "
            "one wrote it; install that one, or run `pulumi refresh`"
        ) from None
