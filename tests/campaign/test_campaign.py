"""The campaign: whatever goes wrong on the way, one job is accepted per resource and change, and none is lost.

A quick one is part of every test run. The long one is `make campaign`; a single seed of it can be run again with
``CAMPAIGN_SEEDS=<seed>``.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stack.conftest import Stack, hermetic

from .engines import HostEngine, RealEngine
from .run import cloud, environment, run
from .schedule import draw

QUICK_SEEDS = range(8)
LONG_HOST_SEEDS = range(1000, 1400)
LONG_ENGINE_SEEDS = range(2000, 2100)


@pytest.fixture
def clip(noisy_audio):
    """Two seconds of the recording: what is measured here is not its sound."""
    return noisy_audio[:32768]


def on_host(seed, clip):
    schedule = draw(seed)
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-{seed}-"))
    with cloud(folder / "cloud", clip, schedule) as service:
        engine = HostEngine(environment(service, folder))
        try:
            run(schedule, service, engine)
        finally:
            engine.close()


def on_engine(seed, clip):
    schedule = draw(seed)
    folder = Path(tempfile.mkdtemp(prefix=f"campaign-{seed}-"))
    with cloud(folder / "cloud", clip, schedule) as service:
        stack = Stack("dev", folder / "pulumi", {**hermetic(), **environment(service, folder)})
        run(schedule, service, RealEngine(stack))


def all_of(one, seeds, clip, beside_each_other):
    """Run the seeds and return what went wrong, by seed."""
    chosen = [int(seed) for seed in os.environ.get("CAMPAIGN_SEEDS", "").split(",") if seed]
    wrong = {}
    with ThreadPoolExecutor(beside_each_other) as pool:
        running = {seed: pool.submit(one, seed, clip) for seed in seeds if not chosen or seed in chosen}
        for done, (seed, future) in enumerate(running.items(), 1):
            if error := future.exception():
                wrong[seed] = f"{type(error).__name__}: {error}"
                print(f"seed {seed}: {wrong[seed]}", flush=True)
            if done % 20 == 0:
                print(f"{done} of {len(running)} schedules, {len(wrong)} wrong", flush=True)
    return wrong


def test_a_quick_campaign_finds_no_duplicate_and_no_loss(clip):
    assert all_of(on_host, QUICK_SEEDS, clip, 4) == {}


@pytest.mark.campaign
def test_the_long_campaign_through_the_hosts_door(clip):
    assert all_of(on_host, LONG_HOST_SEEDS, clip, 6) == {}


@pytest.mark.campaign
@pytest.mark.engine
def test_the_long_campaign_on_the_real_engine(clip, engine_on_path):
    assert all_of(on_engine, LONG_ENGINE_SEEDS, clip, 4) == {}
