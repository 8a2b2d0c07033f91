"""The errors of the API layer, all safe to print: one line, no headers, no keys, bodies cut short.

::

    CiAudioError
    ├── SettingsError         something needed for a request is missing or contradicts itself; nothing was sent
    ├── TransportError        there is no answer
    │   ├── NotConnectedError   no connection was made, so nothing was carried out
    │   └── NoAnswerError       the connection broke or timed out, so the outcome is unknown
    ├── DecodeError           there is an answer, and it cannot be read; the outcome is unknown
    ├── ApiError              the service refused or failed
    └── WaitTimeoutError      what was waited for did not come in time

    WaitCancelledError        the process was asked to end. As with asyncio's ``CancelledError``, it is none of the
                              above, so that no handler of a failed request swallows it.

Whether a request had an effect is a question to its error: ``is_not_accepted`` (certainly none) and
``is_outcome_unknown`` (perhaps one). Neither holds for a refusal. ``is_transient`` says that a safe request may succeed
when it is sent again. Only an answer with the service's own mark counts as a refusal: a proxy refuses requests, too,
and may have passed them on before.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from pulumi_ci_audio.api.catalogue import CI_CODES, Entry, Kind, find, find_by_status

SHOWN_CHARACTERS = 256
"""How much of a foreign text an error shows."""

TRANSIENT_CODES = frozenset(entry.code for entry in CI_CODES if entry.kind in {Kind.THROTTLED, Kind.SERVER_FAULT})
"""Codes of failures that pass without a change of the request (document 1545/65185)."""


_USER_INFO = re.compile(r"(\w+://)?[^\s'\"<>(]*:[^\s]*@")


def one_line(text: str) -> str:
    """Return ``text`` on one line of printable characters, cut to :data:`SHOWN_CHARACTERS`.

    What may be the user and password of an address, such as a proxy's, is left out.
    """
    line = re.sub(r"\s+", " ", "".join(c if c.isprintable() or c.isspace() else "?" for c in text)).strip()
    line = _USER_INFO.sub(r"\1***@", line)
    return line if len(line) <= SHOWN_CHARACTERS else line[: SHOWN_CHARACTERS - 1] + "…"


class CiAudioError(Exception):
    """Anything that keeps an operation on the API from succeeding."""

    def add(self, text: str) -> None:
        """Add what was found out later, in brackets, at the end of the line."""
        self.args = (f"{self} ({text})",)

    @property
    def is_not_accepted(self) -> bool:
        """Whether the request certainly had no effect because it was not accepted; it may be sent again later."""
        return False

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether the request may have had its effect although no good answer came."""
        return False

    @property
    def is_transient(self) -> bool:
        """Whether the same request may succeed when it is sent again: the network or the service failed for now."""
        return False


class SettingsError(CiAudioError):
    """A setting is missing or contradicts another; nothing was sent."""


class TransportError(CiAudioError):
    """There is no answer to a request."""

    @property
    def is_transient(self) -> bool:
        """Networks recover."""
        return True


class NotConnectedError(TransportError):
    """No connection was made: the request was certainly not carried out."""

    @property
    def is_not_accepted(self) -> bool:
        """Nothing was sent."""
        return True


class NoAnswerError(TransportError):
    """The connection broke or timed out: whether the request was carried out is unknown."""

    @property
    def is_outcome_unknown(self) -> bool:
        """The request was sent."""
        return True


class DecodeError(CiAudioError):
    """The answer cannot be read: whether the request was carried out is unknown."""

    @property
    def is_outcome_unknown(self) -> bool:
        """The request was answered, by the service or by a proxy."""
        return True

    @property
    def is_transient(self) -> bool:
        """An answer may have been cut or replaced on its way."""
        return True


class ApiError(CiAudioError):
    """The service, or something in its place, answered with an error.

    Attributes:
        action: the CAM action that the operation needs, such as ``ci:CreateCIBucket``.
        any_resource: whether that action must be granted on every resource, because it cannot be narrowed.
        status: the HTTP status.
        code: the code; empty where the answer gave none.
        message: the message, on one line.
        request_id: the service's id of the request; empty where the answer gave none.
        is_from_service: whether the answer carries the service's mark: the header of its request id and, where there
            is a body, a code of the catalogue. A proxy, or a wrong endpoint, sends neither.
        retry_after: the seconds for which the answer asks for no further request, or ``None`` where it asks for none.
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
        is_from_service: bool,
        retry_after: float | None = None,
    ) -> None:
        self.action = action
        self.any_resource = any_resource
        self.status = status
        self.code = one_line(code)
        self.message = one_line(message)
        self.request_id = one_line(request_id)
        self.is_from_service = is_from_service
        self.retry_after = retry_after
        super().__init__(f"could not {what}: {self._said() if is_from_service else self._unmarked()}")

    def _said(self) -> str:
        said = f"the service said {self.code or 'no code'} (HTTP {self.status})"
        if self.message and self.message != self.code:
            said += f": {self.message}"
        return f"{said}, request id {self.request_id or 'none'}"

    def _unmarked(self) -> str:
        text = f"an answer without the service's mark, HTTP {self.status}: a proxy or a wrong endpoint?"
        parts = {"code": self.code, "message": self.message, "request id": self.request_id}
        said = ", ".join(f"{name} {part}" for name, part in parts.items() if part)
        return f"{text} It says: {said}" if said else text

    @property
    def entry(self) -> Entry | None:
        """The row of the catalogue for this answer, or ``None`` where it has none or is not the service's."""
        if not self.is_from_service:
            return None
        return find(self.code, self.message) or (None if self.code else find_by_status(self.status))

    @property
    def kind(self) -> Kind | None:
        """What the answer means for the request, or ``None`` where it is not the service's answer."""
        if not self.is_from_service:
            return None
        return self.entry.kind if self.entry else Kind.REFUSED

    @property
    def is_not_accepted(self) -> bool:
        """Whether the service turned the request away for its rate, or for a full queue."""
        return self.is_throttled or self.is_queue_full

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether the service failed rather than refused, or something else answered in its place."""
        return self.kind is None or self.is_server_fault

    @property
    def is_transient(self) -> bool:
        """Whether the service, or what stands before it, is overloaded or broken for now."""
        if self.is_from_service:
            return self.is_throttled or self.is_server_fault
        return self.is_overload or self.code in TRANSIENT_CODES or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_overload(self) -> bool:
        """Whether somebody, not necessarily the service, asks for fewer requests."""
        return self.is_throttled or self.status == HTTPStatus.TOO_MANY_REQUESTS or self.code == "SlowDown"

    @property
    def is_denied(self) -> bool:
        """Whether permission is missing. The service says so with 401 and with 403: the code decides."""
        return self.kind is Kind.DENIED

    @property
    def is_signature_refused(self) -> bool:
        """Whether the credentials, not their permissions, were refused."""
        return self.kind is Kind.SIGNATURE_REFUSED

    @property
    def is_throttled(self) -> bool:
        """Whether the request was turned away for its rate, so that it was certainly not carried out."""
        return self.kind is Kind.THROTTLED

    @property
    def is_queue_full(self) -> bool:
        """Whether the job was turned away by a full queue, so that there certainly is none."""
        return self.kind is Kind.QUEUE_FULL

    @property
    def is_server_fault(self) -> bool:
        """Whether the service failed rather than refused: the outcome is unknown, a safe request may be repeated."""
        return self.kind is Kind.SERVER_FAULT

    @property
    def is_bucket_gone(self) -> bool:
        """Whether the bucket does not exist."""
        return self.kind is Kind.BUCKET_GONE

    @property
    def is_already_on(self) -> bool:
        """Whether what was to be switched on is on."""
        return self.kind is Kind.ALREADY_ON

    @property
    def is_service_off(self) -> bool:
        """Whether the processing service of the call is not enabled for the bucket."""
        return self.kind is Kind.SERVICE_OFF


class WaitTimeoutError(CiAudioError):
    """What was waited for did not come in time."""


class WaitCancelledError(Exception):
    """A wait was cancelled before its end: the process is asked to end."""
