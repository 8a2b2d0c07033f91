"""The same classes and functions through the resource plugin, and the provider that says whose account it is.

The plugin gives what dynamic resources lack: ``pulumi import``, ``get``, several accounts in one program, and as many
operations at once as the engine asks for. It is found beside the interpreter whose environment is active, or by
``plugins.providers`` in ``Pulumi.yaml``. Documentation, properties and constructors stand in ``declarations``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from importlib import metadata
from typing import Any, get_args

import pulumi
from pydantic.alias_generators import to_camel
from typing_extensions import Self

from pulumi_ci_audio import declarations
from pulumi_ci_audio.audio_resource import AudioResource
from pulumi_ci_audio.declarations import Callback
from pulumi_ci_audio.functions import documented
from pulumi_ci_audio.lifecycle import binding_models, job_inputs, parameters
from pulumi_ci_audio.lifecycle.queries import QUERIES, AsrBucket, CiBucket, NoiseReductionJobRecord, PendingRecording
from pulumi_ci_audio.provider.configuration import ProviderInputs, setting_of
from pulumi_ci_audio.provider.schema import PACKAGE, function_token, resource_token

__all__ = [
    "AsrBucketBinding",
    "Callback",
    "CiBucketBinding",
    "Format",
    "NativeResource",
    "NoiseReductionBatch",
    "NoiseReductionJob",
    "NoiseReductionTemplate",
    "OnDestroy",
    "OnFailure",
    "OutputExtension",
    "Provider",
    "get_asr_buckets",
    "get_asr_buckets_output",
    "get_ci_bucket",
    "get_ci_bucket_output",
    "get_noise_reduction_jobs",
    "get_noise_reduction_jobs_output",
    "get_pending_recordings",
    "get_pending_recordings_output",
]


def _choice(name: str, values: Any) -> Any:
    """Return the choice as the enumeration that ``pulumi import`` writes into programs."""
    return Enum(name, {value.upper(): value for value in get_args(values)}, type=str)


OnDestroy = _choice("OnDestroy", binding_models.OnDestroy)
OnFailure = _choice("OnFailure", job_inputs.OnFailure)
Format = _choice("Format", parameters.Format)
OutputExtension = _choice("OutputExtension", parameters.Format)


class Provider(pulumi.ProviderResource):
    """Whose account the resources are in that name this provider in their options, and which region they default to.

    A program with one account needs none: the plugin then reads ``ci-audio:region``, ``ci-audio:secretId`` and so on
    from the stack's configuration, and credentials from the environment.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        secret_id: pulumi.Input[str] | None = None,
        secret_key: pulumi.Input[str] | None = None,
        security_token: pulumi.Input[str] | None = None,
        region: pulumi.Input[str] | None = None,
        endpoint: pulumi.Input[str] | None = None,
        role_arn: pulumi.Input[str] | None = None,
        role_session_name: pulumi.Input[str] | None = None,
        instance_role: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        arguments = locals()
        inputs = {name: arguments[name] for name in ProviderInputs.model_fields}
        for name, value in inputs.items():
            if setting_of(name).is_secret and value is not None:
                inputs[name] = pulumi.Output.secret(value)
        super().__init__(PACKAGE, resource_name, inputs, _with_version(opts))

    def translate_input_property(self, prop: str) -> str:
        """Return the engine's name of a property."""
        return to_camel(prop)


class NativeResource(AudioResource):
    """A resource of the plugin."""

    @classmethod
    def get(cls, resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Self:  # noqa: A002
        """Return a resource that is there already, which this program only reads.

        Args:
            resource_name: its name in the program.
            id: what ``pulumi import`` takes too.
            opts: Pulumi's options.
        """
        found = cls.__new__(cls)
        AudioResource.__init__(
            found, resource_name, {}, pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id))
        )
        return found

    def _register(self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Register the resource. The classes for Python let the old job go first, which the plugin is told."""
        if "keeps_old" in self.kind.inputs.model_fields:
            properties.setdefault("__keepsOld", False)
        token = resource_token(self.kind.name)
        pulumi.CustomResource.__init__(self, token, name, properties, _with_version(opts))


class CiBucketBinding(declarations.CiBucketBinding, NativeResource):
    pass


class AsrBucketBinding(declarations.AsrBucketBinding, NativeResource):
    pass


class NoiseReductionTemplate(declarations.NoiseReductionTemplate, NativeResource):
    pass


class NoiseReductionJob(declarations.NoiseReductionJob, NativeResource):
    pass


class NoiseReductionBatch(declarations.NoiseReductionBatch, NativeResource):
    pass


@documented
def get_ci_bucket(bucket: str, region: str | None = None, opts: pulumi.InvokeOptions | None = None) -> CiBucket:
    found: CiBucket = _ask("get_ci_bucket", opts, bucket=bucket, region=region)
    return found


@documented
def get_ci_bucket_output(
    bucket: pulumi.Input[str], region: pulumi.Input[str] | None = None, opts: pulumi.InvokeOptions | None = None
) -> pulumi.Output[CiBucket]:
    return _ask_output("get_ci_bucket", opts, bucket=bucket, region=region)


@documented
def get_asr_buckets(
    regions: Sequence[str] = (),
    bucket_names: Sequence[str] = (),
    prefix: str = "",
    page_number: int | None = None,
    page_size: int | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> list[AsrBucket]:
    arguments = {"regions": list(regions), "bucket_names": list(bucket_names), "prefix": prefix}
    found: list[AsrBucket] = _ask("get_asr_buckets", opts, **arguments, page_number=page_number, page_size=page_size)
    return found


@documented
def get_asr_buckets_output(
    regions: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    bucket_names: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    prefix: pulumi.Input[str] = "",
    page_number: pulumi.Input[int] | None = None,
    page_size: pulumi.Input[int] | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[list[AsrBucket]]:
    arguments = {"regions": regions, "bucket_names": bucket_names, "prefix": prefix}
    return _ask_output("get_asr_buckets", opts, **arguments, page_number=page_number, page_size=page_size)


@documented
def get_noise_reduction_jobs(
    bucket: str,
    region: str | None = None,
    states: Sequence[str] = (),
    opts: pulumi.InvokeOptions | None = None,
) -> list[NoiseReductionJobRecord]:
    found: list[NoiseReductionJobRecord] = _ask(
        "get_noise_reduction_jobs", opts, bucket=bucket, region=region, states=list(states)
    )
    return found


@documented
def get_noise_reduction_jobs_output(
    bucket: pulumi.Input[str],
    region: pulumi.Input[str] | None = None,
    states: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[list[NoiseReductionJobRecord]]:
    return _ask_output("get_noise_reduction_jobs", opts, bucket=bucket, region=region, states=states)


@documented
def get_pending_recordings(
    bucket: str,
    region: str | None = None,
    *,
    input_prefix: str,
    output_prefix: str,
    output_extension: parameters.Format | None = None,
    output_bucket: str | None = None,
    output_region: str | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> list[PendingRecording]:
    arguments = {name: value for name, value in locals().items() if name != "opts"}
    found: list[PendingRecording] = _ask("get_pending_recordings", opts, **arguments)
    return found


@documented
def get_pending_recordings_output(
    bucket: pulumi.Input[str],
    region: pulumi.Input[str] | None = None,
    *,
    input_prefix: pulumi.Input[str],
    output_prefix: pulumi.Input[str],
    output_extension: pulumi.Input[parameters.Format] | None = None,
    output_bucket: pulumi.Input[str] | None = None,
    output_region: pulumi.Input[str] | None = None,
    opts: pulumi.InvokeOptions | None = None,
) -> pulumi.Output[list[PendingRecording]]:
    arguments = {name: value for name, value in locals().items() if name != "opts"}
    return _ask_output("get_pending_recordings", opts, **arguments)


def _ask(name: str, opts: pulumi.InvokeOptions | None, **arguments: Any) -> Any:
    answer = pulumi.runtime.invoke(function_token(name), _stored(arguments), _invoked(opts))
    return QUERIES[name].load(answer.value)


def _ask_output(name: str, opts: pulumi.InvokeOptions | None, **arguments: Any) -> pulumi.Output[Any]:
    answer = pulumi.runtime.invoke_output(function_token(name), _stored(arguments), _invoked(opts))
    return answer.apply(QUERIES[name].load)


def _stored(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {to_camel(name): value for name, value in arguments.items() if value is not None}


def _invoked(opts: pulumi.InvokeOptions | None) -> pulumi.InvokeOptions:
    return pulumi.InvokeOptions.merge(pulumi.InvokeOptions(version=metadata.version("pulumi-ci-audio")), opts)


def _with_version(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=metadata.version("pulumi-ci-audio")), opts)
