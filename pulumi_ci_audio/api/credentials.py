"""Whose requests these are: a pair of id and key from exactly one source, or a role that brings rotating ones.

An id is never combined with a key or token of another source. Nothing here is stored or printed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType

from pulumi_ci_audio.api.configuration_keys import SECRET_ID_KEY, SECRET_KEY_KEY, TOKEN_KEY
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.trust import find_ca_bundle

ROLE_ARN_VARIABLE = "TENCENTCLOUD_ASSUME_ROLE_ARN"
ROLE_SESSION_VARIABLE = "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME"
INSTANCE_ROLE_VARIABLE = "TENCENTCLOUD_CAM_ROLE_NAME"
OIDC_VARIABLES = ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN")


@dataclass(frozen=True)
class Credentials:
    """A secret id with its key and, for temporary ones, its token. The secrets do not show in ``repr``.

    The origin says which source they are from.
    """

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    origin: str = field(default="", compare=False)


CredentialSource = Callable[[], Credentials]
"""Returns credentials that are valid now; asked anew for every request, so that rotating ones rotate."""


@dataclass(frozen=True)
class _PairNames:
    """How one source calls an id, its key and its token."""

    secret_id: str
    secret_key: str
    tokens: tuple[str, ...]


_CONFIGURATION = _PairNames(SECRET_ID_KEY, SECRET_KEY_KEY, (TOKEN_KEY,))
_ENVIRONMENT = (
    _PairNames(
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        ("TENCENTCLOUD_SECURITY_TOKEN", "TENCENTCLOUD_SESSION_TOKEN"),
    ),
    _PairNames("COS_SECRET_ID", "COS_SECRET_KEY", ("COS_SESSION_TOKEN",)),
)
_FILE = _PairNames("secret_id", "secret_key", ("token",))


@dataclass(frozen=True)
class Addresses:
    """Where the credentials of a role come from.

    Attributes:
        sts: the scheme and the host of the service that grants roles.
        metadata: the address, on an instance, of the credentials of its roles.
    """

    sts: str = "https://sts.tencentcloudapi.com"
    metadata: str = "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/"


CLOUD = Addresses()


def find_credentials(
    configuration: Mapping[str, str],
    environment: Mapping[str, str],
    home: Path,
    *,
    addresses: Addresses = CLOUD,
    unix_time: Callable[[], float] = time.time,
) -> CredentialSource:
    """Return the source of the credentials, by the order of the table of settings in docs/reference.md.

    A role named in ``TENCENTCLOUD_ASSUME_ROLE_ARN`` is assumed with the pair that was found.

    Args:
        configuration: the stack's configuration.
        environment: the environment's variables.
        home: the folder that holds ``.tencentcloud/credentials``.
        addresses: where the credentials of a role come from.
        unix_time: the time by which they expire.

    Raises:
        SettingsError: there are none, a source holds half of a pair, or there is no bundle of certificates where the
            environment names one.
    """
    pair = _find_pair(configuration, environment, home)
    session_name = environment.get(ROLE_SESSION_VARIABLE) or "pulumi-ci-audio"

    def sts() -> tuple[str, str | None]:
        return addresses.sts, find_ca_bundle(environment)

    role_arn = environment.get(ROLE_ARN_VARIABLE)
    if role_arn:
        if pair is None:
            raise SettingsError(
                f"{ROLE_ARN_VARIABLE} is set, but there is no secret id and key to assume the role with"
            )
        return _assumed_role(*sts(), pair, role_arn, session_name, unix_time)
    if pair is not None:
        return lambda: pair
    if all(environment.get(name) for name in OIDC_VARIABLES):
        return _cluster_role(*sts(), *(environment[name] for name in OIDC_VARIABLES), session_name, unix_time)
    if role_name := environment.get(INSTANCE_ROLE_VARIABLE):
        return _instance_role(addresses.metadata, role_name, unix_time)
    raise SettingsError(
        "no credentials: run `pulumi config set --secret tencentcloud:secretKey` and set tencentcloud:secretId, or set "
        "TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY; for the plugin the keys are ci-audio:secretKey and "
        "ci-audio:secretId"
    )


def _find_pair(configuration: Mapping[str, str], environment: Mapping[str, str], home: Path) -> Credentials | None:
    sources = [("the stack configuration", configuration, _CONFIGURATION)]
    sources += [("the environment", environment, names) for names in _ENVIRONMENT]
    for source, values, names in sources:
        pair = _pair(source, values, names)
        if pair is not None:
            return pair
    path = home / ".tencentcloud" / "credentials"
    try:
        if not path.is_file():
            return None
    except OSError as error:
        raise SettingsError(f"~/.tencentcloud/credentials cannot be looked at: {error.strerror}") from None
    from configparser import ConfigParser, Error  # noqa: PLC0415  most programs have no such file

    file = ConfigParser(interpolation=None)
    try:
        file.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError, OSError):
        # The parser's own message quotes lines of the file, so it is not repeated.
        raise SettingsError("~/.tencentcloud/credentials cannot be read as an INI file") from None
    return _pair(
        "~/.tencentcloud/credentials", dict(file.items("default")) if file.has_section("default") else {}, _FILE
    )


def _pair(source: str, values: Mapping[str, str], names: _PairNames) -> Credentials | None:
    secret_id, secret_key = values.get(names.secret_id), values.get(names.secret_key)
    if not secret_id and not secret_key:
        return None
    if not secret_id or not secret_key:
        missing, found = names.secret_id, names.secret_key
        if secret_id:
            missing, found = found, missing
        raise SettingsError(f"{source} holds {found} without {missing}; both must come from the same source")
    if not _is_sendable(secret_id + secret_key):
        raise SettingsError(f"{source} holds a {names.secret_id} or {names.secret_key} with a character no key has")
    token_name = next((name for name in names.tokens if values.get(name)), None)
    token = values[token_name] if token_name else None
    if token and not _is_sendable(token):
        # Refused here, since the HTTP library's own complaint about a header quotes it.
        raise SettingsError(f"{source} holds a {token_name} with a character no token has")
    # A provider may call the keys of the configuration by names of its own.
    origin = source if names is _CONFIGURATION else f"{source}, as {names.secret_id}"
    return Credentials(secret_id, secret_key, token, origin)


def _is_sendable(text: str) -> bool:
    return text.isascii() and not any(c.isspace() or not c.isprintable() for c in text)


def _once(make: Callable[..., CredentialSource]) -> Callable[..., CredentialSource]:
    """Return the function so that a process makes one thing of the same arguments, however many threads ask."""
    cached, lock = lru_cache(maxsize=8)(make), Lock()

    @wraps(make)
    def made(*arguments: Hashable) -> CredentialSource:
        # The cache alone lets all of them in that ask before the first one has its answer.
        with lock:
            return cached(*arguments)

    return made


def _roles() -> ModuleType:
    # The official package costs a fifth of the import time, and most programs use no role.
    return import_module("pulumi_ci_audio.api.roles")


@_once
def _assumed_role(
    address: str, ca_bundle: str | None, pair: Credentials, arn: str, session_name: str, unix_time: Callable[[], float]
) -> CredentialSource:
    """Return the process's source of the credentials of a role, since every operation makes a client of its own."""
    roles, parts = _roles(), (pair.secret_id, pair.secret_key, pair.token)
    sts = roles.Sts(address, ca_bundle)
    return _rotating(roles.assumed_role(sts, parts, arn=arn, session_name=session_name, unix_time=unix_time))


@_once
def _cluster_role(
    address: str,
    ca_bundle: str | None,
    region: str,
    provider_id: str,
    token_file: str,
    arn: str,
    session_name: str,
    unix_time: Callable[[], float],
) -> CredentialSource:
    """Return the process's source of the credentials of a cluster's identity."""
    roles = _roles()
    source = roles.cluster_role(
        roles.Sts(address, ca_bundle),
        region=region,
        provider_id=provider_id,
        token_file=Path(token_file),
        arn=arn,
        session_name=session_name,
        unix_time=unix_time,
    )
    return _rotating(source)


@_once
def _instance_role(address: str, name: str, unix_time: Callable[[], float]) -> CredentialSource:
    """Return the process's source of the credentials of an instance's role."""
    return _rotating(_roles().instance_role(address, name, unix_time=unix_time))


def _rotating(source: Callable[[], tuple[str, str, str]]) -> CredentialSource:
    return lambda: Credentials(*source(), origin="a role")
