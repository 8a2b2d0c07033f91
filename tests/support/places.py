"""Where the tests' recordings lie, in the cloud and in this repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
AUDIO = DATA / "audio"

REGION = "ap-chongqing"
OTHER_REGION = "ap-shanghai"
BUCKET = "recordings-1250000000"
OTHER_BUCKET = "archive-1250000000"
RAW, CLEAN = "raw/voice.mp3", "clean/voice.wav"

NOW = 1_700_000_000.0
"""A Unix time for clocks that stand still."""
