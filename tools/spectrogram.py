"""A picture of two recordings, drawn by FFmpeg's filters."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.filter import Graph

from pulumi_ci_audio.emulator.audio.frames import decode, filtered

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_RATE = 16000


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
        source = graph.add_abuffer(sample_rate=_RATE, format="fltp", layout="mono")
        picture = graph.add("showspectrumpic", "s=1000x360:mode=combined:color=magma:scale=log:drange=90:legend=1")
        source.link_to(picture)
        picture.link_to(stack, 0, row)
        sources.append(source)
    graph.link_nodes(stack, rgb, sink).configure()
    for source, path in zip(sources, (before, after), strict=True):
        for frame in filtered(decode(path), [("aresample", str(_RATE))]):
            source.push(frame)
        source.push(None)
    _write_png(cast("VideoFrame", sink.pull()), target)


def _write_png(picture: VideoFrame, target: Path) -> None:
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, picture.format.name
    encoder.time_base = Fraction(1)
    target.write_bytes(b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None))))
