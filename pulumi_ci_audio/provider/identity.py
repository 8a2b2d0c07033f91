"""The check of inputs by a provider, which knows more of a resource than its inputs say: its URN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
