"""The second table of `make bench`: many resources in one stack, through the plugin and through dynamic providers.

Requests and connections are those that the emulator logged, and hold on any machine. Seconds are this machine's, beside
the floor: as many resources that do nothing.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
from pulumi import automation, dynamic

from pulumi_ci_audio import native, resources

FAMILIES: dict[str, ModuleType] = {"native": native, "dynamic": resources}
REGION = "ap-chongqing"
RECORDING = Path(__file__).resolve().parents[1] / "tests" / "data" / "audio" / "speech-noisy.mp3"
EMULATOR = "from pulumi_ci_audio.cli import main; main()"
_PARALLEL = 64
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Sizes:
    """How many there are of each.

    Attributes:
        jobs: of one second, in one stack.
        bindings: in the stack whose requests are counted.
        many: bindings in the stack that shows how memory grows.
        wait_seconds: how long the job takes whose wait is interrupted.
    """

    jobs: int = 40
    bindings: int = 200
    many: int = 1000
    wait_seconds: int = 5


QUICK = Sizes(jobs=2, bindings=2, many=2, wait_seconds=1)


class Cloud:
    """A running emulator, and what it logged."""

    def __init__(self, port: int) -> None:
        self._port = port

    def put_buckets(self, prefix: str, count: int, **state: str) -> list[str]:
        """Make that many buckets, and return their names."""
        names = [f"{prefix}{number}-1250000000" for number in range(count)]
        for name in names:
            self.put_bucket(name, **state)
        return names

    def put_bucket(self, name: str, **state: str) -> None:
        """Make a bucket."""
        self._call("PUT", f"/_emulator/buckets/{REGION}/{name}", json.dumps(state).encode())

    def put_recording(self, folder: Path, bucket: str) -> None:
        """Put a recording into a bucket, which is a folder."""
        target = folder / REGION / bucket / "raw"
        target.mkdir(parents=True, exist_ok=True)
        (target / "voice.mp3").write_bytes(RECORDING.read_bytes()[:16384])

    def forget(self) -> None:
        """Clear the log of requests."""
        self._call("DELETE", "/_emulator/requests")

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the log was cleared."""
        found: list[dict[str, Any]] = json.loads(self._call("GET", "/_emulator/requests"))["requests"]
        return found

    def settings(self) -> dict[str, str]:
        """Return the variables that lead the package here."""
        return {
            "CI_AUDIO_ENDPOINT": f"http://127.0.0.1:{self._port}",
            "TENCENTCLOUD_SECRET_ID": "emulator",
            "TENCENTCLOUD_SECRET_KEY": "emulator",
            "TENCENTCLOUD_REGION": REGION,
        }

    def _call(self, method: str, path: str, body: bytes = b"") -> bytes:
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE_SECONDS)) as connection:
            connection.request(method, path, body)
            answer = connection.getresponse()
            content = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {content!r}")
        return content


@contextmanager
def cloud(folder: Path, *options: str) -> Iterator[Cloud]:
    """Run an emulator in a process of its own, with its buckets in ``folder``."""
    command = [sys.executable, "-c", EMULATOR, "emulator", "--port", "0", "--data", str(folder), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield Cloud(int(process.stdout.readline().rpartition(":")[2]))
        finally:
            process.terminate()


def print_table(folder: Path, sizes: Sizes) -> None:
    """Measure, and print the table."""
    print("\n| what | native | dynamic | floor |\n|---|--:|--:|--:|", flush=True)
    for part in (jobs(folder, sizes), bindings(folder, sizes.bindings), start(), many(folder, sizes.many)):
        for row in part:
            print(row, flush=True)


def jobs(folder: Path, sizes: Sizes) -> Iterator[str]:
    """Run jobs of one second in one `up`, and interrupt one that waits."""
    count = sizes.jobs
    options = ("--job-seconds", "1", "--queue-concurrency", str(_PARALLEL))
    floor = seconds_of(lambda: up(stack_of("floor", lambda: _nothings(count), {})))
    with cloud(folder / "jobs", *options) as service:
        taken = [seconds_of(_jobs_of(family, service, folder / "jobs", count)) for family in FAMILIES]
    words = [f"{seconds:.1f} s" for seconds in taken]
    yield _row(f"{count} jobs of one second, one `up -p {_PARALLEL}`", words, f"{floor:.1f} s")
    with cloud(folder / "waits", "--job-seconds", str(sizes.wait_seconds)) as service:
        ended = [_interrupted(family, service, folder / "waits") for family in FAMILIES]
    words = [f"{seconds:.2f} s" if seconds else "waits on" for seconds in ended]
    yield _row("Ctrl-C, until the wait for a job has ended", words)


def bindings(folder: Path, count: int) -> Iterator[str]:
    """Refresh and destroy Smart Audio bindings, and count the requests."""
    refreshed, connections, destroyed = list[str](), list[str](), list[str]()
    with cloud(folder / "bindings") as service:
        for family in FAMILIES:
            stack = _bindings_of(family, family, service, count)
            up(stack)
            service.forget()
            stack.refresh(parallel=_PARALLEL)
            seen = service.requests()
            refreshed.append(str(len(seen)))
            connections.append(str(len({request["connection"] for request in seen})))
            service.forget()
            stack.destroy(parallel=_PARALLEL)
            destroyed.append(f"{len(service.requests()) / count:.1f}")
    yield _row(f"refresh of {count} Smart Audio bindings: requests", refreshed)
    yield _row("the same: connections", connections)
    yield _row(f"destroy of {count}: requests each", destroyed)


def start() -> Iterator[str]:
    """Start the plugin until it says its port."""
    plugin = str(Path(sys.executable).with_name("pulumi-resource-ci-audio"))

    def until_the_port() -> None:
        with subprocess.Popen([plugin], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()

    until_the_port()
    seconds = seconds_of(until_the_port)
    floor = seconds_of(lambda: subprocess.run([sys.executable, "-c", "import pulumi"], check=True))
    yield _row("start of the provider's process", [f"{seconds:.2f} s", ""], f"{floor:.2f} s, `import pulumi`")


def many(folder: Path, count: int) -> Iterator[str]:
    """Create, refresh and destroy very many bindings through the plugin, and look at its memory."""
    with cloud(folder / "many") as service:
        stack = _bindings_of("native", "many", service, count)
        with memory_of_plugin() as created:
            seconds = seconds_of(lambda: up(stack))
        with memory_of_plugin() as refreshed:
            refresh = seconds_of(lambda: stack.refresh(parallel=_PARALLEL))
        with memory_of_plugin() as destroyed:
            destroy = seconds_of(lambda: stack.destroy(parallel=_PARALLEL))
    for what, taken, memory in (
        ("create", seconds, created),
        ("refresh", refresh, refreshed),
        ("destroy", destroy, destroyed),
    ):
        yield _row(
            f"{count} Smart Audio bindings: {what}; most memory of the plugin",
            [f"{taken:.0f} s, {memory.megabytes:.0f} MB", ""],
        )


def _jobs_of(family: str, service: Cloud, folder: Path, count: int) -> Callable[[], None]:
    """Return what runs that many jobs of a family in one `up`."""
    (bucket,) = service.put_buckets(family, 1, ci="on", asr="on")
    service.put_recording(folder, bucket)

    def program() -> None:
        for number in range(count):
            FAMILIES[family].NoiseReductionJob(
                f"job-{number}", bucket=bucket, input_object="raw/voice.mp3", output_object=f"{number}.wav"
            )

    stack = stack_of(f"jobs-{family}", program, service.settings())
    return lambda: up(stack)


def _bindings_of(family: str, prefix: str, service: Cloud, count: int) -> automation.Stack:
    """Return a stack of that many Smart Audio bindings, which is not up yet."""
    buckets = service.put_buckets(prefix, count)

    def program() -> None:
        for bucket in buckets:
            FAMILIES[family].AsrBucketBinding(bucket, bucket=bucket)

    return stack_of(f"bindings-{prefix}", program, service.settings())


def _interrupted(family: str, service: Cloud, folder: Path) -> float | None:
    """Return how long a wait goes on after Ctrl-C, or ``None`` where it goes on until the job ends."""
    (bucket,) = service.put_buckets(family, 1, ci="on", asr="on")
    service.put_recording(folder, bucket)

    def program() -> None:
        FAMILIES[family].NoiseReductionJob(
            "job", bucket=bucket, input_object="raw/voice.mp3", output_object="voice.wav"
        )

    stack = stack_of(f"waits-{family}", program, service.settings())
    interrupted: list[float] = []

    def interrupt_once(line: str) -> None:
        if "[2/3]" in line and not interrupted:
            interrupted.append(time.perf_counter())
            for child in psutil.Process().children():
                with contextlib.suppress(psutil.Error):
                    if child.name() == "pulumi":
                        child.send_signal(signal.SIGINT)

    with contextlib.suppress(automation.CommandError):
        stack.up(on_output=interrupt_once)
        return None
    return time.perf_counter() - interrupted[0]


@dataclass
class Memory:
    """The most memory that was seen."""

    megabytes: float = 0.0


@contextmanager
def memory_of_plugin() -> Iterator[Memory]:
    """Watch the memory of the plugin while the block runs."""
    most, done = Memory(), threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if any("pulumi-resource-ci-audio" in part for part in process.cmdline()):
                        most.megabytes = max(most.megabytes, process.memory_info().rss / 1e6)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        done.set()
        watching.join()


class _Nothing(dynamic.ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        return dynamic.CreateResult("nothing", props)


class _NothingResource(dynamic.Resource, module="bench", name="Nothing"):
    pass


def _nothings(count: int) -> None:
    for number in range(count):
        _NothingResource(_Nothing(), f"nothing-{number}", {})


def stack_of(name: str, program: Callable[[], None], settings: dict[str, str]) -> automation.Stack:
    """Return a stack that is not up yet, whose engine finds the plugin of this environment."""
    search = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = automation.LocalWorkspaceOptions(env_vars={"PATH": search, **settings})
    return automation.create_or_select_stack(name, project_name="bench", program=program, opts=options)


def up(stack: automation.Stack) -> None:
    """Run ``pulumi up`` with many operations at once."""
    stack.up(parallel=_PARALLEL)


def seconds_of(action: Callable[[], object]) -> float:
    """Return how long ``action`` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _row(what: str, values: list[str], floor: str = "") -> str:
    return f"| {what} | {' | '.join(values)} | {floor} |"
