"""`make demo` as a user sees it: its words, its results, and that nothing of it stays."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pulumi_ci_audio.emulator.audio import Levels, levels

pytestmark = pytest.mark.engine

ROOT = Path(__file__).parents[2]
RECORDING = ROOT / "tests" / "data" / "audio" / "speech-noisy.mp3"


class Terminal:
    """Where the demo is run. Its temporary folder tells its processes from everybody else's."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "demo-output"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()

    def start(self, *arguments):
        return subprocess.Popen(
            [sys.executable, ROOT / "tools" / "demo.py", "--output", self.results, *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments):
        with self.start(*arguments) as demo:
            output, errors = demo.communicate()
        return demo.returncode, output, errors

    def processes(self):
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def leftovers(self):
        return [*self.processes(), *self.temporary.iterdir()]

    def _is_ours(self, process):
        try:
            return process.environ().get("TMPDIR") == str(self.temporary)
        except psutil.Error:
            return False


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


def test_it_shows_a_whole_life_and_leaves_the_results(terminal, engine_on_path):
    status, output, errors = terminal.run("--job-seconds", "0")

    assert (status, errors) == (0, "")
    assert "emulator" in output.splitlines()[0] + output.splitlines()[1]
    assert [output.count(f"{number:2}. ") for number in range(1, 12)] == [1] * 11
    assert "[2/3]" in output or "[3/3]" in output
    assert output.count('"on" => "off"') > 1
    assert output.count('"off" => "on"') > 1
    refusal = next(line for line in output.splitlines() if "in the way" in line)
    assert "w0a1b2c3d" in refusal
    assert "b4e5f6a7b" in refusal
    assert not re.search(r"Traceback|Exception|Warning|\x1b", output)
    assert terminal.leftovers() == []

    floors = re.search(r"noise floor +(\S+) dBFS +(\S+) dBFS .* met$", output, re.MULTILINE)
    speech = re.search(r"speech +(\S+) dBFS +(\S+) dBFS .* met$", output, re.MULTILINE)
    assert float(floors[1]) - float(floors[2]) >= 10
    assert abs(float(speech[1]) - float(speech[2])) <= 3
    assert sorted(path.name for path in terminal.results.iterdir()) == ["cleaned.wav", "spectrogram.png"]
    assert (terminal.results / "cleaned.wav").read_bytes()[:4] == b"RIFF"
    assert levels(terminal.results / "cleaned.wav").noise_floor == pytest.approx(float(floors[2]), abs=0.05)
    assert (terminal.results / "spectrogram.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("floor", "speech", "verdicts"),
    [(-50.0, -22.9, ["met", "met"]), (-49.9, -20.0, ["NOT met", "met"]), (-60.0, -23.1, ["met", "NOT met"])],
)
def test_a_target_that_a_recording_does_not_meet_is_admitted(capsys, monkeypatch, floor, speech, verdicts):
    spec = importlib.util.spec_from_file_location("demo", ROOT / "tools" / "demo.py")
    demo = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "demo", demo)  # where its dataclass looks for its module
    spec.loader.exec_module(demo)

    demo.show_levels(Levels(noise_floor=-40.0, speech=-20.0), Levels(noise_floor=floor, speech=speech))

    output = capsys.readouterr().out
    assert re.findall(r": (NOT met|met)$", output, re.MULTILINE) == verdicts
    assert ("not every target is met for this recording" in output) == ("NOT met" in verdicts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_and_removes_everything(terminal, engine_on_path, number):
    with terminal.start("--job-seconds", "60") as demo:
        for line in demo.stdout:
            if "[2/3]" in line:
                break
        assert len(terminal.processes()) > 2
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=30)

    assert demo.returncode == 130
    assert errors == "demo: interrupted; what it had started is ended and removed\n"
    assert terminal.leftovers() == []
    assert not terminal.results.exists()


def a_text(folder):
    (folder / "voice.mp3").write_text("this is no audio")
    return folder / "voice.mp3"


def too_large(folder):
    path = folder / "voice.mp3"
    path.write_bytes(RECORDING.read_bytes())
    os.truncate(path, 10 * 1024 * 1024 + 1)
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "none.mp3", "there is no file"),
        (lambda folder: folder, "is a folder"),
        (lambda _: "/dev/null", "there is no file"),
        (a_text, "is no recording"),
        (too_large, "at most 10 MB"),
    ],
    ids=["missing", "folder", "device", "text", "large"],
)
def test_what_the_service_would_not_take_is_refused_before_anything_starts(terminal, tmp_path, make, said):
    status, output, errors = terminal.run("--audio", make(tmp_path))

    assert (status, output) == (1, "")
    assert said in errors
    assert errors.count("\n") == 1
    assert terminal.leftovers() == []
    assert not terminal.results.exists()


def test_a_failure_on_the_way_is_one_line(terminal, engine_on_path):
    terminal.results.write_text("a file where the results would go")

    status, _, errors = terminal.run("--job-seconds", "0")

    assert status == 1
    assert errors.startswith("demo: ")
    assert errors.count("\n") == 1
    assert terminal.leftovers() == []
