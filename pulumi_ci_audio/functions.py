"""What programs ask: the state of a bucket, the buckets with Smart Audio, the jobs of a bucket.

The plain functions answer at once and raise what the API layer raises. Their ``_output`` twins take Pulumi's inputs
and ask off the event loop, once the inputs are known.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import pulumi

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.records import ON
from pulumi_ci_audio.api.session import PAGE_SIZE
from pulumi_ci_audio.api.settings import CONFIGURATION_KEYS, Settings
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.lifecycle import blockers
from pulumi_ci_audio.lifecycle.blockers import Blocker

Result = TypeVar("Result")


@dataclass(frozen=True)
class CiBucket:
    """How a bucket stands with CI.

    Attributes:
        status: ``on``, ``off`` or ``unbinding``.
        blockers: what stands in the way of unbinding it; empty for a bucket that is not on.
        unanswered: why some of that could not be found out, such as a missing permission.
    """

    status: str
    blockers: list[Blocker]
    unanswered: list[str]


@dataclass(frozen=True)
class AsrBucket:
    """A bucket with Smart Audio.

    Attributes:
        bucket: its full name.
        region: where it is.
        create_time: when Smart Audio was enabled, as the service writes it.
    """

    bucket: str
    region: str
    create_time: str | None


@dataclass(frozen=True)
class NoiseReductionJobRecord:
    """A job as the service lists it; times as the service writes them, ``None`` where there is none yet."""

    job_id: str
    state: str
    code: str | None
    message: str | None
    input_object: str | None
    output_object: str | None
    creation_time: str | None
    start_time: str | None
    end_time: str | None
    user_data: str | None


def get_ci_bucket(bucket: str, region: str | None = None) -> CiBucket:
    """Return the status of a bucket and what stands in the way of unbinding it.

    Args:
        bucket: its full name, with the ``-appid``.
        region: where it is; the configured region where it is left out.

    Raises:
        CiAudioError: the service refused, did not answer, or there are no credentials.
    """
    location, client = Bucket(_region(region), bucket), _client()
    status = client.describe_ci_bucket(location)
    if status != ON:
        return CiBucket(status, [], [])
    found = blockers.find(client, location, blockers.BINDING_PROBES)
    return CiBucket(status, list(found.blockers), list(found.unanswered))


def get_asr_buckets(
    regions: Sequence[str] = (),
    bucket_names: Sequence[str] = (),
    prefix: str = "",
    page_number: int | None = None,
    page_size: int | None = None,
) -> list[AsrBucket]:
    """Return the buckets with Smart Audio: all of them, unless a page is asked for.

    Args:
        regions: only buckets of these regions; the configured region where none is named.
        bucket_names: only buckets of exactly these names.
        prefix: only buckets whose names begin so.
        page_number: the only page to return, counted from 1.
        page_size: of the pages, from 1 to 100.

    Raises:
        ValueError: a page that cannot be.
        CiAudioError: the service refused, did not answer, or there are no credentials.
    """
    if page_number is not None and page_number < 1:
        raise ValueError("page_number must be 1 or more")
    if page_size is not None and not 1 <= page_size <= PAGE_SIZE:
        raise ValueError(f"page_size must be from 1 to {PAGE_SIZE}")
    asked = list(regions) or [_region(None)]
    query = BucketQuery(asked, bucket_names, prefix, page_number, page_size or PAGE_SIZE)
    records = _client().describe_asr_buckets(asked[0], query)
    return [AsrBucket(record.bucket, record.region or "", record.create_time) for record in records]


def get_noise_reduction_jobs(
    bucket: str, region: str | None = None, states: Sequence[str] = ()
) -> list[NoiseReductionJobRecord]:
    """Return the noise-reduction jobs of a bucket, newest first.

    Args:
        bucket: its full name, with the ``-appid``.
        region: where it is; the configured region where it is left out.
        states: only jobs in these states, such as ``Failed``.

    Raises:
        CiAudioError: the service refused, did not answer, or there are no credentials.
    """
    names = {field.name for field in fields(NoiseReductionJobRecord)}
    jobs = _client().describe_jobs(Bucket(_region(region), bucket), states=states)
    shown = [{name: value for name, value in asdict(job).items() if name in names} for job in jobs]
    return [NoiseReductionJobRecord(**{**values, "state": values["state"] or ""}) for values in shown]


def get_ci_bucket_output(bucket: pulumi.Input[str], region: pulumi.Input[str] | None = None) -> pulumi.Output[CiBucket]:
    """Return what :func:`get_ci_bucket` returns, for inputs of Pulumi."""
    return _output(get_ci_bucket, bucket=bucket, region=region)


def get_asr_buckets_output(
    regions: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    bucket_names: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
    prefix: pulumi.Input[str] = "",
    page_number: pulumi.Input[int] | None = None,
    page_size: pulumi.Input[int] | None = None,
) -> pulumi.Output[list[AsrBucket]]:
    """Return what :func:`get_asr_buckets` returns, for inputs of Pulumi."""
    return _output(
        get_asr_buckets,
        regions=regions,
        bucket_names=bucket_names,
        prefix=prefix,
        page_number=page_number,
        page_size=page_size,
    )


def get_noise_reduction_jobs_output(
    bucket: pulumi.Input[str],
    region: pulumi.Input[str] | None = None,
    states: pulumi.Input[Sequence[pulumi.Input[str]]] = (),
) -> pulumi.Output[list[NoiseReductionJobRecord]]:
    """Return what :func:`get_noise_reduction_jobs` returns, for inputs of Pulumi."""
    return _output(get_noise_reduction_jobs, bucket=bucket, region=region, states=states)


def _output(ask: Callable[..., Result], **arguments: Any) -> pulumi.Output[Result]:
    async def off_the_loop(known: dict[str, Any]) -> Result:
        return await asyncio.to_thread(ask, **known)

    return pulumi.Output.all(**arguments).apply(off_the_loop)


def _settings() -> Settings:
    found = {}
    for key in CONFIGURATION_KEYS:
        namespace, _, name = key.partition(":")
        value = pulumi.Config(namespace).get(name)
        if value is not None:
            found[key] = value
    return Settings.of_process(found)


def _region(region: str | None) -> str:
    known = region or _settings().region
    if not known:
        raise SettingsError("no region: name one, set tencentcloud:region, or set TENCENTCLOUD_REGION")
    return known


def _client() -> Client:
    return Client.from_settings(_settings(), Waiter(now=time.monotonic, sleep=time.sleep))
