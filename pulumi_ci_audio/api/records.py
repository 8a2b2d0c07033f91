"""What goes into the API and what comes out of it, as flat plain values. No XML, no HTTP, no I/O.

Times are texts as the service writes them; ``None`` stands for what an answer does not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from pulumi_ci_audio.api.buckets import Bucket

ON, OFF, UNBINDING = "on", "off", "unbinding"
"""The statuses of a bucket's binding (document 1045/33702)."""

NOT_STARTED_STATES = ("Submitted", "Pause")
UNFINISHED_STATES = ("Submitted", "Running", "Pause")
TERMINAL_STATES = ("Success", "Failed", "Cancel")
"""The states of a job and of a batch job (documents 436/76945, 460/76894)."""

NOISE_REDUCTION = "NoiseReduction"
"""The tag of noise-reduction jobs and templates."""

LONGEST_USER_DATA = 1024
"""The longest ``UserData`` the service takes, in characters of printable ASCII (document 460/84796)."""


_BEIJING = timezone(timedelta(hours=8))


def parse_time(text: str | None) -> float | None:
    """Return a time of the API, such as ``2022-06-27T15:23:10+0800``, in unix seconds; ``None`` where it is none."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return None


def render_time(unix_seconds: float) -> str:
    """Return the time as the API writes it."""
    return datetime.fromtimestamp(unix_seconds, _BEIJING).strftime("%Y-%m-%dT%H:%M:%S%z")


@dataclass(frozen=True)
class NoiseReductionParameters:
    """How a recording is cleaned.

    Attributes:
        format: of the result.
        sample_rate: of the result, in hertz.
    """

    format: str | None = None
    sample_rate: int | None = None


@dataclass(frozen=True)
class Callback:
    """Where the service reports the end of a job: ``url``, or a message queue named by the three ``mq_…`` values."""

    format: str | None = None
    url: str | None = None
    mq_region: str | None = None
    mq_mode: str | None = None
    mq_name: str | None = None


@dataclass(frozen=True)
class JobRequest:
    """A job to submit (document 460/84796).

    Attributes:
        input_object: the key of the recording.
        output: the bucket of the result.
        output_object: the key of the result.
        tag: the kind of job.
        template_id: the template that says the parameters.
        noise_reduction: the parameters, where no template says them.
        user_data: printable ASCII that the job's record repeats.
        job_level: the priority, 0 to 2.
        queue_id: the queue; the bucket's default one where it is ``None``.
        callback: where the end is reported.
    """

    input_object: str
    output: Bucket
    output_object: str
    tag: str = NOISE_REDUCTION
    template_id: str | None = None
    noise_reduction: NoiseReductionParameters | None = None
    user_data: str | None = None
    job_level: int | None = None
    queue_id: str | None = None
    callback: Callback | None = None


@dataclass(frozen=True)
class JobRecord:
    """A job as the service describes it (document 436/76945); the parameters as it repeats them."""

    job_id: str
    state: str | None = None
    tag: str | None = None
    code: str | None = None
    message: str | None = None
    creation_time: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    queue_id: str | None = None
    input_object: str | None = None
    output_region: str | None = None
    output_bucket: str | None = None
    output_object: str | None = None
    template_id: str | None = None
    noise_reduction: NoiseReductionParameters | None = None
    user_data: str | None = None


@dataclass(frozen=True)
class TemplateRequest:
    """A noise-reduction template to create or update (documents 1045/73377, 1045/73378)."""

    name: str
    noise_reduction: NoiseReductionParameters


@dataclass(frozen=True)
class TemplateRecord:
    """A template as the service describes it (document 1045/72989)."""

    template_id: str
    name: str | None = None
    tag: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    noise_reduction: NoiseReductionParameters | None = None


@dataclass(frozen=True)
class BoundBucketRecord:
    """A bucket in the list of the bound ones (document 460/97527)."""

    bucket: str
    region: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class BucketRecord:
    """A bucket in the list of a processing service (document 1045/73364)."""

    bucket: str
    region: str | None = None
    create_time: str | None = None


@dataclass(frozen=True)
class QueueRecord:
    """A queue of Smart Audio (document 1045/73366)."""

    queue_id: str
    name: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class WorkflowRecord:
    """A workflow (document 1045/43734)."""

    workflow_id: str
    name: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class BatchJobRequest:
    """A batch of noise reductions to submit (document 1045/50369).

    Attributes:
        name: letters, digits, ``-`` and ``_``, at most 128; it need not be unique.
        list_url: the address of the object that holds the recordings' addresses, one a line.
        output: the bucket of the results.
        output_object: the key of a result; ``${InputName}`` stands for the recording's file name without extension.
        template_id: the template that says the parameters.
        user_data: printable ASCII that the record of each recording's job repeats.
        job_level: the priority, 0 to 2.
        callback: where the end of each recording's job is reported.
    """

    name: str
    list_url: str
    output: Bucket
    output_object: str
    template_id: str
    user_data: str | None = None
    job_level: int | None = None
    callback: Callback | None = None


@dataclass(frozen=True)
class BatchJobRecord:
    """A batch job as the service describes it (documents 460/76893, 460/76894)."""

    job_id: str
    name: str | None = None
    state: str | None = None
    type: str | None = None
    code: str | None = None
    message: str | None = None
    creation_time: str | None = None
    end_time: str | None = None
    output_region: str | None = None
    output_bucket: str | None = None
    output_object: str | None = None
    template_id: str | None = None


@dataclass(frozen=True)
class ObjectRecord:
    """An object in the list of a bucket (document 436/7734).

    Attributes:
        key: of the object.
        etag: without its quotes.
        size: in bytes.
        last_modified: unix seconds, or ``None`` where the list names no readable time.
    """

    key: str
    etag: str
    size: int
    last_modified: float | None


@dataclass(frozen=True)
class ObjectHead:
    """What is known of an object without reading it.

    Attributes:
        etag: without its quotes.
        size: in bytes.
        last_modified: unix seconds, or ``None`` where the answer names no readable time.
    """

    etag: str
    size: int
    last_modified: float | None
