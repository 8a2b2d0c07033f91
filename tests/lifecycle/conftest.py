"""A cloud in process: the emulator without sockets, and time that passes only when somebody waits."""

from __future__ import annotations

import contextlib
import json
import shutil

import pytest

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import NoAnswerError
from pulumi_ci_audio.api.transport import Response
from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.errors import ConnectionResetFault, NotAudioError
from pulumi_ci_audio.emulator.http.messages import Request
from pulumi_ci_audio.emulator.state.records import QueueState
from pulumi_ci_audio.emulator.state.settings import Settings
from pulumi_ci_audio.lifecycle.journal import FileJournal
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.types import Context
from tests.support.clock import FakeClock

NOW = 1_700_000_000.0
REGION, NAME = "ap-chongqing", "recordings-1250000000"
PLACE = Bucket(REGION, NAME)
RAW, CLEAN = "raw/voice.mp3", "clean/voice.wav"
OWNER = "recordings/dev//clean"
JOB = {"bucket": NAME, "region": REGION, "inputObject": RAW, "outputObject": CLEAN, "__owner": OWNER}
BINDING = {"bucket": NAME, "region": REGION}
TEMPLATE = {"bucket": NAME, "region": REGION, "templateName": "voices", "__owner": OWNER}
BATCH = {
    "bucket": NAME,
    "region": REGION,
    "inputPrefix": "raw/",
    "outputPrefix": "clean/",
    "templateId": "t1",
    "__owner": OWNER,
}
CREDENTIALS = Credentials("emulator", "emulator")
NO_AUDIO = b"this is no audio"
SETTLE_SECONDS = 10.0
IN_FLIGHT_SECONDS = 40.0
READ_TIMEOUT_SECONDS = 30.0
DENIED = {"status": 403, "code": "AccessDenied"}
GONE = {"status": 404, "code": "NoSuchBucket"}


def denoise(source, target, /, *, format, sample_rate):  # noqa: A002  the real one's name for it
    """Let a result be its parameters and its input."""
    content = source.read_bytes()
    if content.startswith(NO_AUDIO):
        raise NotAudioError("unknown format")
    target.write_bytes(f"{format} {sample_rate} ".encode() + content)


class Cloud:
    """An emulator, the ways to spoil it, and what operations on it did."""

    def __init__(self, folder, *, assumptions=None, **settings):
        self.clock = FakeClock()
        self.start = self.clock.time
        self.folder = folder / "cloud"
        self.emulator = Emulator(
            data=self.folder,
            settings=Settings(**settings),
            assumptions=assumptions,
            denoise=denoise,
            works_in_background=False,  # but between two requests, at the time at which it began: no thread, no chance
            now=self.now,
            sleep=self.clock.sleep,
        )
        self.control = self.emulator.control
        self.reports = []
        self.warnings = []
        self.is_cancelled = False
        self.journal = FileJournal(folder / "journal", now=self.now, uptime=self.clock.now)

    # Time

    def now(self):
        return NOW + self.clock.time

    def waited(self):
        return self.clock.time - self.start

    # The transport of the package's own client

    def send(self, request):
        self.work()
        began = self.clock.time
        try:
            headers = [("Host", request.host), *dict(request.headers or {}).items()]
            received = Request.parse(request.method, request.target, headers, request.body or b"")
            with contextlib.closing(self.emulator.handle(received)) as response:
                lowered = {name.lower(): text for name, text in response.headers.items()}
                answer = Response(response.status, lowered, b"".join(response.pieces()))
        except ConnectionResetFault as error:
            raise NoAnswerError("the connection broke") from error
        finally:
            self.work()
        if self.clock.time - began > READ_TIMEOUT_SECONDS:
            raise NoAnswerError("no answer in time")
        return answer

    def work(self):
        self.emulator.run_jobs()

    def context(self, transport=None, coalescer=None, credentials=CREDENTIALS, **changes):
        """Return the context of a new process; of one of the same process with its ``coalescer``."""
        waiter = self.clock.waiter(is_cancelled=lambda: self.is_cancelled, chance=lambda: 0.0)
        given = {
            "client": Client(transport or self, lambda: credentials, waiter, unix_time=self.now, coalescer=coalescer),
            "waiter": waiter,
            "report": self.reports.append,
            "warn": self.warnings.append,
            "engine_is_alive": lambda: True,
            "timeout_seconds": None,
            "memory": Memory(),
            "journal": self.journal,
            "unix_time": self.now,
            "settle_seconds": SETTLE_SECONDS,
            "in_flight_seconds": IN_FLIGHT_SECONDS,
        }
        return Context(**{**given, **changes})

    # What somebody does at the console

    def seed(self, **settings):
        return self.control.put_bucket(REGION, NAME, **settings)

    def put(self, key, content):
        return self.control.put_object(REGION, NAME, key, content)

    def delete(self, key):
        (self.folder / REGION / NAME / key).unlink()

    def get(self, key):
        return self.control.get_object(REGION, NAME, key)

    def remove_bucket(self):
        shutil.rmtree(self.folder / REGION / NAME)

    @property
    def record(self):
        """What the service remembers of the bucket."""
        return self.emulator.store.bucket(REGION, NAME)

    def pause_queue(self, *, paused=True):
        with self.emulator.store.lock:
            self.record.queue.state = QueueState.PAUSED if paused else QueueState.ACTIVE
        self.work()

    def spoil(self, method, path, *, times=99, effect="before", **action):
        return self.control.add_fault(method=method, path=path, times=times, effect=effect, action=action)

    def mend(self):
        self.control.clear_faults()

    # What was sent and what is there

    def sent(self, *methods):
        return [
            f"{entry['method']} {entry['path']}" + (f"?{entry['query']}" if entry["query"] else "")
            for entry in self.control.requests()
            if not methods or entry["method"] in methods
        ]

    def writes(self):
        return self.sent("PUT", "POST", "DELETE")

    def submissions(self):
        return self.writes().count("POST /jobs")

    @property
    def bucket(self):
        return next(entry for entry in self.control.state()["buckets"] if entry["bucket"] == NAME)

    @property
    def jobs(self):
        self.work()
        return self.control.state()["jobs"]

    @property
    def states(self):
        return [job["state"] for job in self.jobs]

    @property
    def templates(self):
        return self.control.state()["templates"]


def through_json(properties):
    """Return ``properties`` as the engine hands them back: numbers are floats."""
    return json.loads(json.dumps(properties), parse_int=float)


@pytest.fixture
def make_cloud(tmp_path, monkeypatch):
    """Make a cloud with a bucket and a recording in it; its settings are the emulator's."""
    made = []

    def make(**settings):
        cloud = Cloud(tmp_path / str(len(made)), **settings)
        made.append(cloud)
        cloud.seed()
        cloud.put(RAW, b"a recording")
        return cloud

    yield make
    for cloud in made:
        cloud.emulator.close()


@pytest.fixture
def cloud(make_cloud):
    return make_cloud()


@pytest.fixture
def ready(cloud):
    """A cloud whose bucket is bound and has Smart Audio."""
    cloud.seed(ci="on", asr="on")
    return cloud
