"""Jobs on recordings that are none, that are broken, or that want something: each ends, and the server goes on."""

import io
import socket
import statistics
import struct
import time
import wave
from array import array
from functools import partial
from random import Random

import av
import pytest

from pulumi_ci_audio.emulator.audio.denoise import denoise
from pulumi_ci_audio.emulator.audio.frames import LONGEST_SECONDS
from pulumi_ci_audio.emulator.state.records import MAX_INPUT_BYTES

ENDED = ("Success", "Failed")
LONG_MINUTES = 10
LONG_RATE = 8000
LATENCY_SECONDS = 4.0
"""Far more than an answer takes while a job runs, far less than the job."""


def encoded(*, seconds, rate=LONG_RATE, format="mp3", codec="libmp3lame", bit_rate=8000):  # noqa: A002  PyAV's word
    """Return a recording of near silence without any header, so that copies of it can follow one another."""
    noise, file = Random(1), io.BytesIO()  # noqa: S311  noise, no secret
    options = {"write_xing": "0", "id3v2_version": "0"} if format == "mp3" else {}
    with av.open(file, "w", format=format, options=options) as container:
        track = container.add_stream(codec, rate=rate)
        track.layout, track.bit_rate = "mono", bit_rate
        for _ in range(seconds):
            samples = array("h", (noise.randint(-20, 20) for _ in range(rate))).tobytes()
            frame = av.AudioFrame(format="s16", layout="mono", samples=rate)
            frame.sample_rate = rate
            frame.planes[0].update(samples.ljust(frame.planes[0].buffer_size, b"\0"))
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return file.getvalue()


def wav(samples, rate=16000, data_size=None, tags=b""):
    """Return a WAV whose header may claim another size than the samples have."""
    size = len(samples) if data_size is None else data_size
    head = b"RIFF" + struct.pack("<I", (36 + len(tags) + size) & 0xFFFFFFFF) + b"WAVEfmt "
    head += struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, 2, 16) + tags
    return head + b"data" + struct.pack("<I", size & 0xFFFFFFFF) + samples


def box(name, *content):
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + name + body


def indexed(*, chunks, frames_per_chunk, rate=16000):
    """Return a QuickTime file whose index names the same second of samples once for each chunk."""

    def moov(offset):
        entry = struct.pack(">6xH8xHHxxxxI", 1, 1, 16, rate << 16)
        stbl = box(
            b"stbl",
            box(b"stsd", struct.pack(">II", 0, 1), box(b"sowt", entry)),
            box(b"stts", struct.pack(">IIII", 0, 1, chunks * frames_per_chunk, 1)),
            box(b"stsc", struct.pack(">IIIII", 0, 1, 1, frames_per_chunk, 1)),
            box(b"stsz", struct.pack(">III", 0, 2, chunks * frames_per_chunk)),
            box(b"stco", struct.pack(">II", 0, chunks), struct.pack(">I", offset) * chunks),
        )
        dref = box(b"dref", struct.pack(">II", 0, 1), box(b"url ", struct.pack(">I", 1)))
        minf = box(b"minf", box(b"smhd", bytes(8)), box(b"dinf", dref), stbl)
        mdhd = box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, rate, chunks * frames_per_chunk, 0, 0))
        mdia = box(b"mdia", mdhd, box(b"hdlr", struct.pack(">I4s4s13x", 0, b"mhlr", b"soun")), minf)
        trak = box(b"trak", box(b"tkhd", struct.pack(">IIIII60x", 7, 0, 0, 1, 0)), mdia)
        mvhd = box(b"mvhd", struct.pack(">IIIII80x", 0, 0, 0, rate, 0))
        return box(b"moov", mvhd, trak)

    head = box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    samples = Random(1).randbytes(2 * frames_per_chunk)  # noqa: S311  noise, no secret
    return head + moov(len(head) + len(moov(0)) + 8) + box(b"mdat", samples)


@pytest.fixture
def ready(make_cloud):
    cloud = make_cloud()
    cloud.ready()
    return cloud


def outcome(cloud, content, key="input.mp3"):
    """Run a job on ``content`` and return its description, once it has ended."""
    cloud.control.put_object(cloud.region, cloud.bucket, key, content)
    return cloud.job_in(cloud.submitted(key=key), *ENDED)


def assert_still_serving(cloud):
    """Assert that nothing is left of the job, and that the next one succeeds."""
    assert cloud.get("/").status == 200
    job = cloud.job_in(cloud.submitted(key="in.wav", output="next.wav"), *ENDED)
    assert job.text("JobsDetail/State") == "Success"
    assert not list((cloud.emulator.store.objects.new_file().parent).iterdir())


PLAYLIST = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{source}\n#EXT-X-ENDLIST\n"
TEXTS = {
    "HLS": PLAYLIST,
    "HLS with a key": PLAYLIST.replace("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="{source}"\n#EXTINF'),
    "HLS with a map": PLAYLIST.replace("#EXTINF", '#EXT-X-MAP:URI="{source}"\n#EXTINF'),
    "ffconcat": "ffconcat version 1.0\nfile '{source}'\n",
    "ffconcat, unsafe": "ffconcat version 1.0\nfile {source}\ninpoint 0\nduration 1\n",
    "subtitles": "1\n00:00:00,000 --> 00:00:10,000\n{source}\n",
    "subtitles on a film": "[Script Info]\nVideo File: {source}\nAudio File: {source}\n[Events]\n",
    "VobSub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n# {source}\n",
    "DASH": '<?xml version="1.0"?><MPD><Period><BaseURL>{source}</BaseURL></Period></MPD>',
    "SMIL": '<smil><body><audio src="{source}"/></body></smil>',
    "session description": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
    "metadata": ";FFMETADATA1\ntitle={source}\n",
    "playlist of addresses": "[playlist]\nFile1={source}\nNumberOfEntries=1\n",
    "address alone": "{source}\n",
}
SOURCES = ("neighbour.wav", "{folder}/neighbour.wav", "file:{folder}/neighbour.wav", "http://127.0.0.1:{port}/x.mp3")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_text_named_like_a_recording_reads_no_other_file_and_opens_no_connection(ready, text):
    ready.control.put_object(
        ready.region, ready.bucket, "neighbour.wav", ready.control.get_object(ready.region, ready.bucket, "in.wav")
    )
    folder = ready.emulator.store.objects.find(ready.region, ready.bucket, "neighbour.wav").path.parent
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for source in SOURCES:
            named = source.format(folder=folder, port=port)
            job = outcome(ready, text.format(source=named, port=port).encode())

            assert (job.text("JobsDetail/State"), job.text("JobsDetail/Code")) == ("Failed", "ResourceNotSupported")
            message = job.text("JobsDetail/Message")
            assert message.startswith("the input object is no audio")
            assert str(folder) not in message
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is None
    assert_still_serving(ready)


RANDOM = Random(2).randbytes(4096)  # noqa: S311  noise, no secret
SAMPLES = bytes(range(256)) * 64


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0", id="a byte"),
        pytest.param(bytes(100_000), id="zeros"),
        pytest.param(RANDOM, id="random bytes"),
        pytest.param(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + RANDOM, id="a tag larger than the file"),
        pytest.param(b"RIFF\xff\xff\xff\xffWAVE", id="a bare header"),
        pytest.param(wav(b""), id="no samples"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + RANDOM, id="a picture"),
        pytest.param(b"PK\x03\x04" + RANDOM, id="an archive"),
        pytest.param(b"\x7fELF" + RANDOM, id="a program"),
        pytest.param(b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom" + b"\xff\xff\xff\xffmoov" + RANDOM, id="a box too large"),
        pytest.param(wav(SAMPLES, rate=1), id="hours at one sample a second"),
        pytest.param(b"OggS" + bytes(22) + b"\xff" * 255, id="a page of nothing"),
        pytest.param(b"fLaC\x80\xff\xff\xff" + RANDOM, id="a block too large"),
    ],
)
def test_what_holds_no_audio_fails_the_job(ready, content):
    job = outcome(ready, content)

    assert (job.text("JobsDetail/State"), job.text("JobsDetail/Code")) == ("Failed", "ResourceNotSupported")
    assert job.text("JobsDetail/Message").startswith("the input object is no audio: ")
    assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is None
    assert_still_serving(ready)


def test_tags_in_another_encoding_are_no_matter(ready):
    title = b"INAM" + struct.pack("<I", 4) + "café".encode("latin-1")
    tags = b"LIST" + struct.pack("<I", 4 + len(title)) + b"INFO" + title

    job = outcome(ready, wav(SAMPLES, tags=tags))

    assert job.text("JobsDetail/State") == "Success"


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: wav(SAMPLES)[: -len(SAMPLES) // 2], id="half a WAV"),
        pytest.param(lambda: wav(SAMPLES, data_size=2**32 - 1), id="a WAV that claims 4 GB"),
        pytest.param(lambda: wav(SAMPLES, data_size=0), id="a WAV that claims nothing"),
        pytest.param(lambda: wav(SAMPLES) + RANDOM, id="a WAV with something behind"),
        pytest.param(lambda: wav(SAMPLES, rate=2**31 - 1), id="two thousand million samples a second"),
        pytest.param(lambda: wav(SAMPLES, rate=0), id="no sample a second"),
        pytest.param(lambda: encoded(seconds=1)[:500], id="half an MP3"),
        pytest.param(lambda: RANDOM + encoded(seconds=1) + RANDOM, id="an MP3 within something"),
        pytest.param(
            lambda: encoded(seconds=1, format="matroska", codec="aac")[:-600], id="a Matroska without its end"
        ),
        pytest.param(lambda: encoded(seconds=1, format="mp4", codec="aac")[:-300], id="an M4A without its index"),
    ],
)
def test_a_broken_recording_ends_the_job_one_way_or_the_other(ready, make):
    job = outcome(ready, make())

    result = ready.control.get_object(ready.region, ready.bucket, "out.wav")
    if job.text("JobsDetail/State") == "Success":
        assert (job.text("JobsDetail/Code"), job.text("JobsDetail/Message")) == ("Success", "")
        with wave.open(io.BytesIO(result)) as sound:
            assert (sound.getnchannels(), sound.getframerate()) == (1, 16000)
    else:
        assert job.text("JobsDetail/Code") == "ResourceNotSupported"
        assert job.text("JobsDetail/Message").startswith("the input object is no audio: ")
        assert result is None
    assert_still_serving(ready)


def test_a_recording_over_10_mb_fails_the_job_unread(ready, denoising):
    opened, working = [], denoising.act
    denoising.act = lambda *arguments, **_options: opened.append(arguments)
    job = outcome(ready, wav(bytes(MAX_INPUT_BYTES)))
    denoising.act = working

    assert opened == []
    assert (job.text("JobsDetail/State"), job.text("JobsDetail/Code")) == ("Failed", "InvalidArgument")
    assert "10 MB" in job.text("JobsDetail/Message")
    assert_still_serving(ready)


@pytest.mark.parametrize("cloud", ["over HTTP"], indirect=True)
def test_the_server_answers_while_a_long_recording_is_denoised(cloud):
    cloud.ready()
    content = encoded(seconds=60) * LONG_MINUTES
    assert len(content) < MAX_INPUT_BYTES
    cloud.control.put_object(cloud.region, cloud.bucket, "long.mp3", content)

    job_id = cloud.submitted(key="long.mp3")
    waiting = cloud.submitted(key="in.wav", output="short.wav")
    latencies, state, started = [], "Running", time.monotonic()
    while state == "Running":
        asked = time.monotonic()
        state = cloud.state_of(job_id)
        latencies.append(time.monotonic() - asked)
        assert asked - started < 120
        time.sleep(0.02)

    assert state == "Success"
    assert len(latencies) > 20  # else it was not long
    assert max(latencies) < LATENCY_SECONDS
    assert statistics.median(latencies) < LATENCY_SECONDS / 10
    assert cloud.job_in(waiting, *ENDED).text("JobsDetail/State") == "Success"
    result = cloud.control.get_object(cloud.region, cloud.bucket, "out.wav")
    with wave.open(io.BytesIO(result)) as sound:
        assert sound.getnframes() / sound.getframerate() == pytest.approx(60 * LONG_MINUTES, rel=0.01)


def test_an_index_that_names_the_same_bytes_over_and_over_is_told_from_audio(ready, tmp_path):
    honest, hostile = indexed(chunks=3, frames_per_chunk=16000), indexed(chunks=12 * 3600, frames_per_chunk=16000)
    assert len(hostile) < 400_000
    assert outcome(ready, honest).text("JobsDetail/State") == "Success"

    started = time.process_time()
    job = outcome(ready, hostile)

    assert job.text("JobsDetail/State") == "Failed"
    assert "longer than" in job.text("JobsDetail/Message")
    assert time.process_time() - started < 60
    assert not list(tmp_path.glob("*/.emulator/*"))


def test_more_audio_than_any_recording_has_fails_the_job(ready, denoising):
    # 10 MB can hold hours of silence. An hour is fine, as the bound says when it is not lowered for this test.
    assert LONGEST_SECONDS > 3600
    denoising.act = partial(denoise, longest_seconds=3)

    job = outcome(ready, encoded(seconds=4))

    assert (job.text("JobsDetail/State"), job.text("JobsDetail/Code")) == ("Failed", "ResourceNotSupported")
    assert "longer than" in job.text("JobsDetail/Message")
    assert ready.control.get_object(ready.region, ready.bucket, "out.wav") is None
    assert_still_serving(ready)
