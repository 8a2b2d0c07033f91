"""The control calls: ``/_emulator/…``, unsigned, never logged, never faulted. JSON both ways.

They obey whoever reaches them, so they are for programs of this machine. A web page that is open in a browser reaches
them too: it betrays itself by its ``Origin``, or by a name of its own that leads to this address.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from pulumi_ci_audio.emulator.control.control import Control
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import find_destination, is_loopback
from pulumi_ci_audio.emulator.http.messages import Request, Response

_PREFIX = "/_emulator/"
_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  compared, not listened on

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
    ("GET", r"callbacks", lambda control, _path, _body: {"callbacks": control.callbacks()}),
    ("DELETE", r"callbacks", lambda control, _path, _body: control.clear_callbacks()),
    ("PUT", r"results/([^/]+)", lambda control, path, body: control.put_result(path[0], **body)),
    ("POST", r"clock", lambda control, _path, body: {"now": control.advance(_advance(body))}),
    ("POST", r"settings", lambda control, _path, body: control.change_settings(**body)),
    ("GET", r"assumptions", lambda control, _path, _body: {"assumptions": control.assumptions()}),
)


def is_control_call(request: Request) -> bool:
    """Return whether a request is for the emulator rather than for the service, where the path may be a key."""
    return request.path.startswith(_PREFIX) and find_destination(request.host) is None


def handle_control_call(control: Control, request: Request, *, listens_on: str) -> Response:
    """Do what a control call asks for; what makes no sense gets 400 and an ``error``.

    Args:
        control: what obeys.
        request: the call.
        listens_on: the address the emulator was told to listen on; one that stands for all of them lets every name in.
    """
    if not (is_loopback(request.host) or listens_on in {request.host, *_EVERY_ADDRESS}):
        return _json({"error": f"control calls are for this machine, not for {request.host!r}"}, status=403)
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != request.sent_host.lower():
        return _json({"error": f"control calls are not for pages of {origin!r}"}, status=403)
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
        raise ValueError("the body must be an object with advance alone, in seconds")
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
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  a wrong value, whatever its type
    return body


def _json(content: Any, *, status: int = 200) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
