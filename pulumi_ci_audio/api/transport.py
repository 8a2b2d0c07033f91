"""Carries requests to the service and brings back the answers. The only user of ``requests``.

One connection pool per thread is kept for the life of the process. Nothing here signs, decodes or knows the API.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from ssl import SSLCertVerificationError
from typing import Protocol, TypeVar

import requests
import tenacity
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProxyError

from pulumi_ci_audio.api.errors import (
    ApiError,
    CiAudioError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    TransportError,
    one_line,
)
from pulumi_ci_audio.api.operations import Repeat
from pulumi_ci_audio.api.signing import url_encode
from pulumi_ci_audio.api.waiting import Waiter

LONGEST_BODY_BYTES = 10 * 1024 * 1024
ATTEMPTS = 4
FIRST_PAUSE_SECONDS = 0.25
"""Before the second attempt; doubled before each further one. Chance adds up to this much to every pause."""
BUDGET_SECONDS = 60.0
"""After this time, no further attempt of one request is begun."""

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Request:
    """An HTTP request as plain values.

    Attributes:
        method: in upper case.
        host: the true host, whatever server the request is sent to.
        path: decoded, with its leading slash.
        query: names and values, decoded.
        headers: without ``Host`` and ``Content-Length``.
        body: the bytes to send.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    @property
    def target(self) -> str:
        """The path and query as they stand on the wire; a parameter without a value stands alone, as in ``?unbind``."""
        path = "/".join(url_encode(segment) for segment in self.path.split("/"))
        query = "&".join("=".join(url_encode(part) for part in pair if part) for pair in self.query)
        return f"{path}?{query}" if query else path


@dataclass(frozen=True)
class Response:
    """An HTTP response as plain values; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Brings one request to the service, once."""

    def send(self, request: Request) -> Response:
        """Return the answer.

        Raises:
            NotConnectedError: no connection was made.
            NoAnswerError: the connection broke, timed out, or brought more than an answer may hold.
        """


class _SignedAlready(AuthBase):
    """Keeps ``requests`` from replacing the signature by a password from ``~/.netrc``."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared


class RequestsTransport:
    """A :class:`Transport` over ``requests``, with one session per thread.

    Args:
        endpoint: the server that gets every request, or ``None`` for the host of each.
        connect_timeout: seconds until a connection stands.
        read_timeout: seconds between two bytes of an answer.
    """

    def __init__(self, endpoint: str | None = None, *, connect_timeout: float, read_timeout: float) -> None:
        self._endpoint = endpoint
        self._timeouts = (connect_timeout, read_timeout)
        self._threads = threading.local()

    def send(self, request: Request) -> Response:
        """See :meth:`Transport.send`."""
        url = (self._endpoint or f"https://{request.host}") + request.target
        headers = {"Host": request.host, **(request.headers or {})}
        if request.body or request.method in {"PUT", "POST", "DELETE"}:
            headers["Content-Length"] = str(len(request.body))
        try:
            with self._session().request(
                request.method,
                url,
                data=request.body or None,
                headers=headers,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
                auth=_SignedAlready(),
            ) as response:
                body = self._body(response)
                lowered = {name.lower(): value for name, value in response.headers.items()}
                return Response(response.status_code, lowered, body)
        except requests.RequestException as error:
            raise _transport_error(error, request.host) from error

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = requests.Session()
            # No hidden repetition: what may be repeated is decided by the operation.
            adapter = HTTPAdapter(max_retries=0)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            session.headers.clear()
            session.headers.update(
                {
                    "User-Agent": f"pulumi-ci-audio/{version('pulumi-ci-audio')}",
                    "Accept-Encoding": "identity",
                    "Connection": "keep-alive",
                }
            )
            # A proxy of the environment stands between here and the cloud, not between here and an emulator.
            session.trust_env = self._endpoint is None
            self._threads.session = session
        return session

    def _body(self, response: requests.Response) -> bytes:
        end = time.monotonic() + 2 * self._timeouts[1]
        body = bytearray()
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > LONGEST_BODY_BYTES or time.monotonic() > end:
                raise NoAnswerError("the answer is too long or too slow to be one of the CI API")
        declared = response.headers.get("Content-Length", "")
        if response.request.method != "HEAD" and declared.isdigit() and int(declared) > len(body):
            raise NoAnswerError("the connection broke in the middle of the answer")
        return bytes(body)


def _transport_error(error: requests.RequestException, host: str) -> TransportError:
    reason = error.args[0] if error.args else None
    cause = reason.reason if isinstance(reason, MaxRetryError) else None
    unconnected = isinstance(error, requests.ConnectTimeout) or _is_refused_by_proxy(cause)
    # TLS can break after the request was sent, too; only a refused certificate is certainly before it.
    unconnected = unconnected or any(isinstance(part, SSLCertVerificationError) for part in getattr(cause, "args", ()))
    if unconnected or isinstance(cause, NewConnectionError):
        return NotConnectedError(f"no connection to {host}: {one_line(str(cause or error))}")
    if isinstance(error, requests.ReadTimeout):
        return NoAnswerError(f"{host} did not answer in time")
    return NoAnswerError(f"the connection to {host} broke: {one_line(str(cause or reason or error))}")


def _is_refused_by_proxy(cause: BaseException | None) -> bool:
    """Return whether a proxy kept the request from being sent.

    A connection that breaks later is called a proxy's error too, although the request was sent through its tunnel.
    """
    original = cause.original_error if isinstance(cause, ProxyError) else None
    return isinstance(original, NewConnectionError) or "Tunnel connection failed" in str(original)


@lru_cache(maxsize=8)
def transport_to(endpoint: str | None, connect_timeout: float, read_timeout: float) -> RequestsTransport:
    """Return the process's transport to ``endpoint``, so that connections outlive a single operation."""
    return RequestsTransport(endpoint, connect_timeout=connect_timeout, read_timeout=read_timeout)


def is_certainly_not_accepted(error: BaseException) -> bool:
    """Whether a request was turned away before it could have had an effect."""
    return isinstance(error, NotConnectedError) or (isinstance(error, ApiError) and error.is_throttled)


def is_outcome_unknown(error: CiAudioError) -> bool:
    """Whether a request may have had its effect although no good answer came."""
    if isinstance(error, ApiError):
        return error.is_server_fault and not error.is_throttled
    return isinstance(error, NoAnswerError | DecodeError)


_MAY_REPEAT: Mapping[Repeat, Callable[[BaseException], bool]] = {
    Repeat.SAFELY: lambda error: (
        is_certainly_not_accepted(error) or (isinstance(error, CiAudioError) and is_outcome_unknown(error))
    ),
    Repeat.IF_NOT_ACCEPTED: is_certainly_not_accepted,
    Repeat.NEVER: lambda _: False,
}


def attempt(once: Callable[[], Answer], *, repeat: Repeat, waiter: Waiter) -> Answer:
    """Return what ``once`` returns, calling it again where ``repeat`` allows it, up to :data:`ATTEMPTS` times.

    Raises:
        CiAudioError: what the last attempt raised.
        InterruptedWaitError: the wait between two attempts was called off.
    """
    start = waiter.now()

    def is_spent(state: tenacity.RetryCallState) -> bool:
        return state.attempt_number >= ATTEMPTS or waiter.now() - start > BUDGET_SECONDS

    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_MAY_REPEAT[repeat]),
        wait=lambda state: FIRST_PAUSE_SECONDS * (2 ** (state.attempt_number - 1) + waiter.chance()),
        stop=is_spent,
        sleep=waiter.pause,
        reraise=True,
    )
    return retrying(once)
