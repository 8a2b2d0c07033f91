"""The CI API as Python: one method per operation, each named after it. Paging, signing and repetition are inside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import count
from typing import TypeVar

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.credentials import CredentialSource
from pulumi_ci_audio.api.errors import ApiError, DecodeError, TransportError
from pulumi_ci_audio.api.messages import (
    AsrBucketResponse,
    BatchJob,
    BatchJobsResponse,
    BucketItem,
    BucketListResponse,
    Element,
    JobRequest,
    JobsDetail,
    JobsResponse,
    Model,
    Queue,
    QueueListResponse,
    Template,
    TemplateListResponse,
    TemplateRequest,
    TemplateResponse,
    Workflow,
    WorkflowListResponse,
    decode,
    decode_error,
    decode_status,
    encode,
)
from pulumi_ci_audio.api.operations import Operation, Service
from pulumi_ci_audio.api.places import Bucket, ObjectHead
from pulumi_ci_audio.api.signing import authorization
from pulumi_ci_audio.api.transport import Answer, Request, Response, Transport, attempt
from pulumi_ci_audio.api.waiting import Waiter

PAGE_SIZE = 100
"""The largest page of every list (documents 1045/73364, 460/60576)."""

_SIGNATURE_SECONDS = 900
_SKEW_SECONDS = 60
_XML = "application/xml"

Pairs = tuple[tuple[str, str], ...]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Client:
    """The operations on CI that this package uses.

    Every method raises :class:`~pulumi_ci_audio.api.errors.ApiError` where the service refuses,
    :class:`~pulumi_ci_audio.api.errors.TransportError` where there is no answer,
    :class:`~pulumi_ci_audio.api.errors.DecodeError` where it cannot be read, and
    :class:`~pulumi_ci_audio.api.errors.SettingsError` where there are no credentials.

    Attributes:
        transport: carries the requests.
        credentials: asked for every attempt of every request.
        waiter: the pauses between two attempts.
        unix_time: the time that signatures are made with.
    """

    transport: Transport
    credentials: CredentialSource = field(repr=False)
    waiter: Waiter
    unix_time: Callable[[], float] = time.time

    # Binding (documents 460/97479, 460/97481, 1045/33702)

    def bind_bucket(self, bucket: Bucket) -> None:
        """Bind ``bucket`` to CI; it exists in COS already."""
        self._bucket_call(operations.BIND_BUCKET, bucket, "PUT", "/")

    def describe_bucket(self, bucket: Bucket) -> str:
        """Return the CI status of ``bucket``: ``on``, ``off`` or ``unbinding``."""
        request = Request("GET", bucket.ci_host, "/", headers={"Accept": "application/json"})
        return self._call(operations.DESCRIBE_BUCKET, request, f"of bucket {bucket}", lambda r: decode_status(r.body))

    def unbind_bucket(self, bucket: Bucket) -> None:
        """Begin to unbind ``bucket`` from CI: its status is ``unbinding`` first and ``off`` later."""
        self._bucket_call(operations.UNBIND_BUCKET, bucket, "PUT", "/", (("unbind", ""),))

    # Smart Audio (documents 1045/73363, 1045/73364, 1045/73365, 1045/73366)

    def create_asr_bucket(self, bucket: Bucket) -> BucketItem | None:
        """Enable Smart Audio for ``bucket``, which binds it where it is not; return what the service says of it."""
        response = self._bucket_call(operations.CREATE_ASR_BUCKET, bucket, "POST", "/asrbucket")
        return decode(response.body, AsrBucketResponse).asr_bucket if response.body.strip() else None

    def describe_asr_buckets(
        self,
        region: str,
        *,
        regions: Sequence[str] = (),
        bucket_names: Sequence[str] = (),
        prefix: str = "",
        page_number: int | None = None,
        page_size: int = PAGE_SIZE,
    ) -> list[BucketItem]:
        """Return the buckets with Smart Audio: every page, unless one is asked for.

        Args:
            region: the region whose host is asked.
            regions: only buckets of these regions.
            bucket_names: only the buckets of exactly these names.
            prefix: only buckets whose names begin so.
            page_number: the only page to return, counted from 1.
            page_size: from 1 to 100.
        """
        return self.describe_service_buckets(
            operations.SMART_AUDIO,
            region,
            regions=regions,
            bucket_names=bucket_names,
            prefix=prefix,
            page_number=page_number,
            page_size=page_size,
        )

    def describe_service_buckets(
        self,
        service: Service,
        region: str,
        *,
        regions: Sequence[str] = (),
        bucket_names: Sequence[str] = (),
        prefix: str = "",
        page_number: int | None = None,
        page_size: int = PAGE_SIZE,
    ) -> list[BucketItem]:
        """Return the buckets for which ``service`` is enabled; the arguments are those of Smart Audio's list."""
        filters = (
            ("regions", ",".join(regions)),
            ("bucketNames", ",".join(bucket_names)),
            ("bucketName", prefix),
        )
        return self._numbered(
            service.operation,
            f"ci.{region}.myqcloud.com",
            service.path,
            filters,
            BucketListResponse,
            lambda page: page.items,
            what=f"of region {region}",
            page_number=page_number,
            page_size=page_size,
        )

    def delete_asr_bucket(self, bucket: Bucket) -> None:
        """Disable Smart Audio for ``bucket``, which deletes its queue."""
        self._bucket_call(operations.DELETE_ASR_BUCKET, bucket, "DELETE", "/asrbucket")

    def describe_asr_queues(self, bucket: Bucket) -> list[Queue]:
        """Return the first page of the Smart Audio queues of ``bucket``; the default one is the first."""
        request = Request("GET", bucket.ci_host, "/asrqueue", (("pageNumber", "1"), ("pageSize", "10")))
        what = f"of bucket {bucket}"
        return self._document(operations.DESCRIBE_ASR_QUEUES, request, what, QueueListResponse).queue_list

    # Jobs (documents 460/84796, 436/76945, 460/60576, 436/120620)

    def submit_noise_reduction(self, bucket: Bucket, job: JobRequest) -> JobsDetail:
        """Submit ``job``, once: it is sent again only where no connection was made.

        Raises:
            DecodeError: the answer names no job, so whether there is one is unknown.
        """
        what = f"for {job.input.object} of bucket {bucket}"
        return self._call(operations.CREATE_JOB, _with_body("POST", bucket, "/jobs", job), what, _submitted_job)

    def describe_job(self, bucket: Bucket, job_id: str) -> JobsDetail | None:
        """Return the job, or ``None`` where the service knows no such job (any more)."""
        request = Request("GET", bucket.ci_host, f"/jobs/{job_id}")
        response = self._document(operations.DESCRIBE_JOB, request, f"{job_id} of bucket {bucket}", JobsResponse)
        return next((job for job in response.jobs_detail if job.job_id == job_id), None)

    def describe_jobs(
        self,
        bucket: Bucket,
        *,
        tag: str = "NoiseReduction",
        states: Sequence[str] = (),
        input_object: str = "",
    ) -> Iterator[JobsDetail]:
        """Yield the jobs of ``tag``, newest first, asking for further pages as they are needed.

        Args:
            bucket: whose jobs.
            tag: the kind of job.
            states: only jobs in these states.
            input_object: only jobs that read this object.
        """
        filters = [("tag", tag), ("orderByTime", "Desc"), ("states", ",".join(states) or "All")]
        filters += [("inputObject", input_object)] if input_object else []
        yield from self._tokened(
            operations.DESCRIBE_JOBS,
            bucket,
            "/jobs",
            tuple(filters),
            JobsResponse,
            lambda page: (page.jobs_detail, page.next_token),
        )

    def cancel_job(self, bucket: Bucket, job_id: str) -> None:
        """Cancel a job that has not started; the service refuses it for any other."""
        what = f"{job_id} of bucket {bucket}"
        request = Request("PUT", bucket.ci_host, f"/jobs/{job_id}", (("cancel", ""),), {"Content-Type": _XML})
        self._call(operations.CANCEL_JOB, request, what, lambda _: None)

    # Templates (documents 1045/73377, 1045/73378, 1045/72989, 1045/49918)

    def create_template(self, bucket: Bucket, template: TemplateRequest) -> Template:
        """Create ``template``, whose name must be free.

        Raises:
            DecodeError: the answer names no template, so whether there is one is unknown.
        """
        request = _with_body("POST", bucket, "/template", template)
        what = f"{template.name} of bucket {bucket}"
        return self._call(operations.CREATE_TEMPLATE, request, what, _named_template)

    def update_template(self, bucket: Bucket, template_id: str, template: TemplateRequest) -> Template | None:
        """Give the template another name or other parameters; return what the service says of it."""
        request = _with_body("PUT", bucket, f"/template/{template_id}", template)
        what = f"{template_id} of bucket {bucket}"
        return self._document(operations.UPDATE_TEMPLATE, request, what, TemplateResponse).template

    def describe_templates(self, bucket: Bucket, *, ids: Sequence[str] = (), prefix: str = "") -> list[Template]:
        """Return the templates of the account's own, every page of them.

        Args:
            bucket: whose templates.
            ids: only these.
            prefix: only templates whose names begin so.
        """
        filters = (("category", "Custom"), ("ids", ",".join(ids)), ("name", prefix))
        return self._numbered(
            operations.DESCRIBE_TEMPLATES,
            bucket.ci_host,
            "/template",
            filters,
            TemplateListResponse,
            lambda page: page.template_list,
            what=f"of bucket {bucket}",
        )

    def delete_template(self, bucket: Bucket, template_id: str) -> None:
        """Delete the template."""
        self._bucket_call(
            operations.DELETE_TEMPLATE,
            bucket,
            "DELETE",
            f"/template/{template_id}",
            what=f"{template_id} of bucket {bucket}",
        )

    # What stands in the way of unbinding (documents 1045/43734, 1045/49919)

    def describe_workflows(self, bucket: Bucket) -> list[Workflow]:
        """Return every workflow of ``bucket``."""
        return self._numbered(
            operations.DESCRIBE_WORKFLOWS,
            bucket.ci_host,
            "/workflow",
            (),
            WorkflowListResponse,
            lambda page: page.media_workflow_list,
            what=f"of bucket {bucket}",
        )

    def describe_batch_jobs(self, bucket: Bucket, *, kind: str, states: Sequence[str]) -> list[BatchJob]:
        """Return the batch jobs of ``bucket``.

        Args:
            bucket: whose batch jobs.
            kind: ``Workflow`` or ``Job``: each list holds one kind only.
            states: only those in these states.
        """
        return list(
            self._tokened(
                operations.DESCRIBE_BATCH_JOBS,
                bucket,
                "/inventorytriggerjob",
                (("type", kind), ("states", ",".join(states))),
                BatchJobsResponse,
                lambda page: (page.jobs_detail, page.next_token),
            )
        )

    # Objects (document 436/7745)

    def head_object(self, bucket: Bucket, key: str) -> ObjectHead | None:
        """Return what is known of an object, or ``None`` where it (or its bucket) does not exist."""
        request = Request("HEAD", bucket.cos_host, f"/{key}")
        try:
            return self._call(operations.HEAD_OBJECT, request, f"{key} of bucket {bucket}", _object_head)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    # The ways of a request

    def _call(self, operation: Operation, request: Request, what: str, read: Callable[[Response], Answer]) -> Answer:
        phrase = operation.phrase.format(what)

        def once() -> Answer:
            try:
                response = self.transport.send(self._signed(request))
                if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                    raise _api_error(phrase, operation, response)
                return read(response)
            except (TransportError, DecodeError) as error:
                raise type(error)(f"could not {phrase}: {error}") from error

        return attempt(once, repeat=operation.repeat, waiter=self.waiter)

    def _bucket_call(
        self,
        operation: Operation,
        bucket: Bucket,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...] = (),
        *,
        what: str = "",
    ) -> Response:
        request = Request(method, bucket.ci_host, path, query, {"Content-Type": _XML})
        return self._call(operation, request, what or f"bucket {bucket}", lambda response: response)

    def _document(self, operation: Operation, request: Request, what: str, model: type[Model]) -> Model:
        return self._call(operation, request, what, lambda response: decode(response.body, model))

    def _numbered(
        self,
        operation: Operation,
        host: str,
        path: str,
        filters: Pairs,
        model: type[Model],
        items: Callable[[Model], list[Item]],
        *,
        what: str,
        page_number: int | None = None,
        page_size: int = PAGE_SIZE,
    ) -> list[Item]:
        found: list[Item] = []
        page: list[Item] = []
        for number in count(1) if page_number is None else (page_number,):
            paging = (("pageNumber", str(number)), ("pageSize", str(page_size)))
            query = tuple(pair for pair in (*filters, *paging) if pair[1])
            document = self._document(operation, Request("GET", host, path, query), what, model)
            before, page = page, items(document)
            # A service that ignored the page's number would go on without end.
            if not page or page == before:
                break
            found += page
            total = getattr(document, "total_count", None)
            if len(found) >= total if total is not None else len(page) < page_size:
                break
        return found

    def _tokened(
        self,
        operation: Operation,
        bucket: Bucket,
        path: str,
        filters: Pairs,
        model: type[Model],
        page_of: Callable[[Model], tuple[list[Item], str | None]],
    ) -> Iterator[Item]:
        token: str | None = None
        seen: set[str] = set()
        while True:
            query = (*filters, ("size", str(PAGE_SIZE)), *((("nextToken", token),) if token else ()))
            request = Request("GET", bucket.ci_host, path, query)
            page, token = page_of(self._document(operation, request, f"of bucket {bucket}", model))
            yield from page
            # The end of a list is an absent token, an empty one, or an empty page; one seen before would go round.
            if not token or not page or token in seen:
                return
            seen.add(token)

    def _signed(self, request: Request) -> Request:
        credentials = self.credentials()
        now = int(self.unix_time())
        headers = dict(request.headers or {})
        if credentials.token:
            plane = "cos" if ".cos." in request.host else "ci"
            headers[f"x-{plane}-security-token"] = credentials.token
        headers["Authorization"] = authorization(
            secret_id=credentials.secret_id,
            secret_key=credentials.secret_key,
            key_time=f"{now - _SKEW_SECONDS};{now + _SIGNATURE_SECONDS}",
            method=request.method,
            path=request.path,
            parameters=request.query,
            headers=[
                ("host", request.host),
                *((name, headers[name]) for name in headers if name != "Accept"),
            ],
        )
        return Request(request.method, request.host, request.path, request.query, headers, request.body)


def _with_body(method: str, bucket: Bucket, path: str, document: Element) -> Request:
    return Request(method, bucket.ci_host, path, headers={"Content-Type": _XML}, body=encode(document))


def _api_error(phrase: str, operation: Operation, response: Response) -> ApiError:
    document = decode_error(response.body)
    request_id = response.headers.get("x-ci-request-id") or response.headers.get("x-cos-request-id")
    return ApiError(
        phrase,
        action=operation.action,
        any_resource=operation.any_resource,
        status=response.status,
        code=document.code or "",
        message=document.message or "",
        request_id=document.request_id or request_id or "",
    )


def _submitted_job(response: Response) -> JobsDetail:
    jobs = decode(response.body, JobsResponse).jobs_detail
    if len(jobs) != 1 or not jobs[0].job_id:
        raise DecodeError("the answer names no job")
    return jobs[0]


def _named_template(response: Response) -> Template:
    template = decode(response.body, TemplateResponse).template
    if template is None or not template.template_id:
        raise DecodeError("the answer names no template")
    return template


def _object_head(response: Response) -> ObjectHead:
    size = response.headers.get("content-length", "")
    try:
        modified = parsedate_to_datetime(response.headers.get("last-modified", "")).timestamp()
    except ValueError:
        modified = None
    return ObjectHead(
        etag=response.headers.get("etag", "").strip('"'),
        size=int(size) if size.isdigit() else 0,
        last_modified=modified,
    )
