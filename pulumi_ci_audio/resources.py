"""What programs write: the resource classes, served by Pulumi's dynamic providers. They need no plugin to be found.

Their documentation, properties and constructors stand in ``declarations``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn

import pulumi
from pulumi.dynamic import Resource
from pydantic.alias_generators import to_camel

from pulumi_ci_audio import declarations
from pulumi_ci_audio.api.configuration_keys import CONFIGURATION_KEYS, PLUGIN_SECRET_KEYS, SECRET_CONFIGURATION_KEYS
from pulumi_ci_audio.audio_resource import AudioResource
from pulumi_ci_audio.declarations import Callback
from pulumi_ci_audio.provider import dynamic
from pulumi_ci_audio.provider.conversion import CONFIGURED, SECRETS

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
        """Register the resource, with what a dynamic provider is not told by the engine.

        Raises:
            RunError: a dynamic provider cannot do what the options ask for, or the state would hold a plain key.
        """
        if opts and opts.import_ is not None:
            raise _cannot_be_imported(self.kind.name, name, opts.import_)
        _require_secrets()
        fields = self.kind.inputs.model_fields
        if "owner" in fields:
            properties["__owner"] = _owner(self.kind.name, name, opts)
        inputs = {field: properties[field] for field in fields if field in properties}
        if any(map(_holds_output, inputs.values())):
            properties[SECRETS] = _names_of_secrets(inputs)
        if configured := [key for key in CONFIGURATION_KEYS if _configured(key) is not None]:
            properties[CONFIGURED] = configured
        Resource.__init__(self, self.provider(), name, properties, opts)

    @classmethod
    def get(cls, resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> NoReturn:  # noqa: A002, ARG003  the plugin's classes have it
        """Refuse: a dynamic provider is told nothing to read with.

        Raises:
            RunError: always; the text says what works instead.
        """
        raise _cannot_be_imported(cls.kind.name, resource_name, id)


def _cannot_be_imported(kind: str, name: str, id_: pulumi.Input[str]) -> pulumi.RunError:
    shown = repr(id_) if isinstance(id_, str) else "…"
    return pulumi.RunError(
        f"{kind} {name}: Pulumi cannot import or get a dynamic resource. To read it, declare it with "
        f"opts=pulumi.ResourceOptions(id={shown}); to manage it, declare it as it is, which adopts a binding or a "
        "template, or import it with the class of pulumi_ci_audio.native"
    )


def _require_secrets() -> None:
    """Return if the stack configuration holds no key in plain text.

    Pulumi stores the whole configuration in the state as soon as the first dynamic resource is registered.

    Raises:
        RunError: it does.
    """
    plain = [
        key
        for key in (*SECRET_CONFIGURATION_KEYS, *PLUGIN_SECRET_KEYS)
        if _configured(key) is not None and not pulumi.runtime.is_config_secret(key)
    ]
    if plain:
        commands = " and ".join(f"`pulumi config set --secret {key}`" for key in plain)
        raise pulumi.RunError(
            f"the stack configuration holds {' and '.join(plain)} in plain text, and Pulumi would store it so in the "
            f"stack's state: nothing was registered. Rotate the key, since the configuration's own history holds it, "
            f"and run {commands} with the new one"
        )


def _configured(key: str) -> str | None:
    """Return what the stack configuration says."""
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name)


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
