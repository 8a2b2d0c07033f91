"""A folder of recordings on the real engine: one submission for all, none twice, and failures by their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pulumi
import pytest

from pulumi_ci_audio.emulator import RunningEmulator, Settings
from tests.support.emulators import running_emulator, stored_object, write_calls
from tests.support.families import AsrBucketBinding, NoiseReductionBatch, NoiseReductionTemplate
from tests.support.operations import RunningOperation, kill
from tests.support.places import BUCKET, REGION
from tests.support.polling import until
from tests.support.recordings import faint_noise
from tests.support.stacks import Stack

pytestmark = pytest.mark.engine

COUNT = 300
SUBMIT = "POST /inventorytriggerjob"
SHORT = faint_noise(seconds=0.02)
NO_AUDIO = b"a text that somebody called 000.wav"


@pytest.fixture
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """A service of this test alone, with three hundred recordings."""
    with running_emulator(tmp_path_factory.mktemp("cloud"), settings=Settings(queue_concurrency=50)) as running:
        running.put_bucket(REGION, BUCKET)
        for number in range(COUNT):
            running.put_object(REGION, BUCKET, f"raw/{number:03}.wav", SHORT)
        yield running


def program() -> None:
    audio = AsrBucketBinding("audio", bucket=BUCKET)
    voices = NoiseReductionTemplate("voices", bucket=audio.bucket, template_name="voices")
    batch = NoiseReductionBatch(
        "folder", bucket=audio.bucket, input_prefix="raw/", output_prefix="clean/", template_id=voices.template_id
    )
    pulumi.export("pending", batch.pending)


def runs(emulator: RunningEmulator) -> Counter[str]:
    return Counter(job["input"] for job in emulator.state()["jobs"])


def submissions(emulator: RunningEmulator) -> int:
    return write_calls(emulator).count(SUBMIT)


def test_a_folder_through_its_whole_life(stack: Stack, emulator: RunningEmulator) -> None:

    # A killed provider in the middle of three hundred.
    emulator.change_settings(job_seconds=3600)
    with RunningOperation(stack, "up", program) as running:
        until(lambda: len(emulator.state()["jobs"]) == COUNT, "the jobs of the batch")
        kill(running.provider())
        assert not running.outcome().succeeded
    emulator.change_settings(job_seconds=0)

    up = stack.up(program)
    assert up.succeeded, up.text
    assert (submissions(emulator), set(runs(emulator).values()), len(runs(emulator))) == (1, {1}, COUNT)
    outputs = stack.outputs_of("folder")
    assert (outputs["total"], outputs["done"], outputs["pending"]) == (COUNT, COUNT, 0)
    assert stored_object(emulator, "clean/299.wav")
    assert stack.up(program).changes == {"same": 4}

    # Three new ones.
    for name in ("new", "newer", "newest"):
        emulator.put_object(REGION, BUCKET, f"raw/{name}.wav", SHORT)
    assert "pending : 0 => 3" in " ".join(stack.preview(refresh=True, diff=True).text.split())
    assert stack.up(program, refresh=True).succeeded
    assert (submissions(emulator), set(runs(emulator).values()), len(runs(emulator))) == (2, {1}, COUNT + 3)
    assert stack.outputs_of("folder")["ran"] == 3

    # One that is no audio, named, mended, and run alone.
    emulator.put_object(REGION, BUCKET, "raw/bad.wav", NO_AUDIO)
    up = stack.up(program, refresh=True)
    assert "raw/bad.wav: ResourceNotSupported" in " ".join(up.errors())
    assert not stack.up(program, refresh=True).succeeded
    assert submissions(emulator) == 3
    emulator.advance(2)
    emulator.put_object(REGION, BUCKET, "raw/bad.wav", SHORT)
    up = stack.up(program)
    assert up.succeeded, up.text
    assert runs(emulator).most_common(2) == [("raw/bad.wav", 2), ("raw/000.wav", 1)]
    assert submissions(emulator) == 4

    # Deleting touches no audio.
    assert stack.destroy().succeeded
    assert stored_object(emulator, "raw/000.wav")
    assert stored_object(emulator, "clean/000.wav")
