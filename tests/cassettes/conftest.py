"""The client before a cassette: replayed as a rule, recorded by ``tools/record.py``.

A test arranges what it needs on the :class:`Stage`, off the tape, then makes the calls that the cassette holds. When
it is replayed there is nothing to arrange, and the stage hands out the ids that stand on the cassette. Requests are
matched whole; nothing in them depends on the time or on chance, since signatures are not on cassettes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from qcloud_cos import CosConfig, CosS3Client

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.credentials import Credentials, CredentialSource
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import JobRecord, JobRequest, NoiseReductionParameters, TemplateRequest
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.api.transport import RequestsTransport
from pulumi_ci_audio.api.waiting import Waiter
from tests.cassettes.scrubbing import BUCKET, REGION, Scrubber

ROOT = Path(__file__).parents[2]
PREFIX = "ci-audio-record"
PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Target:
    """What is recorded: nothing, the emulator, or the service."""

    kind: str
    bucket: Bucket
    credentials: CredentialSource
    endpoint: str | None = None

    @property
    def is_recorded(self) -> bool:
        return self.kind != "cassettes"


@pytest.fixture(scope="session")
def target(record_mode) -> Target:
    """Read before the settings of this machine are hidden from each test."""
    kind = os.environ.get("CI_AUDIO_RECORD", "cassettes") if record_mode != "none" else "cassettes"
    if kind == "cassettes":
        if record_mode != "none":
            pytest.fail("cassettes are recorded by tools/record.py", pytrace=False)
        return Target(kind, Bucket(REGION, BUCKET), lambda: Credentials("replayed", "replayed"))
    bucket = Bucket(os.environ["CI_AUDIO_RECORD_REGION"], os.environ["CI_AUDIO_RECORD_BUCKET"])
    if kind == "emulator":
        return Target(kind, bucket, lambda: Credentials("emulator", "emulator"))
    settings = Settings.of_process()
    return Target(kind, bucket, settings.credentials(), settings.endpoint)


class Tape:
    """What goes on the cassette, and in which words."""

    def __init__(self, scrubber: Scrubber) -> None:
        self.scrubber = scrubber
        self.is_running = True

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let requests pass unrecorded."""
        self.is_running = False
        try:
            yield
        finally:
            self.is_running = True

    def request(self, request: Any) -> Any:
        if not self.is_running:
            return None
        request.body = self.scrubber.body(request.body)
        request.headers = self.scrubber.headers(request.headers, request.body)
        # The true host, whatever server got the request: an emulator's port is another one every time.
        parts = urlsplit(request.uri)
        query = f"?{parts.query}" if parts.query else ""
        request.uri = f"https://{request.headers['host']}{self.scrubber.text(parts.path + query)}"
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        body = self.scrubber.body(response["body"]["string"])
        single = {
            name: values[0] if isinstance(values, list) else values for name, values in response["headers"].items()
        }
        headers = {name: [text] for name, text in self.scrubber.headers(single, body).items()}
        return {"status": response["status"], "headers": headers, "body": {"string": body}}


@pytest.fixture
def scrubber(target) -> Scrubber:
    held = target.credentials()
    secrets = [held.secret_id, held.secret_key, held.token or ""] if target.kind == "service" else []
    return Scrubber(target.bucket.name, target.bucket.region, secrets)


@pytest.fixture
def tape(scrubber) -> Tape:
    return Tape(scrubber)


@pytest.fixture(scope="module")
def vcr_cassette_dir(request) -> str:
    folder = Path(os.environ.get("CI_AUDIO_CASSETTES", ROOT / "cassettes"))
    return str(folder / request.path.stem)


@pytest.fixture
def vcr_config(tape) -> Mapping[str, Any]:
    # "uri" is host, path and query in one: vcr's own "query" drops parameters without a value, such as ?unbind.
    return {
        "match_on": ["method", "host", "path", "uri", "body"],
        # Functions, not methods: the plugin copies this dictionary deeply, and a copied method has a tape of its own.
        "before_record_request": lambda request: tape.request(request),  # noqa: PLW0108  see above
        "before_record_response": lambda response: tape.response(response),  # noqa: PLW0108  see above
        "decode_compressed_response": False,
    }


@pytest.fixture
def emulator(target, request):
    """The emulator that is recorded, or None."""
    return request.getfixturevalue("ci_audio_emulator") if target.kind == "emulator" else None


@pytest.fixture
def endpoint(target, emulator) -> str | None:
    """Where requests go: an emulator, or None for the service."""
    return emulator.url if emulator else target.endpoint


@pytest.fixture
def waiter(target) -> Waiter:
    if target.kind == "service":
        return Waiter(now=time.monotonic, sleep=time.sleep)
    moments = [0.0]

    def sleep(seconds: float) -> None:
        moments[0] += seconds

    return Waiter(now=lambda: moments[0], sleep=sleep)


@pytest.fixture
def client_with(endpoint, waiter) -> Iterator[Callable[[CredentialSource], Client]]:
    """Return a function that makes clients with other credentials."""
    transport = RequestsTransport(endpoint, connect_timeout=10, read_timeout=30)
    yield lambda credentials: Client(transport, credentials, waiter)
    transport.close()


@pytest.fixture
def client(target, client_with) -> Client:
    return client_with(target.credentials)


@pytest.fixture
def bucket(target) -> Bucket:
    return target.bucket


@pytest.fixture(autouse=True)
def _cassette_is_used_up(request, target):
    """A request that is not made any more must not stay on a cassette."""
    yield
    if "vcr" in request.keywords and not target.is_recorded:
        cassette = request.getfixturevalue("vcr")
        assert cassette.play_count == len(cassette) > 0


class Stage:
    """What happens before the recorded calls. Nothing at all, when they are replayed."""

    def __init__(
        self, target: Target, client: Client, tape: Tape, emulator: Any, endpoint: str | None, audio: bytes
    ) -> None:
        self._target = target
        self._client = client
        self._tape = tape
        self._emulator = emulator
        self._endpoint = endpoint
        self._audio = audio
        self._templates: list[str] = []
        self._sdk: CosS3Client | None = None

    @property
    def _bucket(self) -> Bucket:
        return self._target.bucket

    def on_the_emulator(self, act: Callable[[Any], object], *, reason: str) -> None:
        """Do what only the emulator can be told to do; the test is not recorded elsewhere."""
        if self._target.kind == "service":
            pytest.skip(reason)
        if self._emulator:
            act(self._emulator)

    def fault(self, *, reason: str, **rule: Any) -> None:
        """Let the emulator spoil the next requests."""
        self.on_the_emulator(lambda emulator: emulator.add_fault(**rule), reason=reason)

    def unbound(self) -> None:
        """See to it that the bucket is not bound."""
        with self._arranging() as is_real:
            if not is_real:
                return
            with suppress(ApiError):  # not enabled
                self._client.delete_asr_bucket(self._bucket)
            if self._client.describe_ci_bucket(self._bucket) == "on":
                self._client.delete_ci_bucket(self._bucket)
            self._until(lambda: self._client.describe_ci_bucket(self._bucket) == "off")

    def bound(self) -> None:
        """See to it that the bucket is bound and has no Smart Audio."""
        with self._arranging() as is_real:
            if not is_real:
                return
            with suppress(ApiError):  # not enabled
                self._client.delete_asr_bucket(self._bucket)
            self._until(lambda: self._client.describe_ci_bucket(self._bucket) != "unbinding")
            self._client.create_ci_bucket(self._bucket)

    def enabled(self) -> None:
        """See to it that the bucket has Smart Audio."""
        with self._arranging() as is_real:
            if is_real:
                self._until(lambda: self._client.describe_ci_bucket(self._bucket) != "unbinding")
                self._client.create_asr_bucket(self._bucket)
                # The official SDKs' own tests wait as long before they use the service.
                time.sleep(0 if self._endpoint else 3)

    def object(self, name: str, content: bytes | None = None) -> str:
        """Store an object, a recording unless told otherwise, and return its key."""
        key = f"{PREFIX}/{name}"
        with self._arranging() as is_real:
            if is_real:
                self._official().put_object(
                    Bucket=self._bucket.name, Key=key, Body=self._audio if content is None else content
                )
        return key

    def paused_queue(self) -> None:
        """Pause the queue, so that jobs wait."""
        self._set_queue("Paused")

    def queue(self) -> str:
        """Return the id of the queue."""
        return self._named("p", lambda: self._client.describe_asr_queues(self._bucket)[0].queue_id)

    def job(self, request: JobRequest, *, until_ended: bool = True) -> str:
        """Submit a job, wait for its end, and return its id."""

        def submit() -> str | None:
            job_id = self._client.create_job(self._bucket, request).job_id
            if until_ended:
                self._until(lambda: self._state_of(job_id) in {"Success", "Failed", "Cancel"})
            return job_id

        return self._named("j", submit)

    def template(self, request: TemplateRequest) -> str:
        """Create a template and return its id."""

        def create() -> str | None:
            template = self._client.create_template(self._bucket, request)
            self._templates.append(template.template_id)
            return template.template_id

        return self._named("t1", create)

    def cleared_templates(self) -> None:
        """See to it that there are no templates of these tests."""
        with self._arranging() as is_real:
            for template in self._client.describe_templates(self._bucket, prefix=PREFIX) if is_real else ():
                self._client.delete_template(self._bucket, template.template_id)

    def leave(self) -> None:
        """Take away what would stand in the way of the next test; the emulator goes as a whole."""
        if self._target.kind == "service":
            with suppress(ApiError):  # Smart Audio is off, and its templates with it
                self.cleared_templates()
                self._set_queue("Active")
            with self._arranging():
                for item in self._official().list_objects(self._bucket.name, Prefix=f"{PREFIX}/").get("Contents", []):
                    self._official().delete_object(self._bucket.name, item["Key"])
        if self._sdk is not None:
            self._sdk._session.close()

    @contextmanager
    def _arranging(self) -> Iterator[bool]:
        """Stop the tape, and tell whether there is anything to arrange."""
        with self._tape.stopped():
            yield self._target.is_recorded

    def _named(self, kind: str, make: Callable[[], str | None]) -> str:
        """Return the id of what ``make`` makes; its stand-in is the next of its kind."""
        with self._arranging() as is_real:
            if not is_real:
                return self._tape.scrubber.next_id(kind)
            made = make()
        assert made
        self._tape.scrubber.text(made)
        return made

    def _set_queue(self, state: str) -> None:
        with self._arranging() as is_real:
            if is_real:
                (queue, *_) = self._client.describe_asr_queues(self._bucket)
                body = {"Name": queue.name, "State": state, "NotifyConfig": {"State": "Off"}}
                self._official().ci_update_asr_queue(Bucket=self._bucket.name, QueueId=queue.queue_id, Request=body)

    def _state_of(self, job_id: str) -> str | None:
        job: JobRecord | None = self._client.describe_job(self._bucket, job_id)
        return job.state if job else None

    def _until(self, is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        pause = 0.02 if self._endpoint else 5.0
        while not is_so():
            assert time.monotonic() < end, "what the test needs did not come about"
            time.sleep(pause)

    def _official(self) -> CosS3Client:
        """The official SDK, for what the client under test has no calls for."""
        if self._sdk is None:
            held = self._target.credentials()
            proxies = {"http": self._endpoint} if self._endpoint else None
            self._sdk = CosS3Client(
                CosConfig(
                    Region=self._bucket.region,
                    SecretId=held.secret_id,
                    SecretKey=held.secret_key,
                    Token=held.token,
                    Scheme="http" if self._endpoint else "https",
                    Proxies=proxies,
                )
            )
        return self._sdk


@pytest.fixture
def stage(target, client, tape, emulator, endpoint, noisy_audio) -> Iterator[Stage]:
    made = Stage(target, client, tape, emulator, endpoint, noisy_audio[:30_000])
    if emulator:
        emulator.put_bucket(target.bucket.region, target.bucket.name)
    yield made
    made.leave()


@pytest.fixture
def job_of(bucket) -> Callable[..., JobRequest]:
    """Return a function that makes submissions."""

    def make(key: str, **more: Any) -> JobRequest:
        return JobRequest(key, bucket, f"{PREFIX}/out.wav", **more)

    return make


@pytest.fixture
def template_of() -> Callable[..., TemplateRequest]:
    """Return a function that makes the bodies of templates."""

    def make(name: str, **parameters: Any) -> TemplateRequest:
        return TemplateRequest(f"{PREFIX}-{name}", NoiseReductionParameters(**parameters))

    return make


@pytest.fixture
def absent_bucket(bucket) -> Bucket:
    """A bucket of the same account that does not exist."""
    return replace(bucket, name=f"absent-{bucket.name}")
