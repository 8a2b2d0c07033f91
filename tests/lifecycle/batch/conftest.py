"""A cloud with a folder of recordings and a template."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.emulator.state.records import Parameters, Template
from tests.lifecycle.batch.running import TEMPLATE_ID
from tests.lifecycle.conftest import NAME, REGION


@pytest.fixture
def make_folder(make_cloud):
    """Make a cloud whose bucket has Smart Audio, a template and some recordings."""

    def make(*names, template_format="wav", **settings):
        cloud = make_cloud(**settings)
        cloud.seed(ci="on", asr="on")
        cloud.emulator.store.objects.delete(REGION, NAME, "raw/voice.mp3")
        cloud.record.templates[TEMPLATE_ID] = Template(
            TEMPLATE_ID, REGION, NAME, "voices", Parameters(template_format), cloud.now(), cloud.now()
        )
        for name in names:
            cloud.put(f"raw/{name}", f"a recording called {name}".encode())
        cloud.control.clear_requests()
        return cloud

    return make


@pytest.fixture
def folder(make_folder):
    """A cloud with three recordings."""
    return make_folder("a.mp3", "b.mp3", "deep/c.mp3")
