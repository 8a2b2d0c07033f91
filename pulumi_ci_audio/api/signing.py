"""The request signature of COS and CI (``q-sign-algorithm=sha1``). Pure: time and keys are arguments.

Follows the document "Request Signature" (436/7778). CI uses the COS scheme unchanged. The published vectors pin it
in ``tests/api/test_signing.py``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote

Pairs = Iterable[tuple[str, str]]


def url_encode(text: str) -> str:
    """Return ``text`` with everything but RFC 3986's unreserved characters percent-encoded, hex in upper case."""
    return quote(text, safe="-_.~")


def signed_list(pairs: Pairs) -> tuple[str, str]:
    """Return the list of names and the canonical text of query parameters or headers.

    Args:
        pairs: names and values as they are before encoding; a parameter without a value has the empty one.

    Returns:
        The names as ``a;b`` and the pairs as ``a=1&b=2``, both sorted by name.
    """
    encoded = sorted((url_encode(name).lower(), url_encode(value)) for name, value in pairs)
    names = ";".join(name for name, _ in encoded)
    text = "&".join(f"{name}={value}" for name, value in encoded)
    return names, text


def signature(*, secret_key: str, key_time: str, method: str, path: str, parameters: Pairs, headers: Pairs) -> str:
    """Return the hexadecimal signature of a request.

    Args:
        secret_key: the account's secret key.
        key_time: ``<start>;<end>`` in unix seconds.
        method: the HTTP method, in any case.
        path: the decoded path with its leading slash, without the query.
        parameters: the query parameters to sign.
        headers: the headers to sign.
    """
    _, parameter_text = signed_list(parameters)
    _, header_text = signed_list(headers)
    # HttpString = lower(method) \n UriPathname \n HttpParameters \n HttpHeaders \n
    http_string = f"{method.lower()}\n{path}\n{parameter_text}\n{header_text}\n"
    # StringToSign = sha1 \n KeyTime \n SHA1(HttpString) \n
    string_to_sign = f"sha1\n{key_time}\n{_sha1(http_string)}\n"
    # SignKey = HMAC-SHA1(SecretKey, KeyTime), used as text; Signature = HMAC-SHA1(SignKey, StringToSign)
    return _hmac_sha1(_hmac_sha1(secret_key, key_time), string_to_sign)


def authorization(
    *,
    secret_id: str,
    secret_key: str,
    key_time: str,
    method: str,
    path: str,
    parameters: Pairs,
    headers: Pairs,
) -> str:
    """Return the value of the ``Authorization`` header; the arguments are those of :func:`signature`."""
    parameters, headers = list(parameters), list(headers)
    parameter_names, _ = signed_list(parameters)
    header_names, _ = signed_list(headers)
    signed = signature(
        secret_key=secret_key,
        key_time=key_time,
        method=method,
        path=path,
        parameters=parameters,
        headers=headers,
    )
    return (
        f"q-sign-algorithm=sha1&q-ak={secret_id}&q-sign-time={key_time}&q-key-time={key_time}"
        f"&q-header-list={header_names}&q-url-param-list={parameter_names}&q-signature={signed}"
    )


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324  the scheme prescribes SHA-1


def _hmac_sha1(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha1).hexdigest()
