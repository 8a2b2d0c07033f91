"""The third table of `make bench`: ever more recordings, by one batch, by a job each, and by the official SDK.

The emulator copies in place of denoising, so that the seconds are those of asking. Requests hold on any machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from qcloud_cos import CosConfig, CosS3Client

from pulumi_ci_audio import native
from tools.bench_stacks import FAMILIES, REGION, Cloud, memory_of_plugin, seconds_of, stack_of, up

_BUCKET = "recordings-1250000000"
_RECORDING = b"in place of a recording"
_COPYING = """
import pathlib, shutil, sys, threading
from pulumi_ci_audio.emulator import Emulator, EmulatorServer, Settings

def copy(source, target, *, format, sample_rate):
    shutil.copyfile(source, target)

settings = Settings(queue_concurrency=20_000, queue_size=20_000)
with EmulatorServer(Emulator(data=pathlib.Path(sys.argv[1]), settings=settings, denoise=copy)) as server:
    print(server.url, flush=True)
    threading.Event().wait()
"""


Measure = Callable[[Path, int], list[str]]


@dataclass(frozen=True)
class Counts:
    """How many recordings there are.

    Attributes:
        recordings: in each row.
        jobs_at_most: for how many a resource each is measured.
        calls_at_most: for how many the official SDK is.
    """

    recordings: tuple[int, ...] = (10, 100, 1_000, 10_000)
    jobs_at_most: int = 100
    calls_at_most: int = 1_000


QUICK = Counts((1, 2), jobs_at_most=1, calls_at_most=1)


def print_table(folder: Path, counts: Counts) -> None:
    """Measure, and print the table."""
    head = ["recordings", "one batch", "its refresh", "a job each, native", "a job each, dynamic", "official SDK"]
    print(f"\n| {' | '.join(head)} |\n|--:|{'--:|' * (len(head) - 1)}", flush=True)
    steps = [step for count in counts.recordings for step in _steps(count, counts)]
    cells: list[str] = []
    with _watched(steps) as watched:
        for count, measure in watched:
            cells += measure(folder / f"{count}-{len(cells)}", count)
            if len(cells) == len(head) - 1:
                print(f"| {count:,} | {' | '.join(cells)} |", flush=True)
                cells.clear()


def _watched(steps: list[tuple[int, Measure]]) -> AbstractContextManager[Iterable[tuple[int, Measure]]]:
    """Return the steps with a bar, where a person waits for them."""
    if not sys.stderr.isatty():
        return nullcontext(steps)
    return click.progressbar(steps, label="measuring", file=sys.stderr)


def _steps(count: int, counts: Counts) -> Iterator[tuple[int, Measure]]:
    yield count, _batch
    for family in FAMILIES:
        yield count, partial(_jobs, family=family) if count <= counts.jobs_at_most else _nothing
    yield count, _calls if count <= counts.calls_at_most else _nothing


def _batch(folder: Path, count: int) -> list[str]:
    """Run all recordings by one batch, and refresh it."""
    with _cloud(folder, count) as service:

        def program() -> None:
            voices = native.NoiseReductionTemplate("voices", bucket=_BUCKET, template_name="voices")
            native.NoiseReductionBatch(
                "folder",
                bucket=_BUCKET,
                input_prefix="raw/",
                output_prefix="clean/",
                template_id=voices.template_id,
                at_most=count,
            )

        stack = stack_of(f"batch-{count}", program, service.settings())
        with memory_of_plugin() as memory:
            seconds = seconds_of(lambda: up(stack))
        requests = len(service.requests())
        service.forget()
        refreshed = seconds_of(stack.refresh)
        return [
            f"{requests} requests, {seconds:.1f} s, {memory.megabytes:.0f} MB",
            f"{len(service.requests())} requests, {refreshed:.1f} s",
        ]


def _jobs(folder: Path, count: int, family: str) -> list[str]:
    """Run a job for each recording, all of one stack."""
    with _cloud(folder, count) as service:

        def program() -> None:
            for number in range(count):
                FAMILIES[family].NoiseReductionJob(
                    f"{number:05}",
                    bucket=_BUCKET,
                    input_object=f"raw/{number:05}.wav",
                    output_object=f"clean/{number:05}.wav",
                )

        stack = stack_of(f"jobs-{family}-{count}", program, service.settings())
        seconds = seconds_of(lambda: up(stack))
        return [f"{len(service.requests())} requests, {seconds:.1f} s"]


def _calls(folder: Path, count: int) -> list[str]:
    """Do with the official SDK what a script would: submit each, then ask for each until it has ended."""
    with _cloud(folder, count) as service:
        proxies = {"http": service.settings()["CI_AUDIO_ENDPOINT"]}
        sdk = CosS3Client(
            CosConfig(Region=REGION, SecretId="emulator", SecretKey="emulator", Scheme="http", Proxies=proxies)
        )

        def run() -> None:
            for job_id in [_submitted(sdk, number) for number in range(count)]:
                while sdk.ci_get_media_jobs(Bucket=_BUCKET, JobIDs=job_id)["JobsDetail"][0]["State"] != "Success":
                    time.sleep(0.1)

        seconds = seconds_of(run)
        return [f"{len(service.requests())} requests, {seconds:.1f} s"]


def _nothing(_folder: Path, _count: int) -> list[str]:
    return ["not measured"]


def _submitted(sdk: CosS3Client, number: int) -> str:
    output = {"Region": REGION, "Bucket": _BUCKET, "Object": f"clean/{number:05}.wav"}
    operation = {"NoiseReduction": {"Format": "wav", "Samplerate": "16000"}, "Output": output}
    body = {"Tag": "NoiseReduction", "Input": {"Object": f"raw/{number:05}.wav"}, "Operation": operation}
    job_id: str = sdk.ci_create_media_jobs(Bucket=_BUCKET, Jobs=body, Lst={})["JobsDetail"][0]["JobId"]
    return job_id


@contextmanager
def _cloud(folder: Path, count: int) -> Iterator[Cloud]:
    """Run an emulator that copies, with that many recordings in a bucket with Smart Audio."""
    target = folder / REGION / _BUCKET / "raw"
    target.mkdir(parents=True)
    for number in range(count):
        (target / f"{number:05}.wav").write_bytes(_RECORDING)
    command = [sys.executable, "-c", _COPYING, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            service = Cloud(int(process.stdout.readline().rpartition(":")[2]))
            service.put_bucket(_BUCKET, ci="on", asr="on")
            yield service
        finally:
            process.terminate()
