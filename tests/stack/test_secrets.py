"""Secret inputs stay secret: in state, in events, and in whatever the engine and the package print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic.alias_generators import to_camel

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.console import Console
from tests.support.families import (
    AsrBucketBinding,
    CiBucketBinding,
    NoiseReductionBatch,
    NoiseReductionJob,
    NoiseReductionTemplate,
)
from tests.support.places import BUCKET, RAW, REGION
from tests.support.stacks import Stack

pytestmark = pytest.mark.engine

PLANTED = "hush-4711"


def secret(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.secret(value)


@pytest.fixture(autouse=True)
def _ready(emulator: RunningEmulator, noisy_audio: bytes) -> None:
    emulator.put_bucket(REGION, BUCKET, ci="on", asr="on")
    emulator.put_object(REGION, BUCKET, RAW, noisy_audio)
    emulator.put_object(REGION, BUCKET, f"raw/{PLANTED}.mp3", noisy_audio)


def job(**arguments: Any) -> Any:
    given = {"bucket": BUCKET, "region": REGION, "input_object": RAW, "output_object": "clean.wav", **arguments}
    return NoiseReductionJob("clean", **given)


def with_the_rest_thorough(programs: Iterable[str], *always: str) -> list[Any]:
    """Return the names as parameters; those not in ``always`` are for the thorough run."""
    return [name if name in always else pytest.param(name, marks=pytest.mark.thorough) for name in programs]


PROGRAMS: dict[str, Callable[[], object]] = {
    "input_object": lambda: job(input_object=secret(f"raw/{PLANTED}.mp3")),
    "output_object": lambda: job(output_object=secret(f"{PLANTED}.wav")),
    "user_data": lambda: job(user_data=secret(PLANTED)),
    "callback": lambda: job(callback={"url": secret(f"https://example.com/{PLANTED}")}),
    "triggers": lambda: job(triggers=[secret(PLANTED)]),
    "template_name": lambda: NoiseReductionTemplate(
        "voices", bucket=BUCKET, region=REGION, template_name=secret(PLANTED)
    ),
}


@pytest.mark.parametrize("name", with_the_rest_thorough(PROGRAMS, "input_object", "callback"))
def test_a_secret_input_is_plain_nowhere(stack: Stack, name: str) -> None:
    up = stack.up(PROGRAMS[name])
    refreshed = stack.refresh()

    assert up.succeeded, up.text
    assert PLANTED not in up.text + refreshed.text
    assert PLANTED not in json.dumps(stack.state())
    assert _files_with(stack.folder.parent, PLANTED) == []


def test_a_result_beside_a_secret_input_is_secret_too(stack: Stack) -> None:
    def program() -> None:
        cleaned = job(output_object=secret(f"{PLANTED}.wav"))
        pulumi.export("address", cleaned.output_url)
        pulumi.export("etag", cleaned.output_etag)

    up = stack.up(program)

    assert up.succeeded, up.text
    assert up.outputs["address"].endswith(f"/{PLANTED}.wav")
    assert "ciphertext" in stack.outputs_of("clean")["outputUrl"]
    assert isinstance(stack.outputs_of("clean")["outputEtag"], str)


def test_inputs_that_are_no_secrets_stay_readable(stack: Stack) -> None:
    assert stack.up(lambda: job(output_object=pulumi.Output.from_input("plain.wav"))).succeeded

    assert stack.outputs_of("clean")["outputUrl"].endswith("/plain.wav")


BAD: dict[str, Callable[[], object]] = {
    "bucket": lambda: CiBucketBinding("b", bucket=secret(f"{PLANTED}-X"), region=REGION),
    "region": lambda: AsrBucketBinding("b", bucket=BUCKET, region=secret(f"{PLANTED}!")),
    "input_object": lambda: job(input_object=secret(f"{PLANTED}.m3u8")),
    "format": lambda: job(format=secret(PLANTED)),
    "triggers": lambda: job(triggers=[secret({PLANTED: 1})]),
    "template_name": lambda: NoiseReductionTemplate(
        "voices", bucket=BUCKET, region=REGION, template_name=secret(f"{PLANTED} with spaces")
    ),
    "output_prefix": lambda: NoiseReductionBatch(
        "folder",
        bucket=BUCKET,
        region=REGION,
        input_prefix=secret(f"{PLANTED}/"),
        output_prefix=secret(f"{PLANTED}/out/"),
        template_id="t1",
    ),
}


@pytest.mark.parametrize("name", with_the_rest_thorough(BAD, "bucket", "triggers"))
def test_a_complaint_about_a_secret_input_names_it_and_does_not_print_it(stack: Stack, name: str) -> None:
    preview = stack.preview(BAD[name])

    assert not preview.succeeded
    assert f"{name} " in preview.text or f"{to_camel(name)} " in preview.text
    assert "must" in preview.text
    assert PLANTED not in preview.text


@pytest.mark.every_family
def test_what_a_row_says_of_a_secret_recording_does_not_print_it(stack: Stack, console: Console) -> None:
    assert stack.up(PROGRAMS["input_object"]).succeeded
    console.remove_object(f"raw/{PLANTED}.mp3")

    refreshed = stack.refresh()

    assert "the recording [secret] is gone" in refreshed.text
    assert PLANTED not in refreshed.text


def _files_with(folder: Path, text: str) -> list[Path]:
    """Return the files of the backend, its history and its backups that hold ``text``."""
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.mark.every_family
def test_a_failed_job_keeps_its_secrets(stack: Stack, emulator: RunningEmulator) -> None:
    emulator.put_object(REGION, BUCKET, f"raw/{PLANTED}.mp3", b"this is no audio")

    up = stack.up(lambda: job(input_object=secret(f"raw/{PLANTED}.mp3"), output_object=secret(f"{PLANTED}.wav")))

    assert not up.succeeded
    assert "for [secret] of bucket" in up.text
    assert PLANTED not in up.text
    assert PLANTED not in json.dumps(stack.state())


def test_an_error_does_not_repeat_a_secret(stack: Stack) -> None:
    up = stack.up(lambda: job(input_object=secret(f"{PLANTED}.mp3")))

    assert not up.succeeded
    assert "there is no object [secret] in bucket" in up.text
    assert PLANTED not in up.text
