"""Sound that is made, not read."""

from __future__ import annotations

import io
import wave
from random import Random


def faint_noise(seconds: float = 0.3, rate: int = 16000) -> bytes:
    """Return a WAV of faint noise, the same every time."""
    chance, file = Random(1), io.BytesIO()  # noqa: S311  noise, no secret
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        frames = (chance.randint(-300, 300) for _ in range(int(seconds * rate)))
        sound.writeframes(b"".join(frame.to_bytes(2, "little", signed=True) for frame in frames))
    return file.getvalue()
