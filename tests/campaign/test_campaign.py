"""The campaign: whatever goes wrong on the way, one job is accepted per resource and change, and none is lost.

A quick one is part of every test run. The long one is `make campaign`; a single seed of it can be run again with
``CAMPAIGN_SEEDS=<seed>``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pulumi
import pytest

from tests.campaign.engines import Engine, HostEngine, RealEngine
from tests.campaign.run import run, service_of, settings_for
from tests.campaign.schedule import Schedule, draw
from tests.support.families import Family, NoiseReductionJob
from tests.support.places import BUCKET, CLEAN, RAW
from tests.support.stacks import Stack

QUICK_SEEDS = {"dynamic": range(3), "native": range(3, 6)}
LONG_HOST_SEEDS = range(1000, 1400)
LONG_ENGINE_SEEDS = range(2000, 2100)

every_family = pytest.mark.parametrize("family", ["dynamic", "native"])

NewEngine = Callable[[Schedule, dict[str, str], Path], Engine]
"""Makes an engine for a schedule from the package's settings and a folder of its own, with its state in ``state``."""

HOST_SECONDS = 120.0
ENGINE_SECONDS = 240.0
"""Far more than a schedule takes: one that takes longer hangs."""


@pytest.fixture
def recordings(noisy_audio: bytes) -> tuple[bytes, bytes]:
    """Two cuts of the recording, of two seconds: what is measured here is not their sound."""
    return noisy_audio[:32768], noisy_audio[:28672]


def host_engine(family: Family) -> NewEngine:
    def make(_schedule: Schedule, settings: dict[str, str], folder: Path) -> Engine:
        return HostEngine({**settings, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}, family)

    return make


def real_engine(family: Family) -> NewEngine:
    def make(schedule: Schedule, settings: dict[str, str], folder: Path) -> Engine:
        def declare(trigger: int) -> None:
            parent = pulumi.ComponentResource("recordings:index:Studio", "studio") if schedule.has_parent else None
            NoiseReductionJob(
                "resource",
                bucket=BUCKET,
                input_object=RAW,
                output_object=CLEAN,
                triggers=[trigger],
                opts=pulumi.ResourceOptions(parent=parent),
            )

        return RealEngine(Stack("dev", folder, settings, family=family), declare)

    return make


def run_seed(
    seed: int, new_engine: NewEngine, recordings: tuple[bytes, bytes], folder: Path, seconds_at_most: float
) -> None:
    schedule = draw(seed)
    # Orphans may still write into the folder while it is removed.
    with (
        TemporaryDirectory(prefix=f"campaign-{seed}-", dir=folder, ignore_cleanup_errors=True) as own,
        service_of(Path(own, "cloud"), schedule) as service,
    ):
        engine = new_engine(schedule, settings_for(service, schedule), Path(own))
        try:
            run(
                schedule,
                service,
                engine,
                recordings=recordings,
                journal=Path(own, "state", "pulumi-ci-audio", "submissions"),
                seconds_at_most=seconds_at_most,
            )
        finally:
            engine.close()


def failures(
    new_engine: NewEngine,
    seeds: Sequence[int],
    recordings: tuple[bytes, bytes],
    folder: Path,
    *,
    seconds_at_most: float,
    beside_each_other: int,
) -> list[str]:
    """Run the seeds and return what went wrong, a line for each that did."""
    chosen = [int(seed) for seed in os.environ.get("CAMPAIGN_SEEDS", "").split(",") if seed] or seeds
    wrong = []
    with ThreadPoolExecutor(beside_each_other) as pool:
        running = {
            seed: pool.submit(run_seed, seed, new_engine, recordings, folder, seconds_at_most)
            for seed in seeds
            if seed in chosen
        }
        for done, (seed, future) in enumerate(running.items(), 1):
            if error := future.exception():
                wrong.append(f"seed {seed}, {error}")
                print(wrong[-1], flush=True)
            if done % 20 == 0:
                print(f"{done} of {len(running)} schedules, {len(wrong)} wrong", flush=True)
    return wrong


@every_family
def test_quick_campaign_finds_no_duplicate_and_no_loss(
    recordings: tuple[bytes, bytes], tmp_path: Path, family: Family
) -> None:
    seeds = QUICK_SEEDS[family]

    wrong = failures(
        host_engine(family), seeds, recordings, tmp_path, seconds_at_most=HOST_SECONDS, beside_each_other=4
    )

    assert wrong == []
    assert list(tmp_path.glob("campaign-*")) == []


def test_schedule_that_hangs_fails_by_its_seed(
    recordings: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAMPAIGN_SEEDS", raising=False)

    wrong = failures(host_engine("dynamic"), [0], recordings, tmp_path, seconds_at_most=0.5, beside_each_other=1)

    assert wrong == ["seed 0, step 0 (create): it hangs"]


@every_family
@pytest.mark.campaign
def test_long_campaign_on_a_provider_finds_no_duplicate_and_no_loss(
    recordings: tuple[bytes, bytes], tmp_path: Path, family: Family
) -> None:
    assert (
        failures(
            host_engine(family),
            LONG_HOST_SEEDS,
            recordings,
            tmp_path,
            seconds_at_most=HOST_SECONDS,
            beside_each_other=4,
        )
        == []
    )


@every_family
@pytest.mark.campaign
@pytest.mark.engine
def test_long_campaign_on_the_real_engine_finds_no_duplicate_and_no_loss(
    recordings: tuple[bytes, bytes], engine_on_path: Path, tmp_path: Path, family: Family
) -> None:
    assert (
        failures(
            real_engine(family),
            LONG_ENGINE_SEEDS,
            recordings,
            tmp_path,
            seconds_at_most=ENGINE_SECONDS,
            beside_each_other=4,
        )
        == []
    )
