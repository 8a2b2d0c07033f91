"""What an emulator keeps over a restart, or a kill, and what it begins anew."""

import contextlib
import json
import shutil
import subprocess
import sys
import urllib.request

import pytest

from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.control.control import Control
from tests.emulator.conftest import BUCKET, NOW, REGION, Cloud, through_process

COMMAND = [sys.executable, "-c", "from pulumi_ci_audio.cli import main; main()", "emulator", "--port", "0"]
TEMPLATE = (
    b"<Request><Tag>NoiseReduction</Tag><Name>voices</Name>"
    b"<NoiseReduction><Format>mp3</Format><SampleRate>8000</SampleRate></NoiseReduction></Request>"
)


@pytest.fixture
def start(tmp_path, denoising, fake_denoise):
    """Start an emulator over the same folder, as if the one before had been killed: it is never closed in time."""
    running = []
    with contextlib.ExitStack() as started:

        def begin():
            for killed in running:
                killed._snapshot.release()  # as the end of its process does
            emulator = Emulator(
                data=tmp_path / "cloud",
                keeps_state=True,
                now=lambda: NOW,
                works_in_background=False,
                denoise=denoising,
            )
            running.append(emulator)
            started.callback(emulator.close)
            return Cloud(emulator, through_process(emulator))

        yield begin


def through_http(cloud):
    """Put the cloud's bucket in order by control calls over its own handler, as a client of the command would."""
    body = json.dumps({"ci": "on", "asr": "on", "workflows": [{"id": "w1", "name": "nightly", "state": "Active"}]})
    reply = cloud.send("PUT", "127.0.0.1", f"/_emulator/buckets/{REGION}/{BUCKET}", {}, body.encode())
    assert reply.status == 200, reply.body
    assert cloud.put("/in.wav", host=cloud.cos, body=b"a recording", headers={"x-cos-meta-who": "me"}).status == 200


def test_a_kill_loses_nothing_that_a_client_was_told(start):
    before = start()
    through_http(before)
    job = before.submitted(output="out.wav")
    before.emulator.run_jobs()
    waiting = before.submitted(output="late.wav")
    assert before.post("/template", body=TEMPLATE).status == 200
    state = before.control.state()

    after = start()

    assert after.control.state() == state
    assert [entry["id"] for entry in state["jobs"]] == [job, waiting]
    assert after.get("/asrqueue").text("QueueList/QueueId") == before.get("/asrqueue").text("QueueList/QueueId")
    head = after.call("HEAD", "/in.wav", host=after.cos)
    assert head.headers["x-cos-meta-who"] == "me"


def test_a_job_that_was_running_runs_again_and_later_jobs_come_after_it(start):
    before = start()
    through_http(before)
    running = before.submitted(output="out.wav")

    after = start()
    after.emulator.run_jobs()
    later = after.submitted(output="more.wav")

    assert after.state_of(running) == "Success"
    assert after.control.get_object(REGION, BUCKET, "out.wav") == b"wav 16000 a recording"
    assert [entry["id"] for entry in after.control.state()["jobs"]] == [running, later]


def test_the_etag_of_an_object_uploaded_in_parts_stays(start):
    before = start()
    through_http(before)
    upload = before.post("/big.wav", host=before.cos, query={"uploads": ""}).text("UploadId")
    part = before.put(
        "/big.wav", host=before.cos, query={"partNumber": "1", "uploadId": upload}, body=b"one part"
    ).headers["etag"]
    listed = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{part}</ETag></Part></CompleteMultipartUpload>"
    )
    done = before.post("/big.wav", host=before.cos, query={"uploadId": upload}, body=listed.encode())
    assert done.status == 200, done.body

    after = start()

    etags = [cloud.call("HEAD", "/big.wav", host=cloud.cos).headers["etag"] for cloud in (before, after)]
    assert etags[0] == etags[1] != part


def test_a_reset_is_kept_too(start):
    before = start()
    through_http(before)
    before.send("POST", "127.0.0.1", "/_emulator/reset", {}, b"")

    (bucket,) = start().control.state()["buckets"]

    assert (bucket["ci"], bucket["asr"], bucket["workflows"]) == ("off", "off", [])


def test_time_that_was_advanced_stays_advanced(start):
    before = start()
    before.send("POST", "127.0.0.1", "/_emulator/clock", {}, b'{"advance": 3600}')

    assert start().emulator.clock.now() == NOW + 3600


def test_a_bucket_whose_folder_was_removed_meanwhile_is_forgotten(start, tmp_path):
    through_http(start())
    shutil.rmtree(tmp_path / "cloud" / REGION / BUCKET)

    assert start().control.state()["buckets"] == []


@pytest.mark.parametrize("content", [b"", b"{}", b"not JSON", b'{"advanced_seconds": -1}'])
def test_a_file_that_cannot_be_read_ends_the_start_and_stays(start, tmp_path, content):
    (tmp_path / "cloud").mkdir()
    file = tmp_path / "cloud" / "emulator-state.json"
    file.write_bytes(content)

    with pytest.raises(ValueError, match="delete it to begin anew"):
        start()

    assert file.read_bytes() == content


def test_a_second_emulator_on_the_same_folder_is_refused_until_the_first_one_ends(tmp_path):
    first = Emulator(data=tmp_path, keeps_state=True)
    with pytest.raises(ValueError, match=f"another emulator serves {tmp_path}, so nothing was started"):
        Emulator(data=tmp_path, keeps_state=True)
    first.close()

    Emulator(data=tmp_path, keeps_state=True).close()


def test_an_emulator_that_is_not_told_to_keeps_nothing(tmp_path):
    for _ in range(2):
        emulator = Emulator(data=tmp_path)
        control: Control = emulator.control
        assert control.state()["templates"] == control.state()["queues"] == []
        control.put_bucket(REGION, BUCKET, ci="on", asr="on")
        emulator.close()
    assert [path.name for path in tmp_path.iterdir()] == [REGION]


def test_the_command_goes_on_after_a_kill_and_after_an_end(tmp_path):
    for end in ("kill", "terminate", "kill"):
        with subprocess.Popen(
            [*COMMAND, "--data", str(tmp_path)], stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE
        ) as process:
            try:
                url = process.stdout.readline().split()[-1]
                seeded = urllib.request.Request(  # noqa: S310  http
                    f"{url}/_emulator/buckets/{REGION}/{BUCKET}", method="PUT", data=json.dumps({"ci": "on"}).encode()
                )
                with urllib.request.urlopen(f"{url}/_emulator/state", timeout=10) as answer:  # noqa: S310  http
                    found = json.load(answer)["buckets"]
                if not found:
                    urllib.request.urlopen(seeded, timeout=10).close()  # noqa: S310  http
            finally:
                getattr(process, end)()
            process.wait(10)
    assert [(bucket["bucket"], bucket["ci"]) for bucket in found] == [(BUCKET, "on")]
