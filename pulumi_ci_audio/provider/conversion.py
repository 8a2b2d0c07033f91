"""The engine's values as plain values, and back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pulumi.output import Unknown

from pulumi_ci_audio.lifecycle.models import UNKNOWN, ResourceModel, sources_of, stored_name

PROVIDER = "__provider"
"""The property that holds the serialised provider; the host adds it, no lifecycle sees it."""


SECRETS = "__secrets"
"""A hidden input: the stored names of the inputs that are secret. The engine hides from dynamic providers which are."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  the protocol's mark of a secret, see pulumi.runtime.rpc


def to_plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``properties`` with this package's own mark for unknown values, and without the provider."""
    return {name: _plain_value(value) for name, value in properties.items() if name != PROVIDER}


def to_engine(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``properties`` with the SDK's mark for unknown values."""
    return {name: _engine_value(value) for name, value in properties.items()}


def with_secrets(model: ResourceModel, secrets: Collection[str]) -> dict[str, Any]:
    """Return the stored properties of ``model``; an output that repeats a secret input is marked as secret too."""
    properties = model.dump()
    fields = type(model).model_fields
    for name, field in fields.items():
        stored = stored_name(name, field)
        sources = {stored_name(source, fields[source]) for source in sources_of(field)}
        if stored in properties and not sources.isdisjoint(secrets):
            properties[stored] = {_SIGNATURE: _SECRET, "value": properties[stored]}
    return {**properties, SECRETS: list(secrets)} if secrets else properties


def without_secrets(message: str, properties: Mapping[str, Any]) -> str:
    """Return ``message`` without the values of the properties that are secret."""
    for name in properties.get(SECRETS) or []:
        for text in sorted(_texts(properties.get(name)), key=len, reverse=True):
            message = message.replace(text, "[secret]")
    return message


def _texts(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return {text for item in value.values() for text in _texts(item)}
    if isinstance(value, list):
        return {text for item in value for text in _texts(item)}
    return {value} if isinstance(value, str) and value else set()


def _plain_value(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {name: _plain_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain_value(item) for item in value]
    return value


def _engine_value(value: Any) -> Any:
    if value is UNKNOWN:
        return Unknown()  # type: ignore[no-untyped-call]  # the SDK leaves its constructor untyped
    if isinstance(value, dict):
        return {name: _engine_value(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_engine_value(item) for item in value]
    return value
