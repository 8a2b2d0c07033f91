"""`examples/template-and-jobs` as it stands: what its jobs write, when they run again, and what the webhook is told."""

from __future__ import annotations

import http.server
import io
import json
import runpy
import socket
import threading
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.stack.conftest import NewStack
from tests.support.emulators import job_states, stored_object
from tests.support.places import BUCKET, REGION, ROOT
from tests.support.stacks import Program, Stack

pytestmark = pytest.mark.engine

Job = dict[str, Any]
Message = dict[str, str]

PROGRAM = ROOT / "examples" / "template-and-jobs" / "__main__.py"
PROJECT = "template-and-jobs"
RECORDINGS = ("raw/interview.mp3", "raw/lecture.mp3")
OUTPUTS = ["archive/interview.wav", "archive/lecture.wav", "preview/interview.mp3", "preview/lecture.mp3"]


class Webhook:
    """A local server that remembers what it was told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.headers["Content-Type"] == "application/json"
                webhook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def told(self) -> list[Message]:
        """Return the messages since the last look, in the order of their objects."""
        messages, self.messages = self.messages, []
        return sorted(messages, key=lambda message: message["output_url"])


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    webhook = Webhook()
    thread = threading.Thread(target=webhook.server.serve_forever, args=(0.05,))
    thread.start()
    yield webhook
    webhook.server.shutdown()
    thread.join()
    webhook.server.server_close()


@pytest.fixture
def stack(new_stack: NewStack, emulator: RunningEmulator, noisy_audio: bytes) -> Stack:
    stack = new_stack(project=PROJECT)
    stack.program = program_at(PROGRAM)
    stack.set_config("bucket", BUCKET)
    stack.set_config("recordings", json.dumps(RECORDINGS))
    for key in RECORDINGS:
        emulator.put_object(REGION, BUCKET, key, noisy_audio)
    return stack


@pytest.fixture
def told_stack(stack: Stack, webhook: Webhook) -> Stack:
    stack.set_config("webhook", webhook.url, secret=True)
    return stack


def program_at(path: Path) -> Program:
    """Return the program at ``path`` as it stands there."""
    return lambda: runpy.run_path(str(path))


def edited(folder: Path, old: str, new: str) -> Path:
    """Return a copy of the program in ``folder`` with ``new`` in place of ``old``."""
    text, copy = PROGRAM.read_text(encoding="utf-8"), folder / "__main__.py"
    assert old in text
    copy.write_text(text.replace(old, new), encoding="utf-8")
    return copy


def jobs(emulator: RunningEmulator) -> list[Job]:
    return sorted(emulator.state()["jobs"], key=lambda job: job["output"])


def messages_about(*jobs: Job) -> list[Message]:
    return [
        {
            "job_id": job["id"],
            "state": "Success",
            "output_url": f"https://{BUCKET}.cos.{REGION}.myqcloud.com/{job['output']}",
        }
        for job in jobs
    ]


class TestOnce:
    def test_every_job_writes_what_its_template_says_and_is_told_once(
        self, told_stack: Stack, emulator: RunningEmulator, webhook: Webhook
    ) -> None:
        assert told_stack.preview().succeeded
        assert webhook.told() == []
        up = told_stack.up()

        assert up.succeeded, up.text
        assert [(job["output"], job["state"]) for job in jobs(emulator)] == [(key, "Success") for key in OUTPUTS]
        for key in OUTPUTS:
            content = stored_object(emulator, key)
            if key.endswith(".wav"):
                with wave.open(io.BytesIO(content)) as sound:
                    assert sound.getframerate() == 24000
            else:
                with av.open(io.BytesIO(content), format="mp3") as container:
                    assert content[:3] == b"ID3"
                    assert container.streams.audio[0].rate == 12000
        assert set(up.outputs["cleaned_urls"]) == set(RECORDINGS)
        assert webhook.told() == messages_about(*jobs(emulator))
        assert webhook.url not in told_stack.cli("stack", "export")

        assert set(told_stack.up().changes) == {"same"}
        assert set(told_stack.up(refresh=True).changes) == {"same"}
        assert len(jobs(emulator)) == len(OUTPUTS)
        assert webhook.told() == []

    def test_a_changed_recording_runs_its_two_jobs_again_and_no_others(
        self, told_stack: Stack, emulator: RunningEmulator, webhook: Webhook, noisy_audio: bytes
    ) -> None:
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


@pytest.mark.thorough
class TestLate:
    def test_a_job_that_ends_in_a_later_up_is_told_then_and_a_changed_option_is_not(
        self, told_stack: Stack, emulator: RunningEmulator, webhook: Webhook, tmp_path: Path
    ) -> None:
        impatient = edited(tmp_path, "opts=job_options", "timeout_seconds=1, opts=job_options")
        told_stack.program = program_at(impatient)
        told_stack.set_config("recordings", json.dumps(RECORDINGS[:1]))
        emulator.change_settings(job_seconds=30)
        assert not told_stack.up().succeeded
        assert webhook.told() == []
        emulator.advance(60)
        emulator.change_settings(job_seconds=0)

        assert told_stack.up().succeeded
        assert webhook.told() == messages_about(*jobs(emulator))

        told_stack.program = program_at(PROGRAM)
        assert told_stack.up().changes.get("update") == 2
        assert webhook.told() == []


@pytest.mark.thorough
class TestUnheard:
    def test_a_webhook_that_is_down_is_a_warning(self, stack: Stack, emulator: RunningEmulator) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            stack.set_config("webhook", f"http://127.0.0.1:{unused.getsockname()[1]}/t0ken")
            stack.set_config("recordings", json.dumps(RECORDINGS[:1]))

            up = stack.up()

        assert up.succeeded, up.text
        assert up.text.count("warning: the webhook was not told about") >= 2
        assert "t0ken" not in up.text
        assert job_states(emulator) == ["Success"] * 2

    def test_one_that_never_answers_is_a_warning(self, stack: Stack, emulator: RunningEmulator, tmp_path: Path) -> None:
        hasty = edited(tmp_path, "WEBHOOK_TIMEOUT_SECONDS = 5", "WEBHOOK_TIMEOUT_SECONDS = 0.2")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            stack.set_config("webhook", f"http://127.0.0.1:{silent.getsockname()[1]}")
            stack.set_config("recordings", json.dumps(RECORDINGS[:1]))

            up = stack.up(program_at(hasty))

        assert up.succeeded, up.text
        assert "timed out" in up.text
