"""What the emulator does wrong on request: faults that are injected into single requests.

A fault says which requests it is for (shell patterns), how often, and what happens instead of, or after, the
operation. The first one that matches and is not used up wins.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pulumi_ci_audio.emulator.errors import ServiceError, code_of
from pulumi_ci_audio.emulator.http.messages import XML, Request, Response, error_response
from pulumi_ci_audio.emulator.state.clock import is_seconds

_BEFORE, _AFTER = "before", "after"
_ERRORS_FROM = 400
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token: RFC 9110, 5.6.2


@dataclass(frozen=True)
class Action:
    """What happens to a request. Only a delay, or nothing, leaves the real response as it is."""

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
        """Whether the response is another one than the operation's."""
        texts = (self.status, self.code, self.message, self.body, self.content_type)
        return bool(self.headers) or any(text is not None for text in texts)

    def replace(
        self, response: Response, *, request_id: str, resource: str | None, status_of: Callable[[str], int]
    ) -> Response:
        """Return the response to give instead of ``response``.

        A body stands as it is, as XML unless a type is named. A code, a message, or a status of an error gives the
        service's envelope of errors, with the status that ``status_of`` tells for a code. Headers or a type alone
        change those of ``response``.
        """
        if self.body is not None:
            response.close()
            status = self._error_status(status_of) if self.code is not None else self.status
            response = Response(status or response.status, self.body.encode(), {"Content-Type": XML})
        elif self.code is not None or self.message is not None or (self.status or 0) >= _ERRORS_FROM:
            response.close()
            status = self._error_status(status_of)
            error = ServiceError(
                self.code or code_of(status), self.message or "a fault that was asked for", status=status
            )
            response = error_response(error, request_id=request_id, resource=resource)
        elif self.status is not None:
            response.close()
            response = Response(self.status)
        if self.content_type is not None:
            response = response.with_headers({"Content-Type": self.content_type})
        return response.with_headers(self.headers)

    def _error_status(self, status_of: Callable[[str], int]) -> int:
        return self.status or status_of(self.code or "")


@dataclass
class Fault:
    """An action, and which requests it is for."""

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
        """Whether the action comes before the operation."""
        return self.effect == _BEFORE

    def matches(self, request: Request) -> bool:
        """Return whether the fault is for ``request``; the path may be given with or without its query."""
        with_query = f"{request.path}?{request.query}"
        return (
            fnmatchcase(request.method, self.method.upper())
            and fnmatchcase(request.host, self.host.lower())
            and (fnmatchcase(request.path, self.path) or (bool(request.query) and fnmatchcase(with_query, self.path)))
        )


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fields: Mapping[str, Any]) -> Fault:
        """Add a fault as the control call words it.

        Raises:
            ValueError: ``fields`` has an unknown key or a value that makes no sense.
        """
        checked = _checked(fields, _FAULT_CHECKS, "fault")
        action = Action(**_checked(checked.pop("action", {}), _ACTION_CHECKS, "action"))
        with self._lock:
            fault = Fault(id=len(self._faults) + 1, action=action, **checked)
            self._faults.append(fault)
        return fault

    def take(self, request: Request) -> Fault | None:
        """Return the fault to inject for ``request``, counted as used once more, or None."""
        with self._lock:
            for fault in self._faults:
                if fault.fired < fault.times and fault.matches(request):
                    fault.fired += 1
                    return fault
        return None

    def describe(self) -> list[dict[str, Any]]:
        """Return the faults in the words of the control call, with how often each fired."""
        with self._lock:
            return [
                {**vars(fault), "action": {name: value for name, value in vars(fault.action).items() if value}}
                for fault in self._faults
            ]

    def clear(self) -> None:
        """Drop every fault."""
        with self._lock:
            self._faults.clear()


def _is_text(value: object) -> bool:
    # JSON can spell a lone surrogate, which no body can carry.
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _is_header_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and value.isascii()


def _is_status(value: object) -> bool:
    return isinstance(value, int) and 200 <= value <= 599  # noqa: PLR2004  final HTTP statuses


def _is_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str)
        and _HEADER_NAME.fullmatch(name) is not None
        and name.lower() != "transfer-encoding"  # bodies are sent with their length
        and _is_header_text(text)
        and (name.lower() != "content-length" or (text.isdigit() and len(text) <= 18))  # noqa: PLR2004  fits 64 bits
        for name, text in value.items()
    )


_FAULT_CHECKS = {
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


def _checked(given: Mapping[str, Any], checks: Mapping[str, Any], what: str) -> dict[str, Any]:
    for name, value in given.items():
        if name not in checks:
            raise ValueError(f"a {what} has no {name!r}, only {', '.join(checks)}")
        if not checks[name](value):
            raise ValueError(f"{value!r} is no {name} of a {what}")
    return dict(given)
