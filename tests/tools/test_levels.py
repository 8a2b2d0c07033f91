import math
import struct
import wave
from pathlib import Path

import pytest

from tools.levels import SILENCE_DBFS, levels

RECORDINGS = Path(__file__).parents[1] / "data" / "audio"
NOISY = RECORDINGS / "speech-noisy.mp3"
CLEAN = RECORDINGS / "speech-clean.wav"


def write_wav(path: Path, samples: list[int], *, channels: int = 1, rate: int = 16000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def tone(seconds: float, *, amplitude: float, rate: int = 16000) -> list[int]:
    return [round(amplitude * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate))]


def test_levels_are_percentiles_of_20_ms_frames_in_dbfs(tmp_path: Path) -> None:
    source = write_wav(tmp_path / "tones.wav", tone(1, amplitude=3276.8) + tone(1, amplitude=32.768))
    measured = levels(source)

    # The RMS of a sine lies 3.01 dB below its amplitude.
    assert measured.speech == pytest.approx(-23.01, abs=0.1)
    assert measured.noise_floor == pytest.approx(-63.01, abs=0.1)


def test_digital_silence_counts_as_the_lowest_level(tmp_path: Path) -> None:
    measured = levels(write_wav(tmp_path / "half.wav", [0] * 16000 + tone(1, amplitude=32767)))

    assert measured.noise_floor == SILENCE_DBFS
    assert measured.speech == pytest.approx(-3.01, abs=0.1)


def test_noisy_recording_measures_as_noisy() -> None:
    assert levels(NOISY).noise_floor > levels(CLEAN).noise_floor + 10
