"""The API's documents as models named after their elements, and the records they stand for. No I/O.

The only user of ``lxml``. Answers are read tolerantly: elements may be missing, empty, repeated, unknown or in any
order. An unset time is ``-`` or empty in the API and ``None`` here. A list without a match may hold one empty item
(the official Java SDK drops a job without ids), so an item without its id is no item: its ``record()`` is ``None``.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from itertools import islice
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote

from lxml import etree
from pydantic import BeforeValidator, ValidationError
from pydantic_xml import BaseXmlModel, element
from pydantic_xml.errors import ParsingError

from pulumi_ci_audio.api import records
from pulumi_ci_audio.api.errors import DecodeError, one_line


def _unset(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _unset_time(value: object) -> object:
    return None if isinstance(value, str) and value.strip() == "-" else _unset(value)


def _digits(value: object) -> object:
    # Python takes the digits of every script for a number; the service writes ASCII.
    if isinstance(value, str) and value.strip() and not re.fullmatch("[0-9]{1,18}", value.strip()):
        raise ValueError("must be digits")
    return _unset(value)


Text = Annotated[str | None, BeforeValidator(_unset)]
"""A text that may be missing or empty."""

Time = Annotated[str | None, BeforeValidator(_unset_time)]
"""A time that may be missing, empty or ``-``."""


Count = Annotated[int | None, BeforeValidator(_digits)]
"""A number of things that may be missing or empty."""


def _object_time(text: str | None) -> float | None:
    """Return a time of COS's lists, such as ``2020-12-10T03:37:30.000Z``, in unix seconds."""
    try:
        return datetime.fromisoformat((text or "").replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None


LONGEST_JSON_BYTES = 65_536
MOST_ELEMENTS = 100_000
"""An answer with more elements and attributes than this is none of the API: it would take gigabytes as models."""


class Element(BaseXmlModel, search_mode="unordered"):
    """An element of the API: its children in any order, unknown ones ignored."""


class NoiseReduction(Element, tag="NoiseReduction"):
    """The parameters of a noise reduction.

    The job page spells the rate ``SampleRate``; the template page that it refers to and every official SDK spell it
    ``Samplerate``, which is sent (documents 460/84796, 1045/73377).
    """

    format: Text = element(tag="Format", default=None)
    samplerate: Text = element(tag="Samplerate", default=None)

    @classmethod
    def of(cls, parameters: records.NoiseReductionParameters) -> NoiseReduction:
        """Return the element for ``parameters``."""
        return cls(format=parameters.format, samplerate=_text(parameters.sample_rate))


class EchoedNoiseReduction(NoiseReduction, tag="NoiseReduction"):
    """The parameters as an answer repeats them, in either spelling."""

    sample_rate: Text = element(tag="SampleRate", default=None)

    def record(self) -> records.NoiseReductionParameters:
        """Return the parameters; a rate that is no number counts as unsaid."""
        rate = self.samplerate or self.sample_rate or ""
        return records.NoiseReductionParameters(self.format, int(rate) if rate.isascii() and rate.isdigit() else None)


class Input(Element, tag="Input"):
    """What a job reads."""

    object: Text = element(tag="Object", default=None)
    bucket_id: Text = element(tag="BucketId", default=None)
    region: Text = element(tag="Region", default=None)


class Output(Element, tag="Output"):
    """What a job writes."""

    region: Text = element(tag="Region", default=None)
    bucket: Text = element(tag="Bucket", default=None)
    object: Text = element(tag="Object", default=None)


class JobOperation(Element, tag="Operation"):
    """What a job does, as a submission asks for it."""

    template_id: Text = element(tag="TemplateId", default=None)
    noise_reduction: NoiseReduction | None = element(tag="NoiseReduction", default=None)
    output: Output | None = element(tag="Output", default=None)
    user_data: Text = element(tag="UserData", default=None)
    job_level: Text = element(tag="JobLevel", default=None)


class CallBackMqConfig(Element, tag="CallBackMqConfig"):
    """The message queue that a job reports to."""

    mq_region: Text = element(tag="MqRegion", default=None)
    mq_mode: Text = element(tag="MqMode", default=None)
    mq_name: Text = element(tag="MqName", default=None)


class JobBody(Element, tag="Request"):
    """The body of ``POST /jobs`` (document 460/84796)."""

    tag: str = element(tag="Tag")
    input: Input = element(tag="Input")
    operation: JobOperation = element(tag="Operation")
    queue_id: Text = element(tag="QueueId", default=None)
    call_back: Text = element(tag="CallBack", default=None)
    call_back_format: Text = element(tag="CallBackFormat", default=None)
    call_back_type: Text = element(tag="CallBackType", default=None)
    call_back_mq_config: CallBackMqConfig | None = element(tag="CallBackMqConfig", default=None)

    @classmethod
    def of(cls, job: records.JobRequest) -> JobBody:
        """Return the document that submits ``job``."""
        return cls(
            tag=job.tag,
            input=Input(object=job.input_object),
            operation=JobOperation(
                template_id=job.template_id,
                noise_reduction=NoiseReduction.of(job.noise_reduction) if job.noise_reduction else None,
                output=Output(region=job.output.region, bucket=job.output.name, object=job.output_object),
                user_data=job.user_data,
                job_level=_text(job.job_level),
            ),
            queue_id=job.queue_id,
            **_callback_elements(job.callback),
        )


def _callback_elements(callback: records.Callback | None) -> dict[str, Any]:
    """Return the four elements that say where an end is reported."""
    if callback is None:
        return {}
    is_queue = callback.url is None
    queue = CallBackMqConfig(mq_region=callback.mq_region, mq_mode=callback.mq_mode, mq_name=callback.mq_name)
    return {
        "call_back": callback.url,
        "call_back_format": callback.format,
        "call_back_type": "TDMQ" if is_queue else "Url",
        "call_back_mq_config": queue if is_queue else None,
    }


class EchoedOperation(Element, tag="Operation"):
    """What a job does, as an answer repeats it."""

    template_id: Text = element(tag="TemplateId", default=None)
    noise_reduction: EchoedNoiseReduction | None = element(tag="NoiseReduction", default=None)
    output: Output | None = element(tag="Output", default=None)
    user_data: Text = element(tag="UserData", default=None)


class JobsDetail(Element, tag="JobsDetail"):
    """One job (document 436/76945)."""

    job_id: Text = element(tag="JobId", default=None)
    tag: Text = element(tag="Tag", default=None)
    state: Text = element(tag="State", default=None)
    code: Text = element(tag="Code", default=None)
    message: Text = element(tag="Message", default=None)
    creation_time: Time = element(tag="CreationTime", default=None)
    start_time: Time = element(tag="StartTime", default=None)
    end_time: Time = element(tag="EndTime", default=None)
    queue_id: Text = element(tag="QueueId", default=None)
    input: Input | None = element(tag="Input", default=None)
    operation: EchoedOperation | None = element(tag="Operation", default=None)

    def record(self) -> records.JobRecord | None:
        """Return the job."""
        if self.job_id is None:
            return None
        operation = self.operation or EchoedOperation()
        output = operation.output or Output()
        return records.JobRecord(
            job_id=self.job_id,
            state=self.state,
            tag=self.tag,
            code=self.code,
            message=self.message,
            creation_time=self.creation_time,
            start_time=self.start_time,
            end_time=self.end_time,
            queue_id=self.queue_id,
            input_object=self.input.object if self.input else None,
            output_region=output.region,
            output_bucket=output.bucket,
            output_object=output.object,
            template_id=operation.template_id,
            noise_reduction=operation.noise_reduction.record() if operation.noise_reduction else None,
            user_data=operation.user_data,
        )


class JobsResponse(Element, tag="Response"):
    """The answer of every job call."""

    jobs_detail: list[JobsDetail] = element(tag="JobsDetail", default=[])
    next_token: Text = element(tag="NextToken", default=None)


class BucketItem(Element):
    """A bucket in the list of a processing service."""

    bucket_id: Text = element(tag="BucketId", default=None)
    name: Text = element(tag="Name", default=None)
    region: Text = element(tag="Region", default=None)
    create_time: Time = element(tag="CreateTime", default=None)

    def record(self) -> records.BucketRecord | None:
        """Return the bucket."""
        return None if self.bucket_id is None else records.BucketRecord(self.bucket_id, self.region, self.create_time)


class BoundBucketItem(Element):
    """A bucket in the list of the bound ones (document 460/97527)."""

    bucket_id: Text = element(tag="BucketId", default=None)
    region: Text = element(tag="Region", default=None)
    status: Text = element(tag="Status", default=None)

    def record(self) -> records.BoundBucketRecord | None:
        """Return the bucket."""
        return None if self.bucket_id is None else records.BoundBucketRecord(self.bucket_id, self.region, self.status)


class BoundBucketListResponse(Element, tag="Response"):
    """The answer of ``GET /cibuckets``."""

    total_count: Count = element(tag="TotalCount", default=None)
    items: list[BoundBucketItem] = element(tag="CIBucketList", default=[])


class AsrBucket(BucketItem, tag="AsrBucket"):
    """The bucket in the answer of ``POST /asrbucket``."""


class AsrBucketResponse(Element, tag="Response"):
    """The answer of ``POST /asrbucket`` (document 1045/73363)."""

    asr_bucket: AsrBucket | None = element(tag="AsrBucket", default=None)


class BucketListResponse(Element, tag="Response"):
    """The answer of the lists of the processing services; each service has its own element."""

    total_count: Count = element(tag="TotalCount", default=None)
    asr: list[BucketItem] = element(tag="AsrBucketList", default=[])
    media: list[BucketItem] = element(tag="MediaBucketList", default=[])
    doc: list[BucketItem] = element(tag="DocBucketList", default=[])
    file: list[BucketItem] = element(tag="FileBucketList", default=[])
    pic: list[BucketItem] = element(tag="PicBucketList", default=[])
    ai: list[BucketItem] = element(tag="AiBucketList", default=[])

    @property
    def items(self) -> list[BucketItem]:
        """The buckets, whichever service was asked."""
        return [*self.asr, *self.media, *self.doc, *self.file, *self.pic, *self.ai]


class Queue(Element, tag="QueueList"):
    """A queue of Smart Audio (document 1045/73366)."""

    queue_id: Text = element(tag="QueueId", default=None)
    name: Text = element(tag="Name", default=None)
    state: Text = element(tag="State", default=None)

    def record(self) -> records.QueueRecord | None:
        """Return the queue."""
        return None if self.queue_id is None else records.QueueRecord(self.queue_id, self.name, self.state)


class QueueListResponse(Element, tag="Response"):
    """The answer of ``GET /asrqueue``."""

    queue_list: list[Queue] = element(tag="QueueList", default=[])


class TemplateBody(Element, tag="Request"):
    """The body of ``POST /template`` and ``PUT /template/<id>`` (documents 1045/73377, 1045/73378)."""

    tag: str = element(tag="Tag", default=records.NOISE_REDUCTION)
    name: str = element(tag="Name")
    noise_reduction: NoiseReduction = element(tag="NoiseReduction")

    @classmethod
    def of(cls, template: records.TemplateRequest) -> TemplateBody:
        """Return the document that creates or updates ``template``."""
        return cls(name=template.name, noise_reduction=NoiseReduction.of(template.noise_reduction))


class Template(Element, tag="Template"):
    """A template."""

    template_id: Text = element(tag="TemplateId", default=None)
    name: Text = element(tag="Name", default=None)
    tag: Text = element(tag="Tag", default=None)
    state: Text = element(tag="State", default=None)
    create_time: Time = element(tag="CreateTime", default=None)
    update_time: Time = element(tag="UpdateTime", default=None)
    noise_reduction: EchoedNoiseReduction | None = element(tag="NoiseReduction", default=None)

    def record(self) -> records.TemplateRecord | None:
        """Return the template."""
        if self.template_id is None:
            return None
        return records.TemplateRecord(
            template_id=self.template_id,
            name=self.name,
            tag=self.tag,
            create_time=self.create_time,
            update_time=self.update_time,
            noise_reduction=self.noise_reduction.record() if self.noise_reduction else None,
        )


class TemplateResponse(Element, tag="Response"):
    """The answer of creating or updating a template."""

    template: Template | None = element(tag="Template", default=None)


class TemplateListResponse(Element, tag="Response"):
    """The answer of ``GET /template`` (document 1045/72989)."""

    total_count: Count = element(tag="TotalCount", default=None)
    template_list: list[Template] = element(tag="TemplateList", default=[])


class Workflow(Element, tag="MediaWorkflowList"):
    """A workflow (document 1045/43734)."""

    workflow_id: Text = element(tag="WorkflowId", default=None)
    name: Text = element(tag="Name", default=None)
    state: Text = element(tag="State", default=None)

    def record(self) -> records.WorkflowRecord | None:
        """Return the workflow."""
        return None if self.workflow_id is None else records.WorkflowRecord(self.workflow_id, self.name, self.state)


class WorkflowListResponse(Element, tag="Response"):
    """The answer of ``GET /workflow``, in the order of its elements: else the first workflow would become the last."""

    media_workflow_list: list[Workflow] = element(tag="MediaWorkflowList", default=[])
    total_count: Count = element(tag="TotalCount", default=None)


class BatchInput(Element, tag="Input"):
    """What a batch job reads."""

    url_file: Text = element(tag="UrlFile", default=None)


class JobParam(Element, tag="JobParam"):
    """How a batch job treats each recording."""

    template_id: Text = element(tag="TemplateId", default=None)


class BatchOperation(Element, tag="Operation"):
    """What a batch job does with each recording."""

    tag: Text = element(tag="Tag", default=None)
    job_param: JobParam | None = element(tag="JobParam", default=None)
    output: Output | None = element(tag="Output", default=None)
    user_data: Text = element(tag="UserData", default=None)
    job_level: Text = element(tag="JobLevel", default=None)
    call_back: Text = element(tag="CallBack", default=None)
    call_back_format: Text = element(tag="CallBackFormat", default=None)
    call_back_type: Text = element(tag="CallBackType", default=None)
    call_back_mq_config: CallBackMqConfig | None = element(tag="CallBackMqConfig", default=None)


class BatchJobBody(Element, tag="Request"):
    """The body of ``POST /inventorytriggerjob`` (document 1045/50369)."""

    name: str = element(tag="Name")
    type: str = element(tag="Type", default="Job")
    input: BatchInput = element(tag="Input")
    operation: BatchOperation = element(tag="Operation")

    @classmethod
    def of(cls, batch: records.BatchJobRequest) -> BatchJobBody:
        """Return the document that submits ``batch``."""
        return cls(
            name=batch.name,
            input=BatchInput(url_file=batch.list_url),
            operation=BatchOperation(
                tag=records.NOISE_REDUCTION,
                job_param=JobParam(template_id=batch.template_id),
                output=Output(region=batch.output.region, bucket=batch.output.name, object=batch.output_object),
                user_data=batch.user_data,
                job_level=_text(batch.job_level),
                **_callback_elements(batch.callback),
            ),
        )


class BatchJob(Element, tag="JobsDetail"):
    """A batch job."""

    job_id: Text = element(tag="JobId", default=None)
    name: Text = element(tag="Name", default=None)
    state: Text = element(tag="State", default=None)
    type: Text = element(tag="Type", default=None)
    code: Text = element(tag="Code", default=None)
    message: Text = element(tag="Message", default=None)
    creation_time: Time = element(tag="CreationTime", default=None)
    end_time: Time = element(tag="EndTime", default=None)
    operation: BatchOperation | None = element(tag="Operation", default=None)

    def record(self) -> records.BatchJobRecord | None:
        """Return the batch job."""
        if self.job_id is None:
            return None
        operation = self.operation or BatchOperation()
        output = operation.output or Output()
        return records.BatchJobRecord(
            job_id=self.job_id,
            name=self.name,
            state=self.state,
            type=self.type,
            code=self.code,
            message=self.message,
            creation_time=self.creation_time,
            end_time=self.end_time,
            output_region=output.region,
            output_bucket=output.bucket,
            output_object=output.object,
            template_id=operation.job_param.template_id if operation.job_param else None,
        )


class BatchJobsResponse(Element, tag="Response"):
    """The answer of every batch job call."""

    jobs_detail: list[BatchJob] = element(tag="JobsDetail", default=[])
    next_token: Text = element(tag="NextToken", default=None)


class Contents(Element, tag="Contents"):
    """An object in the list of a bucket, its key spelled as in an address."""

    key: Text = element(tag="Key", default=None)
    etag: Text = element(tag="ETag", default=None)
    size: Count = element(tag="Size", default=None)
    last_modified: Time = element(tag="LastModified", default=None)

    def record(self) -> records.ObjectRecord | None:
        """Return the object."""
        if self.key is None:
            return None
        etag = (self.etag or "").strip('"')
        return records.ObjectRecord(unquote(self.key), etag, self.size or 0, _object_time(self.last_modified))


class ListBucketResult(Element, tag="ListBucketResult"):
    """The answer of ``GET /`` on the bucket's COS host (document 436/7734)."""

    contents: list[Contents] = element(tag="Contents", default=[])
    is_truncated: Literal["true", "false"] = element(tag="IsTruncated")  # without it, an end is not to be told
    next_marker: Text = element(tag="NextMarker", default=None)

    @property
    def marker(self) -> str | None:
        """After which key the list goes on; ``None`` at its end."""
        if self.is_truncated == "false":
            return None
        last = self.contents[-1].key if self.contents else None
        return unquote(self.next_marker or last or "") or None


class ErrorDocument(Element, tag="Error"):
    """The error envelope (documents 1045/43611, 436/46214)."""

    code: Text = element(tag="Code", default=None)
    message: Text = element(tag="Message", default=None)
    request_id: Text = element(tag="RequestId", default=None)


class _StatusDocument(Element, tag="CIStatus"):
    """The status as the legacy host writes it: a single element with a text."""

    status: str


Model = TypeVar("Model", bound=Element)

_DECLARATION = b'<?xml version="1.0" encoding="utf-8"?>\n'


def encode(model: Element) -> bytes:
    """Return ``model`` as an XML document; elements without a value are left out."""
    content = model.to_xml(skip_empty=True, exclude_none=True, encoding="utf-8")
    return _DECLARATION + (content if isinstance(content, bytes) else content.encode())


def decode(body: bytes, model: type[Model]) -> Model:
    """Return the XML document ``body`` as ``model``.

    Raises:
        DecodeError: it is no XML, or not the document that was expected.
    """
    # Made per call, since a parser must not be shared by threads.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree: Any = etree.fromstring(body, parser)  # pydantic-xml is typed for the standard library's elements
        if sum(1 + len(found.attrib) for found in islice(tree.iter(), MOST_ELEMENTS + 1)) > MOST_ELEMENTS:
            raise DecodeError(f"the answer has more than {MOST_ELEMENTS:,} elements")
        return model.from_xml_tree(tree)
    except (etree.XMLSyntaxError, ParsingError, ValidationError, ValueError) as error:
        raise DecodeError(_unexpected(body)) from error


def _unexpected(body: bytes) -> str:
    """Return what is wrong with an answer that is not the document that was asked for."""
    shown = one_line(body[:120].decode("utf-8", "replace"))
    if _is_from_a_service(body):
        return f"the answer is not the document that was expected; it begins {shown!r}"
    return f"not the service's answer: a proxy or a wrong endpoint? It begins {shown!r}"


def _is_from_a_service(body: bytes) -> bool:
    text = body.lstrip().lower()
    return text.startswith((b"<", b"{")) and not text.startswith((b"<html", b"<!doctype html"))


def decode_status(body: bytes) -> str:
    """Return the CI status in ``body``: ``on``, ``off`` or ``unbinding``.

    The service writes it in JSON, and in XML on its legacy host (documents 1045/33702, 460/97481).


    Raises:
        DecodeError: it is neither.
    """
    text = body.lstrip()
    if text.startswith(b"{"):
        status = _json_object(body).get("CIStatus")
        if isinstance(status, str) and status:
            return status
    elif text.startswith(b"<"):
        return decode(text, _StatusDocument).status.strip()
    raise DecodeError(_unexpected(body))


def decode_error(body: bytes) -> ErrorDocument:
    """Return the error in ``body``, which is XML, JSON or empty; what cannot be read becomes the message."""
    if not body.strip():
        return ErrorDocument()
    if body.lstrip().startswith(b"{"):
        try:
            fields = {name.lower(): str(value) for name, value in _json_object(body).items() if value is not None}
        except DecodeError:
            fields = {}
        if "code" in fields:
            return ErrorDocument(code=fields["code"], message=fields.get("message"), request_id=fields.get("requestid"))
    try:
        return decode(body, ErrorDocument)
    except DecodeError:
        return ErrorDocument(message=one_line(body[:512].decode("utf-8", "replace")))


def _json_object(body: bytes) -> dict[str, object]:
    if len(body) > LONGEST_JSON_BYTES:
        raise DecodeError(f"the answer has more than {LONGEST_JSON_BYTES:,} bytes of JSON")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DecodeError("the answer is broken JSON") from error
    return value if isinstance(value, dict) else {}
