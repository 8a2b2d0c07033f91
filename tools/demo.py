"""Show the package at work: the real Pulumi engine, the shipped emulator in place of the cloud, a real recording.

Usage: ``python -m tools.demo [--audio FILE]``. Runs ``examples/quickstart`` through a whole life: preview, deploy,
services switched off by hand, repair, a destroy that is refused, destroy. Then keeps a folder clean by
``examples/folder``: three recordings, one of them bad, one more later. Leaves the cleaned recording and a picture in
``demo-output/`` and nothing else: no process, no temporary file, no trace in the user's own Pulumi.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from pulumi import automation

from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator, Settings
from pulumi_ci_audio.emulator.errors import NotAudioError
from tools.engine_install import EngineError, find_or_install
from tools.hermetic import isolate
from tools.levels import Levels, levels
from tools.project import EngineFailedError, Project
from tools.spectrogram import spectrogram
from tools.terminal import BOLD, CYAN, GREEN, YELLOW, say, styled

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "quickstart"
FOLDER_EXAMPLE = ROOT / "examples" / "folder"
RECORDING = ROOT / "tests" / "data" / "audio" / "speech-noisy.mp3"
RESULTS = ROOT / "demo-output"

REGION, BUCKET = "ap-chongqing", "recordings-1250000000"
WORKFLOW = {"id": "w0a1b2c3d", "name": "nightly-transcode", "state": "Active"}
BATCH_JOB = {"id": "b4e5f6a7b", "name": "backfill-archive", "state": "Running"}
MEGABYTE = 1024 * 1024
LARGEST_MEGABYTES = 10  # what the service takes ("Submit a Task", 1045/73375)
LEAST_DROP_DB, LARGEST_SHIFT_DB = 10, 3

_INTERRUPTED = 130  # as shells report it
_GRACE_SECONDS = 5


class DemoError(Exception):
    """The demo cannot go on; the text is the line that says why."""


def main() -> int:
    """Run the demo; return the exit status."""
    parser = argparse.ArgumentParser(description="Show the package at work, against the shipped emulator.")
    parser.add_argument("--audio", type=Path, default=RECORDING, help="a recording of at most 10 MB")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the folder for the results")
    parser.add_argument("--job-seconds", type=float, default=4, help="how long the emulated job takes at least")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    _end_children_at_once_when_interrupted()
    _drop_leftovers_of_the_automation_api()
    try:
        before = measure(options.audio)
        with _stage(options.job_seconds) as (emulator, folder):
            projects = Project(EXAMPLE, folder / "quickstart"), Project(FOLDER_EXAMPLE, folder / "folder")
            play(Demo(emulator, *projects, options.audio, before, options.output))
    except (DemoError, EngineError, EngineFailedError, NotAudioError, OSError) as error:
        return _fail(str(error))
    except automation.CommandError as error:
        return _fail(f"the engine refused: {str(error).strip().splitlines()[-1].strip()}")
    except KeyboardInterrupt:
        _fail("interrupted; what it had started is ended and removed")
        return _INTERRUPTED
    ran = " and ".join(str(example.relative_to(ROOT) / "__main__.py") for example in (EXAMPLE, FOLDER_EXAMPLE))
    print(f"\nDone, and nothing is left running. What ran: {ran}")
    return 0


def measure(recording: Path) -> Levels:
    """Return how loud a recording is.

    Raises:
        DemoError: the service would not take it.
    """
    if recording.is_dir():
        raise DemoError(f"{recording} is a folder, not a recording")
    if not recording.is_file():
        raise DemoError(f"there is no file {recording}")
    size = recording.stat().st_size
    if size > LARGEST_MEGABYTES * MEGABYTE:
        raise DemoError(f"{recording} has {size / MEGABYTE:.2f} MB, the service takes at most {LARGEST_MEGABYTES} MB")
    try:
        return levels(recording)
    except NotAudioError as error:
        raise DemoError(f"{recording} is no recording: {error}") from error


@dataclass(frozen=True)
class Demo:
    """What the steps share."""

    emulator: RunningEmulator
    project: Project
    folder: Project
    recording: Path
    before: Levels
    output: Path

    def upload(self) -> None:
        """Put the recording where the program expects it."""
        key = f"raw/{self.recording.name}" if re.fullmatch(r"[\w.-]+", self.recording.name, re.ASCII) else "raw/audio"
        self.emulator.put_object(REGION, BUCKET, key, self.recording.read_bytes())
        self.project.configure(bucket=BUCKET, input=key, output="clean/speech.wav")
        say(f"{self.recording.name} is in the emulated bucket")

    def preview(self) -> None:
        """Show what would happen."""
        self.emulator.clear_requests()
        self.project.preview()
        _require(not self.emulator.requests(), "the preview sent requests")
        say("nothing was sent to the service", GREEN)

    def deploy(self) -> None:
        """Make it happen."""
        self.project.up()
        self._require_bindings("on")
        say("the bucket is bound, Smart Audio is on, the job has run", GREEN)

    def compare(self) -> None:
        """Show what the job did to the recording, and keep its results."""
        content = self.emulator.get_object(REGION, BUCKET, "clean/speech.wav")
        if content is None:
            raise DemoError("the job left no cleaned recording")
        self.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=self.output) as name:
            cleaned, picture = Path(name, "cleaned.wav"), Path(name, "spectrogram.png")
            cleaned.write_bytes(content)
            after = levels(cleaned)
            spectrogram(self.recording, cleaned, picture)
            for result in (cleaned, picture):  # complete or not at all
                result.replace(self.output / result.name)
        show_levels(self.before, after)
        say(f"to listen to:  {os.path.relpath(self.output / 'cleaned.wav')}")
        say(f"to look at:    {os.path.relpath(self.output / 'spectrogram.png')} (before above, after below)")

    def switch_off(self) -> None:
        """Do by hand what the program does not know of."""
        self.emulator.put_bucket(REGION, BUCKET, asr="off", ci="off")
        say("CI and Smart Audio are off now, and nothing in Git says so")

    def notice(self) -> None:
        """Show the drift."""
        printed = self.project.preview(refresh=True, diff=True)
        _require(printed.count('"off" => "on"') == len(("binding", "audio")), "the preview did not show the drift")
        say('seen: "on" => "off" is what happened, "off" => "on" is what `up` would do about it', GREEN)

    def repair(self) -> None:
        """Switch on again what was switched off."""
        self.project.up(refresh=True)
        self._require_bindings("on")
        _require(len(self.emulator.state()["jobs"]) == 1, "the repair ran the job again")
        say("both are on again; the job, which the cloud would bill again, was not run again", GREEN)

    def block(self) -> None:
        """Put in the way of unbinding what others may have running in the bucket."""
        self.emulator.put_bucket(REGION, BUCKET, workflows=[WORKFLOW], batch_jobs=[BATCH_JOB])
        for kind, thing in (("workflow", WORKFLOW), ("batch job", BATCH_JOB)):
            say(f"{kind} {thing['id']} ({thing['name']}) is {thing['state']}")

    def be_refused(self) -> None:
        """Show that nothing is torn away from under them, and that both are named."""
        try:
            self.project.destroy()
        except EngineFailedError as error:
            printed = error.printed
        else:
            raise DemoError("`pulumi destroy` should have been refused")
        _require(WORKFLOW["id"] in printed and BATCH_JOB["id"] in printed, "the error does not name what is in the way")
        self._require_bindings("on", asr="off")
        say("refused as it should be: the bucket is still bound, and the error names both and how to clear them", GREEN)

    def clear(self) -> None:
        """Take away what is in the way."""
        self.emulator.put_bucket(REGION, BUCKET, workflows=[], batch_jobs=[])
        say("nothing is in the way any more")

    def destroy(self) -> None:
        """Undo everything but the audio."""
        self.project.destroy()
        self._require_bindings("off")
        _require(self.emulator.get_object(REGION, BUCKET, "clean/speech.wav") is not None, "destroy touched audio")
        say("the bucket is as it was before, and the cleaned recording is still in it", GREEN)

    def fill(self) -> None:
        """Put recordings into a folder, one of them bad."""
        for name in ("monday", "tuesday"):
            self._put(f"{name}.mp3")
        self._put("notes.mp3", b"a text that somebody called notes.mp3")
        self.folder.configure(bucket=BUCKET, input="interviews/", output="cleaned/")
        say("monday.mp3, tuesday.mp3 and notes.mp3 are in interviews/; the last one is a text")

    def run_folder(self) -> None:
        """Run a whole folder, and name what failed."""
        try:
            self.folder.up()
        except EngineFailedError as error:
            printed = error.printed
        else:
            raise DemoError("a recording that is none should have failed")
        _require("interviews/notes.mp3: ResourceNotSupported" in printed, "the error does not name what failed")
        self._require_runs(monday=1, tuesday=1, notes=1)
        say("one submission ran all three; the two good ones are clean, and the bad one is named with its code", GREEN)

    def mend(self) -> None:
        """Replace what was bad, and run it alone."""
        self.emulator.advance(1)  # the storage tells times in seconds
        self._put("notes.mp3")
        self.folder.up(refresh=True)
        self._require_runs(monday=1, tuesday=1, notes=2)
        say("notes.mp3 is a recording now, and it alone was run", GREEN)

    def add(self) -> None:
        """Put another recording into the folder."""
        self._put("wednesday.mp3")
        say("wednesday.mp3 is new")

    def notice_recordings(self) -> None:
        """Show what has no result."""
        printed = self.folder.preview(refresh=True, diff=True)
        _require(re.search(r"pending *: 0 => 1", printed) is not None, "the preview did not show what is pending")
        say("seen: `pending: 0 => 1` is what `up` would run, and bill", GREEN)

    def run_pending(self) -> None:
        """Run what has no result, and nothing else."""
        self.folder.up(refresh=True)
        self._require_runs(monday=1, tuesday=1, notes=2, wednesday=1)
        say("it was run, and nothing was run again that had a result", GREEN)

    def leave_folder(self) -> None:
        """Undo everything but the audio."""
        self.folder.destroy()
        self._require_bindings("off")
        _require(self.emulator.get_object(REGION, BUCKET, "cleaned/wednesday.wav") is not None, "destroy touched audio")
        say("four cleaned recordings are still there", GREEN)

    def _put(self, name: str, content: bytes | None = None) -> None:
        key = f"interviews/{name}"
        self.emulator.put_object(REGION, BUCKET, key, self.recording.read_bytes() if content is None else content)

    def _require_runs(self, **expected: int) -> None:
        inputs = Counter(job["input"] for job in self.emulator.state()["jobs"])
        found = {name: inputs[f"interviews/{name}.mp3"] for name in expected}
        _require(found == expected, f"the recordings were run {found}, which should not be")

    def _require_bindings(self, ci: str, *, asr: str | None = None) -> None:
        (bucket,) = self.emulator.state()["buckets"]
        found = (bucket["ci"], bucket["asr"])
        _require(found == (ci, asr or ci), f"the services are {' and '.join(found)}, which should not be")


# What happens, what a user would type for it, and the step.
STEPS: tuple[tuple[str, str, Callable[[Demo], None]], ...] = (
    ("Upload a noisy recording, say where it is", "", Demo.upload),
    ("Preview", "pulumi preview", Demo.preview),
    ("Deploy: bind the bucket, enable Smart Audio, clean the recording", "pulumi up", Demo.deploy),
    ("Before and after", "", Demo.compare),
    ("Somebody switches both services off in the console", "", Demo.switch_off),
    ("See it", "pulumi preview --refresh --diff", Demo.notice),
    ("Repair it", "pulumi up --refresh", Demo.repair),
    ("Somebody else starts to work in the bucket", "", Demo.block),
    ("Destroying is refused", "pulumi destroy", Demo.be_refused),
    ("They have finished, and removed what they had", "", Demo.clear),
    ("Destroy", "pulumi destroy", Demo.destroy),
    ("Three recordings in a folder, one of them bad", "", Demo.fill),
    ("Run the folder by one batch", "pulumi up", Demo.run_folder),
    ("The bad one is replaced", "pulumi up --refresh", Demo.mend),
    ("One more comes later", "", Demo.add),
    ("See what has no result", "pulumi preview --refresh --diff", Demo.notice_recordings),
    ("Run it alone", "pulumi up --refresh", Demo.run_pending),
    ("Destroy", "pulumi destroy", Demo.leave_folder),
)


def play(demo: Demo) -> None:
    """Go through the steps, each under its heading."""
    for number, (title, command, step) in enumerate(STEPS, 1):
        print(f"\n{styled(f'{number:2}. {title}', CYAN)}", flush=True)
        if command:
            say(f"$ {command}", BOLD)
        step(demo)


@contextlib.contextmanager
def _stage(job_seconds: float) -> Iterator[tuple[RunningEmulator, Path]]:
    """Yield a running emulator and a folder for projects; end and remove everything afterwards."""
    print("The Pulumi engine is the real one. The cloud is not: everything here talks to the emulator that comes with")
    print("the package. No account is needed, nothing is billed, nothing leaves this machine.", flush=True)
    engine = find_or_install()
    with tempfile.TemporaryDirectory(prefix="ci-audio-demo-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        emulator = Emulator(data=folder / "cloud", settings=Settings(job_seconds=job_seconds))
        try:
            with EmulatorServer(emulator) as server:
                running = RunningEmulator(server, emulator)
                isolate(folder, engine, running.environment(region=REGION))
                print(f"engine: {engine}\nemulator: {server.url}", flush=True)
                try:
                    yield running, folder
                finally:
                    _end_children()
        finally:
            emulator.close()


def _interrupt(_signal: int, _frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # a second interrupt must not stop the cleaning up
        signal.signal(number, signal.SIG_IGN)
    # Before anything else ends: plugins are not to be found any more once the engine, their parent, has gone.
    _end_children()
    raise KeyboardInterrupt


def _end_children_at_once_when_interrupted() -> None:
    """Let a thread end the children of an interrupted demo, which lets the main thread go on.

    A signal that reaches the process in another thread does not wake the main thread while it waits for the engine.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def end() -> None:
        os.read(reader, 1)
        _end_children()

    threading.Thread(target=end, daemon=True).start()


def _end_children() -> None:
    """End the engine and its plugins where an interrupt or a failure left them."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    _, stubborn = psutil.wait_procs(children, timeout=_GRACE_SECONDS)
    for child in stubborn:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def _drop_leftovers_of_the_automation_api() -> None:
    """Silence what Python says about the coroutines of a program that the engine stopped."""
    warnings.filterwarnings("ignore", message="coroutine 'run_pulumi_func")
    left_over = re.compile("run_pulumi_func|run_in_stack")
    hook = sys.unraisablehook
    # Which coroutine it is stands in the object or, from Python 3.14 on, in the message.
    sys.unraisablehook = lambda event: None if left_over.search(f"{event.object} {event.err_msg}") else hook(event)


def _require(condition: bool, otherwise: str) -> None:  # noqa: FBT001  reads as an assertion
    if not condition:
        raise DemoError(otherwise)


def show_levels(before: Levels, after: Levels) -> None:
    """Say how much noise has gone, how much speech with it, and whether that is what it should be."""
    drop, shift = before.noise_floor - after.noise_floor, after.speech - before.speech
    rows = (
        (
            "noise floor",
            before.noise_floor,
            after.noise_floor,
            f"at least {LEAST_DROP_DB} dB lower",
            drop >= LEAST_DROP_DB,
        ),
        ("speech", before.speech, after.speech, f"within {LARGEST_SHIFT_DB} dB", abs(shift) <= LARGEST_SHIFT_DB),
    )
    say(f"{'':12} {'before':>11} {'after':>11} {'change':>9}   target")
    for name, was, is_, target, is_met in rows:
        verdict = styled("met", GREEN) if is_met else styled("NOT met", YELLOW)
        say(f"{name:12} {was:6.1f} dBFS {is_:6.1f} dBFS {is_ - was:+6.1f} dB   {target}: {verdict}")
    if not all(row[-1] for row in rows):
        say("not every target is met for this recording; how much can be removed depends on the noise in it", YELLOW)


def _fail(reason: str) -> int:
    print(f"demo: {reason}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
