"""What all tests share: the real engine, found or installed once, and time that stands still."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

# Loaded now: pytest would load it at the end, when what the Automation API left behind may be collected in the middle
# of parsing a module, which Python 3.11 cannot stand.
import hypothesis  # noqa: F401
import pytest

ROOT = Path(__file__).parents[1]
AUDIO = ROOT / "tests" / "data" / "audio"
CREDENTIAL_VARIABLES = (
    "TENCENTCLOUD_SECRET_ID",
    "TENCENTCLOUD_SECRET_KEY",
    "TENCENTCLOUD_SECURITY_TOKEN",
    "TENCENTCLOUD_SESSION_TOKEN",
    "TENCENTCLOUD_ASSUME_ROLE_ARN",
    "TENCENTCLOUD_CAM_ROLE_NAME",
    "TENCENTCLOUD_REGION",
    "COS_SECRET_ID",
    "COS_SECRET_KEY",
    "COS_SESSION_TOKEN",
    "COS_REGION",
    "CI_AUDIO_ENDPOINT",
)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    for variable in CREDENTIAL_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def noisy_audio() -> bytes:
    """A voice with brown noise, hiss and mains hum, as an MP3."""
    return (AUDIO / "speech-noisy.mp3").read_bytes()


def load_tool(name: str):
    """Return a module of ``tools/``, which is no package."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def engine_folder() -> Path:
    """The folder of the real ``pulumi``; it is never skipped, only installed."""
    return load_tool("engine").find_or_install()


@pytest.fixture
def engine_on_path(engine_folder, monkeypatch) -> Path:
    monkeypatch.setenv("PATH", f"{engine_folder}{os.pathsep}{os.environ['PATH']}")
    return engine_folder
