"""Credentials of a role, which rotate: renewed before they expire, and given up in seconds where nobody answers.

The only user of the official credential package, loaded where a role is set.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, build_opener

from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from pulumi_ci_audio.api.errors import SettingsError, one_line

METADATA_SECONDS = 5.0
STS_SECONDS = 20.0
"""How long a role is asked for, the look-up of the name included."""

REFRESH_SECONDS = 300.0
"""Credentials are renewed so long before they expire, or after nine tenths of their time where that is later."""

_LIFETIME_SECONDS = 7200
_LONGEST_METADATA_BYTES = 65_536

Parts = tuple[str, str, str]
"""A secret id, its key and its token."""

# At this level the package logs whole requests and answers, with keys and tokens.
logging.getLogger("tencentcloud_sdk_common").addFilter(lambda record: record.levelno > logging.DEBUG)


@dataclass(frozen=True)
class Sts:
    """Where roles are asked for.

    Attributes:
        address: the scheme and the host of the service STS.
        ca_bundle: the path of the certificates to trust, or ``None`` for the usual ones.
    """

    address: str
    ca_bundle: str | None

    def ask(
        self, action: str, parameters: Mapping[str, Any], region: str, pair: Credential | None
    ) -> tuple[Parts, float]:
        """Return the parts that the service grants, and when they expire, in unix seconds."""
        address = urlsplit(self.address)
        profile = HttpProfile(
            protocol=address.scheme,
            endpoint=address.netloc,
            reqTimeout=STS_SECONDS / 2,
            certification=self.ca_bundle,
        )
        client = CommonClient("sts", "2018-08-13", pair, region, ClientProfile(httpProfile=profile))
        parameters = {**parameters, "DurationSeconds": _LIFETIME_SECONDS}
        answer = client.call_json(action, parameters, options={"SkipSign": pair is None})["Response"]
        granted = answer["Credentials"]
        return (granted["TmpSecretId"], granted["TmpSecretKey"], granted["Token"]), float(answer["ExpiredTime"])


@dataclass
class Rotating:
    """A source of credentials that are renewed in time, for all threads together.

    Attributes:
        what: what it does, to be read after "could not".
        fetch: returns new parts, and when they expire, in unix seconds.
        seconds: how long ``fetch`` may take.
        unix_time: the time.
    """

    what: str
    fetch: Callable[[], tuple[Parts, float]]
    seconds: float
    unix_time: Callable[[], float]
    _lock: threading.Lock = field(init=False, repr=False, default_factory=threading.Lock)
    _parts: Parts | None = field(init=False, repr=False, default=None)
    _expires: float = field(init=False, repr=False, default=0.0)
    _refresh: float = field(init=False, repr=False, default=0.0)

    def __call__(self) -> Parts:
        """Return parts that are valid now.

        Raises:
            SettingsError: there are none.
        """
        with self._lock:
            now = self.unix_time()
            if self._parts is None or now >= self._refresh:
                self._renew(now)
            if self._parts is None:
                raise SettingsError(f"could not {self.what}: it brought no credentials")
            return self._parts

    def _renew(self, now: float) -> None:
        try:
            parts, self._expires = _within(self.seconds, self.fetch)
        except (TencentCloudSDKException, OSError, ValueError, LookupError, TypeError) as error:
            if self._parts is not None and now < self._expires:
                # What is there is good for a while: the next request tries again.
                return
            self._parts = None
            reason = (
                str(error) if isinstance(error, (TencentCloudSDKException, OSError)) else "the answer is unreadable"
            )
            raise SettingsError(f"could not {self.what}: {one_line(reason)}") from None
        self._parts = parts if all(parts) else None
        self._refresh = self._expires - min(REFRESH_SECONDS, 0.1 * max(0.0, self._expires - now))


def assumed_role(
    sts: Sts,
    pair: tuple[str, str, str | None],
    *,
    arn: str,
    session_name: str,
    unix_time: Callable[[], float],
) -> Callable[[], Parts]:
    """Return the source of the credentials of the role ``arn``, assumed with an id, its key and its token."""
    parameters = {"RoleArn": arn, "RoleSessionName": session_name}

    def fetch() -> tuple[Parts, float]:
        return sts.ask("AssumeRole", parameters, "ap-guangzhou", Credential(*pair))

    return Rotating("assume the role of TENCENTCLOUD_ASSUME_ROLE_ARN", fetch, STS_SECONDS, unix_time)


def cluster_role(
    sts: Sts,
    *,
    region: str,
    provider_id: str,
    token_file: Path,
    arn: str,
    session_name: str,
    unix_time: Callable[[], float],
) -> Callable[[], Parts]:
    """Return the source of the credentials that a TKE cluster's identity provider grants for its token."""

    def fetch() -> tuple[Parts, float]:
        # Read anew each time: the cluster replaces the token before it expires.
        token = token_file.read_text(encoding="utf-8")
        identity = {"ProviderId": provider_id, "WebIdentityToken": token}
        parameters = {**identity, "RoleArn": arn, "RoleSessionName": session_name}
        return sts.ask("AssumeRoleWithWebIdentity", parameters, region, None)

    return Rotating("take the role of the cluster's identity provider", fetch, STS_SECONDS, unix_time)


def instance_role(metadata: str, name: str, *, unix_time: Callable[[], float]) -> Callable[[], Parts]:
    """Return the source of the credentials of this instance's role ``name``, from its metadata address."""

    def fetch() -> tuple[Parts, float]:
        # No proxy: it would answer for the instance that it runs on.
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"{metadata}{quote(name, safe='')}", timeout=METADATA_SECONDS) as answer:
            granted = json.loads(answer.read(_LONGEST_METADATA_BYTES))
        return (granted["TmpSecretId"], granted["TmpSecretKey"], granted["Token"]), float(granted["ExpiredTime"])

    return Rotating("take the role of this instance", fetch, METADATA_SECONDS, unix_time)


def _within(seconds: float, fetch: Callable[[], tuple[Parts, float]]) -> tuple[Parts, float]:
    """Return what ``fetch`` returns or raise what it raises.

    No timeout of a socket bounds the look-up of a name, or an answer that trickles in.

    Raises:
        TimeoutError: it takes longer than ``seconds``; it is left alone.
    """
    results: list[tuple[Parts, float] | Exception] = []

    def run() -> None:
        try:
            results.append(fetch())
        except Exception as error:  # noqa: BLE001  raised again by the thread that waits
            results.append(error)

    thread = threading.Thread(target=run, daemon=True, name="ci-audio-role")
    thread.start()
    thread.join(seconds)
    if not results:
        raise TimeoutError(f"no answer within {seconds:.0f} s")
    if isinstance(results[0], Exception):
        raise results[0]
    return results[0]
