"""What goes wrong in one run of the campaign, drawn from a seed: the same seed draws the same again."""

from __future__ import annotations

import random
from dataclasses import dataclass

SETTLE_SECONDS = 1.2
READ_TIMEOUT_SECONDS = 0.5
LONGEST_LAG_SECONDS = 0.8
"""Less than the settle time: what a service does that lists a job later than that is stated in the README."""

REQUESTS = {
    "look at the recording": ("HEAD", "/raw/*"),
    "look the job up": ("GET", "/jobs"),
    "look at Smart Audio": ("GET", "/asrbucket"),
    "submit": ("POST", "/jobs"),
    "follow the job": ("GET", "/jobs/*"),
    "look at the result": ("HEAD", "/clean/*"),
}
"""What a job asks for, each at least once in a run that comes to its end."""

ACTIONS = {
    "reset": {"reset": True},
    "500": {"status": 500, "code": "InternalError", "message": "drawn"},
    "503": {"status": 503, "code": "SlowDown", "message": "drawn"},
    "429": {"status": 429, "code": "SlowDown", "message": "drawn"},
    "delay beyond the read timeout": {"delay": READ_TIMEOUT_SECONDS + 0.3},
    "HTML": {"status": 200, "content_type": "text/html", "body": "<html><body>a proxy's greeting</p></html>"},
    "truncation": {"headers": {"Content-Length": "4096"}, "body": "<Response><JobsDetail>"},
    "expired credential": {"status": 401, "code": "SignatureExpired", "message": "drawn"},
}
BODILESS = {"HTML", "truncation"}
"""Nothing that could be unreadable: the answer to HEAD has no body."""

LAST_LOOK = "look at the result"
VICTIMS = ("provider", "engine", "engine and provider")


@dataclass(frozen=True)
class Fault:
    """One rule of the emulator."""

    request: str
    action: str
    effect: str
    times: int

    def rule(self) -> dict[str, object]:
        method, path = REQUESTS[self.request]
        return {
            "method": method,
            "path": path,
            "times": self.times,
            "effect": self.effect,
            "action": ACTIONS[self.action],
        }


@dataclass(frozen=True)
class Kill:
    """Who is killed, and when: some time after a request of that kind was seen."""

    victim: str
    request: str
    delay_seconds: float


@dataclass(frozen=True)
class Schedule:
    """One run: what goes wrong while a job is created, and while it is changed."""

    seed: int
    lag_seconds: float
    faults: tuple[tuple[Fault, ...], tuple[Fault, ...]]
    kills: tuple[Kill | None, Kill | None]


def draw(seed: int) -> Schedule:
    """Return the schedule of ``seed``."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    first, second = _step(chance), _step(chance)
    return Schedule(
        seed=seed,
        lag_seconds=chance.choice((0.0, chance.uniform(0.1, LONGEST_LAG_SECONDS))),
        faults=(first[0], second[0]),
        kills=(first[1], second[1]),
    )


def _step(chance: random.Random) -> tuple[tuple[Fault, ...], Kill | None]:
    faults, kill = _faults(chance), _kill(chance)
    if kill is not None and kill.request == LAST_LOOK:
        # What follows the last look takes milliseconds: it is held up, so that there is somebody to kill.
        held_up = Fault(LAST_LOOK, "delay beyond the read timeout", "after", 3)
        faults = (*(fault for fault in faults if fault.request != LAST_LOOK), held_up)
    return faults, kill


def _faults(chance: random.Random) -> tuple[Fault, ...]:
    drawn = chance.sample(sorted(REQUESTS), k=chance.randint(1, 3))
    return tuple(_fault(chance, request) for request in drawn)


def _fault(chance: random.Random, request: str) -> Fault:
    possible = sorted(set(ACTIONS) - BODILESS) if REQUESTS[request][0] == "HEAD" else sorted(ACTIONS)
    return Fault(request, chance.choice(possible), chance.choice(("before", "after")), chance.randint(1, 3))


def _kill(chance: random.Random) -> Kill | None:
    if chance.random() < 0.5:
        return None
    return Kill(chance.choice(VICTIMS), chance.choice(sorted(REQUESTS)), chance.uniform(0.0, 0.4))
