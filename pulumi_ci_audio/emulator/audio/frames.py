"""Recordings as frames of samples, decoded and filtered by FFmpeg through PyAV.

Everything runs frame by frame: an hour is processed in the memory of a minute. Only plain audio containers are opened:
no playlist can name another file or a host.
"""

from __future__ import annotations

import itertools
import math
import operator
import statistics
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
from av.audio.resampler import AudioResampler
from av.filter import Graph

from pulumi_ci_audio.emulator.errors import NotAudioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    Filters = Iterable[tuple[str, str]]

LONGEST_SECONDS = 4 * 3600
"""No input holds more: 10 MB at 6 kbit/s, what telephony makes of silence, are less than four hours."""

# A file may be small and yet name years of audio, by an index that names the same bytes over and over.
_BYTES_PER_SECOND = 500
_SECONDS_OF_ANY_SIZE = 300.0
_COUNTED_RATE = 48_000  # a second at a higher rate counts as several: it is the samples that cost time

# Demuxers that read nothing but the file they are given. Those for ffconcat and HLS, which FFmpeg would choose
# by content whatever the file's name, open what their text names.
_INPUT_OPTIONS = {"format_whitelist": "mp3,wav,mov,flac,ogg,aac,matroska", "protocol_whitelist": "file"}
# Tags in any encoding are none of our business. Newer versions of PyAV read them whatever they hold, without an option.
_READS_ALL_TAGS = 19
_TAGS: dict[str, Any] = {"metadata_errors": "ignore"} if int(av.__version__.partition(".")[0]) < _READS_ALL_TAGS else {}
_LOWEST_RATE = 1000
_FRAMES_PER_SECOND = 50  # 20 ms each


def frame_levels(path: Path, filters: Filters, *, longest_seconds: float = LONGEST_SECONDS) -> list[float]:
    """Return the RMS of every 20 ms of a filtered recording in dBFS; digital silence is minus infinity.

    Raises:
        NotAudioError: nothing could be decoded.
    """
    try:
        frames = filtered(decode(path, longest_seconds=longest_seconds), filters)
        first = next(frames, None)
        if first is None:  # so short that a resampler swallowed it
            return []
        per_frame = max(first.sample_rate // _FRAMES_PER_SECOND, 1)
        split = filtered(itertools.chain([first], frames), [("asetnsamples", f"n={per_frame}:p=0")])
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


def deciles(values: list[float]) -> list[float]:
    """Return the nine values that part ``values`` in tenths."""
    # One value alone is every percentile; statistics takes it only since Python 3.13.
    return statistics.quantiles(values if len(values) > 1 else values * 2, n=10, method="inclusive")


def decode(path: Path, *, longest_seconds: float = LONGEST_SECONDS) -> Iterator[AudioFrame]:
    """Yield a recording's first audio track as mono floats with consecutive time stamps.

    Raises:
        NotAudioError: not a single frame could be decoded, or more than a recording of this size has.
    """
    allowed = min(longest_seconds, _SECONDS_OF_ANY_SIZE + path.stat().st_size / _BYTES_PER_SECOND)
    position = 0
    for frame in _mono(_raw_frames(path)):
        frame.pts, frame.time_base = position, Fraction(1, frame.sample_rate)
        position += frame.samples
        if position > allowed * min(frame.sample_rate, _COUNTED_RATE):
            raise NotAudioError(f"the input is longer than {allowed:.0f} seconds, the most for its size")
        yield frame
    if not position:
        raise NotAudioError("the input holds no audio that can be decoded")


def _raw_frames(path: Path) -> Iterator[AudioFrame]:
    path.open("rb").close()  # a missing or forbidden file is an ordinary OSError, not a matter of its content
    try:
        # "file:" lest a colon in the name is taken for a protocol.
        container: InputContainer = av.open(f"file:{path}", "r", options=_INPUT_OPTIONS, **_TAGS)
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
        except av.FFmpegError:  # one bad packet leaves the others
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


def filtered(frames: Iterable[AudioFrame], filters: Filters) -> Iterator[AudioFrame]:
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
