"""What goes wrong in one run of the campaign, drawn from a seed: the same seed draws the same again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SETTLE_SECONDS = 1.2
READ_TIMEOUT_SECONDS = 0.5
LONGEST_LAG_SECONDS = 0.8
"""Less than the settle time: what a service does that lists a job later than that is stated in docs/jobs.md."""

LATE_LIST_SECONDS = 6.0
"""More than the settle time and the start of the next run, which the machine's journal must keep from submitting."""

PATIENT_READ_TIMEOUT_SECONDS = 4.0
"""For late lists: a submission counts as on its way for twice as long, and as not listed for the settle time more."""

LATEST_RESULT_SECONDS = 30.0

LAST_LOOK = "look at the result"
LOOK_UP = "look the job up"
RECORDING = "look at the recording"
SUBMIT = "submit"
FOLLOW = "follow the job"

REQUESTS = {
    RECORDING: ("HEAD", "/raw/*"),
    LOOK_UP: ("GET", "/jobs"),
    "look at Smart Audio": ("GET", "/asrbucket"),
    SUBMIT: ("POST", "/jobs"),
    FOLLOW: ("GET", "/jobs/*"),
    LAST_LOOK: ("HEAD", "/clean/*"),
}
"""What a job asks for, each at least once in a run that comes to a good end."""

LISTS = frozenset({LOOK_UP, "look at Smart Audio"})
HEADS = frozenset(request for request, (method, _) in REQUESTS.items() if method == "HEAD")

_UNMARKED = {"x-ci-request-id": "", "x-cos-request-id": ""}
_PAGE = "<html><body>a proxy's greeting</p></html>"
_PROXY_STATUSES = (301, 302, 400, 401, 403, 404, 407, 408, 409, 413, 429, 503)
_LAST_TOKEN = "999999999"


def _of_proxy(status: int, body: str = "", content_type: str = "text/html") -> dict[str, Any]:
    return {"status": status, "body": body, "content_type": content_type, "headers": _UNMARKED}


GROUPS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "network": {
        "reset": {"reset": True},
        "delay": {"delay": READ_TIMEOUT_SECONDS + 0.3},
        "truncation": {"headers": {"Content-Length": "4096"}, "body": "<Response><JobsDetail>"},
    },
    "service": {
        "500": {"status": 500, "code": "InternalError", "message": "drawn"},
        "503": {"status": 503, "code": "SlowDown", "message": "drawn"},
        "429": {"status": 429, "code": "SlowDown", "message": "drawn"},
        "400": {"status": 400, "code": "InvalidArgument", "message": "drawn"},
        "403": {"status": 403, "code": "AccessDenied", "message": "drawn"},
        "expired credential": {"status": 401, "code": "SignatureExpired", "message": "drawn"},
        "not activated": {"status": 400, "code": "AsrBucketUnBinded", "message": "drawn"},
        "half a document": {"body": "<Response><JobsDetail><JobId>j1"},
        "empty placeholder": {"body": "<Response><JobsDetail/></Response>"},
        "empty page": {"body": f"<Response><NextToken>{_LAST_TOKEN}</NextToken></Response>"},
    },
    "proxy": {
        "204 of a proxy": {"status": 204, "headers": _UNMARKED},
        "HTML of a proxy": _of_proxy(200, _PAGE),
        "JSON of a proxy": _of_proxy(200, '{"ok": true}', "application/json"),
        **{f"{status} of a proxy": _of_proxy(status) for status in _PROXY_STATUSES},
        **{f"{status} of a proxy in HTML": _of_proxy(status, _PAGE) for status in _PROXY_STATUSES},
    },
}
ACTIONS = {name: action for group in GROUPS.values() for name, action in group.items()}

_POSSIBLE = {
    "truncation": frozenset(REQUESTS) - HEADS,
    "half a document": frozenset(REQUESTS) - HEADS,
    "not activated": LISTS | {FOLLOW},
    "empty placeholder": frozenset({LOOK_UP}),
    "empty page": frozenset({LOOK_UP}),
}
"""Where an action makes sense, if not everywhere. The answer to HEAD has no body that could be cut."""

_MOST_TIMES = {"not activated": 1, "empty placeholder": 2, "empty page": 1}
"""How often an action comes at most, if not three times.

The first look-up of a step asks for two lists, and no job of the step is due in them. The other two are a service's
mistakes: one of a kind is no reason to believe it.
"""

REFUSALS = frozenset({"400", "403", "expired credential"})
"""The service's own: what it refuses, it has not accepted."""

TURNED_AWAY = frozenset({"503", "429"})
"""The service says that it did not accept. Its word is only checked for the settle time."""

VICTIMS = ("provider", "engine", "engine and provider")

CREATE, TRIGGER, FORCE, REPLACE_RECORDING = "create", "trigger", "force", "replace the recording"
CHANGES = (TRIGGER, FORCE, REPLACE_RECORDING)
"""What makes a job run again."""


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
class Step:
    """One job that is due, and what goes wrong until it is there.

    Attributes:
        change: why it is due.
        fails: whether the recording is no audio, so that the job fails.
        faults: what the service and the network do.
        kill: who is killed.
        clock_jumps: whether the machine's wall clock is set a day ahead after the first run that is not green.
    """

    change: str
    fails: bool
    faults: tuple[Fault, ...]
    kill: Kill | None
    clock_jumps: bool


@dataclass(frozen=True)
class Schedule:
    """One run: what goes wrong while a job is created, and while it is run again.

    Attributes:
        seed: what it was drawn from.
        lag_seconds: how late the service lists a job.
        result_seconds: how much later than the job's end the storage dates the result.
        has_parent: whether the job belongs to a component.
        steps: the two of them.
    """

    seed: int
    lag_seconds: float
    result_seconds: float
    has_parent: bool
    steps: tuple[Step, Step]

    @property
    def read_timeout_seconds(self) -> float:
        """How long the provider waits for an answer."""
        return PATIENT_READ_TIMEOUT_SECONDS if self.lag_seconds > SETTLE_SECONDS else READ_TIMEOUT_SECONDS


def draw(seed: int) -> Schedule:
    """Return the schedule of ``seed``."""
    chance = random.Random(seed)  # noqa: S311  repeatable on purpose
    lag_seconds = chance.choice((0.0, 0.0, chance.uniform(0.1, LONGEST_LAG_SECONDS), LATE_LIST_SECONDS))
    change = chance.choice(CHANGES)
    fails = change == REPLACE_RECORDING and chance.random() < 0.6
    if fails and lag_seconds > SETTLE_SECONDS:
        # The next run would find the job before it has failed.
        lag_seconds = 0.0
    return Schedule(
        seed=seed,
        lag_seconds=lag_seconds,
        result_seconds=chance.choice((0.0, chance.uniform(1.0, LATEST_RESULT_SECONDS))),
        has_parent=chance.random() < 0.3,
        steps=(_Draw(chance, lag_seconds, change).step(CREATE, fails=fails), _Draw(chance, lag_seconds, change).step()),
    )


@dataclass(frozen=True)
class _Draw:
    """Draws a step of a schedule whose second step is ``change``."""

    chance: random.Random
    lag_seconds: float
    change: str

    def step(self, change: str = "", *, fails: bool = False) -> Step:
        change = change or self.change
        requests = sorted(set(REQUESTS) - {LAST_LOOK}) if fails else sorted(REQUESTS)
        faults = self._faults(requests, submission_fails=change == FORCE and self.chance.random() < 0.5)
        # A job that fails is to fail while nobody waits for it.
        kill = self._kill([FOLLOW] if fails else requests) if fails or self.chance.random() < 0.5 else None
        if kill is not None and kill.request == LAST_LOOK:
            # What follows the last look takes milliseconds: it is held up, so that there is somebody to kill.
            held_up = Fault(LAST_LOOK, "delay", "after", 3)
            faults = (*(fault for fault in faults if fault.request != LAST_LOOK), held_up)
        # The orphan of a killed engine may write its journal just now.
        has_orphan = kill is not None and kill.victim == "engine"
        return Step(change, fails, faults, kill, clock_jumps=not has_orphan and self.chance.random() < 0.5)

    def _faults(self, requests: list[str], *, submission_fails: bool) -> tuple[Fault, ...]:
        drawn = self.chance.sample(requests, k=self.chance.randint(1, 3))
        if submission_fails and SUBMIT not in drawn:
            drawn.append(SUBMIT)
        return tuple(map(self._fault, drawn))

    def _fault(self, request: str) -> Fault:
        possible = {
            group: [name for name in sorted(actions) if request in _POSSIBLE.get(name, REQUESTS)]
            for group, actions in GROUPS.items()
        }
        action = self.chance.choice(possible[self.chance.choice(sorted(possible))])
        effects = ["before", "after"]
        is_word_of_service = action in REFUSALS or (action in TURNED_AWAY and self.lag_seconds > SETTLE_SECONDS)
        if request == SUBMIT and is_word_of_service:
            effects = ["before"]
        most_times = _MOST_TIMES.get(action, 3)
        if action == "403" and request == RECORDING and self.change == REPLACE_RECORDING:
            # Who may not look at a recording cannot see that it is another one.
            most_times = 1
        return Fault(request, action, self.chance.choice(effects), self.chance.randint(1, most_times))

    def _kill(self, requests: list[str]) -> Kill:
        return Kill(self.chance.choice(VICTIMS), self.chance.choice(requests), self.chance.uniform(0.0, 0.4))
