"""A lifecycle driven as an engine drives it: stored properties in, stored properties out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi_ci_audio.lifecycle.batch.lifecycle import NoiseReductionBatchLifecycle
from pulumi_ci_audio.lifecycle.binding import AsrBinding, CiBinding
from pulumi_ci_audio.lifecycle.checking import CheckFailure
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError
from pulumi_ci_audio.lifecycle.job.noise_reduction import NoiseReductionJobLifecycle
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.template import JobTemplate
from pulumi_ci_audio.lifecycle.types import Context, Diff, Lifecycle

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Checked:
    """What a check brought."""

    inputs: dict[str, Any]
    failures: tuple[CheckFailure, ...]


@dataclass(frozen=True)
class Created:
    """A new resource."""

    id: str
    state: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """A resource that was read."""

    inputs: dict[str, Any]
    state: dict[str, Any]


class InitFailed(ResourceError):  # noqa: N818  Pulumi's word
    """An operation failed, and the resource is kept."""

    def __init__(self, error: ResourceInitFailedError) -> None:
        super().__init__(str(error))
        self.id = str(error.id)
        self.state = error.state.dump()


@dataclass(frozen=True)
class Engine:
    """Keeps resources of one kind as an engine does: as stored properties."""

    lifecycle: Lifecycle[Any, Any]

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> Checked:
        """Return the checked inputs and the failures."""
        checked = self.lifecycle.check(old_inputs, inputs, region)
        return Checked(checked.inputs.dump(), checked.failures)

    def diff(self, state: Properties, inputs: Properties) -> Diff:
        """Return what would change."""
        return self.lifecycle.diff(self._state(state), self._inputs(inputs))

    def create(self, context: Context, inputs: Properties) -> Created:
        """Create a resource."""
        try:
            created = self.lifecycle.create(context, self._inputs(inputs))
        except ResourceInitFailedError as error:
            raise InitFailed(error) from error
        return Created(str(created.id), created.state.dump())

    def read(self, context: Context, id_: str, state: Properties) -> Found | None:
        """Read a resource; an empty state stands for none."""
        known = self._state(state) if state else None
        found = self.lifecycle.read(context, ResourceId.parse(id_), known)
        return None if found is None else Found(found.inputs.dump(), found.state.dump())

    def update(self, context: Context, id_: str, state: Properties, inputs: Properties) -> dict[str, Any]:
        """Update a resource and return its state."""
        try:
            updated = self.lifecycle.update(context, ResourceId.parse(id_), self._state(state), self._inputs(inputs))
        except ResourceInitFailedError as error:
            raise InitFailed(error) from error
        return dict(updated.dump())

    def delete(self, context: Context, id_: str, state: Properties) -> None:
        """Delete a resource."""
        self.lifecycle.delete(context, ResourceId.parse(id_), self._state(state))

    def _inputs(self, properties: Properties) -> Any:
        return self.lifecycle.inputs_model.parse(properties)

    def _state(self, properties: Properties) -> Any:
        return self.lifecycle.state_model.parse(properties)


CI_BINDINGS = Engine(CiBinding())
ASR_BINDINGS = Engine(AsrBinding())
TEMPLATES = Engine(JobTemplate())
JOBS = Engine(NoiseReductionJobLifecycle())
BATCHES = Engine(NoiseReductionBatchLifecycle())
