"""Real noise reduction, by FFmpeg's filters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import av

from pulumi_ci_audio.emulator.audio.frames import LONGEST_SECONDS, deciles, decode, filtered, frame_levels

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream

# Container and codec by the API's name of a format.
_ENCODINGS = {"wav": ("wav", "pcm_s16le"), "mp3": ("mp3", "libmp3lame"), "m4a": ("ipod", "aac")}
# Of the compressed formats: plenty for speech, and allowed at every rate.
_BIT_RATE = 64_000
# Speech has nothing below; mains hum and rumble do.
_HIGHPASS = ("highpass", "f=80")
# The lowest decile lies below the noise's mean. So much above it gave the largest drop of noise that leaves speech
# alone, on clean, white, pink, brown and humming recordings alike.
_FLOOR_OFFSET_DB = 11
_AFFTDN_FLOOR_RANGE = (-80.0, -20.0)  # what afftdn accepts
_ESTIMATE_RATE = 16000


def denoise(
    source: Path,
    target: Path,
    *,
    format: str,  # noqa: A002  the API's word
    sample_rate: int,
    longest_seconds: float = LONGEST_SECONDS,
) -> None:
    """Write ``source`` to ``target`` with its noise reduced, in mono.

    The noise floor is learned from the recording itself, in a pass of its own. A file that breaks off is
    processed as far as it goes.

    Args:
        source: the recording; of several audio tracks the first counts, video is ignored.
        target: the file to write; nothing is left there on failure.
        format: ``wav``, ``mp3`` or ``m4a``.
        sample_rate: the rate of the result in Hz.
        longest_seconds: a longer recording is refused.

    Raises:
        NotAudioError: nothing could be decoded from ``source``, or it is too long.
    """
    filters = [_HIGHPASS, *_reduction(_noise_floor(source, longest_seconds))]
    try:
        frames = filtered(decode(source, longest_seconds=longest_seconds), filters)
        _encode(frames, target, format=format, sample_rate=sample_rate)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _noise_floor(source: Path, longest_seconds: float) -> float | None:
    """Return the noise floor in dBFS above the high pass, None for a recording of nothing but digital silence."""
    at_estimate_rate = ("aresample", str(_ESTIMATE_RATE))
    measured = frame_levels(source, [_HIGHPASS, at_estimate_rate], longest_seconds=longest_seconds)
    audible = [level for level in measured if level > -math.inf]
    return deciles(audible)[0] if audible else None


def _reduction(noise_floor: float | None) -> list[tuple[str, str]]:
    if noise_floor is None:
        return []
    lowest, highest = _AFFTDN_FLOOR_RANGE
    return [("afftdn", f"nr=30:nf={min(max(noise_floor + _FLOOR_OFFSET_DB, lowest), highest):.1f}")]


def _encode(frames: Iterable[AudioFrame], target: Path, *, format: str, sample_rate: int) -> None:  # noqa: A002
    container_format, codec = _ENCODINGS[format]
    with av.open(f"file:{target}", "w", format=container_format) as container:
        track = cast("AudioStream", container.add_stream(codec, rate=sample_rate))
        track.layout = "mono"
        track.bit_rate = _BIT_RATE
        for frame in frames:
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
