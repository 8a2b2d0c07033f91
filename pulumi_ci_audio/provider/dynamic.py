"""Pulumi's dynamic providers, one class per kind, each a thin coat over its lifecycle.

The module path and the class names are written into users' stacks, and instances are pickled by reference: never
rename them, and never give one an attribute before ``configure``. A program that registers resources imports this
module; what the providers do is loaded where they do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from pulumi_ci_audio.lifecycle.kinds import (
    ASR_BUCKET_BINDING,
    CI_BUCKET_BINDING,
    NOISE_REDUCTION_BATCH,
    NOISE_REDUCTION_JOB,
    NOISE_REDUCTION_TEMPLATE,
    Kind,
)

if TYPE_CHECKING:
    from pulumi_ci_audio.lifecycle.types import Lifecycle
    from pulumi_ci_audio.provider.dynamic_operations import DynamicOperations


class LifecycleProvider(ResourceProvider):
    """Drives the lifecycle of one kind for Pulumi's dynamic host."""

    serialize_as_secret_always = False
    kind: ClassVar[Kind]

    @property
    def lifecycle(self) -> Lifecycle[Any, Any]:
        """What the kind means."""
        from pulumi_ci_audio.lifecycle.lifecycles import LIFECYCLES  # noqa: PLC0415  see the module

        return LIFECYCLES[self.kind.name]

    @property
    def _operations(self) -> DynamicOperations:
        from pulumi_ci_audio.provider.dynamic_operations import DynamicOperations  # noqa: PLC0415  see the module

        return DynamicOperations(self.lifecycle)

    def configure(self, req: ConfigureRequest) -> None:
        """Remember the stack's configuration for the life of this process, beside the provider and not in it."""
        self._operations.configure(req)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Return the inputs with defaults, and a failure for each property that is refused."""
        return self._operations.check(_olds, news)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Return what a deployment would do, from the recorded state alone."""
        return self._operations.diff(_id, _olds, _news)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource; what exists is kept even where the operation fails."""
        return self._operations.create(props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return the resource as it is; an empty id says that it is gone."""
        return self._operations.read(id_, props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        return self._operations.update(_id, _olds, _news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the resource."""
        self._operations.delete(_id, _props)


class CiBucketBindingProvider(LifecycleProvider):
    """Drives ``CiBucketBinding``. Its module path and name are state: never rename it."""

    kind = CI_BUCKET_BINDING


class AsrBucketBindingProvider(LifecycleProvider):
    """Drives ``AsrBucketBinding``. Its module path and name are state: never rename it."""

    kind = ASR_BUCKET_BINDING


class NoiseReductionTemplateProvider(LifecycleProvider):
    """Drives ``NoiseReductionTemplate``. Its module path and name are state: never rename it."""

    kind = NOISE_REDUCTION_TEMPLATE


class NoiseReductionJobProvider(LifecycleProvider):
    """Drives ``NoiseReductionJob``. Its module path and name are state: never rename it."""

    kind = NOISE_REDUCTION_JOB


class NoiseReductionBatchProvider(LifecycleProvider):
    """Drives ``NoiseReductionBatch``. Its module path and name are state: never rename it."""

    kind = NOISE_REDUCTION_BATCH
