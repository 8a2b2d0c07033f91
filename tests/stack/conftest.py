"""Stacks on the real engine, against a running emulator."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pulumi_ci_audio.emulator import RunningEmulator
from tests.support.console import Console
from tests.support.families import MODULES, Family
from tests.support.places import BUCKET, REGION
from tests.support.stacks import PROJECT, Stack

NewStack = Callable[..., Stack]
"""Makes a stack, by name and project."""


@pytest.fixture
def emulator(ci_audio_emulator: RunningEmulator) -> RunningEmulator:
    """A running emulator with an empty bucket."""
    ci_audio_emulator.put_bucket(REGION, BUCKET)
    return ci_audio_emulator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked through both providers, and everything where the command line says so."""
    chosen = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    if "family" in metafunc.fixturenames and "family" not in chosen:
        both = metafunc.config.getoption("--every-family") or metafunc.definition.get_closest_marker("every_family")
        metafunc.parametrize("family", list(MODULES) if both else ["dynamic"])


@pytest.fixture
def new_stack(engine_on_path: Path, emulator: RunningEmulator, tmp_path: Path, family: Family) -> Iterator[NewStack]:
    """A function that makes stacks over one backend."""

    def make(name: str = "dev", *, project: str = PROJECT) -> Stack:
        return Stack(name, tmp_path / "pulumi", emulator.environment(region=REGION), project, family)

    yield make
    # What the Automation API leaves behind goes now, and not while Python 3.11 parses a module, which that breaks.
    gc.collect()


@pytest.fixture
def stack(new_stack: NewStack) -> Stack:
    """A stack ``dev`` with an empty program."""
    return new_stack()


@pytest.fixture
def console(emulator: RunningEmulator) -> Console:
    """Somebody who changes things behind the stack's back."""
    return Console(emulator.url)
