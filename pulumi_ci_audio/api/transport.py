"""Carries requests to the service and brings back the answers. Nothing here signs, decodes or knows the API.

Connections are kept for the life of the process, as many as requests were under way at the same time. Redirects are
never followed, nothing is sent twice, and answers are bounded in length and time. They are read as they come: a few
hundred bytes can unpack to gigabytes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from ssl import SSLCertVerificationError
from typing import Protocol

import requests
from requests.auth import AuthBase
from urllib3.exceptions import (
    HTTPError,
    LocationValueError,
    MaxRetryError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
)

from pulumi_ci_audio.api.connections import Bound, BoundedAdapter
from pulumi_ci_audio.api.errors import (
    CiAudioError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
    one_line,
)
from pulumi_ci_audio.api.signing import url_encode

LONGEST_BODY_BYTES = 10 * 1024 * 1024


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
        is_unrepeatable: whether it must not be lost. It is sent on a new connection then, since the service may close
            an idle one at the very moment at which the request is on its way.
    """

    method: str
    host: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    is_unrepeatable: bool = False

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
            DecodeError: the answer is compressed, although that was not asked for.
            SettingsError: no request can be made with the proxy of the environment.
        """


class _SignedAlready(AuthBase):
    """Keeps ``requests`` from replacing the signature by a password from ``~/.netrc``."""

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        return prepared


class RequestsTransport:
    """A :class:`Transport` over ``requests``, with a session for each request under way.

    Args:
        endpoint: the server that gets every request, or ``None`` for the host of each.
        connect_timeout: seconds until a connection stands.
        read_timeout: seconds between two bytes of an answer; a whole answer may take twice as long.
        ca_bundle: the path of the certificates to trust, or ``None`` for those of the HTTP library.
        endpoint_source: the setting that names the endpoint, for those who look for a server that is not there.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        connect_timeout: float,
        read_timeout: float,
        ca_bundle: str | None = None,
        endpoint_source: str = "",
    ) -> None:
        self._endpoint = endpoint
        self._timeouts = (connect_timeout, read_timeout)
        self._ca_bundle = ca_bundle
        self._endpoint_source = endpoint_source
        self._lock = threading.Lock()
        self._idle: list[_Channel] = []

    def close(self) -> None:
        """Close the idle connections; the next request opens new ones."""
        with self._lock:
            for channel in self._idle:
                channel.session.close()

    def send(self, request: Request) -> Response:
        """See :meth:`Transport.send`."""
        url = (self._endpoint or f"https://{request.host}") + request.target
        headers = {"Host": request.host, **(request.headers or {})}
        if request.body or request.method in {"PUT", "POST", "DELETE"}:
            headers["Content-Length"] = str(len(request.body))
        channel = self._take()
        if request.is_unrepeatable:
            channel.session.close()
        channel.bound.restart()
        try:
            with channel.session.request(
                request.method,
                url,
                data=request.body or None,
                headers=headers,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
                auth=_SignedAlready(),
                verify=self._ca_bundle or True,
            ) as response:
                return _read(request, response)
        except (requests.RequestException, HTTPError) as error:
            # Not chained: the library's own texts may quote the password of a proxy.
            asked = request.host + (f" at {self._endpoint}" if self._endpoint else "")
            raise _failure(error, asked, self._advice(error), is_over=channel.bound.rest <= 0) from None
        finally:
            with self._lock:
                self._idle.append(channel)

    def _advice(self, error: Exception) -> str:
        """Return what to look at where no connection can be made."""
        if isinstance(error, requests.exceptions.SSLError):
            return "is its certificate one to trust? REQUESTS_CA_BUNDLE names further authorities"
        if self._endpoint is None:
            return "are the region and the network right?"
        named = f", which {self._endpoint_source} names" if self._endpoint_source else ""
        return f"does the emulator run at the endpoint {self._endpoint}{named}?"

    def _take(self) -> _Channel:
        """Return the channel that was used last, of those that nobody uses, or a new one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        session, bound = requests.Session(), Bound(2 * self._timeouts[1])
        adapter = BoundedAdapter(bound)
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
        return _Channel(session, bound)


@dataclass(frozen=True)
class _Channel:
    """The connections of one request at a time, and the time that its answer may take."""

    session: requests.Session
    bound: Bound


def _read(request: Request, response: requests.Response) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = bytearray()
    while chunk := response.raw.read(65536, decode_content=False):
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            raise NoAnswerError(f"the answer of {request.host} is too long to be one of the CI API")
    declared = headers.get("content-length", "")
    if request.method != "HEAD" and re.fullmatch("[0-9]{1,18}", declared) and int(declared) > len(body):
        raise NoAnswerError(f"the connection to {request.host} broke in the middle of the answer")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if body and encoding not in {"identity", ""}:
        raise DecodeError(f"the answer is compressed ({one_line(encoding)}), which was not asked for")
    return Response(response.status_code, headers, bytes(body))


def _failure(error: Exception, host: str, advice: str, *, is_over: bool) -> CiAudioError:
    reason = error.args[0] if error.args else None
    cause = reason.reason if isinstance(reason, MaxRetryError) else None
    shown = one_line(str(cause or reason or error))
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, LocationValueError)):
        return SettingsError(f"no request to {host} can be made: {shown}; check the proxy of the environment")
    unconnected = isinstance(error, requests.ConnectTimeout) or _is_refused_by_proxy(cause)
    # TLS can break after the request was sent, too; only a refused certificate is certainly before it.
    unconnected = unconnected or any(isinstance(part, SSLCertVerificationError) for part in getattr(cause, "args", ()))
    if unconnected or isinstance(cause, NewConnectionError):
        return NotConnectedError(f"no connection to {host}: {shown} ({advice})")
    if is_over:
        return NoAnswerError(f"the answer of {host} is too slow to be one of the CI API")
    if isinstance(error, (requests.ReadTimeout, ReadTimeoutError)):
        return NoAnswerError(f"{host} did not answer in time")
    return NoAnswerError(f"the connection to {host} broke: {shown}")


def _is_refused_by_proxy(cause: BaseException | None) -> bool:
    """Return whether a proxy kept the request from being sent.

    A connection that breaks later is called a proxy's error too, although the request was sent through its tunnel.
    """
    original = cause.original_error if isinstance(cause, ProxyError) else None
    return isinstance(original, NewConnectionError) or "Tunnel connection failed" in str(original)


@lru_cache(maxsize=8)
def transport_to(
    endpoint: str | None,
    connect_timeout: float,
    read_timeout: float,
    ca_bundle: str | None = None,
    endpoint_source: str = "",
) -> RequestsTransport:
    """Return the process's transport to ``endpoint``, so that connections outlive a single operation."""
    return RequestsTransport(
        endpoint,
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        ca_bundle=ca_bundle,
        endpoint_source=endpoint_source,
    )
