"""What programs write: the resource classes. What they mean stands in ``lifecycle``.

Python's names are snake_case; state, diffs and events have the same properties in camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import pulumi
from pulumi.dynamic import Resource
from pydantic.alias_generators import to_camel, to_snake

from pulumi_ci_audio.api.credentials import SECRET_CONFIGURATION_KEYS
from pulumi_ci_audio.doors import dynamic

OnDestroy = Literal["restore", "off", "keep"]
OnFailure = Literal["fail", "record"]
Format = Literal["wav", "mp3", "m4a"]
Scalar = str | int | float | bool | None


class Callback(TypedDict, total=False):
    """Where the service reports the end of a job: ``{url, format}`` or ``{mq_region, mq_mode, mq_name, format}``."""

    url: pulumi.Input[str]
    format: pulumi.Input[str]
    mq_region: pulumi.Input[str]
    mq_mode: pulumi.Input[str]
    mq_name: pulumi.Input[str]


class CamelCased(Resource):
    """A dynamic resource whose properties are snake_case in Python and camelCase in the engine."""

    def __init__(
        self,
        provider: dynamic.LifecycleProvider,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        properties: dict[str, Any] = dict.fromkeys(outputs)
        properties.update({name: value for name, value in inputs.items() if value is not None})
        plain = [key for key in SECRET_CONFIGURATION_KEYS if _is_plain(key)]
        if plain:
            properties[dynamic.PLAIN_SECRETS] = plain
        super().__init__(provider, name, properties, opts)

    def translate_input_property(self, prop: str) -> str:
        """Return the engine's name of a property."""
        return prop if prop.startswith("__") else to_camel(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of a property."""
        return prop if prop.startswith("__") else to_snake(prop)

    def _with_this(self, value: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return ``value`` as an output that whatever uses it waits for this resource.

        An update in preview makes every recorded output unknown, and with it, what replaces on a bucket's name would
        preview a replacement that does not come. The program's own value stays known.
        """
        return pulumi.Output.all(self.urn, value).apply(lambda pair: str(pair[1]))


def _is_plain(key: str) -> bool:
    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).get(name) is not None and not pulumi.runtime.is_config_secret(key)


def _owner(kind: str, name: str, opts: pulumi.ResourceOptions | None) -> pulumi.Input[str]:
    """Return what tells this resource from every other one, whatever becomes of its inputs."""
    here = f"{pulumi.get_project()}/{pulumi.get_stack()}"
    parent = opts.parent if opts else None
    if parent is None:
        return f"{here}//{kind}/{name}"
    return parent.urn.apply(lambda urn: f"{here}/{urn}/{kind}/{name}")


class _Binding(CamelCased):
    """What the two bindings have in common."""

    def __init__(
        self,
        provider: dynamic.LifecycleProvider,
        name: str,
        inputs: Mapping[str, Any],
        outputs: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__(provider, name, inputs, outputs, opts)
        self._bucket: pulumi.Input[str] = inputs["bucket"]
        self._region: pulumi.Input[str] | None = inputs["region"]

    @property
    def bucket(self) -> pulumi.Output[str]:
        """The bucket's name; give it to other resources on the bucket, so that they come later and go earlier."""
        return self._with_this(self._bucket)

    @property
    def region(self) -> pulumi.Output[str]:
        """The bucket's region."""
        if self._region is not None:
            return self._with_this(self._region)
        return self.id.apply(lambda id_: id_.partition("/")[0])

    @property
    @pulumi.getter
    def status(self) -> pulumi.Output[str]:
        """``on``, ``off`` or ``unbinding``, as the service reported it last."""
        return pulumi.get(self, "status")

    @property
    @pulumi.getter
    def adopted(self) -> pulumi.Output[bool]:
        """Whether it was on already when the resource was created."""
        return pulumi.get(self, "adopted")

    @property
    @pulumi.getter(name="onDestroy")
    def on_destroy(self) -> pulumi.Output[str]:
        """What deleting the resource does."""
        return pulumi.get(self, "on_destroy")

    @property
    @pulumi.getter(name="timeoutSeconds")
    def timeout_seconds(self) -> pulumi.Output[int]:
        """How long to wait until the service says on, or off, in seconds."""
        return pulumi.get(self, "timeout_seconds")


class CiBucketBinding(_Binding, module="ci-audio", name="CiBucketBinding"):
    """A bucket that is bound to CI.

    Args:
        resource_name: the resource's name in the program.
        bucket: the bucket's name with the ``-appid`` at its end.
        region: where it is; left out, the one in state, else the configured one.
        on_destroy: what deleting does: ``restore`` unbinds what this resource bound, ``off`` unbinds in any case,
            ``keep`` leaves it bound.
        timeout_seconds: how long to wait until the service says on, or off.
        opts: Pulumi's options.
    """

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
        inputs = {
            "bucket": bucket,
            "region": region,
            "on_destroy": on_destroy,
            "timeout_seconds": timeout_seconds,
        }
        outputs = ("status", "adopted", "region", "on_destroy", "timeout_seconds")
        super().__init__(dynamic.CiBucketBindingProvider(), resource_name, inputs, outputs, opts)


class AsrBucketBinding(_Binding, module="ci-audio", name="AsrBucketBinding"):
    """A bucket with Smart Audio enabled, which binds it to CI too where it is not.

    Args:
        resource_name: the resource's name in the program.
        bucket: the bucket's name with the ``-appid`` at its end.
        region: where it is; left out, the one in state, else the configured one.
        on_destroy: what deleting does: ``restore`` disables what this resource enabled, ``off`` disables in any
            case, ``keep`` leaves it enabled.
        timeout_seconds: how long to wait until the service says on, or off.
        opts: Pulumi's options.
    """

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
        inputs = {
            "bucket": bucket,
            "region": region,
            "on_destroy": on_destroy,
            "timeout_seconds": timeout_seconds,
        }
        outputs = ("status", "adopted", "region", "on_destroy", "timeout_seconds", "create_time", "queue_id")
        super().__init__(dynamic.AsrBucketBindingProvider(), resource_name, inputs, outputs, opts)

    @property
    @pulumi.getter(name="createTime")
    def create_time(self) -> pulumi.Output[str | None]:
        """When Smart Audio was enabled, as the service writes it."""
        return pulumi.get(self, "create_time")

    @property
    @pulumi.getter(name="queueId")
    def queue_id(self) -> pulumi.Output[str | None]:
        """The id of the bucket's default queue."""
        return pulumi.get(self, "queue_id")


class NoiseReductionTemplate(CamelCased, module="ci-audio", name="NoiseReductionTemplate"):
    """A named pair of format and rate that jobs refer to by its id.

    Args:
        resource_name: the resource's name in the program.
        bucket: the bucket's name with the ``-appid`` at its end.
        region: where it is; left out, the one in state, else the configured one.
        template_name: the name, which no other template of the bucket has.
        format: ``wav``, ``mp3`` or ``m4a``.
        sample_rate: the rate of the results in hertz.
        opts: Pulumi's options.
    """

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
        inputs = {
            "bucket": bucket,
            "region": region,
            "template_name": template_name,
            "format": format,
            "sample_rate": sample_rate,
            "__owner": _owner("NoiseReductionTemplate", resource_name, opts),
        }
        outputs = ("region", "format", "sample_rate", "template_id", "create_time", "update_time")
        # The new template needs the name of the old one.
        opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)
        super().__init__(dynamic.NoiseReductionTemplateProvider(), resource_name, inputs, outputs, opts)

    @property
    def template_id(self) -> pulumi.Output[str]:
        """The service's id of the template; known also while a change of the template is previewed."""
        return self.id.apply(lambda id_: id_.rpartition("/")[2])

    @property
    @pulumi.getter
    def bucket(self) -> pulumi.Output[str]:
        """The bucket's name."""
        return pulumi.get(self, "bucket")

    @property
    @pulumi.getter
    def region(self) -> pulumi.Output[str]:
        """The bucket's region."""
        return pulumi.get(self, "region")

    @property
    @pulumi.getter(name="templateName")
    def template_name(self) -> pulumi.Output[str]:
        """The template's name."""
        return pulumi.get(self, "template_name")

    @property
    @pulumi.getter
    def format(self) -> pulumi.Output[str]:
        """The format of the results."""
        return pulumi.get(self, "format")

    @property
    @pulumi.getter(name="sampleRate")
    def sample_rate(self) -> pulumi.Output[int]:
        """The rate of the results in hertz."""
        return pulumi.get(self, "sample_rate")

    @property
    @pulumi.getter(name="createTime")
    def create_time(self) -> pulumi.Output[str | None]:
        """When it was created."""
        return pulumi.get(self, "create_time")

    @property
    @pulumi.getter(name="updateTime")
    def update_time(self) -> pulumi.Output[str | None]:
        """When it was changed last."""
        return pulumi.get(self, "update_time")


class NoiseReductionJob(CamelCased, module="ci-audio", name="NoiseReductionJob"):
    """A recording that is cleaned as a deploy step: once for every change of what is asked for, or of the recording.

    Deleting it touches no audio. To run it again on purpose, use ``pulumi up --replace`` or ``triggers``.

    Args:
        resource_name: the resource's name in the program.
        bucket: the bucket's name with the ``-appid`` at its end.
        region: where it is; left out, the one in state, else the configured one.
        input_object: the key of the recording, at most 10 MB.
        output_object: the key of the cleaned recording.
        output_bucket: the bucket of the result, if it is another one.
        output_region: the region of the result, if it is another one.
        format: ``wav`` (the default), ``mp3`` or ``m4a``.
        sample_rate: the rate of the result in hertz, 16000 by default.
        template_id: a template that says format and rate instead.
        queue_id: the queue to wait in, if it is not the bucket's default one.
        job_level: the priority in the queue, 0 to 2; higher goes first.
        user_data: a text of your own that callbacks repeat, printable ASCII.
        callback: where the service reports the end of the job.
        triggers: texts, numbers and booleans; when one changes, the job runs again. A job that has the result of
            another one among them runs again whenever that one does.
        wait: whether to wait for the end of the job.
        timeout_seconds: how long to wait.
        on_failure: ``fail``: a failed job fails the deployment. ``record``: it is an output like any other.
        opts: Pulumi's options.
    """

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
        queue_id: pulumi.Input[str] | None = None,
        job_level: pulumi.Input[int] | None = None,
        user_data: pulumi.Input[str] | None = None,
        callback: pulumi.Input[Callback] | None = None,
        triggers: pulumi.Input[Sequence[pulumi.Input[Scalar]]] | None = None,
        wait: pulumi.Input[bool] | None = None,
        timeout_seconds: pulumi.Input[int] | None = None,
        on_failure: pulumi.Input[OnFailure] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "bucket": bucket,
            "region": region,
            "input_object": input_object,
            "output_object": output_object,
            "output_bucket": output_bucket,
            "output_region": output_region,
            "format": format,
            "sample_rate": sample_rate,
            "template_id": template_id,
            "queue_id": queue_id,
            "job_level": job_level,
            "user_data": user_data,
            "callback": callback,
            "triggers": triggers,
            "wait": wait,
            "timeout_seconds": timeout_seconds,
            "on_failure": on_failure,
            "__owner": _owner("NoiseReductionJob", resource_name, opts),
        }
        # The old job goes before the new one comes: two must never write one output, and deleting touches no audio.
        first_out = pulumi.ResourceOptions(delete_before_replace=True)
        opts = pulumi.ResourceOptions.merge(first_out, opts)
        super().__init__(dynamic.NoiseReductionJobProvider(), resource_name, inputs, _JOB_OUTPUTS, opts)

    @property
    @pulumi.getter
    def bucket(self) -> pulumi.Output[str]:
        """The bucket's name."""
        return pulumi.get(self, "bucket")

    @property
    @pulumi.getter
    def region(self) -> pulumi.Output[str]:
        """The bucket's region."""
        return pulumi.get(self, "region")

    @property
    @pulumi.getter(name="inputObject")
    def input_object(self) -> pulumi.Output[str]:
        """The key of the recording."""
        return pulumi.get(self, "input_object")

    @property
    @pulumi.getter(name="outputObject")
    def output_object(self) -> pulumi.Output[str]:
        """The key of the cleaned recording."""
        return pulumi.get(self, "output_object")

    @property
    @pulumi.getter(name="outputBucket")
    def output_bucket(self) -> pulumi.Output[str | None]:
        """The bucket of the result, if it is another one."""
        return pulumi.get(self, "output_bucket")

    @property
    @pulumi.getter(name="outputRegion")
    def output_region(self) -> pulumi.Output[str | None]:
        """The region of the result, if it is another one."""
        return pulumi.get(self, "output_region")

    @property
    @pulumi.getter
    def format(self) -> pulumi.Output[str | None]:
        """The format of the result, where no template says it."""
        return pulumi.get(self, "format")

    @property
    @pulumi.getter(name="sampleRate")
    def sample_rate(self) -> pulumi.Output[int | None]:
        """The rate of the result in hertz, where no template says it."""
        return pulumi.get(self, "sample_rate")

    @property
    @pulumi.getter(name="templateId")
    def template_id(self) -> pulumi.Output[str | None]:
        """The template, if one was given."""
        return pulumi.get(self, "template_id")

    @property
    @pulumi.getter
    def wait(self) -> pulumi.Output[bool]:
        """Whether the end of the job is waited for."""
        return pulumi.get(self, "wait")

    @property
    @pulumi.getter(name="timeoutSeconds")
    def timeout_seconds(self) -> pulumi.Output[int]:
        """How long it is waited for."""
        return pulumi.get(self, "timeout_seconds")

    @property
    @pulumi.getter(name="onFailure")
    def on_failure(self) -> pulumi.Output[str]:
        """What a failed job means."""
        return pulumi.get(self, "on_failure")

    @property
    @pulumi.getter(name="jobId")
    def job_id(self) -> pulumi.Output[str]:
        """The service's id of the job."""
        return pulumi.get(self, "job_id")

    @property
    @pulumi.getter
    def state(self) -> pulumi.Output[str]:
        """``Submitted``, ``Running``, ``Pause``, ``Success``, ``Failed`` or ``Cancel``."""
        return pulumi.get(self, "state")

    @property
    @pulumi.getter
    def code(self) -> pulumi.Output[str | None]:
        """Why it failed, as a code."""
        return pulumi.get(self, "code")

    @property
    @pulumi.getter
    def message(self) -> pulumi.Output[str | None]:
        """Why it failed, in words."""
        return pulumi.get(self, "message")

    @property
    @pulumi.getter(name="creationTime")
    def creation_time(self) -> pulumi.Output[str | None]:
        """When it was submitted, as the service writes it."""
        return pulumi.get(self, "creation_time")

    @property
    @pulumi.getter(name="startTime")
    def start_time(self) -> pulumi.Output[str | None]:
        """When it started."""
        return pulumi.get(self, "start_time")

    @property
    @pulumi.getter(name="endTime")
    def end_time(self) -> pulumi.Output[str | None]:
        """When it ended."""
        return pulumi.get(self, "end_time")

    @property
    @pulumi.getter(name="inputEtag")
    def input_etag(self) -> pulumi.Output[str | None]:
        """The ETag of the recording that was cleaned."""
        return pulumi.get(self, "input_etag")

    @property
    @pulumi.getter(name="currentInputEtag")
    def current_input_etag(self) -> pulumi.Output[str | None]:
        """The ETag of the recording when it was last looked at."""
        return pulumi.get(self, "current_input_etag")

    @property
    @pulumi.getter(name="outputEtag")
    def output_etag(self) -> pulumi.Output[str | None]:
        """The ETag of the result."""
        return pulumi.get(self, "output_etag")

    @property
    @pulumi.getter(name="outputSize")
    def output_size(self) -> pulumi.Output[int | None]:
        """The size of the result in bytes."""
        return pulumi.get(self, "output_size")

    @property
    @pulumi.getter(name="outputUrl")
    def output_url(self) -> pulumi.Output[str | None]:
        """The address of the result, unsigned."""
        return pulumi.get(self, "output_url")


_JOB_OUTPUTS = (
    "region",
    "format",
    "sample_rate",
    "output_bucket",
    "output_region",
    "template_id",
    "wait",
    "timeout_seconds",
    "on_failure",
    "job_id",
    "state",
    "code",
    "message",
    "creation_time",
    "start_time",
    "end_time",
    "input_etag",
    "current_input_etag",
    "output_etag",
    "output_size",
    "output_url",
)
