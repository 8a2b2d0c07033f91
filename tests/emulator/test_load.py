"""The command under load: many clients at once, and an end in the middle of their requests."""

import http.client
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from urllib.parse import urlencode

import pytest
from lxml import etree

from pulumi_ci_audio.api.signing import authorization

CLIENTS = 8
REQUESTS = 2000
REGION, BUCKET = "ap-chongqing", "test-1250000000"
CI, COS = (f"{BUCKET}.{plane}.{REGION}.myqcloud.com" for plane in ("ci", "cos"))
REGIONAL = f"ci.{REGION}.myqcloud.com"
JOB = (
    "<Request><Tag>NoiseReduction</Tag><Input><Object>{key}</Object></Input><Operation><Output>"
    "<Region>ap-chongqing</Region><Bucket>test-1250000000</Bucket><Object>{output}</Object></Output>"
    "</Operation></Request>"
)
TEMPLATE = "<Request><Tag>NoiseReduction</Tag><Name>{name}</Name><NoiseReduction/></Request>"


class Client(threading.Thread):
    """One client on one connection, which goes round its calls until it is told to stop or the server is gone."""

    def __init__(self, number, port, recording, tally):
        super().__init__(name=f"client {number}", daemon=True)
        self.number, self.port, self.recording, self.tally = number, port, recording, tally
        self.stopped = threading.Event()
        self.failure = None
        self.lost = None

    def run(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            turn = 0
            while not self.stopped.is_set():
                self.go_round(turn)
                turn += 1
        except (OSError, http.client.HTTPException) as error:
            self.lost = error
        except BaseException as error:  # noqa: BLE001  the test raises it again
            self.failure = error
        finally:
            self.connection.close()

    def go_round(self, turn):
        key, name = f"c{self.number}/{turn}.wav", f"c{self.number}-{turn}"
        self.call("PUT", COS, f"/{key}", body=self.recording)
        assert self.call("GET", COS, f"/{key}") == self.recording
        self.call("HEAD", COS, f"/{key}")
        listed = etree.fromstring(self.call("GET", COS, "/", {"prefix": f"c{self.number}/"}))
        assert listed.findtext("Contents/Key") == key
        assert self.call("GET", CI, "/") == b'{"CIStatus":"on"}'
        if turn % 8 == 0:
            output = f"c{self.number}/{turn}.out.wav"
            job = etree.fromstring(self.call("POST", CI, "/jobs", body=JOB.format(key=key, output=output).encode()))
            job_id = job.findtext("JobsDetail/JobId")
            while self.state_of(job_id) != "Success":
                time.sleep(0.02)
            assert self.call("GET", COS, f"/{output}").startswith(b"RIFF")
            self.call("DELETE", COS, f"/{output}")
        made = etree.fromstring(self.call("POST", CI, "/template", body=TEMPLATE.format(name=name).encode()))
        listed = etree.fromstring(self.call("GET", CI, "/template", {"name": name}))
        assert name in [element.text for element in listed.findall("TemplateList/Name")]
        self.call("DELETE", CI, f"/template/{made.findtext('Template/TemplateId')}")
        self.call("GET", CI, "/jobs", {"tag": "NoiseReduction", "size": "5"})
        assert b"<TotalCount>1<" in self.call("GET", REGIONAL, "/asrbucket", {"bucketNames": BUCKET})
        self.call("DELETE", COS, f"/{key}")

    def state_of(self, job_id):
        state = etree.fromstring(self.call("GET", CI, f"/jobs/{job_id}")).findtext("JobsDetail/State")
        assert state in {"Submitted", "Running", "Success"}
        return state

    def call(self, method, host, path, query=(), body=b""):
        query = dict(query)
        now = int(time.time())
        signature = authorization(
            secret_id="emulator",
            secret_key="emulator",
            key_time=f"{now - 60};{now + 600}",
            method=method,
            path=path,
            parameters=query.items(),
            headers=[("host", host)],
        )
        target = f"{path}?{urlencode(query)}" if query else path
        self.connection.request(method, target, body=body, headers={"Host": host, "Authorization": signature})
        response = self.connection.getresponse()
        received = response.read()
        assert response.status in {200, 204}, (method, host, target, response.status, received)
        self.tally[self.number] += 1
        return received


def prepare(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("PUT", f"/_emulator/buckets/{REGION}/{BUCKET}", body=b'{"ci": "on", "asr": "on"}')
    assert connection.getresponse().status == 200
    connection.close()


@pytest.fixture
def process(tmp_path):
    command = [sys.executable, "-c", "from pulumi_ci_audio.cli import main; main()", "emulator"]
    with (
        (tmp_path / "log").open("w+") as log,
        subprocess.Popen(
            [*command, "--port", "0", "--data", str(tmp_path / "data")], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def test_many_clients_are_served_and_a_signal_ends_the_server_among_their_requests(process, recording, tmp_path):
    port = int(process.stdout.readline().rpartition(":")[2])
    prepare(port)
    tally = Counter()
    clients = [Client(number, port, recording, tally) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        deadline = time.monotonic() + 60
        while tally.total() < REQUESTS and all(client.is_alive() for client in clients):
            assert time.monotonic() < deadline, tally
            time.sleep(0.01)
        assert [client.failure or client.lost for client in clients if not client.is_alive()] == []

        before = tally.total()
        process.send_signal(signal.SIGTERM)
        signalled = time.monotonic()
        code = process.wait(10)
        took = time.monotonic() - signalled
    finally:
        for client in clients:
            client.stopped.set()
            client.join(10)

    assert before >= REQUESTS
    assert min(tally.values()) > REQUESTS / CLIENTS / 4  # none of them starved
    assert code == 0
    assert took < 2
    assert [client.failure for client in clients if client.failure] == []
    assert all(client.lost for client in clients)  # each was in the middle of its requests
    assert (tmp_path / "log").read_text() == ""
    assert not list((tmp_path / "data" / ".emulator").glob("*"))
