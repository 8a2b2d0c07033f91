"""What programs may write of each kind: its properties and its typed constructor, whatever provider serves it.

Python's names are snake_case; state, diffs and events have the same properties in camelCase. Outputs, defaults and
the documentation of arguments come from the models of a kind; a class adds the typed signature. The families of
classes that programs use, ``resources`` and ``native``, add how a resource is registered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import pulumi

from pulumi_ci_audio.audio_resource import AudioResource
from pulumi_ci_audio.lifecycle.binding_models import OnDestroy
from pulumi_ci_audio.lifecycle.job_inputs import OnFailure, Scalar
from pulumi_ci_audio.lifecycle.parameters import Format


class Callback(TypedDict, total=False):
    """Where the service reports the end of a job: ``{url, format}`` or ``{mq_region, mq_mode, mq_name, format}``."""

    url: pulumi.Input[str]
    format: pulumi.Input[str]
    mq_region: pulumi.Input[str]
    mq_mode: pulumi.Input[str]
    mq_name: pulumi.Input[str]


class _Binding(AudioResource):
    """What the two bindings have in common."""

    status: pulumi.Output[str] = pulumi.property("status")
    adopted: pulumi.Output[bool] = pulumi.property("adopted")
    on_destroy: pulumi.Output[str] = pulumi.property("onDestroy")
    timeout_seconds: pulumi.Output[int] = pulumi.property("timeoutSeconds")

    @property
    def bucket(self) -> pulumi.Output[str]:
        """The bucket's name. A resource that takes it from here is created after the binding and deleted before it."""
        return self._own_or_of_id("bucket", 1)

    @property
    def region(self) -> pulumi.Output[str]:
        """The bucket's region."""
        return self._own_or_of_id("region", 0)

    def _own_or_of_id(self, name: str, part: int) -> pulumi.Output[str]:
        """Return the program's own value, as an output that depends on this resource, or else that part of the id.

        A recorded output is unknown while an update is previewed, and dependents would then preview a needless
        replacement; the program's own value, and the id, stay known.
        """
        own = self._arguments.get(name)
        if own is None:
            return self.id.apply(lambda id_: id_.split("/")[part])
        return pulumi.Output.all(self.urn, own).apply(lambda pair: str(pair[1]))


class CiBucketBinding(_Binding):
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


def _deleted_before(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions | None:
    """Return the options with which Smart Audio goes before the binding instead of with it.

    A binding stays on as long as Smart Audio is enabled, so that leaving its deletion out would keep both.
    """
    binding = opts.deleted_with if opts else None
    if not isinstance(binding, CiBucketBinding):
        return opts
    opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[binding]))
    opts.deleted_with = None
    return opts


class AsrBucketBinding(_Binding):
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
        super().__init__(resource_name, locals(), _deleted_before(opts))


class NoiseReductionTemplate(AudioResource):
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


class NoiseReductionJob(AudioResource):
    settled_by = "state"

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


class NoiseReductionBatch(AudioResource):
    settled_by = "pending"

    bucket: pulumi.Output[str] = pulumi.property("bucket")
    region: pulumi.Output[str] = pulumi.property("region")
    input_prefix: pulumi.Output[str] = pulumi.property("inputPrefix")
    output_prefix: pulumi.Output[str] = pulumi.property("outputPrefix")
    output_extension: pulumi.Output[str] = pulumi.property("outputExtension")
    output_bucket: pulumi.Output[str | None] = pulumi.property("outputBucket")
    output_region: pulumi.Output[str | None] = pulumi.property("outputRegion")
    template_id: pulumi.Output[str] = pulumi.property("templateId")
    at_most: pulumi.Output[int] = pulumi.property("atMost")
    job_level: pulumi.Output[int | None] = pulumi.property("jobLevel")
    user_data: pulumi.Output[str | None] = pulumi.property("userData")
    callback: pulumi.Output[dict[str, str] | None] = pulumi.property("callback")
    triggers: pulumi.Output[list[Any] | None] = pulumi.property("triggers")
    wait: pulumi.Output[bool] = pulumi.property("wait")
    timeout_seconds: pulumi.Output[int] = pulumi.property("timeoutSeconds")
    on_failure: pulumi.Output[str] = pulumi.property("onFailure")
    batch_id: pulumi.Output[str | None] = pulumi.property("batchId")
    state: pulumi.Output[str | None] = pulumi.property("state")
    total: pulumi.Output[int | None] = pulumi.property("total")
    done: pulumi.Output[int | None] = pulumi.property("done")
    pending: pulumi.Output[int | None] = pulumi.property("pending")
    ran: pulumi.Output[int | None] = pulumi.property("ran")
    skipped: pulumi.Output[int | None] = pulumi.property("skipped")
    failures: pulumi.Output[list[dict[str, Any]]] = pulumi.property("failures")
    creation_time: pulumi.Output[str | None] = pulumi.property("creationTime")
    end_time: pulumi.Output[str | None] = pulumi.property("endTime")

    def __init__(
        self,
        resource_name: str,
        *,
        bucket: pulumi.Input[str],
        input_prefix: pulumi.Input[str],
        output_prefix: pulumi.Input[str],
        template_id: pulumi.Input[str],
        region: pulumi.Input[str] | None = None,
        output_extension: pulumi.Input[Format] | None = None,
        output_bucket: pulumi.Input[str] | None = None,
        output_region: pulumi.Input[str] | None = None,
        at_most: pulumi.Input[int] | None = None,
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
