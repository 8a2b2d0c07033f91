"""Writes what stacks of this version hold, of both families: `python -m tests.data.record_release`, once for a release.

A stack with every kind is deployed on the real engine against the emulator. Every later version must read the file
with no change, so none is ever changed afterwards.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.support.emulators import running_emulator
from tests.support.families import (
    MODULES,
    AsrBucketBinding,
    CiBucketBinding,
    NoiseReductionBatch,
    NoiseReductionJob,
    NoiseReductionTemplate,
)
from tests.support.places import AUDIO, BUCKET, CLEAN, DATA, RAW, REGION
from tests.support.stacks import Stack
from tools.engine_install import find_or_install

RELEASES = DATA / "releases"


def program() -> None:
    """Declare every kind, with as many inputs as go together."""
    binding = CiBucketBinding("binding", bucket=BUCKET, on_destroy="keep", timeout_seconds=60)
    audio = AsrBucketBinding("audio", bucket=binding.bucket, region=REGION)
    template = NoiseReductionTemplate("template", bucket=audio.bucket, template_name="voices", format="mp3")
    NoiseReductionJob("plain", bucket=audio.bucket, input_object=RAW, output_object=CLEAN, format="wav")
    NoiseReductionJob(
        "full",
        bucket=audio.bucket,
        region=audio.region,
        input_object=RAW,
        output_object="clean/full.mp3",
        output_bucket=BUCKET,
        output_region=REGION,
        template_id=template.template_id,
        queue_id=audio.queue_id.apply(str),
        job_level=1,
        user_data="a text",
        callback={"url": "https://example.com/hook", "format": "JSON"},
        triggers=["one", 2, True],
        wait=True,
        timeout_seconds=60,
        on_failure="record",
    )
    NoiseReductionBatch(
        "batch",
        bucket=audio.bucket,
        input_prefix="raw/",
        output_prefix="batch/",
        template_id=template.template_id,
        output_extension="mp3",
    )


def recorded(folder: Path) -> dict[str, Any]:
    """Return the resources as the stacks of both families hold them, by family and name."""
    resources: dict[str, Any] = {}
    for family in MODULES:
        with running_emulator(folder / family / "cloud") as emulator:
            emulator.put_bucket(REGION, BUCKET)
            emulator.put_object(REGION, BUCKET, RAW, (AUDIO / "speech-noisy.mp3").read_bytes())
            stack = Stack("dev", folder / family / "pulumi", emulator.environment(region=REGION), family=family)
            outcome = stack.up(program)
            assert outcome.succeeded, outcome.text
            resources[family] = {
                name: {key: resource[key] for key in ("type", "id", "inputs", "outputs")}
                for name, resource in sorted(stack.resources().items())
            }
    return resources


if __name__ == "__main__":
    os.environ["PATH"] = f"{find_or_install()}{os.pathsep}{os.environ['PATH']}"
    target = RELEASES / f"{version('pulumi-ci-audio')}.json"
    if target.exists() and "--again" not in sys.argv:
        sys.exit(f"{target} is there: what a version holds does not change; before its release, give --again")
    RELEASES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        target.write_text(json.dumps(recorded(Path(temporary)), indent=1, sort_keys=True) + "\n", encoding="utf-8")
