"""The control calls: ``/_emulator/…``, on any host, unsigned, never logged, never spoiled. JSON both ways."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from pulumi_ci_audio.emulator.control import Control
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, Request

_PREFIX = "/_emulator/"

# Method, path, and what is done with the arguments of the path and the object in the body.
_CALLS: tuple[tuple[str, str, Callable[[Control, tuple[str, ...], dict[str, Any]], Any]], ...] = (
    ("GET", r"state", lambda control, _path, _body: control.state()),
    ("POST", r"reset", lambda control, _path, _body: control.reset()),
    ("PUT", r"buckets/([^/]+)/([^/]+)", lambda control, path, body: control.put_bucket(path[0], path[1], **body)),
    ("POST", r"faults", lambda control, _path, body: control.add_fault(**body)),
    ("GET", r"faults", lambda control, _path, _body: {"faults": control.faults()}),
    ("DELETE", r"faults", lambda control, _path, _body: control.clear_faults()),
    ("GET", r"requests", lambda control, _path, _body: {"requests": control.requests()}),
    ("DELETE", r"requests", lambda control, _path, _body: control.clear_requests()),
    ("POST", r"clock", lambda control, _path, body: {"now": control.advance(_advance(body))}),
    ("POST", r"settings", lambda control, _path, body: control.change_settings(**body)),
    ("GET", r"assumptions", lambda control, _path, _body: {"assumptions": control.assumptions()}),
)


def is_control_call(request: Request) -> bool:
    """Return whether a request is for the emulator rather than for the service."""
    return request.path.startswith(_PREFIX)


def answer_control_call(control: Control, request: Request) -> Answer:
    """Do what a control call asks for; what makes no sense is answered with 400 and an ``error``."""
    path = request.path.removeprefix(_PREFIX)
    at_path = [(method, match, act) for method, pattern, act in _CALLS if (match := re.fullmatch(pattern, path))]
    if not at_path:
        return _json({"error": f"there is no control call {request.path}"}, status=404)
    for method, match, act in at_path:
        if method == request.method:
            try:
                return _json(act(control, match.groups(), _body(request)) or {})
            except ValueError as error:
                return _json({"error": str(error)}, status=400)
    return _json({"error": f"{request.path} takes {' or '.join(method for method, _, _ in at_path)}"}, status=405)


def _advance(body: dict[str, Any]) -> float:
    if set(body) != {"advance"}:
        raise ValueError("the body is an object with advance alone, in seconds")
    seconds: float = body["advance"]  # judged by the clock's own control
    return seconds


def _body(request: Request) -> dict[str, Any]:
    try:
        text = request.document()
        body = json.loads(text) if text.strip() else {}
    except ServiceError as error:
        raise ValueError(error.message) from error
    except RecursionError as error:
        raise ValueError("the body is nested too deeply") from error
    if not isinstance(body, dict):
        raise ValueError("the body is no JSON object")  # noqa: TRY004  a wrong value, whatever its type
    return body


def _json(content: Any, *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
