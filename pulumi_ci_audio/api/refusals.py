"""What an answer that is no success says: the service's own words, or those of something in its place. Pure."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from pulumi_ci_audio.api.catalogue import find
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.messages import decode_error
from pulumi_ci_audio.api.operations import Operation
from pulumi_ci_audio.api.transport import Response

SHOWN_SKEW_SECONDS = 30
"""A clock that is wrong by less is not worth a word."""

_DOUBTFUL_STATUSES = frozenset({401, 403})


def api_error(phrase: str, operation: Operation, response: Response, unix_time: float) -> ApiError:
    """Return the error that ``response`` stands for.

    Args:
        phrase: what was tried, to be read after "could not".
        operation: that was asked for.
        response: its answer.
        unix_time: what this machine's clock says.
    """
    document = decode_error(response.body)
    code, message = document.code or "", document.message or ""
    request_id = request_id_of(response)
    error = ApiError(
        phrase,
        action=operation.action,
        any_resource=operation.any_resource,
        status=response.status,
        code=code,
        message=_redirection(response) or message,
        request_id=document.request_id or request_id,
        # The answer to a HEAD has no body, so its header is all the mark there can be.
        is_from_service=bool(request_id) and (operation.method == "HEAD" or find(code, message) is not None),
        retry_after=_retry_after(response, unix_time),
    )
    skew = skew_of(response, unix_time)
    is_doubtful = error.is_signature_refused or response.status in _DOUBTFUL_STATUSES
    if is_doubtful and skew is not None and abs(skew) > SHOWN_SKEW_SECONDS:
        direction = "ahead of" if skew > 0 else "behind"
        error.add(f"this machine's clock is {abs(skew):.0f} s {direction} the service's: correct it")
    return error


def request_id_of(response: Response) -> str:
    """Return the service's id of the request from the headers; empty where there is none."""
    return response.headers.get("x-ci-request-id") or response.headers.get("x-cos-request-id") or ""


def _redirection(response: Response) -> str:
    """Return where the answer points to, as scheme and host: what follows may hold what nobody should see."""
    try:
        parts = urlsplit(response.headers.get("location", ""))
        place = f"{parts.scheme}://{parts.hostname}" if parts.hostname else ""
    except ValueError:
        return ""
    return f"redirected to {place}, which is not followed" if place else ""


def skew_of(response: Response, unix_time: float) -> float | None:
    """Return how far this machine's clock is ahead of the service's, in seconds; ``None`` where no date came."""
    server_time = _time(response.headers.get("date", ""))
    return None if server_time is None else unix_time - server_time


def _retry_after(response: Response, unix_time: float) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, as a number or as a date (RFC 9110, 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return float(text)
    end = _time(text)
    return None if end is None else max(0.0, end - unix_time)


def _time(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
