"""The errors of the API layer, all safe to print: one line, no headers, no keys, bodies cut short.

::

    CiAudioError
    ├── SettingsError         something needed for a request is missing or contradicts itself; nothing was sent
    ├── TransportError        there is no answer
    │   ├── NotConnectedError   no connection was made, so nothing was carried out
    │   └── NoAnswerError       the connection broke or timed out, so the outcome is unknown
    ├── DecodeError           there is an answer, and it cannot be read; the outcome is unknown
    ├── ApiError              the service refused or failed
    ├── WaitTimeoutError      what was waited for did not come in time
    └── InterruptedWaitError  the wait was called off
"""

from __future__ import annotations

import re
from http import HTTPStatus

SHOWN_CHARACTERS = 256
"""How much of a foreign text an error shows."""

_THROTTLED_CODES = frozenset({"SlowDown", "TooManyRequests"})
_BUCKET_GONE_CODES = frozenset({"NoSuchBucket"})
_SIGNATURE_CODES = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidAuthorization",
        "MissingAuthorization",
        "RequestTimeTooSkewed",
        "SecretidNotExist",
        "SignatureDoesNotMatch",
        "SignatureExpired",
    }
)
PASSING_CODES = frozenset({"InternalError", "ServiceUnavailable", "SlowDown"})
"""Codes of failures that are known to pass without a change of the request (document 1545/65185, §8.3 of 436)."""


def one_line(text: str) -> str:
    """Return ``text`` on one line of printable characters, cut to :data:`SHOWN_CHARACTERS`."""
    line = re.sub(r"\s+", " ", "".join(c if c.isprintable() or c.isspace() else "?" for c in text)).strip()
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


class CiAudioError(Exception):
    """Anything that keeps an operation on the API from succeeding."""


class SettingsError(CiAudioError):
    """A setting is missing or contradicts another; nothing was sent."""


class TransportError(CiAudioError):
    """There is no answer to a request."""


class NotConnectedError(TransportError):
    """No connection was made: the request was certainly not carried out."""


class NoAnswerError(TransportError):
    """The connection broke or timed out: whether the request was carried out is unknown."""


class DecodeError(CiAudioError):
    """The answer cannot be read: whether the request was carried out is unknown."""


class ApiError(CiAudioError):
    """The service answered with an error.

    Attributes:
        action: the CAM action that the operation needs, such as ``ci:CreateCIBucket``.
        any_resource: whether that action must be granted on every resource, because it cannot be narrowed.
        status: the HTTP status.
        code: the service's code; empty where it gave none.
        message: the service's message, on one line.
        request_id: the service's id of the request; empty where it gave none.
    """

    def __init__(
        self,
        what: str,
        *,
        action: str,
        any_resource: bool,
        status: int,
        code: str,
        message: str,
        request_id: str,
    ) -> None:
        self.action = action
        self.any_resource = any_resource
        self.status = status
        self.code = one_line(code)
        self.message = one_line(message)
        self.request_id = one_line(request_id)
        said = f"{self.code or 'no code'} (HTTP {status})"
        if self.message and self.message != self.code:
            said += f": {self.message}"
        super().__init__(f"could not {what}: the service said {said}, request id {self.request_id or 'none'}")

    @property
    def is_denied(self) -> bool:
        """Whether permission is missing. The service says so with 401 and with 403: the code decides."""
        return self.code == "AccessDenied" or (self.status == HTTPStatus.FORBIDDEN and not self.code)

    @property
    def is_signature_refused(self) -> bool:
        """Whether the credentials, not their permissions, were refused."""
        return self.code in _SIGNATURE_CODES

    @property
    def is_throttled(self) -> bool:
        """Whether the request was turned away for its rate, so that it was certainly not carried out."""
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or self.code in _THROTTLED_CODES

    @property
    def is_server_fault(self) -> bool:
        """Whether the service failed rather than refused: the outcome is unknown, a safe request may be repeated."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or self.code == "InternalError"

    @property
    def is_bucket_gone(self) -> bool:
        """Whether the bucket does not exist."""
        return self.code in _BUCKET_GONE_CODES

    @property
    def is_service_off(self) -> bool:
        """Whether the processing service of the call is not enabled for the bucket.

        The services of the family answer with codes that end alike; Smart Audio's own message is known, its code
        is not (document 1045/73365 and the official SDK's tests).
        """
        return self.code.endswith("BucketUnBinded") or "is not activated" in self.message


class WaitTimeoutError(CiAudioError):
    """What was waited for did not come in time."""


class InterruptedWaitError(CiAudioError):
    """A wait was called off before its end."""
