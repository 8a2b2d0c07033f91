"""Many resources at once, as an engine drives them: every operation has a client of its own, in threads of one process.

What they send is counted by the emulator, so that what they share can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pulumi_ci_audio.api.coalescing import coalescer_of
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.api.transport import transport_to
from pulumi_ci_audio.emulator import RunningEmulator
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.types import Context
from pulumi_ci_audio.provider.composition import context_of
from tests.support.places import REGION

Item = TypeVar("Item")
Result = TypeVar("Result")

KEYS = {"TENCENTCLOUD_SECRET_ID": "emulator", "TENCENTCLOUD_SECRET_KEY": "emulator"}


@dataclass(frozen=True)
class Traffic(Generic[Result]):
    """What a crowd did, and what it sent.

    Attributes:
        results: what each operation returned or raised.
        requests: as the emulator's log has them.
    """

    results: Sequence[Result | Exception]
    requests: Sequence[dict[str, Any]]

    @property
    def errors(self) -> list[Exception]:
        """What operations raised."""
        return [result for result in self.results if isinstance(result, Exception)]

    @property
    def connections(self) -> int:
        """How many connections they used."""
        return len({entry["connection"] for entry in self.requests})

    @property
    def sent_each(self) -> float:
        """How many requests an operation sent on average."""
        return len(self.requests) / len(self.results)

    def count(self, method: str, path: str) -> int:
        """Return how many requests had this method, and a path that begins so."""
        return sum(entry["method"] == method and entry["path"].startswith(path) for entry in self.requests)


@dataclass(frozen=True)
class Crowd:
    """Operations of one process.

    Attributes:
        emulator: that they ask.
        threads: how many of them run at the same time.
        environment: further settings.
    """

    emulator: RunningEmulator
    threads: int
    environment: tuple[tuple[str, str], ...] = ()

    def context(self, memory: Memory) -> Context:
        """Return the context of a new operation."""
        environment = {**KEYS, **dict(self.environment), "CI_AUDIO_ENDPOINT": self.emulator.url}
        settings = Settings({}, environment, Path("/nowhere"))
        return context_of(None, settings, memory, is_cancelled=lambda: False, engine_is_alive=lambda: True, redact=str)

    def drive(self, operate: Callable[[Context, Item], Result], items: Iterable[Item]) -> Traffic[Result]:
        """Return what a new process does and sends that operates on every item."""
        coalescer_of.cache_clear()
        transport_to.cache_clear()
        self.emulator.clear_requests()
        memory = Memory()

        def attempt(item: Item) -> Result | Exception:
            try:
                return operate(self.context(memory), item)
            except Exception as error:  # noqa: BLE001  what one raises is its result, and the others go on
                return error

        with ThreadPoolExecutor(self.threads) as pool:
            results = list(pool.map(attempt, items))
        return Traffic(results, self.emulator.requests())


def put_buckets(emulator: RunningEmulator, number: int, **settings: Any) -> list[str]:
    """Make so many buckets that stand like this, and return their names."""
    names = [f"recordings-{index:04}-1250000000" for index in range(number)]
    for name in names:
        emulator.put_bucket(REGION, name, **settings)
    return names
