"""How loud a recording is where it is quiet and where somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pulumi_ci_audio.emulator.audio.frames import deciles, frame_levels

# What digital silence counts as: less than a single lowest bit of 16 within 20 ms.
SILENCE_DBFS = -120.0


@dataclass(frozen=True)
class Levels:
    """How loud a recording is where it is quiet and where somebody speaks, in dBFS.

    They are the 10th and the 90th percentile over the RMS of frames of 20 ms. Frames of digital silence take
    part as :data:`SILENCE_DBFS`, which keeps differences of levels finite.
    """

    noise_floor: float
    speech: float


def levels(path: Path) -> Levels:
    """Return the noise floor and the speech level of a recording, measured at its own sample rate.

    Raises:
        NotAudioError: nothing could be decoded.
    """
    measured = [max(level, SILENCE_DBFS) for level in frame_levels(path, [])]
    parted = deciles(measured)
    return Levels(noise_floor=parted[0], speech=parted[-1])
