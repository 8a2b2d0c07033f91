"""What programs write: the resource classes, served by Pulumi's dynamic providers. They need no plugin to be found.

Their documentation, properties and constructors stand in ``declarations``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import Resource
from pydantic.alias_generators import to_camel

from pulumi_ci_audio import declarations
from pulumi_ci_audio.api.credentials import SECRET_CONFIGURATION_KEYS
from pulumi_ci_audio.declarations import AudioResource, Callback
from pulumi_ci_audio.provider import dynamic
from pulumi_ci_audio.provider.conversion import SECRETS

__all__ = [
    "AsrBucketBinding",
    "Callback",
    "CiBucketBinding",
    "DynamicResource",
    "NoiseReductionBatch",
    "NoiseReductionJob",
    "NoiseReductionTemplate",
]


class DynamicResource(AudioResource, Resource):
    """A resource of one of Pulumi's dynamic providers."""

    provider: ClassVar[type[dynamic.LifecycleProvider]]

    def __init_subclass__(cls, *, provider: type[dynamic.LifecycleProvider]) -> None:
        super().__init_subclass__(module="ci-audio", name=cls.__name__)
        cls.provider = provider

    def _register(self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Register the resource, with what a dynamic provider is not told by the engine."""
        fields = self.lifecycle.inputs_model.model_fields
        if "owner" in fields:
            properties["__owner"] = _owner(self.lifecycle.kind, name, opts)
        inputs = {field: properties[field] for field in fields if field in properties}
        if any(map(_holds_output, inputs.values())):
            properties[SECRETS] = _names_of_secrets(inputs)
        if plain := [key for key in SECRET_CONFIGURATION_KEYS if _is_plain(key)]:
            properties[dynamic.PLAIN_SECRETS] = plain
        Resource.__init__(self, self.provider(), name, properties, opts)


def _is_plain(key: str) -> bool:
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name) is not None and not pulumi.runtime.is_config_secret(key)


def _owner(kind: str, name: str, opts: pulumi.ResourceOptions | None) -> pulumi.Input[str]:
    """Return what tells this resource from every other one, whatever becomes of its inputs."""
    here = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    parent = opts.parent if opts else None
    if parent is None:
        return f"{here}//{kind}/{name}"
    urn = parent.urn
    # The text alone, without the dependency: a component's own outputs depend on its children.
    independent = pulumi.Output(set(), urn.future(with_unknowns=True), urn.is_known())
    return independent.apply(lambda urn: f"{here}/{urn}/{kind}/{name}")


def _holds_output(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_output, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(map(_holds_output, value))
    return isinstance(value, pulumi.Output)


def _names_of_secrets(arguments: Mapping[str, Any]) -> pulumi.Output[list[str]]:
    """Return the stored names of the arguments that are secret, known once they are."""

    async def names() -> list[str]:
        return [
            to_camel(name) for name, value in arguments.items() if await pulumi.Output.from_input(value).is_secret()
        ]

    return pulumi.Output.from_input(names())


class CiBucketBinding(declarations.CiBucketBinding, DynamicResource, provider=dynamic.CiBucketBindingProvider): ...


class AsrBucketBinding(declarations.AsrBucketBinding, DynamicResource, provider=dynamic.AsrBucketBindingProvider): ...


class NoiseReductionTemplate(
    declarations.NoiseReductionTemplate, DynamicResource, provider=dynamic.NoiseReductionTemplateProvider
): ...


class NoiseReductionJob(
    declarations.NoiseReductionJob, DynamicResource, provider=dynamic.NoiseReductionJobProvider
): ...


class NoiseReductionBatch(
    declarations.NoiseReductionBatch, DynamicResource, provider=dynamic.NoiseReductionBatchProvider
): ...
