"""What programs ask: the state of a bucket, the buckets with Smart Audio, jobs, and recordings without a result.

The plain functions answer at once. Their ``_output`` twins take Pulumi's inputs and ask off the event loop, once the
inputs are known. A failure is a ``RunError``, which Pulumi prints as one line, without a traceback.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import pulumi
from pydantic.alias_generators import to_camel

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.configuration_keys import CONFIGURATION_KEYS
from pulumi_ci_audio.api.errors import CiAudioError
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.lifecycle.blockers import Blocker
from pulumi_ci_audio.lifecycle.errors import explain
from pulumi_ci_audio.lifecycle.parameters import Format
from pulumi_ci_audio.lifecycle.queries import QUERIES, AsrBucket, CiBucket, NoiseReductionJobRecord, PendingRecording

__all__ = [
    "AsrBucket",
    "Blocker",
    "CiBucket",
    "NoiseReductionJobRecord",
    "PendingRecording",
    "get_asr_buckets",
    "get_asr_buckets_output",
    "get_ci_bucket",
    "get_ci_bucket_output",
    "get_noise_reduction_jobs",
    "get_noise_reduction_jobs_output",
    "get_pending_recordings",
    "get_pending_recordings_output",
]

Asked = ParamSpec("Asked")
Result = TypeVar("Result")


def documented(function: Callable[Asked, Result]) -> Callable[Asked, Result]:
    """Give a function the documentation of its query."""
    query = QUERIES[function.__name__.removesuffix("_output")]
    lines = [f"    {name}: {field.description}" for name, field in query.arguments.model_fields.items()]
    function.__doc__ = "\n".join([query.summary, "", "Args:", *lines, "", "Raises:", f"    RunError: {_FAILED}"])
    return function


_FAILED = "an argument makes no sense, the service refused or did not answer, or there are no credentials."


@documented
def get_ci_bucket(bucket: str, region: str | None = None) -> CiBucket:
    found: CiBucket = _ask("get_ci_bucket", bucket=bucket, region=region)
    return found


@documented
def get_asr_buckets(
    regions: Sequence[str] = (),
    bucket_names: Sequence[str] = (),
    prefix: str = "",
    page_number: int | None = None,
    page_size: int | None = None,
) -> list[AsrBucket]:
    found: list[AsrBucket] = _ask(
        "get_asr_buckets",
        regions=_texts(regions),
        bucket_names=_texts(bucket_names),
        prefix=prefix,
        page_number=page_number,
        page_size=page_size,
    )
    return found


@documented
def get_noise_reduction_jobs(
    bucket: str, region: str | None = None, states: Sequence[str] = ()
) -> list[NoiseReductionJobRecord]:
    found: list[NoiseReductionJobRecord] = _ask(
        "get_noise_reduction_jobs", bucket=bucket, region=region, states=_texts(states)
    )
    return found


@documented
def get_pending_recordings(
    bucket: str,
    region: str | None = None,
    *,
    input_prefix: str,
    output_prefix: str,
    output_extension: Format | None = None,
    output_bucket: str | None = None,
    output_region: str | None = None,
) -> list[PendingRecording]:
    found: list[PendingRecording] = _ask("get_pending_recordings", **locals())
    return found


@documented
def get_ci_bucket_output(bucket: pulumi.Input[str], region: pulumi.Input[str] | None = None) -> pulumi.Output[CiBucket]:
    return _output(get_ci_bucket, bucket=bucket, region=region)


@documented
def get_asr_buckets_output(
    regions: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    bucket_names: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    prefix: pulumi.Input[str] = "",
    page_number: pulumi.Input[int] | None = None,
    page_size: pulumi.Input[int] | None = None,
) -> pulumi.Output[list[AsrBucket]]:
    return _output(
        get_asr_buckets,
        regions=regions,
        bucket_names=bucket_names,
        prefix=prefix,
        page_number=page_number,
        page_size=page_size,
    )


@documented
def get_noise_reduction_jobs_output(
    bucket: pulumi.Input[str],
    region: pulumi.Input[str] | None = None,
    states: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
) -> pulumi.Output[list[NoiseReductionJobRecord]]:
    return _output(get_noise_reduction_jobs, bucket=bucket, region=region, states=states)


@documented
def get_pending_recordings_output(
    bucket: pulumi.Input[str],
    region: pulumi.Input[str] | None = None,
    *,
    input_prefix: pulumi.Input[str],
    output_prefix: pulumi.Input[str],
    output_extension: pulumi.Input[Format] | None = None,
    output_bucket: pulumi.Input[str] | None = None,
    output_region: pulumi.Input[str] | None = None,
) -> pulumi.Output[list[PendingRecording]]:
    return _output(get_pending_recordings, **locals())


def _output(ask: Callable[..., Result], **arguments: Any) -> pulumi.Output[Result]:
    async def off_the_loop(known: dict[str, Any]) -> Result:
        return await asyncio.to_thread(ask, **known)

    return pulumi.Output.all(**arguments).apply(off_the_loop)


def _texts(given: Sequence[str]) -> list[str]:
    # A text is a sequence of texts, too.
    return [given] if isinstance(given, str) else list(given)


def _settings() -> Settings:
    found = {}
    for key in CONFIGURATION_KEYS:
        namespace, _, name = key.partition(":")
        value = pulumi.Config(namespace).get(name)
        if value is not None:
            found[key] = value
    return Settings.of_process(found)


def _ask(name: str, **arguments: Any) -> Any:
    settings = _settings()
    given = {to_camel(argument): value for argument, value in arguments.items()}
    try:
        client = Client.from_settings(settings, Waiter(now=time.monotonic, sleep=time.sleep))
        return QUERIES[name].answer(client, given, settings.region)
    except ValueError as error:
        raise pulumi.RunError(f"{name}: {error}") from None
    except CiAudioError as error:
        raise pulumi.RunError(explain(error)) from None
