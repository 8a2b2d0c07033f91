"""Measure the package against baselines that run beside it, and print the ratios as a Markdown table.

Usage: ``python -m tools.bench``. Each row is a pair, measured in turns over several rounds. A ratio is that of one
round, so that what else the machine does touches both sides: ratios say something about the package, seconds about
the machine. ``--quick`` only shows that every pair can be measured; its numbers mean nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import http.client
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.resampler import AudioResampler
from pulumi import automation, dynamic
from qcloud_cos import CosConfig, CosS3Client

from pulumi_ci_audio import CiBucketBinding
from pulumi_ci_audio.api.client import BucketQuery, Client
from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.signing import authorization
from pulumi_ci_audio.api.transport import RequestsTransport
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.emulator.audio.denoise import denoise
from tools import bench_recordings, bench_stacks
from tools.engine_install import find_or_install
from tools.hermetic import isolate

ROOT = Path(__file__).resolve().parents[1]
RECORDING = ROOT / "tests" / "data" / "audio" / "speech-noisy.mp3"
REGION, BUCKET = "ap-chongqing", "recordings-1250000000"
OBJECT = bytes(1000)
EMULATOR = "from pulumi_ci_audio.cli import main; main()"
MOTO = """
import threading
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""

_PATIENCE_SECONDS = 30

TABLES = ("pairs", "stacks", "recordings")
"""What is measured, each in a table of its own: pairs, many resources in a stack, and folders of recordings."""

Measurement = Callable[[], float]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: how often each pair is measured.
        warm_ups: how many rounds before these do not count.
        resources: how many there are in a stack.
        seconds: for how long a server is asked in one round.
        calls: how many a client makes in one round.
        clips: how many are denoised in one round.
    """

    rounds: int = 5
    warm_ups: int = 1
    resources: int = 10
    seconds: float = 1.0
    calls: int = 200
    clips: int = 10


QUICK = Effort(rounds=1, warm_ups=0, resources=1, seconds=0.1, calls=2, clips=1)


@dataclass(frozen=True)
class Pair:
    """Two measurements in one unit."""

    what: str
    unit: str
    ours: Measurement
    baseline: Measurement

    def row(self, effort: Effort) -> str:
        """Measure, and return the line of the table."""
        rounds = [(self.ours(), self.baseline()) for _ in range(effort.warm_ups + effort.rounds)][effort.warm_ups :]
        ours, baseline = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratios = sorted(one / other for one, other in rounds)
        return (
            f"| {self.what} | {ours:.4g} {self.unit} | {baseline:.4g} {self.unit} "
            f"| {statistics.median(ratios):.2f} | {ratios[0]:.2f} to {ratios[-1]:.2f} |"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the package against baselines, and print the ratios.")
    parser.add_argument("--quick", action="store_true", help="only show that every pair can be measured")
    parser.add_argument("--table", choices=TABLES, action="append", help="only this table; may be repeated")
    given = parser.parse_args(arguments)
    is_quick, tables = given.quick, given.table or TABLES
    with tempfile.TemporaryDirectory(prefix="ci-audio-bench-") as name:
        isolate(Path(name), find_or_install(), {})
        if "pairs" in tables:
            pairs(Path(name) / "pairs", QUICK if is_quick else Effort())
        if "stacks" in tables:
            bench_stacks.print_table(Path(name) / "clouds", bench_stacks.QUICK if is_quick else bench_stacks.Sizes())
        if "recordings" in tables:
            counts = bench_recordings.QUICK if is_quick else bench_recordings.Counts()
            bench_recordings.print_table(Path(name) / "recordings", counts)
    return 0


def pairs(folder: Path, effort: Effort) -> None:
    """Measure the pairs, and print their table."""
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}. Medians of {effort.rounds} rounds; ratio: ours")
    print("through baseline, of each round. Of requests/s more is better, of times less.\n")
    print("| what | ours | baseline | ratio | spread of the ratio |\n|---|--:|--:|--:|--:|", flush=True)
    with (
        _server(EMULATOR, "emulator", "--port", "0", "--data", f"{folder}/cloud") as emulator_port,
        _server(MOTO) as moto_port,
    ):
        _prepare(emulator_port, effort.resources)
        for pair in (
            *throughput(emulator_port, moto_port, seconds=effort.seconds),
            *nothing_to_do(resources=effort.resources),
            imports(),
            signed_get(f"http://127.0.0.1:{emulator_port}", calls=effort.calls),
            denoising(folder, clips=effort.clips),
        ):
            print(pair.row(effort), flush=True)


def throughput(emulator_port: int, moto_port: int, *, seconds: float) -> Iterator[Pair]:
    """Compare how many requests for a small object the emulator and moto answer, each in its own process."""
    host = f"{BUCKET}.cos.{REGION}.myqcloud.com"
    ours = {"Host": host, "Authorization": _signature("GET", "/object", host)}
    # Moto reads whose request it is, and does not check the signature.
    scope = "19700101/us-east-1/s3/aws4_request"
    baseline = {"Authorization": f"AWS4-HMAC-SHA256 Credential=a/{scope}, SignedHeaders=host, Signature=0"}
    _put(emulator_port, f"/_emulator/buckets/{REGION}/{BUCKET}", body=b'{"ci": "on", "asr": "on"}')
    _put(emulator_port, "/object", {"Host": host, "Authorization": _signature("PUT", "/object", host)}, OBJECT)
    _put(moto_port, f"/{BUCKET}", baseline)
    _put(moto_port, f"/{BUCKET}/object", baseline, OBJECT)
    for clients, words in ((1, "1 client"), (4, "4 clients")):
        yield Pair(
            f"GET of an object, {words}: emulator (signature checked, keep-alive) / moto's S3 (neither)",
            "requests/s",
            functools.partial(_requests_per_second, emulator_port, "/object", ours, clients, seconds),
            functools.partial(_requests_per_second, moto_port, f"/{BUCKET}/object", baseline, clients, seconds),
        )


def nothing_to_do(*, resources: int) -> Iterator[Pair]:
    """Compare what the engine needs for stacks in which nothing has changed."""
    ours = _stack("bindings", functools.partial(_bindings, resources))
    baseline = _stack("nothings", functools.partial(_nothings, resources))
    for command, operation in (("up", _up), ("refresh", automation.Stack.refresh)):
        yield Pair(
            f"`pulumi {command}`, nothing to do: {resources} bindings / {resources} dynamic resources that do nothing",
            "s",
            functools.partial(_seconds, functools.partial(operation, ours)),
            functools.partial(_seconds, functools.partial(operation, baseline)),
        )


def imports() -> Pair:
    """Compare what a program waits for before it registers anything."""

    def run(code: str) -> float:
        return _seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))

    return Pair(
        "`import pulumi_ci_audio.resources`: with it / `import pulumi` alone",
        "s",
        functools.partial(run, "import pulumi, pulumi_ci_audio.resources"),
        functools.partial(run, "import pulumi"),
    )


def signed_get(url: str, *, calls: int) -> Pair:
    """Compare one call of two clients: sign, send over an open connection, decode."""
    client = Client(
        transport=RequestsTransport(url, connect_timeout=10, read_timeout=_PATIENCE_SECONDS),
        credentials=lambda: Credentials("emulator", "emulator"),
        waiter=Waiter(now=time.monotonic, sleep=time.sleep),
    )
    sdk = CosS3Client(
        CosConfig(Region=REGION, SecretId="emulator", SecretKey="emulator", Scheme="http", Proxies={"http": url})
    )
    query = BucketQuery(bucket_names=[BUCKET])
    return Pair(
        "a signed GET of `/asrbucket`, open connection: our client / the official SDK",
        "ms",
        lambda: _milliseconds_each(calls, lambda: client.describe_asr_buckets(REGION, query)),
        lambda: _milliseconds_each(calls, lambda: sdk.ci_get_asr_bucket(BucketNames=BUCKET)),
    )


def denoising(folder: Path, *, clips: int) -> Pair:
    """Compare the work of a job with decoding and encoding the same recording."""
    target = folder / "target.wav"
    return Pair(
        "a clip of 12 s: denoise / only decode and encode",
        "ms",
        lambda: _milliseconds_each(clips, lambda: denoise(RECORDING, target, format="wav", sample_rate=16000)),
        lambda: _milliseconds_each(clips, lambda: _transcode(RECORDING, target)),
    )


def _requests_per_second(port: int, path: str, headers: Mapping[str, str], clients: int, seconds: float) -> float:
    def ask(_: int) -> int:
        end, count = time.perf_counter() + seconds, 0
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)) as connection:
            while time.perf_counter() < end:
                connection.request("GET", path, headers=dict(headers))
                count += connection.getresponse().read() == OBJECT
        return count

    with ThreadPoolExecutor(clients) as threads:
        return sum(threads.map(ask, range(clients))) / seconds


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _milliseconds_each(times: int, action: Callable[[], object]) -> float:
    return _seconds(lambda: [action() for _ in range(times)]) / times * 1000


def _transcode(source: Path, target: Path) -> None:
    with av.open(str(source)) as recording, av.open(str(target), "w", format="wav") as container:
        track = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        resampler = AudioResampler(format="s16", layout="mono", rate=16000)
        for frame in (*recording.decode(recording.streams.audio[0]), None):
            for resampled in resampler.resample(frame):
                container.mux(track.encode(resampled))
        container.mux(track.encode(None))


class Nothing(dynamic.ResourceProvider):
    """The least that a dynamic provider can be."""

    serialize_as_secret_always = False  # as ours, lest the baseline alone encrypts

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Do nothing."""
        return dynamic.CreateResult("nothing", props)


class NothingResource(dynamic.Resource, module="bench", name="Nothing"):
    """A resource that stands for nothing."""


def _bindings(count: int) -> None:
    for number in range(count):
        CiBucketBinding(f"binding-{number}", bucket=f"bucket{number}-1250000000")


def _nothings(count: int) -> None:
    for number in range(count):
        NothingResource(Nothing(), f"nothing-{number}", {"bucket": f"bucket{number}-1250000000"})


def _stack(name: str, program: Callable[[], None]) -> automation.Stack:
    stack = automation.create_or_select_stack(name, project_name="bench", program=program)
    stack.up()
    return stack


def _up(stack: automation.Stack) -> None:
    changes = stack.up().summary.resource_changes
    if set(changes or ()) != {"same"}:
        raise RuntimeError(f"there should have been nothing to do: {changes}")


@contextlib.contextmanager
def _server(code: str, *arguments: str) -> Iterator[int]:
    """Run a server in a process of its own; yield its port, with which the first line it prints ends."""
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


def _prepare(emulator_port: int, buckets: int) -> None:
    """Let the package find the emulator, and buckets in it."""
    for number in range(buckets):
        _put(emulator_port, f"/_emulator/buckets/{REGION}/bucket{number}-1250000000", body=b"{}")
    os.environ |= {
        "CI_AUDIO_ENDPOINT": f"http://127.0.0.1:{emulator_port}",
        "TENCENTCLOUD_SECRET_ID": "emulator",
        "TENCENTCLOUD_SECRET_KEY": "emulator",
        "TENCENTCLOUD_REGION": REGION,
    }


def _signature(method: str, path: str, host: str) -> str:
    now, secret = int(time.time()), "emulator"
    when, headers = f"{now - 60};{now + 3600}", [("host", host)]
    return authorization(
        secret_id=secret, secret_key=secret, key_time=when, method=method, path=path, parameters=[], headers=headers
    )


def _put(port: int, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)) as connection:
        connection.request("PUT", path, body, dict(headers or {}))
        answer = connection.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"PUT {path} was answered with {answer.status}: {answer.read()!r}")


if __name__ == "__main__":
    sys.exit(main())
