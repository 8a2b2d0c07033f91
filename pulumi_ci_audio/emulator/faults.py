"""What the emulator does wrong on request: rules that spoil single requests.

A rule says which requests it is for (shell patterns), how often, and what happens instead of, or after, the
operation. The first rule that matches and is not used up wins.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pulumi_ci_audio.emulator.clock import is_seconds
from pulumi_ci_audio.emulator.errors import STATUS, ServiceError, code_of
from pulumi_ci_audio.emulator.exchange import XML, Answer, Request, error_answer

_BEFORE, _AFTER = "before", "after"
_ERRORS_FROM = 400


class ConnectionResetFault(Exception):  # noqa: N818  a wish of the test's author, not an error of the emulator
    """Ends the connection by a TCP reset instead of an answer."""


@dataclass(frozen=True)
class Action:
    """What happens to a request. Only a delay, or nothing, leaves the real answer as it is."""

    status: int | None = None
    code: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    content_type: str | None = None
    delay: float = 0.0
    reset: bool = False

    @property
    def replaces(self) -> bool:
        """Whether the answer is another one than the operation's."""
        texts = (self.status, self.code, self.message, self.body, self.content_type)
        return bool(self.headers) or any(text is not None for text in texts)

    def replace(self, answer: Answer, *, request_id: str, resource: str | None) -> Answer:
        """Return the answer to give instead of ``answer``.

        A body stands as it is, as XML unless a type is named. A code, a message, or a status of an error gives the
        service's envelope of errors. Headers or a type alone change those of ``answer``.
        """
        if self.body is not None:
            answer.discard()
            status = self._error_status() if self.code is not None else self.status
            answer = Answer(status or answer.status, self.body.encode(), {"Content-Type": XML})
        elif self.code is not None or self.message is not None or (self.status or 0) >= _ERRORS_FROM:
            answer.discard()
            status = self._error_status()
            error = ServiceError(
                self.code or code_of(status), self.message or "a fault that was asked for", status=status
            )
            answer = error_answer(error, request_id=request_id, resource=resource)
        elif self.status is not None:
            answer.discard()
            answer = Answer(self.status)
        if self.content_type is not None:
            answer = answer.with_headers({"Content-Type": self.content_type})
        return answer.with_headers(self.headers)

    def _error_status(self) -> int:
        return self.status or STATUS.get(self.code or "", 500)


@dataclass
class Rule:
    """Which requests an action is for."""

    id: int
    action: Action
    method: str = "*"
    path: str = "*"
    host: str = "*"
    times: int = 1
    effect: str = _BEFORE
    fired: int = 0

    @property
    def is_before(self) -> bool:
        """Whether the action comes instead of the operation."""
        return self.effect == _BEFORE

    def matches(self, request: Request) -> bool:
        """Return whether the rule is for ``request``; the path may be given with or without its query."""
        with_query = f"{request.path}?{request.query}"
        return (
            fnmatchcase(request.method, self.method.upper())
            and fnmatchcase(request.host, self.host.lower())
            and (fnmatchcase(request.path, self.path) or (bool(request.query) and fnmatchcase(with_query, self.path)))
        )


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []

    def add(self, wish: Mapping[str, Any]) -> Rule:
        """Add a rule as the control call words it.

        Raises:
            ValueError: ``wish`` has an unknown key or a value that makes no sense.
        """
        fields = _checked(wish, _RULE_CHECKS, "rule")
        action = Action(**_checked(fields.pop("action", {}), _ACTION_CHECKS, "action"))
        with self._lock:
            rule = Rule(id=len(self._rules) + 1, action=action, **fields)
            self._rules.append(rule)
        return rule

    def take(self, request: Request) -> Rule | None:
        """Return the rule to follow for ``request``, counted as used once more, or None."""
        with self._lock:
            for rule in self._rules:
                if rule.fired < rule.times and rule.matches(request):
                    rule.fired += 1
                    return rule
        return None

    def describe(self) -> list[dict[str, Any]]:
        """Return the rules in the words of the control call, with how often each fired."""
        with self._lock:
            return [
                {**vars(rule), "action": {name: value for name, value in vars(rule.action).items() if value}}
                for rule in self._rules
            ]

    def clear(self) -> None:
        """Drop every rule."""
        with self._lock:
            self._rules.clear()


def _is_text(value: object) -> bool:
    # JSON can spell a lone surrogate, which no body can carry.
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _is_header_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value.isascii()


def _is_status(value: object) -> bool:
    return isinstance(value, int) and 200 <= value <= 599  # noqa: PLR2004  final HTTP statuses


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        _is_header_text(name)
        and _is_header_text(text)
        and (name.lower() != "content-length" or (text.isdigit() and len(text) <= 18))  # noqa: PLR2004  fits 64 bits
        for name, text in value.items()
    )


_RULE_CHECKS = {
    "method": _is_text,
    "path": _is_text,
    "host": _is_text,
    "times": lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
    "effect": lambda value: value in (_BEFORE, _AFTER),  # no set: it may be a list
    "action": lambda value: isinstance(value, Mapping),
}
_ACTION_CHECKS = {
    "status": _is_status,
    "code": _is_text,
    "message": _is_text,
    "headers": _is_headers,
    "body": _is_text,
    "content_type": _is_header_text,
    "delay": is_seconds,
    "reset": lambda value: isinstance(value, bool),
}


def _checked(wish: Mapping[str, Any], checks: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name, value in wish.items():
        if name not in checks:
            raise ValueError(f"a {what} has no {name!r}, only {', '.join(checks)}")
        if not checks[name](value):
            raise ValueError(f"{value!r} is no {name} of a {what}")
    return dict(wish)
