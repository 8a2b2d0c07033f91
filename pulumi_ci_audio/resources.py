"""What programs write: the resource classes. What they mean stands in ``lifecycle``.

Python's names are snake_case; state, diffs and events have the same properties in camelCase. Outputs, defaults and
the documentation of arguments come from the models of a kind; a class adds the typed signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import cleandoc, get_annotations
from typing import Any, ClassVar, TypedDict

import pulumi
from pulumi.dynamic import Resource
from pydantic.alias_generators import to_camel, to_snake

from pulumi_ci_audio.api.credentials import SECRET_CONFIGURATION_KEYS
from pulumi_ci_audio.lifecycle.binding import OnDestroy
from pulumi_ci_audio.lifecycle.job.models import OnFailure, Scalar
from pulumi_ci_audio.lifecycle.models import FILLED_IN, HIDDEN, has
from pulumi_ci_audio.lifecycle.parameters import Format
from pulumi_ci_audio.provider import dynamic
from pulumi_ci_audio.provider.conversion import SECRETS


class Callback(TypedDict, total=False):
    """Where the service reports the end of a job: ``{url, format}`` or ``{mq_region, mq_mode, mq_name, format}``."""

    url: pulumi.Input[str]
    format: pulumi.Input[str]
    mq_region: pulumi.Input[str]
    mq_mode: pulumi.Input[str]
    mq_name: pulumi.Input[str]


class AudioResource(Resource):
    """A dynamic resource whose properties are those of its kind's models.

    A subclass names its ``provider`` and declares its outputs; its constructor hands its arguments on.
    """

    provider: ClassVar[type[dynamic.LifecycleProvider]]

    def __init_subclass__(cls, *, provider: type[dynamic.LifecycleProvider] | None = None) -> None:
        super().__init_subclass__(module="ci-audio", name=cls.__name__)
        # The SDK reads a class's own annotations only, and without them numbers come back as floats.
        bases = [
            base for base in reversed(cls.__mro__) if issubclass(base, AudioResource) and base is not AudioResource
        ]
        cls.__annotations__ = {name: hint for base in bases for name, hint in get_annotations(base).items()}
        if provider is not None:
            cls.provider = provider
            cls.__doc__ = f"{cleandoc(cls.__doc__ or '')}\n\n{_arguments_text(provider)}"

    def __init__(self, resource_name: str, arguments: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        lifecycle = self.provider.lifecycle
        properties: dict[str, Any] = {
            name: None for name, field in lifecycle.state_model.model_fields.items() if not has(field, HIDDEN)
        }
        fields = lifecycle.inputs_model.model_fields
        properties.update({name: arguments[name] for name in fields if arguments.get(name) is not None})
        if "owner" in fields:
            properties["__owner"] = _owner(lifecycle.kind, resource_name, opts)
        if "keeps_old" in fields and opts and (opts.retain_on_delete or opts.delete_before_replace is False):
            properties["__keepsOld"] = True
        if any(_holds_output(arguments[name]) for name in fields if name in arguments):
            properties[SECRETS] = _names_of_secrets({name: arguments[name] for name in fields if name in arguments})
        if plain := [key for key in SECRET_CONFIGURATION_KEYS if _is_plain(key)]:
            properties[dynamic.PLAIN_SECRETS] = plain
        if lifecycle.delete_before_replace:
            opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)
        super().__init__(self.provider(), resource_name, properties, opts)

    def translate_input_property(self, prop: str) -> str:
        """Return the engine's name of a property."""
        return prop if prop.startswith("__") else to_camel(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of a property."""
        return prop if prop.startswith("__") else to_snake(prop)


def _arguments_text(provider: type[dynamic.LifecycleProvider]) -> str:
    lines = ["Args:", "    resource_name: the resource's name in the program."]
    for name, field in provider.lifecycle.inputs_model.model_fields.items():
        if not has(field, HIDDEN) and not has(field, FILLED_IN):
            lines.append(f"    {name}: {field.description}")
    return "\n".join([*lines, "    opts: Pulumi's options."])


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


class _Binding(AudioResource):
    """What the two bindings have in common."""

    status: pulumi.Output[str] = pulumi.property("status")
    adopted: pulumi.Output[bool] = pulumi.property("adopted")
    on_destroy: pulumi.Output[str] = pulumi.property("onDestroy")
    timeout_seconds: pulumi.Output[int] = pulumi.property("timeoutSeconds")

    def __init__(self, resource_name: str, arguments: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        super().__init__(resource_name, arguments, opts)
        self._bucket: pulumi.Input[str] = arguments["bucket"]
        self._region: pulumi.Input[str] | None = arguments["region"]

    @property
    def bucket(self) -> pulumi.Output[str]:
        """The bucket's name. A resource that takes it from here is created after the binding and deleted before it."""
        return self._depending_on_this(self._bucket)

    @property
    def region(self) -> pulumi.Output[str]:
        """The bucket's region."""
        if self._region is not None:
            return self._depending_on_this(self._region)
        return self.id.apply(lambda id_: id_.partition("/")[0])

    def _depending_on_this(self, value: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return ``value`` as an output that depends on this resource.

        A recorded output is unknown while an update is previewed, and dependents would then preview a needless
        replacement; the program's own value stays known.
        """
        return pulumi.Output.all(self.urn, value).apply(lambda pair: str(pair[1]))


class CiBucketBinding(_Binding, provider=dynamic.CiBucketBindingProvider):
    """A bucket that is bound to CI."""

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        region: pulumi.Input[str] | None = None,
        on_destroy: pulumi.Input[OnDestroy] | None = None,
        timeout_seconds: pulumi.Input[int] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(resource_name, locals(), opts)


class AsrBucketBinding(_Binding, provider=dynamic.AsrBucketBindingProvider):
    """A bucket with Smart Audio enabled, which binds it to CI too where it is not."""

    create_time: pulumi.Output[str | None] = pulumi.property("createTime")
    queue_id: pulumi.Output[str | None] = pulumi.property("queueId")

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        region: pulumi.Input[str] | None = None,
        on_destroy: pulumi.Input[OnDestroy] | None = None,
        timeout_seconds: pulumi.Input[int] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(resource_name, locals(), opts)


class NoiseReductionTemplate(AudioResource, provider=dynamic.NoiseReductionTemplateProvider):
    """A named pair of format and rate that jobs refer to by its id."""

    bucket: pulumi.Output[str] = pulumi.property("bucket")
    region: pulumi.Output[str] = pulumi.property("region")
    template_name: pulumi.Output[str] = pulumi.property("templateName")
    format: pulumi.Output[str] = pulumi.property("format")
    sample_rate: pulumi.Output[int] = pulumi.property("sampleRate")
    create_time: pulumi.Output[str | None] = pulumi.property("createTime")
    update_time: pulumi.Output[str | None] = pulumi.property("updateTime")
    adopted: pulumi.Output[bool] = pulumi.property("adopted")

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        template_name: pulumi.Input[str],
        region: pulumi.Input[str] | None = None,
        format: pulumi.Input[Format] | None = None,  # noqa: A002  the API's word
        sample_rate: pulumi.Input[int] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(resource_name, locals(), opts)

    @property
    def template_id(self) -> pulumi.Output[str]:
        """The service's id of the template; known also while a change of the template is previewed."""
        return self.id.apply(lambda id_: id_.rpartition("/")[2])


class NoiseReductionJob(AudioResource, provider=dynamic.NoiseReductionJobProvider):
    """A recording that is cleaned as a deploy step: once for every change of what is asked for, or of the recording.

    Deleting it touches no audio. To run it again on purpose, use ``pulumi up --replace`` or ``triggers``.
    """

    bucket: pulumi.Output[str] = pulumi.property("bucket")
    region: pulumi.Output[str] = pulumi.property("region")
    input_object: pulumi.Output[str] = pulumi.property("inputObject")
    output_object: pulumi.Output[str] = pulumi.property("outputObject")
    output_bucket: pulumi.Output[str | None] = pulumi.property("outputBucket")
    output_region: pulumi.Output[str | None] = pulumi.property("outputRegion")
    format: pulumi.Output[str | None] = pulumi.property("format")
    sample_rate: pulumi.Output[int | None] = pulumi.property("sampleRate")
    template_id: pulumi.Output[str | None] = pulumi.property("templateId")
    queue_id: pulumi.Output[str | None] = pulumi.property("queueId")
    job_level: pulumi.Output[int | None] = pulumi.property("jobLevel")
    user_data: pulumi.Output[str | None] = pulumi.property("userData")
    callback: pulumi.Output[dict[str, str] | None] = pulumi.property("callback")
    triggers: pulumi.Output[list[Any] | None] = pulumi.property("triggers")
    wait: pulumi.Output[bool] = pulumi.property("wait")
    timeout_seconds: pulumi.Output[int] = pulumi.property("timeoutSeconds")
    on_failure: pulumi.Output[str] = pulumi.property("onFailure")
    job_id: pulumi.Output[str] = pulumi.property("jobId")
    state: pulumi.Output[str] = pulumi.property("state")
    code: pulumi.Output[str | None] = pulumi.property("code")
    message: pulumi.Output[str | None] = pulumi.property("message")
    creation_time: pulumi.Output[str | None] = pulumi.property("creationTime")
    start_time: pulumi.Output[str | None] = pulumi.property("startTime")
    end_time: pulumi.Output[str | None] = pulumi.property("endTime")
    input_etag: pulumi.Output[str | None] = pulumi.property("inputEtag")
    current_input_etag: pulumi.Output[str | None] = pulumi.property("currentInputEtag")
    output_etag: pulumi.Output[str | None] = pulumi.property("outputEtag")
    output_size: pulumi.Output[int | None] = pulumi.property("outputSize")
    output_url: pulumi.Output[str | None] = pulumi.property("outputUrl")

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        input_object: pulumi.Input[str],
        output_object: pulumi.Input[str],
        region: pulumi.Input[str] | None = None,
        output_bucket: pulumi.Input[str] | None = None,
        output_region: pulumi.Input[str] | None = None,
        format: pulumi.Input[Format] | None = None,  # noqa: A002  the API's word
        sample_rate: pulumi.Input[int] | None = None,
        template_id: pulumi.Input[str] | None = None,
        queue_id: pulumi.Input[str | None] | None = None,
        job_level: pulumi.Input[int] | None = None,
        user_data: pulumi.Input[str] | None = None,
        callback: pulumi.Input[Callback] | None = None,
        triggers: pulumi.Input[Sequence[pulumi.Input[Scalar]]] | None = None,
        wait: pulumi.Input[bool] | None = None,
        timeout_seconds: pulumi.Input[int] | None = None,
        on_failure: pulumi.Input[OnFailure] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(resource_name, locals(), opts)
