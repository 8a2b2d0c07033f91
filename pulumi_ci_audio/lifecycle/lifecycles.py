"""What each kind of resource means, by the name of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pulumi_ci_audio.lifecycle.batch.lifecycle import NoiseReductionBatchLifecycle
from pulumi_ci_audio.lifecycle.binding import AsrBinding, CiBinding
from pulumi_ci_audio.lifecycle.job.noise_reduction import NoiseReductionJobLifecycle
from pulumi_ci_audio.lifecycle.template import JobTemplate
from pulumi_ci_audio.lifecycle.types import Lifecycle

_ALL: tuple[Lifecycle[Any, Any], ...] = (
    CiBinding(),
    AsrBinding(),
    JobTemplate(),
    NoiseReductionJobLifecycle(),
    NoiseReductionBatchLifecycle(),
)

LIFECYCLES: Mapping[str, Lifecycle[Any, Any]] = MappingProxyType({lifecycle.kind: lifecycle for lifecycle in _ALL})
"""Every lifecycle; one holds nothing, so that it serves every provider."""
