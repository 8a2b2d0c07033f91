"""Whether a request is signed as "Request Signature" (436/7778) says.

Judged by what real SDKs send: only the listed headers and parameters count, their values come from the request, the
path is the decoded one, and the host may have been signed with or without its port. A security token's header is
accepted under either name, signed or not; the emulator knows one permanent key pair and does not judge tokens.

Written apart from the package's own signing: a mistake there must not be right here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.messages import Request

_FIELDS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)
_TIMES = re.compile(r"([0-9]{1,12});([0-9]{1,12})")


def is_signature_parameter(name: str) -> bool:
    """Return whether a query parameter belongs to the signature in a query string."""
    return name in _FIELDS


def verify(request: Request, *, secret_id: str, secret_key: str, now: float) -> None:
    """Let a request pass that is signed with the given key.

    Raises:
        ServiceError: it is not signed, not with this key, not for this time, or not for this content.
    """
    fields = _fields(request)
    if fields["q-ak"] != secret_id:
        raise ServiceError("SecretidNotExist", "the SecretId does not exist")
    times = {name: _times(fields[name]) for name in ("q-sign-time", "q-key-time")}
    for name, (start, end) in times.items():
        if not start <= now <= end:
            raise ServiceError("SignatureExpired", f"the time is outside of {name}")
    parameters = _listed(fields["q-url-param-list"], _by_encoded_name(request.parameters))
    sent_headers = ((name, _text(value)) for name, value in request.headers.items())
    headers = _listed(fields["q-header-list"], _by_encoded_name(sent_headers))
    for host in dict.fromkeys((request.sent_host, request.sent_host.partition(":")[0])):
        if "host" in headers:
            headers["host"] = host
        expected = _signature(
            secret_key,
            key_time=fields["q-key-time"],
            sign_time=fields["q-sign-time"],
            http_string=f"{request.method.lower()}\n{request.path}\n{_joined(parameters)}\n{_joined(headers)}\n",
        )
        if hmac.compare_digest(expected.encode(), fields["q-signature"].encode()):
            return
    raise ServiceError("SignatureDoesNotMatch", "the signature does not fit the request")


def _fields(request: Request) -> dict[str, str]:
    """Return the parts of the signature, from the header or else from the query string."""
    sent = request.headers.get("authorization")
    if sent is not None:
        fields = dict(part.partition("=")[::2] for part in sent.strip().split("&"))
    else:
        fields = {name: value for name, value in request.parameters if is_signature_parameter(name)}
        if not fields:
            raise ServiceError("MissingAuthorization", "the request is not signed")
    missing = [name for name in _FIELDS if name not in fields]
    if missing:
        raise ServiceError("InvalidAuthorization", f"the signature lacks {', '.join(missing)}")
    if fields["q-sign-algorithm"] != "sha1":
        raise ServiceError("InvalidAuthorization", "q-sign-algorithm must be sha1")
    return fields


def _times(text: str) -> tuple[int, int]:
    match = _TIMES.fullmatch(text)
    if match is None:
        raise ServiceError("InvalidAuthorization", "q-sign-time and q-key-time must be <start>;<end> in unix seconds")
    return int(match[1]), int(match[2])


def _signature(secret_key: str, *, key_time: str, sign_time: str, http_string: str) -> str:
    """Return the signature; mobile SDKs sign for a shorter time than their temporary key is made for."""
    digest = hashlib.sha1(http_string.encode(errors="replace")).hexdigest()  # noqa: S324  the scheme prescribes SHA-1
    return _hmac(_hmac(secret_key, key_time), f"sha1\n{sign_time}\n{digest}\n")


def _hmac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()


def _joined(pairs: Mapping[str, str]) -> str:
    """Return parameters or headers as they are signed, sorted by their encoded names."""
    encoded = sorted((_encode(name).lower(), _encode(value)) for name, value in pairs.items())
    return "&".join(f"{name}={value}" for name, value in encoded)


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _by_encoded_name(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return names and values under the names that the lists of a signature have for them; the first one counts."""
    found: dict[str, tuple[str, str]] = {}
    for name, value in pairs:
        found.setdefault(_encode(name).lower(), (name, value))
    return found


def _listed(names: str, sent: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return what was sent under the listed names; a name that was not sent makes the signature wrong by itself."""
    return dict(sent[name] for name in names.lower().split(";") if name in sent)


def _text(value: str) -> str:
    """Return a header's value as its sender meant it: it comes as Latin-1, SDKs sign UTF-8."""
    return value.encode("latin-1", "replace").decode(errors="replace")
