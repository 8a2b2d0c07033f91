"""Noise reduction judged by levels, and inputs that are not what their name says."""

from __future__ import annotations

import itertools
import math
import random
import socket
import struct
import wave
from pathlib import Path

import av
import pytest

from pulumi_ci_audio.emulator.audio.denoise import denoise
from pulumi_ci_audio.emulator.errors import NotAudioError
from tools.levels import SILENCE_DBFS, Levels, levels

RECORDINGS = Path(__file__).parents[2] / "data" / "audio"
NOISY = RECORDINGS / "speech-noisy.mp3"
CLEAN = RECORDINGS / "speech-clean.wav"
CONTAINERS = {"wav": "wav", "mp3": "mp3", "m4a": "mov,mp4,m4a,3gp,3g2,mj2"}
CODECS = {"wav": "pcm_s16le", "mp3": "mp3", "m4a": "aac"}
RATES = (8000, 12000, 16000, 24000, 32000, 44100, 48000)


def write_wav(path, samples, *, channels=1, rate=16000):
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def tone(seconds, *, amplitude, rate=16000):
    return [round(amplitude * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate))]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "output.wav"


class TestResult:
    @pytest.mark.parametrize(("format", "rate"), list(itertools.product(CONTAINERS, RATES)))
    def test_result_has_the_format_and_rate_asked_for_in_mono(self, tmp_path, format, rate):  # noqa: A002  as in the API
        target = tmp_path / f"output.{format}"
        denoise(CLEAN, target, format=format, sample_rate=rate)

        with av.open(str(target)) as container:
            track = container.streams.audio[0]
            actual = (container.format.name, track.codec_context.name, track.rate, track.layout.nb_channels)
            seconds = container.duration / 1e6
        assert actual[1] in {CODECS[format], f"{CODECS[format]}float"}
        assert (actual[0], *actual[2:]) == (CONTAINERS[format], rate, 1)
        assert seconds == pytest.approx(12.4, abs=0.3)

    @pytest.mark.parametrize("format", CONTAINERS)
    def test_noise_falls_by_10_db_and_speech_stays_within_3_db(self, tmp_path, format):  # noqa: A002  as in the API
        target = tmp_path / f"output.{format}"
        before = levels(NOISY)
        denoise(NOISY, target, format=format, sample_rate=16000)
        after = levels(target)

        assert before.noise_floor - after.noise_floor >= 10
        assert abs(before.speech - after.speech) <= 3

    def test_clean_speech_is_left_alone(self, output):
        denoise(CLEAN, output, format="wav", sample_rate=16000)

        assert abs(levels(CLEAN).speech - levels(output).speech) <= 3

    def test_stereo_with_a_video_track_becomes_mono_audio(self, tmp_path, output):
        source = tmp_path / "clip.mp4"
        with av.open(str(source), "w") as container:
            video = container.add_stream("mpeg4", rate=25)
            video.width = video.height = 16
            video.pix_fmt = "yuv420p"
            sound = container.add_stream("aac", rate=44100, layout="stereo")
            for n in range(10):
                picture = av.VideoFrame(16, 16, "yuv420p")
                picture.pts = n
                container.mux(video.encode(picture))
            with av.open(str(NOISY)) as recording:
                for frame in itertools.islice(recording.decode(audio=0), 40):
                    container.mux(sound.encode(frame))
            container.mux(video.encode(None))
            container.mux(sound.encode(None))
        denoise(source, output, format="wav", sample_rate=16000)

        with av.open(str(output)) as container:
            assert [stream.type for stream in container.streams] == ["audio"]
            assert container.streams.audio[0].layout.nb_channels == 1

    def test_stereo_wav_becomes_mono(self, tmp_path, output):
        left = tone(0.5, amplitude=8000)
        stereo = [sample for pair in zip(left, left, strict=True) for sample in pair]
        denoise(write_wav(tmp_path / "stereo.wav", stereo, channels=2), output, format="wav", sample_rate=16000)

        with wave.open(str(output)) as file:
            assert (file.getnchannels(), file.getnframes()) == (1, len(left))

    def test_silence_stays_silence(self, tmp_path, output):
        denoise(write_wav(tmp_path / "silent.wav", [0] * 16000), output, format="wav", sample_rate=16000)

        assert levels(output) == Levels(noise_floor=SILENCE_DBFS, speech=SILENCE_DBFS)

    def test_recording_of_one_sample_is_processed(self, tmp_path, output):
        denoise(write_wav(tmp_path / "short.wav", [1000], rate=48000), output, format="wav", sample_rate=48000)

        assert output.exists()

    def test_name_with_a_colon_is_a_file_name(self, tmp_path):
        source, target = tmp_path / "http:speech.wav", tmp_path / "concat:out.wav"
        write_wav(source, tone(0.1, amplitude=8000))
        denoise(source, target, format="wav", sample_rate=16000)

        assert target.exists()


class TestDamagedInput:
    @pytest.mark.parametrize("recording", [NOISY, CLEAN], ids=["mp3", "wav"])
    def test_truncated_recording_is_processed_as_far_as_it_goes(self, tmp_path, output, recording):
        source = tmp_path / "truncated"
        source.write_bytes(recording.read_bytes()[: recording.stat().st_size // 2 + 1])
        denoise(source, output, format="wav", sample_rate=16000)

        with wave.open(str(output)) as file:
            assert file.getnframes() / 16000 == pytest.approx(6.2, abs=0.3)

    def test_damage_within_a_recording_costs_no_more_than_its_place(self, tmp_path, output):
        data = bytearray(NOISY.read_bytes())
        data[100_000:101_000] = random.Random(7).randbytes(1000)  # noqa: S311  reproducible damage
        source = tmp_path / "damaged.mp3"
        source.write_bytes(data)
        denoise(source, output, format="wav", sample_rate=16000)

        with wave.open(str(output)) as file:
            assert file.getnframes() / 16000 == pytest.approx(12.4, abs=0.5)

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"This is not audio.\n" * 100, id="text"),
            pytest.param(random.Random(1).randbytes(100_000), id="random"),  # noqa: S311  reproducible noise
            pytest.param(CLEAN.read_bytes()[:44], id="wav header"),
            pytest.param(NOISY.read_bytes()[:100], id="mp3 header"),
            pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(1000), id="picture"),
        ],
    )
    def test_input_without_audio_is_refused_in_one_line(self, tmp_path, output, content):
        source = tmp_path / "input.mp3"
        source.write_bytes(content)
        with pytest.raises(NotAudioError) as refusal:
            denoise(source, output, format="wav", sample_rate=16000)

        assert "\n" not in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)
        assert not output.exists()

    def test_silent_film_is_refused(self, tmp_path, output):
        source = tmp_path / "film.mp4"
        with av.open(str(source), "w") as container:
            video = container.add_stream("mpeg4", rate=25)
            video.width = video.height = 16
            video.pix_fmt = "yuv420p"
            container.mux(video.encode(av.VideoFrame(16, 16, "yuv420p")))
            container.mux(video.encode(None))
        with pytest.raises(NotAudioError, match="no audio track"):
            denoise(source, output, format="wav", sample_rate=16000)

    def test_missing_file_is_an_ordinary_error(self, tmp_path, output):
        with pytest.raises(FileNotFoundError):
            denoise(tmp_path / "missing.mp3", output, format="wav", sample_rate=16000)

    def test_failure_while_writing_leaves_nothing(self, tmp_path, output):
        with pytest.raises(KeyError):
            denoise(CLEAN, output, format="ogg", sample_rate=16000)

        assert not output.exists()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ffconcat version 1.0\nfile {neighbour}\n", id="ffconcat"),
        pytest.param("ffconcat version 1.0\nfile {url}\n", id="ffconcat of a URL"),
        pytest.param("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n", id="playlist"),
        pytest.param(
            "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{neighbour}\n#EXT-X-ENDLIST\n", id="local playlist"
        ),
        pytest.param("1\n00:00:00,000 --> 00:00:10,000\n{url}\n", id="subtitles"),
        pytest.param(
            "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0\n", id="session description"
        ),
        pytest.param('<?xml version="1.0"?><MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>', id="DASH"),
    ],
)
@pytest.mark.parametrize("name", ["input.mp3", "input.m3u8"])
def test_text_that_names_other_sources_opens_none(tmp_path, output, name, text):
    write_wav(tmp_path / "neighbour.wav", tone(0.1, amplitude=8000))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        source = tmp_path / name
        source.write_text(text.format(neighbour="neighbour.wav", url=f"http://127.0.0.1:{port}/speech.mp3", port=port))
        with pytest.raises(NotAudioError):
            denoise(source, output, format="wav", sample_rate=16000)

        listener.settimeout(0.01)
        with pytest.raises(TimeoutError):
            listener.accept()
