"""What the emulated service remembers: plain records without rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.state.object_files import Received

NOISE_REDUCTION = "NoiseReduction"
FORMATS = ("wav", "mp3", "m4a")
SAMPLE_RATES = ("8000", "12000", "16000", "24000", "32000", "44100", "48000")
MAX_INPUT_BYTES = 10 * 1024**2  # "within 10M", "Submit a Task" (1045/73375); that this means MiB is assumed
SPELLINGS = ("Samplerate", "SampleRate")  # job pages write the one, template pages the other

# The services beside Smart Audio: their names in the control call, the path of their list and its element.
SERVICES = {
    "media": ("/mediabucket", "MediaBucketList"),
    "doc": ("/docbucket", "DocBucketList"),
    "file": ("/file_bucket", "FileBucketList"),
    "pic": ("/picbucket", "PicBucketList"),
    "ai": ("/ai_bucket", "AiBucketList"),
}


class State(str, Enum):
    """The states of a job, spelled as on the wire (1045/73375)."""

    SUBMITTED = "Submitted"
    RUNNING = "Running"
    SUCCESS = "Success"
    FAILED = "Failed"
    PAUSE = "Pause"
    CANCEL = "Cancel"

    __str__ = str.__str__


WAITING = frozenset({State.SUBMITTED, State.PAUSE})
UNFINISHED = WAITING | {State.RUNNING}


class QueueState(str, Enum):
    """The states of a queue: ``Paused`` here, ``Pause`` for its jobs."""

    ACTIVE = "Active"
    PAUSED = "Paused"

    __str__ = str.__str__


@dataclass
class Queue:
    """The queue of a bucket's Smart Audio jobs."""

    id: str
    created: float
    updated: float
    name: str = "queue-speech-1"
    state: QueueState = QueueState.ACTIVE
    notify: dict[str, str] = field(default_factory=lambda: {"State": "Off"})


@dataclass
class Workflow:
    """A workflow, put in by a control call."""

    id: str
    bucket: str
    name: str
    state: str
    created: float


@dataclass
class BatchJob:
    """A batch job. A planted one was put in by a control call and never moves by itself."""

    id: str
    name: str
    state: State
    type: str
    created: float
    ended: float | None = None
    input: Content = (("Prefix", None),)
    operation: Content = ()
    is_planted: bool = True


@dataclass(frozen=True)
class Parameters:
    """What noise reduction produces, with the rate's element spelled as it was sent."""

    format: str = "wav"
    sample_rate: str = "16000"
    spelling: str = "Samplerate"


@dataclass
class Template:
    """A noise-reduction template of one bucket."""

    id: str
    region: str
    bucket: str
    name: str
    parameters: Parameters
    created: float
    updated: float


@dataclass(frozen=True)
class Target:
    """Where a job's result goes."""

    region: str
    bucket: str
    key: str


@dataclass(frozen=True)
class Outcome:
    """What a job came to: a file, or else a code and a message; ``result`` is told with the job."""

    at: float
    file: Path | None = None
    code: str = "Success"
    message: str = ""
    result: Content = ()


@dataclass(frozen=True)
class CannedResult:
    """What jobs of a tag come to that the emulator carries out by name only."""

    code: str = "Success"
    message: str = ""
    result: Content = ()
    output: str | None = None


@dataclass(frozen=True)
class Callback:
    """Where the end of a job is told to, and in which format."""

    url: str
    format: str = "XML"


@dataclass
class Job:
    """A job of one bucket. A planted one was put in by a control call and never moves by itself."""

    id: str
    sequence: int
    region: str
    bucket: str
    tag: str
    created: float
    queue_id: str = ""
    state: State = State.SUBMITTED
    input: str = ""
    target: Target | None = None
    parameters: Parameters = field(default_factory=Parameters)
    template_id: str | None = None
    template_name: str | None = None
    user_data: str | None = None
    level: str | None = None
    operation: Content = ()
    callback: Callback | None = None
    started: float | None = None
    ended: float | None = None
    code: str = "Success"
    message: str = ""
    outcome: Outcome | None = None
    result: Content = ()
    is_planted: bool = False
    batch_id: str | None = None


@dataclass(frozen=True)
class Part:
    """A part of a multipart upload."""

    received: Received
    modified: float


@dataclass
class Upload:
    """A multipart upload that is not complete."""

    id: str
    region: str
    bucket: str
    key: str
    headers: Mapping[str, str]
    started: float
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass
class Bucket:
    """All that the service remembers of a bucket, but for its objects."""

    region: str
    name: str
    bound_at: float | None = None
    unbinding_since: float | None = None
    reads_while_unbinding: int = 0
    queue: Queue | None = None
    moderation: bool = False
    services: dict[str, float] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    batch_jobs: dict[str, BatchJob] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
