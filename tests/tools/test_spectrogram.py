from pathlib import Path

import av

from tools.spectrogram import spectrogram

RECORDINGS = Path(__file__).parents[1] / "data" / "audio"
NOISY = RECORDINGS / "speech-noisy.mp3"
CLEAN = RECORDINGS / "speech-clean.wav"


def test_spectrogram_shows_both_recordings_one_above_the_other(tmp_path: Path) -> None:
    target, same = tmp_path / "spectrogram.png", tmp_path / "same.png"
    spectrogram(NOISY, CLEAN, target)
    spectrogram(NOISY, NOISY, same)

    rows = []
    for picture in (target, same):
        with av.open(str(picture)) as container:
            frame = next(container.decode(video=0))
        data, half = bytes(frame.planes[0]), frame.height // 2 * frame.planes[0].line_size
        rows.append((data[:half], data[half : 2 * half]))
    (noisy, clean), (first, second) = rows
    assert noisy == first == second
    assert noisy != clean
