"""What can be asked without declaring anything: the state of a bucket, the buckets with Smart Audio, jobs.

A query has a model of its arguments and a class of its result. Functions, invokes and the schema come from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Annotated, Any, Generic, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Field
from pydantic.alias_generators import to_camel

from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.records import ON
from pulumi_ci_audio.lifecycle import blockers
from pulumi_ci_audio.lifecycle.batch.survey import Stale, look
from pulumi_ci_audio.lifecycle.batch_models import RULES as BATCH_RULES
from pulumi_ci_audio.lifecycle.batch_models import Folder
from pulumi_ci_audio.lifecycle.blockers import Blocker
from pulumi_ci_audio.lifecycle.checking import Rule, check_properties
from pulumi_ci_audio.lifecycle.models import InBucket, Properties, ResourceModel
from pulumi_ci_audio.lifecycle.service_off import listed_unless_off
from pulumi_ci_audio.lifecycle.validators import region_name

_NO_REGION = "no region: name one, set tencentcloud:region, or set TENCENTCLOUD_REGION"

Arguments = TypeVar("Arguments", bound=ResourceModel)

LARGEST_PAGE = 100
"""The most buckets on a page (document 1045/73364)."""


class CiBucketQuery(InBucket):
    """Which bucket to look at."""


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


class AsrBucketsQuery(ResourceModel):
    """Which buckets with Smart Audio to list."""

    regions: list[Annotated[str, AfterValidator(region_name)]] = Field(
        [], description="Only buckets of these regions; the configured region where none is named."
    )
    bucket_names: list[str] = Field([], description="Only buckets of exactly these names.")
    prefix: str = Field("", description="Only buckets whose names begin so.")
    page_number: Annotated[int, Field(ge=1)] | None = Field(
        None, description="The only page to return, counted from 1; every page where it is left out."
    )
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] | None = Field(
        None, description=f"Of the pages, from 1 to {LARGEST_PAGE}."
    )


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


class JobsQuery(InBucket):
    """Which jobs to list."""

    states: list[str] = Field([], description="Only jobs in these states, such as `Failed`.")


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


class PendingRecordingsQuery(Folder):
    """Which folder of recordings to look at."""


@dataclass(frozen=True)
class PendingRecording:
    """A recording without a current result: what a `NoiseReductionBatch` would run.

    Attributes:
        input_object: its key.
        output_object: the key of its result.
        size: of the recording, in bytes.
        reason: why it would be run: its result is `missing`, `empty`, or `older` than the recording.
    """

    input_object: str
    output_object: str
    size: int
    reason: str


@dataclass(frozen=True)
class Query(Generic[Arguments]):
    """One question.

    Attributes:
        summary: what it returns.
        arguments: the model of its arguments.
        record: the class of its result, or of each item of a list.
        ask: sends it; the last argument is the region to use where none is named.
        items: what a list is called where a result must have names; ``None`` for a result that is no list.
        rules: what must hold between several arguments.
    """

    summary: str
    arguments: type[Arguments]
    record: type[Any]
    ask: Callable[[Client, Arguments, str | None], Any]
    items: str | None = None
    rules: Sequence[Rule] = ()

    def answer(self, client: Client, given: Properties, region: str | None) -> Any:
        """Return the result for arguments under their stored names.

        Args:
            client: the API.
            given: the arguments.
            region: the configured one.

        Raises:
            ValueError: an argument makes no sense.
            SettingsError: there is no region.
            CiAudioError: the service refused, did not answer, or there are no credentials.
        """
        if "region" in self.arguments.model_fields and not (given.get("region") or region):
            raise SettingsError(_NO_REGION)
        arguments, failures = check_properties(self.arguments, {}, given, region, self.rules)
        if failures:
            raise ValueError("; ".join(f"{failure.property} {failure.reason}".strip() for failure in failures))
        return self.ask(client, arguments, region)

    def dump(self, result: Any) -> dict[str, Any]:
        """Return a result as plain values under stored names."""
        plain: dict[str, Any] = _dumped({self.items: result} if self.items else result)
        return plain

    def load(self, answer: Mapping[str, Any]) -> Any:
        """Return the result that :meth:`dump` gave as ``answer``."""
        if self.items is None:
            return _loaded(self.record, answer)
        return [_loaded(self.record, item) for item in answer.get(self.items) or []]


def _dumped(value: Any) -> Any:
    if is_dataclass(value):
        return _dumped({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, dict):
        return {to_camel(name): _dumped(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_dumped(item) for item in value]
    return value


def _loaded(hint: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_loaded(get_args(hint)[0], item) for item in value]
    if not is_dataclass(hint):
        return value
    hints = get_type_hints(hint)
    loaded = {field.name: _loaded(hints[field.name], value.get(to_camel(field.name))) for field in fields(hint)}
    # What is empty may be left out on the way.
    return cast("type[Any]", hint)(
        **{name: [] if item is None and get_origin(hints[name]) is list else item for name, item in loaded.items()}
    )


def _ci_bucket(client: Client, arguments: CiBucketQuery, _region: str | None) -> CiBucket:
    status = client.describe_ci_bucket(arguments.location)
    if status != ON:
        return CiBucket(status, [], [])
    found = blockers.find(client, arguments.location, blockers.BINDING_PROBES)
    return CiBucket(status, list(found.blockers), list(found.unanswered))


def _asr_buckets(client: Client, arguments: AsrBucketsQuery, region: str | None) -> list[AsrBucket]:
    regions = arguments.regions or ([region] if region else [])
    if not regions:
        raise SettingsError(_NO_REGION)
    query = BucketQuery(
        regions, arguments.bucket_names, arguments.prefix, arguments.page_number, arguments.page_size or LARGEST_PAGE
    )
    records = client.describe_asr_buckets(regions[0], query)
    return [AsrBucket(record.bucket, record.region or "", record.create_time) for record in records]


def _jobs(client: Client, arguments: JobsQuery, _region: str | None) -> list[NoiseReductionJobRecord]:
    names = {field.name for field in fields(NoiseReductionJobRecord)}
    bucket = arguments.location
    # Where Smart Audio is off there are none: a preview, which comes before it is switched on again, can go on.
    jobs = listed_unless_off(client, bucket, lambda: list(client.describe_jobs(bucket, states=arguments.states)))
    shown = [{name: value for name, value in asdict(job).items() if name in names} for job in jobs]
    return [NoiseReductionJobRecord(**{**values, "state": values["state"] or ""}) for values in shown]


def _pending(client: Client, arguments: PendingRecordingsQuery, _region: str | None) -> list[PendingRecording]:
    return [
        PendingRecording(recording.key, recording.result, recording.size, recording.reason or "")
        for recording in look(client, arguments, Stale()).pending
    ]


QUERIES: Mapping[str, Query[Any]] = MappingProxyType(
    {
        "get_ci_bucket": Query(
            "Return the status of a bucket and what stands in the way of unbinding it.",
            CiBucketQuery,
            CiBucket,
            _ci_bucket,
        ),
        "get_asr_buckets": Query(
            "Return the buckets with Smart Audio: all of them, unless a page is asked for.",
            AsrBucketsQuery,
            AsrBucket,
            _asr_buckets,
            items="buckets",
        ),
        "get_noise_reduction_jobs": Query(
            "Return the noise-reduction jobs of a bucket, newest first.",
            JobsQuery,
            NoiseReductionJobRecord,
            _jobs,
            items="jobs",
        ),
        "get_pending_recordings": Query(
            "Return the recordings of a folder that have no current result: what a batch would run, and bill.",
            PendingRecordingsQuery,
            PendingRecording,
            _pending,
            items="recordings",
            rules=BATCH_RULES,
        ),
    }
)
"""Every question, by the name of the function that asks it."""
