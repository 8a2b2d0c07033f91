"""The parameters of a noise reduction, which a job or a template names. Pure."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator

Format = Literal["wav", "mp3", "m4a"]

SAMPLE_RATES = (8000, 12000, 16000, 24000, 32000, 44100, 48000)
"""The rates of a result, in hertz (document 1045/73377)."""

DEFAULT_FORMAT: Final = "wav"
DEFAULT_SAMPLE_RATE: Final = 16000
"""What the service documents as defaults. They are sent, since what it does without them is not documented."""


def _sample_rate(rate: int) -> int:
    if rate not in SAMPLE_RATES:
        raise ValueError(f"must be one of {', '.join(map(str, SAMPLE_RATES))}")
    return rate


SampleRate = Annotated[int, AfterValidator(_sample_rate)]
