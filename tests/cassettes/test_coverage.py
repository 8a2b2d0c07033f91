"""Every operation of the client has a cassette, and no replayed test reaches the network."""

from __future__ import annotations

import re
from pathlib import Path

from pulumi_ci_audio.api.client import Client
from tests.cassettes.conftest import ROOT

FOLDER = Path(__file__).parent


def test_every_operation_is_called_by_a_recorded_test():
    recorded = [path.read_text() for path in FOLDER.glob("test_*.py")]
    called = {name for text in recorded if "pytest.mark.vcr" in text for name in re.findall(r"client\.(\w+)\(", text)}
    composed = {
        "from_settings",
        "find_service_bucket",
        "ask_service_bucket",
        "refresh_service_bucket",
        "refresh_ci_bucket",
    }
    operations = {name for name in vars(Client) if not name.startswith("_")} - composed

    assert len(operations) > 15
    assert operations - called == set()


def test_every_recorded_module_has_the_network_blocked():
    marks = "\npytestmark = [pytest.mark.vcr, pytest.mark.block_network]\n"
    modules = {path.stem for path in FOLDER.glob("test_*.py") if marks in path.read_text()}

    assert modules == {folder.name for folder in (ROOT / "cassettes").glob("test_*")}
