"""A signing client of the emulator, through both doors, with a clock that stands still."""

import contextlib
import http.client
import threading
import time
from dataclasses import fields
from urllib.parse import quote, urlencode

import pytest
from lxml import etree

from pulumi_ci_audio.api.signing import authorization
from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.audio.worker import denoise_by_ffmpeg
from pulumi_ci_audio.emulator.http.messages import Request
from pulumi_ci_audio.emulator.http.server import EmulatorServer
from pulumi_ci_audio.emulator.state.settings import Settings
from tests.support.recordings import faint_noise

NOW = 1_700_000_000.0
REGION = "ap-chongqing"
BUCKET = "test-1250000000"


STRICT = {"unknown_names": "refuse", "empty_list": "absent"}
"""What finds mistakes of a client: a misspelt name is refused, and nothing stands where there is nothing."""

SETTINGS = {row.name for row in fields(Settings)}


class Reply:
    """A response, with what tests look for in it."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {name.lower(): text for name, text in headers}, body

    @property
    def xml(self):
        return etree.fromstring(self.body)

    def text(self, path):
        return self.xml.findtext(path)

    def texts(self, path):
        return [element.text for element in self.xml.findall(path)]

    @property
    def refusal(self):
        """Status and code of an error, whose envelope has to be complete."""
        assert self.xml.tag == "Error"
        assert self.text("Message")
        assert self.text("RequestId")
        return self.status, self.text("Code")


def through_process(emulator):
    def send(method, host, target, headers, body):
        request = Request.parse(method, target, [("Host", host), *headers.items()], body)
        with contextlib.closing(emulator.handle(request).framed()) as response:
            return Reply(response.status, response.headers.items(), b"".join(response.pieces()))

    return send


def through_server(server):
    def send(method, host, target, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        try:
            connection.request(method, target, body=body, headers={"Host": host, **headers})
            response = connection.getresponse()
            return Reply(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    return send


class Cloud:
    """Speaks to an emulator as a careful client would."""

    region, bucket = REGION, BUCKET
    ci = f"{BUCKET}.ci.{REGION}.myqcloud.com"
    pic = f"{BUCKET}.pic.{REGION}.myqcloud.com"
    cos = f"{BUCKET}.cos.{REGION}.myqcloud.com"
    regional = f"ci.{REGION}.myqcloud.com"

    def __init__(self, emulator, send):
        self.emulator, self.control, self.send = emulator, emulator.control, send

    def call(
        self, method, path, *, host=None, query=(), body=b"", headers=None, key=("emulator", "emulator"), times=None
    ):
        """Send a signed request; ``query`` holds the pairs of the query, the empty value standing for none."""
        host = host or self.ci
        query = list(dict(query).items())
        start, end = times or (NOW - 60, NOW + 600)
        signature = authorization(
            secret_id=key[0],
            secret_key=key[1],
            key_time=f"{int(start)};{int(end)}",
            method=method,
            path=path,
            parameters=query,
            headers=[("host", host)],
        )
        return self.send(method, host, self.target(path, query), {"Authorization": signature, **(headers or {})}, body)

    @staticmethod
    def target(path, query):
        encoded = "&".join(name if value == "" else urlencode({name: value}) for name, value in query)
        return quote(path) + (f"?{encoded}" if encoded else "")

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def put(self, path, **options):
        return self.call("PUT", path, **options)

    def post(self, path, **options):
        return self.call("POST", path, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def seed(self, **settings):
        return self.control.put_bucket(self.region, self.bucket, **settings)

    def ready(self):
        """Make the bucket, bind it, enable Smart Audio, store a recording."""
        self.seed(ci="on", asr="on")
        self.control.put_object(self.region, self.bucket, "in.wav", faint_noise())

    def submit(self, **changes):
        return self.post("/jobs", body=self.job(**changes))

    def submitted(self, **changes):
        """Submit a job and return its id."""
        reply = self.submit(**changes)
        assert reply.status == 200, reply.body
        return reply.text("JobsDetail/JobId")

    def job(self, *, key="in.wav", output="out.wav", block="", operation="", further=""):
        return (
            f"<Request><Tag>NoiseReduction</Tag><Input><Object>{key}</Object></Input><Operation>{block}"
            f"<Output><Region>{self.region}</Region><Bucket>{self.bucket}</Bucket><Object>{output}</Object></Output>"
            f"{operation}</Operation>{further}</Request>"
        ).encode()

    def state_of(self, job_id):
        return self.get(f"/jobs/{job_id}").text("JobsDetail/State")

    def job_in(self, job_id, *states):
        """Return the job's description once it is in one of ``states``: the worker is another thread."""
        deadline = time.monotonic() + 20
        while True:
            reply = self.get(f"/jobs/{job_id}")
            if reply.text("JobsDetail/State") in states:
                return reply
            assert time.monotonic() < deadline, reply.body
            time.sleep(0.005)


@pytest.fixture(scope="session")
def recording():
    return faint_noise()


class Denoising:
    """What jobs do to their inputs: real noise reduction, until a test puts something else in its place."""

    def __init__(self):
        self.act = denoise_by_ffmpeg

    def __call__(self, source, target, /, *, format, sample_rate):  # noqa: A002  the real one's name for it
        self.act(source, target, format=format, sample_rate=sample_rate)


@pytest.fixture
def denoising():
    return Denoising()


@pytest.fixture
def make_cloud(tmp_path, denoising):
    """Make clouds with settings and other arguments of their own, in process."""
    made = []

    def make(**options):
        settings = Settings(**{name: options.pop(name) for name in SETTINGS & set(options)})
        options = {"now": lambda: NOW, "denoise": denoising, **options}
        emulator = Emulator(data=tmp_path / f"data-{len(made)}", settings=settings, **options)
        made.append(emulator)
        return Cloud(emulator, through_process(emulator))

    yield make
    for emulator in made:
        emulator.close()


@pytest.fixture(params=["in process", "over HTTP"])
def cloud(request, make_cloud):
    """A cloud through each door: in process a strict one, over HTTP one with the default choices."""
    if request.param == "in process":
        yield make_cloud(assumptions=STRICT)
        return
    made = make_cloud()
    with EmulatorServer(made.emulator) as server:
        made.send = through_server(server)
        yield made


@pytest.fixture
def strict(make_cloud):
    """A strict cloud that is ready for jobs."""
    made = make_cloud(assumptions=STRICT)
    made.ready()
    return made


@pytest.fixture
def ready(cloud):
    cloud.ready()
    return cloud


@pytest.fixture
def denoise_gate(denoising):
    """Let denoising write the input's bytes, but not before the gate is opened."""
    gate = threading.Event()

    def fake_denoise(source, target, *, format, sample_rate):  # noqa: A002  the real one's name for it
        assert gate.wait(20)
        target.write_bytes(f"{format} {sample_rate} ".encode() + source.read_bytes())

    denoising.act = fake_denoise
    yield gate
    gate.set()


@pytest.fixture
def fake_denoise(denoise_gate):
    denoise_gate.set()
