"""`examples/template-and-jobs` as it stands: what its jobs write, when they run again, and what the webhook is told."""

import http.server
import io
import json
import runpy
import socket
import threading
import wave
from pathlib import Path

import av
import pytest

from .conftest import BUCKET, REGION

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parents[2] / "examples" / "template-and-jobs" / "__main__.py"
PROJECT = "template-and-jobs"
RECORDINGS = ("raw/interview.mp3", "raw/lecture.mp3")
OUTPUTS = ["archive/interview.wav", "archive/lecture.wav", "preview/interview.mp3", "preview/lecture.mp3"]


class Webhook:
    """A local server that remembers what it was told."""

    def __init__(self) -> None:
        self.messages = []
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                assert self.headers["Content-Type"] == "application/json"
                webhook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def told(self):
        """Return the messages since the last look, in the order of their objects."""
        messages, self.messages = self.messages, []
        return sorted(messages, key=lambda message: message["output_url"])


@pytest.fixture
def webhook():
    webhook = Webhook()
    thread = threading.Thread(target=webhook.server.serve_forever, args=(0.05,))
    thread.start()
    yield webhook
    webhook.server.shutdown()
    thread.join()
    webhook.server.server_close()


@pytest.fixture
def stack(new_stack, emulator, noisy_audio):
    stack = new_stack(project=PROJECT)
    stack.program = lambda: runpy.run_path(str(PROGRAM)) and None
    stack.set_config("bucket", BUCKET)
    stack.set_config("recordings", json.dumps(RECORDINGS))
    for key in RECORDINGS:
        emulator.put_object(REGION, BUCKET, key, noisy_audio)
    return stack


@pytest.fixture
def told_stack(stack, webhook):
    stack.set_config("webhook", webhook.url, secret=True)
    return stack


def jobs(emulator):
    return sorted(emulator.state()["jobs"], key=lambda job: job["output"])


def messages_about(*jobs):
    return [
        {
            "job_id": job["id"],
            "state": "Success",
            "output_url": f"https://{BUCKET}.cos.{REGION}.myqcloud.com/{job['output']}",
        }
        for job in jobs
    ]


class TestOnce:
    def test_every_job_writes_what_its_template_says_and_is_told_once(self, told_stack, emulator, webhook):
        assert told_stack.preview().succeeded
        assert webhook.told() == []
        up = told_stack.up()

        assert up.succeeded, up.text
        assert [(job["output"], job["state"]) for job in jobs(emulator)] == [(key, "Success") for key in OUTPUTS]
        for key in OUTPUTS:
            content = emulator.get_object(REGION, BUCKET, key)
            if key.endswith(".wav"):
                with wave.open(io.BytesIO(content)) as audio:
                    assert audio.getframerate() == 24000
            else:
                with av.open(io.BytesIO(content), format="mp3") as audio:
                    assert content[:3] == b"ID3"
                    assert audio.streams.audio[0].rate == 12000
        assert set(up.outputs["cleaned_urls"]) == set(RECORDINGS)
        assert webhook.told() == messages_about(*jobs(emulator))
        assert webhook.url not in told_stack.cli("stack", "export").stdout

        assert set(told_stack.up().changes) == {"same"}
        assert set(told_stack.up(refresh=True).changes) == {"same"}
        assert len(jobs(emulator)) == len(OUTPUTS)
        assert webhook.told() == []

    def test_a_changed_recording_runs_its_two_jobs_again_and_no_others(
        self, told_stack, emulator, webhook, noisy_audio
    ):
        assert told_stack.up().succeeded
        before = {job["id"] for job in jobs(emulator)}
        webhook.told()
        emulator.put_object(REGION, BUCKET, RECORDINGS[0], noisy_audio[: len(noisy_audio) // 2])

        up = told_stack.up(refresh=True)

        assert up.succeeded, up.text
        again = [job for job in jobs(emulator) if job["id"] not in before]
        assert [job["output"] for job in again] == [OUTPUTS[0], OUTPUTS[2]]
        assert webhook.told() == messages_about(*again)
        assert set(told_stack.up(refresh=True).changes) == {"same"}
        assert len(jobs(emulator)) == len(before) + len(again)


class TestLate:
    def test_a_job_that_ends_in_a_later_up_is_told_then_and_a_changed_option_is_not(
        self, told_stack, emulator, webhook, tmp_path
    ):
        impatient = tmp_path / "__main__.py"
        impatient.write_text(PROGRAM.read_text().replace("opts=job_options", "timeout_seconds=2, opts=job_options"))
        told_stack.program = lambda: runpy.run_path(str(impatient)) and None
        told_stack.set_config("recordings", json.dumps(RECORDINGS[:1]))
        emulator.change_settings(job_seconds=30)
        assert not told_stack.up().succeeded
        assert webhook.told() == []
        emulator.advance(60)
        emulator.change_settings(job_seconds=0)

        assert told_stack.up().succeeded
        assert webhook.told() == messages_about(*jobs(emulator))

        told_stack.program = lambda: runpy.run_path(str(PROGRAM)) and None
        assert told_stack.up().changes.get("update") == 2
        assert webhook.told() == []


class TestUnheard:
    def test_a_webhook_that_is_down_is_a_warning(self, stack, emulator):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            stack.set_config("webhook", f"http://127.0.0.1:{unused.getsockname()[1]}/t0ken")
            stack.set_config("recordings", json.dumps(RECORDINGS[:1]))

            up = stack.up()

        assert up.succeeded, up.text
        assert up.text.count("warning: the webhook was not told about") >= 2
        assert "t0ken" not in up.text
        assert [job["state"] for job in jobs(emulator)] == ["Success"] * 2

    def test_one_that_never_answers_is_a_warning(self, stack, emulator):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            stack.set_config("webhook", f"http://127.0.0.1:{silent.getsockname()[1]}")
            stack.set_config("recordings", json.dumps(RECORDINGS[:1]))

            up = stack.up()

        assert up.succeeded, up.text
        assert "timed out" in up.text
