"""Whose requests these are: a pair of id and key from exactly one source, or a role that brings rotating ones.

An id is never combined with a key or token of another source. Nothing here is stored or printed.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tencentcloud.common import credential as sdk
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from pulumi_ci_audio.api.errors import SettingsError, one_line

SECRET_CONFIGURATION_KEYS = ("tencentcloud:secretKey", "tencentcloud:securityToken")
"""The keys of the stack configuration that must be stored as secrets."""

ROLE_ARN_VARIABLE = "TENCENTCLOUD_ASSUME_ROLE_ARN"
ROLE_SESSION_VARIABLE = "TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME"
INSTANCE_ROLE_VARIABLE = "TENCENTCLOUD_CAM_ROLE_NAME"
OIDC_VARIABLES = ("TKE_REGION", "TKE_PROVIDER_ID", "TKE_WEB_IDENTITY_TOKEN_FILE", "TKE_ROLE_ARN")


@dataclass(frozen=True)
class Credentials:
    """A secret id with its key and, for temporary ones, its token. The secrets do not show in ``repr``."""

    secret_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


CredentialSource = Callable[[], Credentials]
"""Returns credentials that are valid now; asked anew for every request, so that rotating ones rotate."""


@dataclass(frozen=True)
class _PairNames:
    """How one source calls an id, its key and its token."""

    secret_id: str
    secret_key: str
    tokens: tuple[str, ...]


_CONFIGURATION = _PairNames("tencentcloud:secretId", "tencentcloud:secretKey", ("tencentcloud:securityToken",))
_ENVIRONMENT = (
    _PairNames(
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        ("TENCENTCLOUD_SECURITY_TOKEN", "TENCENTCLOUD_SESSION_TOKEN"),
    ),
    _PairNames("COS_SECRET_ID", "COS_SECRET_KEY", ("COS_SESSION_TOKEN",)),
)
_FILE = _PairNames("secret_id", "secret_key", ("token",))


def find_credentials(configuration: Mapping[str, str], environment: Mapping[str, str], home: Path) -> CredentialSource:
    """Return the source of the credentials, by the order of the README's table of settings.

    A role named in ``TENCENTCLOUD_ASSUME_ROLE_ARN`` is assumed with the pair that was found.

    Args:
        configuration: the stack's configuration.
        environment: the environment's variables.
        home: the folder that holds ``.tencentcloud/credentials``.

    Raises:
        SettingsError: there are none, or a source holds half of a pair.
    """
    pair = _find_pair(configuration, environment, home)
    role_arn = environment.get(ROLE_ARN_VARIABLE)
    if role_arn:
        if pair is None:
            raise SettingsError(
                f"{ROLE_ARN_VARIABLE} is set, but there is no secret id and key to assume the role with"
            )
        session = environment.get(ROLE_SESSION_VARIABLE, "pulumi-ci-audio")
        return _rotating(
            "assume the role of " + ROLE_ARN_VARIABLE,
            lambda: sdk.STSAssumeRoleCredential(pair.secret_id, pair.secret_key, role_arn, session),
        )
    if pair is not None:
        return lambda: pair
    if all(environment.get(name) for name in OIDC_VARIABLES):
        return _rotating(
            "take the role of the cluster's identity provider",
            lambda: sdk.DefaultTkeOIDCRoleArnProvider().get_credential(),
        )
    if role_name := environment.get(INSTANCE_ROLE_VARIABLE):
        return _rotating("take the role of this instance", lambda: sdk.CVMRoleCredential(role_name))
    raise SettingsError(
        "no credentials: run `pulumi config set --secret tencentcloud:secretKey` and set tencentcloud:secretId, "
        "or set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"
    )


def _find_pair(configuration: Mapping[str, str], environment: Mapping[str, str], home: Path) -> Credentials | None:
    sources = [("the stack configuration", configuration, _CONFIGURATION)]
    sources += [("the environment", environment, names) for names in _ENVIRONMENT]
    for place, values, names in sources:
        pair = _pair(place, values, names)
        if pair is not None:
            return pair
    path = home / ".tencentcloud" / "credentials"
    if not path.is_file():
        return None
    file = configparser.ConfigParser(interpolation=None)
    try:
        file.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError, OSError):
        # The parser's own message quotes lines of the file, so it is not repeated.
        raise SettingsError("~/.tencentcloud/credentials cannot be read as an INI file") from None
    return _pair(
        "~/.tencentcloud/credentials", dict(file.items("default")) if file.has_section("default") else {}, _FILE
    )


def _pair(place: str, values: Mapping[str, str], names: _PairNames) -> Credentials | None:
    secret_id, secret_key = values.get(names.secret_id), values.get(names.secret_key)
    if not secret_id and not secret_key:
        return None
    if not secret_id or not secret_key:
        missing, found = names.secret_id, names.secret_key
        if secret_id:
            missing, found = found, missing
        raise SettingsError(f"{place} holds {found} without {missing}; both must come from the same source")
    if not _is_sendable(secret_id + secret_key):
        raise SettingsError(f"{place} holds a {names.secret_id} or {names.secret_key} with a character no key has")
    token_name = next((name for name in names.tokens if values.get(name)), None)
    token = values[token_name] if token_name else None
    if token and not _is_sendable(token):
        # Refused here, since the HTTP library's own complaint about a header quotes it.
        raise SettingsError(f"{place} holds a {token_name} with a character no token has")
    return Credentials(secret_id, secret_key, token)


def _is_sendable(text: str) -> bool:
    return text.isascii() and not any(c.isspace() or not c.isprintable() for c in text)


def _rotating(what: str, create: Callable[[], sdk.Credential]) -> CredentialSource:
    made: list[sdk.Credential] = []

    def current() -> Credentials:
        try:
            if not made:
                made.append(create())
            secret_id, secret_key, token = made[0].get_credential_info()
        except (TencentCloudSDKException, OSError, ValueError, LookupError) as error:
            raise SettingsError(f"could not {what}: {one_line(str(error))}") from None
        if not secret_id or not secret_key:
            # So does the SDK answer for an instance without the role, or without a metadata server.
            raise SettingsError(f"could not {what}: it brought no credentials")
        return Credentials(secret_id, secret_key, token)

    return current
