"""The CI API as Python: one method per operation, named after it. Records go in and come out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Protocol, TypeVar

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.coalescing import Coalescer, coalescer_of
from pulumi_ci_audio.api.credentials import CredentialSource
from pulumi_ci_audio.api.errors import ApiError, DecodeError
from pulumi_ci_audio.api.limiter import Limiter, limiter_of
from pulumi_ci_audio.api.looks import Looks
from pulumi_ci_audio.api.messages import (
    AsrBucketResponse,
    BatchJobBody,
    BatchJobsResponse,
    BoundBucketListResponse,
    BucketListResponse,
    JobBody,
    JobsResponse,
    ListBucketResult,
    QueueListResponse,
    TemplateBody,
    TemplateListResponse,
    TemplateResponse,
    WorkflowListResponse,
    decode,
    decode_status,
)
from pulumi_ci_audio.api.operations import Operation, Service
from pulumi_ci_audio.api.records import (
    NOISE_REDUCTION,
    ON,
    BatchJobRecord,
    BatchJobRequest,
    BoundBucketRecord,
    BucketRecord,
    JobRecord,
    JobRequest,
    ObjectHead,
    ObjectRecord,
    QueueRecord,
    TemplateRecord,
    TemplateRequest,
    WorkflowRecord,
    render_time,
)
from pulumi_ci_audio.api.session import BY_MARKER, PAGE_SIZE, Session, Target
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.api.transport import Response, Transport, transport_to
from pulumi_ci_audio.api.waiting import Waiter

Record_co = TypeVar("Record_co", covariant=True)
Result = TypeVar("Result")


@dataclass(frozen=True)
class BucketQuery:
    """Which buckets a list of a processing service is to name (document 1045/73364).

    Attributes:
        regions: only buckets of these regions.
        bucket_names: only the buckets of exactly these names.
        prefix: only buckets whose names begin so.
        page_number: the only page to return, counted from 1; every page where it is ``None``.
        page_size: from 1 to 100.
    """

    regions: Sequence[str] = ()
    bucket_names: Sequence[str] = ()
    prefix: str = ""
    page_number: int | None = None
    page_size: int = PAGE_SIZE

    @classmethod
    def of(cls, bucket: Bucket) -> BucketQuery:
        """Return the query for one bucket."""
        return cls(regions=(bucket.region,), bucket_names=(bucket.name,))


class Client:
    """The operations on CI that this package uses.

    Every method raises :class:`~pulumi_ci_audio.api.errors.ApiError` where the service refuses,
    :class:`~pulumi_ci_audio.api.errors.TransportError` where there is no answer,
    :class:`~pulumi_ci_audio.api.errors.DecodeError` where it cannot be read, and
    :class:`~pulumi_ci_audio.api.errors.SettingsError` where there are no credentials.

    Args:
        transport: carries the requests.
        credentials: asked for every attempt of every request.
        waiter: the pauses between two attempts.
        unix_time: the time that signatures are made with.
        limiter: how fast requests may follow each other; its own where it is ``None``.
        coalescer: what it shares with those who ask at the same time; its own where it is ``None``.
    """

    def __init__(
        self,
        transport: Transport,
        credentials: CredentialSource,
        waiter: Waiter,
        unix_time: Callable[[], float] = time.time,
        limiter: Limiter | None = None,
        coalescer: Coalescer | None = None,
    ) -> None:
        self._session = Session(transport, credentials, waiter, limiter or Limiter(), unix_time)
        self._looks = Looks(self._session, coalescer or Coalescer())

    @classmethod
    def from_settings(cls, settings: Settings, waiter: Waiter) -> Client:
        """Return a client for what the configuration and the environment say.

        Credentials are looked for at the first request, not before.

        Raises:
            SettingsError: the endpoint, a number or the bundle of certificates makes no sense.
        """
        transport = transport_to(
            settings.endpoint,
            settings.connect_timeout_seconds,
            settings.read_timeout_seconds,
            settings.ca_bundle,
            settings.endpoint_source,
        )
        limiter = limiter_of(settings.requests_per_second)
        coalescer = coalescer_of(settings.endpoint, settings.sharing)
        return cls(transport, settings.credentials(), waiter, limiter=limiter, coalescer=coalescer)

    def create_ci_bucket(self, bucket: Bucket) -> None:
        """Bind ``bucket`` to CI; it exists in COS already (document 460/97479)."""
        self._change(operations.CREATE_CI_BUCKET, bucket, _nothing)

    def describe_ci_bucket(self, bucket: Bucket) -> str:
        """Return the CI status of ``bucket``: ``on``, ``off`` or ``unbinding`` (documents 460/97481, 1045/33702)."""
        return self._session.call(
            operations.DESCRIBE_CI_BUCKET,
            Target.list_of(bucket),
            lambda response: decode_status(response.body),
            accept="application/json",
        )

    def describe_ci_buckets(
        self, region: str, *, prefix: str = "", most_pages: int | None = None
    ) -> list[BoundBucketRecord]:
        """Return the bound buckets of ``region`` whose names begin with ``prefix`` (document 460/97527).

        Raises:
            LongListError: they fill more pages than ``most_pages``.
        """
        items = self._session.numbered_pages(
            operations.DESCRIBE_CI_BUCKETS,
            Target.list_of_region(region),
            BoundBucketListResponse,
            lambda page: page.items,
            (("region", region), ("bucketName", prefix)),
            most_pages=most_pages,
        )
        return [record for record in _records(items) if record.region == region]

    def refresh_ci_bucket(self, bucket: Bucket) -> str:
        """Return the CI status of ``bucket`` for a refresh, once several are asked for by the list of the bound ones.

        The list is believed where it says ``on``; anything else is confirmed by an exact question. It may be some
        seconds old, see :class:`~pulumi_ci_audio.api.coalescing.Listing`, so it is for nothing but refreshes.
        """

        def bound(most_pages: int) -> dict[str, str]:
            found = self.describe_ci_buckets(bucket.region, most_pages=most_pages)
            return {record.bucket: ON for record in found if record.status == ON}

        return self._looks.find_in_list("CI", bucket, bound, lambda: self.describe_ci_bucket(bucket))

    def delete_ci_bucket(self, bucket: Bucket) -> None:
        """Begin to unbind ``bucket`` from CI: its status is ``unbinding`` first and ``off`` later."""
        self._change(operations.DELETE_CI_BUCKET, bucket, _nothing)

    def create_asr_bucket(self, bucket: Bucket) -> BucketRecord | None:
        """Enable Smart Audio for ``bucket``, which binds it where it is not; return what the service says of it.

        Follows document 1045/73363.
        """
        return self._change(operations.CREATE_ASR_BUCKET, bucket, _asr_bucket)

    def describe_asr_buckets(self, region: str, query: BucketQuery) -> list[BucketRecord]:
        """Return the buckets with Smart Audio, asking the host of ``region`` (document 1045/73364)."""
        return self.describe_service_buckets(operations.SMART_AUDIO, region, query)

    def describe_service_buckets(
        self, service: Service, region: str, query: BucketQuery, *, most_pages: int | None = None
    ) -> list[BucketRecord]:
        """Return the buckets for which ``service`` is enabled, asking the host of ``region``.

        Raises:
            LongListError: they fill more pages than ``most_pages``.
        """
        filters = (
            ("regions", ",".join(query.regions)),
            ("bucketNames", ",".join(query.bucket_names)),
            ("bucketName", query.prefix),
        )
        items = self._session.numbered_pages(
            service.describe_buckets,
            Target.list_of_region(region),
            BucketListResponse,
            lambda page: page.items,
            filters,
            page_number=query.page_number,
            page_size=query.page_size,
            most_pages=most_pages,
        )
        return _records(items)

    def find_service_bucket(self, service: Service, bucket: Bucket) -> BucketRecord | None:
        """Return what the list of ``service`` says of ``bucket``, or ``None`` where it is not enabled for it.

        A bucket that is missing where several were asked for at once is asked for alone.
        """
        named = self._ask_service_bucket(service, bucket)()
        if named.record is not None or named.is_exact:
            return named.record
        found = self.describe_service_buckets(service, bucket.region, BucketQuery.of(bucket))
        return next((record for record in found if record.bucket == bucket.name), None)

    def ask_service_bucket(self, service: Service, bucket: Bucket) -> Callable[[], BucketRecord | None]:
        """Ask what the list of ``service`` says of ``bucket``, and return the function that waits for the answer.

        So questions that are asked one after the other can share their requests with those of other threads. The
        list's parameter ``bucketNames`` is taken at its word: a bucket that is missing is not enabled.
        """
        answer = self._ask_service_bucket(service, bucket)
        return lambda: answer().record

    def refresh_service_bucket(self, service: Service, bucket: Bucket) -> BucketRecord | None:
        """Return what :meth:`find_service_bucket` returns, for a refresh; see :meth:`refresh_ci_bucket`."""

        def enabled(most_pages: int) -> dict[str, BucketRecord]:
            query = BucketQuery(regions=(bucket.region,))
            found = self.describe_service_buckets(service, bucket.region, query, most_pages=most_pages)
            return {record.bucket: record for record in found if record.region == bucket.region}

        return self._looks.find_in_list(
            service.name, bucket, enabled, lambda: self.find_service_bucket(service, bucket)
        )

    def delete_asr_bucket(self, bucket: Bucket) -> None:
        """Disable Smart Audio for ``bucket``, which deletes its queue (document 1045/73365)."""
        self._change(operations.DELETE_ASR_BUCKET, bucket, _nothing)

    def describe_asr_queues(self, bucket: Bucket) -> list[QueueRecord]:
        """Return the first page of the Smart Audio queues of ``bucket``; the default one is the first.

        Follows document 1045/73366.
        """
        page = (("pageNumber", "1"), ("pageSize", "10"))
        response = self._session.document(
            operations.DESCRIBE_ASR_QUEUES, Target.list_of(bucket), QueueListResponse, page
        )
        return _records(response.queue_list)

    def create_job(self, bucket: Bucket, job: JobRequest, about_to_send: Callable[[], None] | None = None) -> JobRecord:
        """Submit ``job``, once, whatever the outcome (document 460/84796).

        Args:
            bucket: of the recording.
            job: what to do.
            about_to_send: called right before it is sent; where it raises, nothing is sent.

        Raises:
            DecodeError: the answer names no job, so whether there is one is unknown.
        """
        phrase = f"for {job.input_object} of bucket {bucket}"
        target = Target(bucket.region, bucket.name, "", phrase)
        return self._session.call(
            operations.CREATE_JOB, target, _created_job, body=JobBody.of(job), about_to_send=about_to_send
        )

    def describe_job(self, bucket: Bucket, job_id: str) -> JobRecord | None:
        """Return the job, or ``None`` where the service knows no such job (any more) (document 436/76945).

        Jobs of one bucket that are asked for at the same time share a request; one that is missing is asked for alone.
        """

        def jobs(ids: Sequence[str]) -> dict[str, JobRecord | None]:
            found: dict[str, JobRecord | None] = {job.job_id: job for job in self._jobs(bucket, ids)}
            return found if len(ids) > 1 else {job_id: found.get(job_id) for job_id in ids}

        return self._looks.ask("jobs", bucket, job_id, jobs, most=self._looks.sharing.jobs_at_most)()

    def _jobs(self, bucket: Bucket, ids: Sequence[str]) -> list[JobRecord]:
        others = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
        target = Target(bucket.region, bucket.name, ",".join(ids), f"{ids[0]}{others} of bucket {bucket}")
        response = self._session.document(operations.DESCRIBE_JOB, target, JobsResponse)
        return _records(response.jobs_detail)

    def describe_jobs(
        self,
        bucket: Bucket,
        *,
        tag: str = NOISE_REDUCTION,
        states: Sequence[str] = (),
        input_object: str = "",
        batch_job_id: str = "",
        start_creation_time: float | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[JobRecord]:
        """Yield the jobs of ``tag``, newest first, asking for further pages as they are needed.

        Follows document 460/60576.

        Args:
            bucket: whose jobs.
            tag: the kind of job.
            states: only jobs in these states.
            input_object: only jobs that read this object.
            batch_job_id: only the jobs of this batch job's recordings.
            start_creation_time: only jobs that were created after it, in unix seconds.
            page_size: from 1 to 100.
        """
        filters = [("tag", tag), ("orderByTime", "Desc"), ("states", ",".join(states) or "All")]
        filters += [("inputObject", input_object)] if input_object else []
        filters += [("inventoryTriggerJobId", batch_job_id)] if batch_job_id else []
        if start_creation_time is not None:
            filters.append(("startCreationTime", render_time(start_creation_time)))
        yield from self._session.tokened_pages(
            operations.DESCRIBE_JOBS,
            Target.list_of(bucket),
            JobsResponse,
            lambda page: (_records(page.jobs_detail), page.next_token),
            tuple(filters),
            page_size=page_size,
        )

    def cancel_job(self, bucket: Bucket, job_id: str) -> None:
        """Cancel a job that has not started; the service refuses it for any other (document 436/120620)."""
        self._session.call(operations.CANCEL_JOB, Target.in_bucket(bucket, job_id), _nothing)

    def create_template(self, bucket: Bucket, template: TemplateRequest) -> TemplateRecord:
        """Create ``template``, whose name must be free (document 1045/73377).

        Raises:
            DecodeError: the answer names no template, so whether there is one is unknown.
        """
        target = Target(bucket.region, bucket.name, "", f"{template.name} of bucket {bucket}")
        return self._session.call(operations.CREATE_TEMPLATE, target, _created_template, body=TemplateBody.of(template))

    def update_template(self, bucket: Bucket, template_id: str, template: TemplateRequest) -> TemplateRecord | None:
        """Give the template another name or other parameters; return what the service says of it.

        Follows document 1045/73378.
        """
        return self._session.call(
            operations.UPDATE_TEMPLATE,
            Target.in_bucket(bucket, template_id),
            _template,
            body=TemplateBody.of(template),
        )

    def describe_templates(self, bucket: Bucket, *, ids: Sequence[str] = (), prefix: str = "") -> list[TemplateRecord]:
        """Return the templates of the account's own, every page of them (document 1045/72989).

        Args:
            bucket: whose templates.
            ids: only these.
            prefix: only templates whose names begin so.
        """
        filters = (("category", "Custom"), ("ids", ",".join(ids)), ("name", prefix))
        templates = self._session.numbered_pages(
            operations.DESCRIBE_TEMPLATES,
            Target.list_of(bucket),
            TemplateListResponse,
            lambda page: page.template_list,
            filters,
        )
        return _records(templates)

    def delete_template(self, bucket: Bucket, template_id: str) -> None:
        """Delete the template (document 1045/49918)."""
        self._session.call(operations.DELETE_TEMPLATE, Target.in_bucket(bucket, template_id), _nothing)

    def describe_workflows(self, bucket: Bucket) -> list[WorkflowRecord]:
        """Return every workflow of ``bucket`` (document 1045/43734)."""
        workflows = self._session.numbered_pages(
            operations.DESCRIBE_WORKFLOWS,
            Target.list_of(bucket),
            WorkflowListResponse,
            lambda page: page.media_workflow_list,
        )
        return _records(workflows)

    def create_batch_job(
        self, bucket: Bucket, batch: BatchJobRequest, about_to_send: Callable[[], None] | None = None
    ) -> BatchJobRecord:
        """Submit ``batch``, once, whatever the outcome (document 1045/50369).

        Args:
            bucket: of the recordings.
            batch: what to do.
            about_to_send: called right before it is sent; where it raises, nothing is sent.

        Raises:
            DecodeError: the answer names no batch job, so whether there is one is unknown.
        """
        target = Target(bucket.region, bucket.name, "", f"of bucket {bucket}")
        return self._session.call(
            operations.CREATE_BATCH_JOB,
            target,
            _created_batch_job,
            body=BatchJobBody.of(batch),
            about_to_send=about_to_send,
        )

    def describe_batch_job(self, bucket: Bucket, job_id: str) -> BatchJobRecord | None:
        """Return the batch job, or ``None`` where the service knows no such one (any more) (document 460/76893)."""
        target = Target.in_bucket(bucket, job_id)
        response = self._session.document(operations.DESCRIBE_BATCH_JOB, target, BatchJobsResponse)
        return next((job for job in _records(response.jobs_detail) if job.job_id == job_id), None)

    def describe_batch_jobs(
        self,
        bucket: Bucket,
        *,
        kind: str,
        states: Sequence[str] = (),
        name: str = "",
        start_creation_time: float | None = None,
    ) -> list[BatchJobRecord]:
        """Return the batch jobs of ``bucket`` (document 460/76894).

        Args:
            bucket: whose batch jobs.
            kind: ``Workflow`` or ``Job``: each list holds one kind only.
            states: only those in these states.
            name: only those of this name; that it is compared exactly is not documented.
            start_creation_time: only those that were created after it, in unix seconds.
        """
        filters = [("type", kind), ("states", ",".join(states) or "All")]
        filters += [("name", name)] if name else []
        if start_creation_time is not None:
            filters.append(("startCreationTime", render_time(start_creation_time)))
        return list(
            self._session.tokened_pages(
                operations.DESCRIBE_BATCH_JOBS,
                Target.list_of(bucket),
                BatchJobsResponse,
                lambda page: (_records(page.jobs_detail), page.next_token),
                tuple(filters),
            )
        )

    def cancel_batch_job(self, bucket: Bucket, job_id: str) -> None:
        """Cancel a batch job that has not ended; what of it has started goes on."""
        self._session.call(operations.CANCEL_BATCH_JOB, Target.in_bucket(bucket, job_id), _nothing)

    def list_objects(self, bucket: Bucket, prefix: str) -> Iterator[ObjectRecord]:
        """Yield the objects whose keys begin with ``prefix``, in the order of their keys, 1,000 a page.

        Follows document 436/7734.
        """
        yield from self._session.tokened_pages(
            operations.LIST_OBJECTS,
            Target.list_of(bucket),
            ListBucketResult,
            lambda page: (_records(page.contents), page.marker),
            (*((("prefix", prefix),) if prefix else ()), ("encoding-type", "url")),
            paging=BY_MARKER,
        )

    def put_object(self, bucket: Bucket, key: str, content: bytes, content_type: str) -> None:
        """Write an object (document 436/7749)."""
        target = Target.in_bucket(bucket, key)
        self._session.call(operations.PUT_OBJECT, target, _nothing, content=(content, content_type))

    def head_object(self, bucket: Bucket, key: str) -> ObjectHead | None:
        """Return what is known of an object, or ``None`` where it, or its bucket, does not exist.

        Follows document 436/7745.
        """
        try:
            return self._session.call(operations.HEAD_OBJECT, Target.in_bucket(bucket, key), _object_head)
        except ApiError as error:
            if error.is_from_service and error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def _change(self, operation: Operation, bucket: Bucket, read: Callable[[Response], Result]) -> Result:
        """Carry out what changes how the bucket stands: no list that was sent before its end tells of the bucket."""
        with self._looks.writing(bucket):
            return self._session.call(operation, Target.bucket_itself(bucket), read)

    def _ask_service_bucket(self, service: Service, bucket: Bucket) -> Callable[[], _Named]:
        def named(names: Sequence[str]) -> dict[str, _Named]:
            query = BucketQuery(regions=(bucket.region,), bucket_names=names)
            listed = self.describe_service_buckets(service, bucket.region, query)
            found = {record.bucket: record for record in listed}
            return {name: _Named(found.get(name), is_exact=len(names) == 1) for name in names}

        return self._looks.ask(service.name, bucket.region, bucket.name, named, most=self._looks.sharing.names_at_most)


@dataclass(frozen=True)
class _Named:
    """What a list says of a bucket that it was asked for by its name."""

    record: BucketRecord | None
    is_exact: bool


class _HasRecord(Protocol[Record_co]):
    def record(self) -> Record_co | None: ...


def _records(items: Iterable[_HasRecord[Record_co]]) -> list[Record_co]:
    """Return the records of ``items``, without the empty items that stand for none."""
    return [record for item in items if (record := item.record()) is not None]


def _nothing(_response: Response) -> None:
    return


def _asr_bucket(response: Response) -> BucketRecord | None:
    # The documents describe a body; whether it always comes is not documented, and nothing depends on it.
    bucket = decode(response.body, AsrBucketResponse).asr_bucket if response.body.strip() else None
    return bucket.record() if bucket else None


def _created_job(response: Response) -> JobRecord:
    jobs = _records(decode(response.body, JobsResponse).jobs_detail)
    if len(jobs) != 1:
        raise DecodeError("the answer names no job")
    return jobs[0]


def _created_batch_job(response: Response) -> BatchJobRecord:
    jobs = _records(decode(response.body, BatchJobsResponse).jobs_detail)
    if len(jobs) != 1:
        raise DecodeError("the answer names no batch job")
    return jobs[0]


def _template(response: Response) -> TemplateRecord | None:
    template = decode(response.body, TemplateResponse).template
    return template.record() if template else None


def _created_template(response: Response) -> TemplateRecord:
    template = _template(response)
    if template is None:
        raise DecodeError("the answer names no template")
    return template


def _object_head(response: Response) -> ObjectHead:
    size = response.headers.get("content-length", "")
    try:
        modified = parsedate_to_datetime(response.headers.get("last-modified", "")).timestamp()
    except (ValueError, OverflowError):
        modified = None
    return ObjectHead(
        etag=response.headers.get("etag", "").strip('"'),
        size=int(size) if re.fullmatch("[0-9]{1,18}", size) else 0,
        last_modified=modified,
    )
