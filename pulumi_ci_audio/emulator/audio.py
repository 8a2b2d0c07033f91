"""Real noise reduction for the emulator's jobs, and how a recording's noise is measured.

Everything runs in FFmpeg through PyAV, frame by frame: an hour is processed in the memory of a minute, apart
from :func:`spectrogram`. Only plain audio containers are opened: no playlist can name another file or a host.
"""

from __future__ import annotations

import itertools
import math
import operator
import statistics
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.audio.resampler import AudioResampler
from av.filter import Graph

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.frame import VideoFrame

    Filters = Iterable[tuple[str, str]]

# What digital silence counts as: less than a single lowest bit of 16 within 20 ms.
SILENCE_DBFS = -120.0

# Demuxers that read nothing but the file they are given. Those for ffconcat and HLS, which FFmpeg would choose
# by content whatever the file's name, open what their text names.
_INPUT_OPTIONS = {"format_whitelist": "mp3,wav,mov,flac,ogg,aac,matroska", "protocol_whitelist": "file"}
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
# What a few bytes could otherwise claim to be: years of audio, written out at the rate that is asked for.
_LOWEST_RATE = 1000
_LONGEST_SECONDS = 12 * 3600
_FRAMES_PER_SECOND = 50  # 20 ms each


class NotAudioError(Exception):
    """The input holds no audio that can be decoded; the text is one line without a path."""


@dataclass(frozen=True)
class Levels:
    """How loud a recording is where it is quiet and where somebody speaks, in dBFS.

    They are the 10th and the 90th percentile over the RMS of frames of 20 ms. Frames of digital silence take
    part as :data:`SILENCE_DBFS`, which keeps differences of levels finite.
    """

    noise_floor: float
    speech: float


def denoise(source: Path, target: Path, *, format: str, sample_rate: int) -> None:  # noqa: A002  the API's word
    """Write ``source`` to ``target`` with its noise reduced, in mono.

    The noise floor is learned from the recording itself, in a pass of its own. A file that breaks off is
    processed as far as it goes.

    Args:
        source: the recording; of several audio tracks the first counts, video is ignored.
        target: the file to write; nothing is left there on failure.
        format: ``wav``, ``mp3`` or ``m4a``.
        sample_rate: the rate of the result in Hz.

    Raises:
        NotAudioError: nothing could be decoded from ``source``.
    """
    filters = [_HIGHPASS, *_reduction(_noise_floor(source))]
    try:
        _encode(_filtered(_decode(source), filters), target, format=format, sample_rate=sample_rate)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def levels(path: Path) -> Levels:
    """Return the noise floor and the speech level of a recording, measured at its own sample rate.

    Raises:
        NotAudioError: nothing could be decoded.
    """
    measured = [max(level, SILENCE_DBFS) for level in _frame_levels(path, [])]
    deciles = _deciles(measured)
    return Levels(noise_floor=deciles[0], speech=deciles[-1])


def spectrogram(before: Path, after: Path, target: Path) -> None:
    """Write a PNG with the spectrograms of two recordings, ``before`` above ``after``.

    Both are held in memory, 64 kB for each second.

    Raises:
        NotAudioError: nothing could be decoded from one of them.
    """
    graph = Graph()
    stack, rgb, sink = graph.add("vstack"), graph.add("format", "rgb24"), graph.add("buffersink")
    sources = []
    for row in range(2):
        source = graph.add_abuffer(sample_rate=_ESTIMATE_RATE, format="fltp", layout="mono")
        picture = graph.add("showspectrumpic", "s=1000x360:mode=combined:color=magma:scale=log:drange=90:legend=1")
        source.link_to(picture)
        picture.link_to(stack, 0, row)
        sources.append(source)
    graph.link_nodes(stack, rgb, sink).configure()
    for source, path in zip(sources, (before, after), strict=True):
        for frame in _filtered(_decode(path), [("aresample", str(_ESTIMATE_RATE))]):
            source.push(frame)
        source.push(None)
    _write_png(cast("VideoFrame", sink.pull()), target)


def _noise_floor(source: Path) -> float | None:
    """Return the noise floor in dBFS above the high pass, None for a recording of nothing but digital silence."""
    at_estimate_rate = ("aresample", str(_ESTIMATE_RATE))
    measured = _frame_levels(source, [_HIGHPASS, at_estimate_rate])
    audible = [level for level in measured if level > -math.inf]
    return _deciles(audible)[0] if audible else None


def _reduction(noise_floor: float | None) -> list[tuple[str, str]]:
    if noise_floor is None:
        return []
    lowest, highest = _AFFTDN_FLOOR_RANGE
    return [("afftdn", f"nr=30:nf={min(max(noise_floor + _FLOOR_OFFSET_DB, lowest), highest):.1f}")]


def _frame_levels(path: Path, filters: Filters) -> list[float]:
    """Return the RMS of every 20 ms in dBFS; digital silence is minus infinity."""
    try:
        frames = _filtered(_decode(path), filters)
        first = next(frames, None)
        if first is None:  # so short that a resampler swallowed it
            return []
        per_frame = max(first.sample_rate // _FRAMES_PER_SECOND, 1)
        split = _filtered(itertools.chain([first], frames), [("asetnsamples", f"n={per_frame}:p=0")])
        return [_decibels(_samples(frame)) for frame in split]
    except av.FFmpegError as error:
        raise NotAudioError(f"the input cannot be filtered: {error.strerror}") from error


def _samples(frame: AudioFrame) -> array[float]:
    # A plane is padded beyond its samples.
    return array("f", bytes(frame.planes[0])[: frame.samples * 4])


def _decibels(samples: array[float]) -> float:
    # Plain Python is fast enough to do without numpy: 25 ns a sample.
    power = sum(map(operator.mul, samples, samples)) / len(samples)
    return 10 * math.log10(power) if power else -math.inf


def _deciles(values: list[float]) -> list[float]:
    # One value alone is every percentile; statistics takes it only since Python 3.13.
    return statistics.quantiles(values if len(values) > 1 else values * 2, n=10, method="inclusive")


def _decode(path: Path) -> Iterator[AudioFrame]:
    """Yield a recording's first audio track as mono floats with consecutive time stamps.

    Raises:
        NotAudioError: not a single frame could be decoded, or more than any recording has.
    """
    position = 0
    for frame in _mono(_raw_frames(path)):
        frame.pts, frame.time_base = position, Fraction(1, frame.sample_rate)
        position += frame.samples
        if position > _LONGEST_SECONDS * frame.sample_rate:
            raise NotAudioError(f"the input is longer than {_LONGEST_SECONDS // 3600} hours")
        yield frame
    if not position:
        raise NotAudioError("the input holds no audio that can be decoded")


def _raw_frames(path: Path) -> Iterator[AudioFrame]:
    path.open("rb").close()  # a missing or forbidden file is an ordinary OSError, not a matter of its content
    try:
        # "file:" lest a colon in the name is taken for a protocol. Tags in any encoding are none of our business.
        container = av.open(f"file:{path}", "r", options=_INPUT_OPTIONS, metadata_errors="ignore")
    except av.FFmpegError as error:
        raise NotAudioError(f"the input is no audio file of a known container: {error.strerror}") from error
    with container:
        if not container.streams.audio:
            raise NotAudioError("the input has no audio track")
        yield from _track_frames(container, container.streams.audio[0])


def _track_frames(container: InputContainer, track: AudioStream) -> Iterator[AudioFrame]:
    packets = container.demux(track)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):  # a file that breaks off ends here
            return
        try:
            frames = track.decode(packet)
        except av.FFmpegError:  # one bad packet does not spoil the others
            continue
        yield from frames


def _mono(frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
    """Yield ``frames`` as mono floats at the first one's rate, whatever changes within the track."""
    resampler: AudioResampler | None = None
    rate = 0
    shape: tuple[object, ...] = ()
    for frame in frames:
        if not frame.samples:
            continue
        rate = rate or frame.sample_rate
        if rate < _LOWEST_RATE:
            raise NotAudioError(f"the input has a sample rate of {rate} Hz")
        if shape != (shape := (frame.format.name, frame.layout.name, frame.sample_rate)):
            if resampler is not None:
                yield from resampler.resample(None)
            resampler = AudioResampler(format="fltp", layout="mono", rate=rate)
        assert resampler is not None
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _filtered(frames: Iterable[AudioFrame], filters: Filters) -> Iterator[AudioFrame]:
    """Yield what comes out of a chain of filters, each a name and its options."""
    graph: Graph | None = None
    for frame in frames:
        if graph is None:
            graph = Graph()
            source = graph.add_abuffer(
                sample_rate=frame.sample_rate, format="fltp", layout="mono", time_base=frame.time_base
            )
            chain = [graph.add(name, options) for name, options in filters]
            graph.link_nodes(source, *chain, graph.add("abuffersink")).configure()
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[AudioFrame]:
    while True:
        try:
            yield cast("AudioFrame", graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return


def _encode(frames: Iterable[AudioFrame], target: Path, *, format: str, sample_rate: int) -> None:  # noqa: A002
    container_format, codec = _ENCODINGS[format]
    with av.open(f"file:{target}", "w", format=container_format) as container:
        track = cast("AudioStream", container.add_stream(codec, rate=sample_rate))
        track.layout = "mono"
        track.bit_rate = _BIT_RATE
        for frame in frames:
            container.mux(track.encode(frame))
        container.mux(track.encode(None))


def _write_png(picture: VideoFrame, target: Path) -> None:
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, picture.format.name
    encoder.time_base = Fraction(1)
    target.write_bytes(b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None))))
