"""`make demo` as a user sees it: its words, its results, and that nothing of it stays."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.places import AUDIO
from tests.support.tool_runs import start_tool
from tools.demo import show_levels
from tools.levels import Levels, levels

pytestmark = pytest.mark.engine

RECORDING = AUDIO / "speech-noisy.mp3"


class Terminal:
    """Where the demo is run. Its temporary folder tells its processes from everybody else's."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "demo-output"
        self.temporary = folder / "temporary"
        self.temporary.mkdir()

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        environment = {**os.environ, "TMPDIR": str(self.temporary)}
        return start_tool("demo", "--output", self.results, *arguments, environment=environment)

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Run the demo to its end, and return its status, what it printed, and what it printed of errors."""
        with self.start(*arguments) as demo:
            output, errors = demo.communicate()
        return demo.returncode, output, errors

    def processes(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def leftovers(self) -> list[object]:
        return [*self.processes(), *self.temporary.iterdir()]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("TMPDIR") == str(self.temporary)
        except psutil.Error:
            return False


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_demo_shows_a_whole_life_and_leaves_the_results(terminal: Terminal, engine_on_path: Path) -> None:
    status, output, errors = terminal.run("--job-seconds", "0")

    assert (status, errors) == (0, "")
    assert "emulator" in output.splitlines()[0] + output.splitlines()[1]
    assert [output.count(f"{number:2}. ") for number in range(1, 19)] == [1] * 18
    assert "[2/3]" in output or "[3/3]" in output
    assert output.count('"on" => "off"') > 1
    assert output.count('"off" => "on"') > 1
    refusal = next(line for line in output.splitlines() if "in the way" in line)
    assert "w0a1b2c3d" in refusal
    assert "b4e5f6a7b" in refusal
    assert "1 of 3 recordings under interviews/" in output
    assert not re.search(r"Traceback|Exception|Warning|\x1b", output)
    assert terminal.leftovers() == []

    (floors,) = re.findall(r"noise floor +(\S+) dBFS +(\S+) dBFS .* met$", output, re.MULTILINE)
    (speech,) = re.findall(r"speech +(\S+) dBFS +(\S+) dBFS .* met$", output, re.MULTILINE)
    assert float(floors[0]) - float(floors[1]) >= 10
    assert abs(float(speech[0]) - float(speech[1])) <= 3
    assert sorted(path.name for path in terminal.results.iterdir()) == ["cleaned.wav", "spectrogram.png"]
    assert (terminal.results / "cleaned.wav").read_bytes()[:4] == b"RIFF"
    assert levels(terminal.results / "cleaned.wav").noise_floor == pytest.approx(float(floors[1]), abs=0.05)
    assert (terminal.results / "spectrogram.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("floor", "speech", "verdicts"),
    [(-50.0, -22.9, ["met", "met"]), (-49.9, -20.0, ["NOT met", "met"]), (-60.0, -23.1, ["met", "NOT met"])],
)
def test_a_target_that_a_recording_does_not_meet_is_admitted(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    floor: float,
    speech: float,
    verdicts: list[str],
) -> None:
    show_levels(Levels(noise_floor=-40.0, speech=-20.0), Levels(noise_floor=floor, speech=speech))

    output = capsys.readouterr().out
    assert re.findall(r": (NOT met|met)$", output, re.MULTILINE) == verdicts
    assert ("not every target is met for this recording" in output) == ("NOT met" in verdicts)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_and_removes_everything(terminal: Terminal, engine_on_path: Path, number: int) -> None:
    with terminal.start("--job-seconds", "60") as demo:
        assert demo.stdout is not None
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


def a_text(folder: Path) -> Path:
    (folder / "voice.mp3").write_text("this is no audio")
    return folder / "voice.mp3"


def too_large(folder: Path) -> Path:
    path = folder / "voice.mp3"
    path.write_bytes(RECORDING.read_bytes())
    os.truncate(path, 10 * 1024 * 1024 + 1)
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "none.mp3", "there is no file"),
        (lambda folder: folder, "is a folder"),
        (lambda _: Path("/dev/null"), "there is no file"),
        (a_text, "is no recording"),
        (too_large, "at most 10 MB"),
    ],
    ids=["missing", "folder", "device", "text", "large"],
)
def test_what_the_service_would_not_take_is_refused_before_anything_starts(
    terminal: Terminal, tmp_path: Path, make: Callable[[Path], Path], said: str
) -> None:
    status, output, errors = terminal.run("--audio", make(tmp_path))

    assert (status, output) == (1, "")
    assert said in errors
    assert errors.count("\n") == 1
    assert terminal.leftovers() == []
    assert not terminal.results.exists()


def test_a_failure_on_the_way_is_one_line(terminal: Terminal, engine_on_path: Path) -> None:
    terminal.results.write_text("a file where the results would go")

    status, _, errors = terminal.run("--job-seconds", "0")

    assert status == 1
    assert errors.startswith("demo: ")
    assert errors.count("\n") == 1
    assert terminal.leftovers() == []
