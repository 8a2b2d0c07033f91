"""What all tests share: no settings of this machine, the real engine, found or installed once, and a recording."""

from __future__ import annotations

import os
import socket
from contextlib import closing
from pathlib import Path

# Loaded now: pytest would load it at the end, when what the Automation API left behind may be collected in the middle
# of parsing a module, which Python 3.11 cannot stand.
import hypothesis  # noqa: F401
import pytest

from tests.support.places import AUDIO
from tools.engine_install import find_or_install
from tools.hermetic import foreign_names


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let every test of a stack run through both providers, not only those that are marked."""
    parser.addoption("--every-family", action="store_true", help="run each test of a stack through both providers")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in foreign_names(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def noisy_audio() -> bytes:
    """A voice with brown noise, hiss and mains hum, as an MP3."""
    return (AUDIO / "speech-noisy.mp3").read_bytes()


@pytest.fixture(scope="session")
def engine_folder() -> Path:
    """The folder of the real ``pulumi``; it is never skipped, only installed."""
    return find_or_install()


@pytest.fixture
def engine_on_path(engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the real ``pulumi``, first on ``PATH``."""
    monkeypatch.setenv("PATH", f"{engine_folder}{os.pathsep}{os.environ['PATH']}")
    return engine_folder
