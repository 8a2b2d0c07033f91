"""The campaign for batches: whatever goes wrong on the way, no version of a recording is run twice, and none is left.

Faults and victims are those of the campaign for jobs. A schedule runs a folder, then what is new or was replaced in it,
or all of it again.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pulumi_ci_audio.emulator import RunningEmulator, Settings
from pulumi_ci_audio.emulator.state.records import Parameters, Template
from tests.campaign.engines import Engine, HostEngine, RealEngine
from tests.campaign.schedule import (
    ACTIONS,
    READ_TIMEOUT_SECONDS,
    REFUSALS,
    SETTLE_SECONDS,
    TURNED_AWAY,
    VICTIMS,
)
from tests.support.emulators import running_emulator
from tests.support.families import Family, NoiseReductionBatch
from tests.support.places import BUCKET, REGION
from tests.support.recordings import faint_noise
from tests.support.stacks import Stack

QUICK_SEEDS: dict[Family, Sequence[int]] = {"dynamic": range(1), "native": range(1, 2)}
LONG_HOST_SEEDS = range(3000, 3150)
LONG_ENGINE_SEEDS = range(4000, 4050)
UPS_AT_MOST = 18

SUBMIT = ("POST", "*.ci.*", "/inventorytriggerjob")
REQUESTS = (
    ("GET", "*.cos.*", "/"),
    ("GET", "*.ci.*", "/inventorytriggerjob"),
    ("GET", "*.ci.*", "/inventorytriggerjob/*"),
    ("GET", "*.ci.*", "/template"),
    ("PUT", "*.cos.*", "/pulumi-ci-audio/*"),
    SUBMIT,
)
"""What a batch asks for, each at least once."""

OTHER_DOCUMENTS = frozenset({"not activated", "empty placeholder", "empty page"})
"""Actions that only make sense in a list of jobs."""

ADD, REPLACE, RUN_ALL = "add", "replace", "run all"
SHORT, LONGER = faint_noise(0.02), faint_noise(0.04)


@dataclass(frozen=True)
class Step:
    """What is due, what goes wrong until it is done, and who is killed how long after the first `up` began."""

    change: str
    faults: tuple[dict[str, object], ...]
    victim: str | None
    kill_seconds: float


def draw(seed: int) -> tuple[float, tuple[Step, Step]]:
    """Return how late the service lists, and the steps, of ``seed``."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    lag_seconds = chance.choice((0.0, chance.uniform(0.1, 0.8)))
    return lag_seconds, (_step(chance, ""), _step(chance, chance.choice((ADD, REPLACE, RUN_ALL))))


def _step(chance: random.Random, change: str) -> Step:
    faults = tuple(_fault(chance, request) for request in chance.sample(REQUESTS, k=chance.randint(1, 3)))
    victim = chance.choice((*VICTIMS[:2], None))
    return Step(change, faults, victim, chance.uniform(0.3, 2.5))


def _fault(chance: random.Random, request: tuple[str, str, str]) -> dict[str, object]:
    action = chance.choice(sorted(ACTIONS.keys() - OTHER_DOCUMENTS))
    # What the service itself refuses, it has not accepted.
    refused = request == SUBMIT and action in REFUSALS | TURNED_AWAY
    effect = "before" if refused else chance.choice(("before", "after"))
    method, host, path = request
    times = chance.randint(1, 3)
    return {
        "method": method,
        "host": host,
        "path": path,
        "times": times,
        "effect": effect,
        "action": ACTIONS[action],
    }


NewEngine = Callable[[dict[str, str], Path, str], Engine]
"""Makes an engine from the package's settings, a folder of its own, and the id of the template."""


def host_engine(family: Family) -> NewEngine:
    def make(settings: dict[str, str], folder: Path, template_id: str) -> Engine:
        variables = {**settings, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")}
        inputs = {"inputPrefix": "raw/", "outputPrefix": "clean/", "templateId": template_id}
        return HostEngine(variables, family, "NoiseReductionBatch", inputs)

    return make


def real_engine(family: Family) -> NewEngine:
    def make(settings: dict[str, str], folder: Path, template_id: str) -> Engine:
        def declare(trigger: int) -> None:
            NoiseReductionBatch(
                "resource",
                bucket=BUCKET,
                input_prefix="raw/",
                output_prefix="clean/",
                template_id=template_id,
                triggers=[trigger],
            )

        return RealEngine(Stack("dev", folder, settings, family=family), declare)

    return make


def run_seed(seed: int, new_engine: NewEngine, folder: Path) -> None:
    lag_seconds, steps = draw(seed)
    speed = Settings(job_seconds=0.4, list_lag_seconds=lag_seconds, queue_concurrency=2)
    with (
        TemporaryDirectory(prefix=f"batches-{seed}-", dir=folder, ignore_cleanup_errors=True) as own,
        running_emulator(Path(own, "cloud"), settings=speed) as service,
    ):
        service.put_bucket(REGION, BUCKET, ci="on", asr="on")
        settings = {
            **service.environment(region=REGION),
            "CI_AUDIO_SETTLE_SECONDS": str(SETTLE_SECONDS),
            "CI_AUDIO_READ_TIMEOUT_SECONDS": str(READ_TIMEOUT_SECONDS),
        }
        engine = new_engine(settings, Path(own), _template(service))
        try:
            _run(service, engine, steps)
        finally:
            engine.close()


def _run(service: RunningEmulator, engine: Engine, steps: tuple[Step, Step]) -> None:
    """Bring the folder to what each step wants, under its troubles, and assert that nothing was run twice."""
    expected = Counter({f"raw/{name}.wav": 1 for name in "abc"})
    for key in expected:
        service.put_object(REGION, BUCKET, key, SHORT)
    trigger = 0
    for number, step in enumerate(steps):
        if step.change == ADD:
            service.put_object(REGION, BUCKET, "raw/new.wav", SHORT)
            expected["raw/new.wav"] = 1
        elif step.change == REPLACE:
            service.advance(2)
            service.put_object(REGION, BUCKET, "raw/a.wav", LONGER)
            expected["raw/a.wav"] += 1
        elif step.change == RUN_ALL:
            service.advance(2)
            trigger += 1
            expected.update(expected.keys())
        service.clear_faults()
        for fault in step.faults:
            service.add_fault(**fault)
        with _killing(engine, step):
            _up_until_done(service, engine, trigger)
        found = Counter(job["input"] for job in service.state()["jobs"])
        assert found == expected, f"step {number} ({step.change or 'create'}): run {found}, not {expected}"
        assert engine.job()["pending"] == 0


def _up_until_done(service: RunningEmulator, engine: Engine, trigger: int) -> None:
    for _ in range(UPS_AT_MOST):
        if engine.up(trigger, refresh=True, replace=False) and engine.job().get("pending") == 0:
            return
        engine.tidy()
    raise AssertionError(f"not done after {UPS_AT_MOST} ups: {engine.job()}, {service.faults()}")


@contextmanager
def _killing(engine: Engine, step: Step) -> Iterator[None]:
    """Kill the step's victim some time after now, if there is one."""
    over = threading.Event()

    def kill() -> None:
        if over.wait(step.kill_seconds) or step.victim is None:
            return
        while not engine.kill(step.victim) and not over.is_set():
            time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _template(service: RunningEmulator) -> str:
    store = service.emulator.store
    with store.lock:
        now = store.clock.now()
        made = Template("t1", REGION, BUCKET, "voices", Parameters(), now, now)
        store.bucket(REGION, BUCKET).templates[made.id] = made
    return made.id


def failures(seeds: Sequence[int], new_engine: NewEngine, folder: Path) -> list[str]:
    """Run the seeds and return what went wrong, a line for each that did."""
    with ThreadPoolExecutor(4) as pool:
        running = {seed: pool.submit(run_seed, seed, new_engine, folder) for seed in seeds}
        return [f"seed {seed}: {error}" for seed, future in running.items() if (error := future.exception())]


every_family = pytest.mark.parametrize("family", ["dynamic", "native"])


@every_family
def test_quick_campaign_runs_no_recording_twice_and_leaves_none(tmp_path: Path, family: Family) -> None:
    assert failures(QUICK_SEEDS[family], host_engine(family), tmp_path) == []


@every_family
@pytest.mark.campaign
def test_long_campaign_on_a_provider_runs_no_recording_twice_and_leaves_none(tmp_path: Path, family: Family) -> None:
    assert failures(LONG_HOST_SEEDS, host_engine(family), tmp_path) == []


@every_family
@pytest.mark.campaign
@pytest.mark.engine
def test_long_campaign_on_the_real_engine_runs_no_recording_twice_and_leaves_none(
    engine_on_path: Path, tmp_path: Path, family: Family
) -> None:
    assert failures(LONG_ENGINE_SEEDS, real_engine(family), tmp_path) == []
