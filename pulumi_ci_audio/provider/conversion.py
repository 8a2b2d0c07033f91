"""The engine's values as plain values, and back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pulumi.output import Unknown

from pulumi_ci_audio.lifecycle.models import UNKNOWN, ResourceModel, sources_of, stored_name
from pulumi_ci_audio.provider.wire import SECRET, SIGNATURE

PROVIDER = "__provider"
"""The property that holds the serialised provider; the host adds it, no lifecycle sees it."""


CONFIGURED = "__configured"
"""A hidden input: the keys of the stack configuration that the program sees. A provider must see them too."""

SECRETS = "__secrets"
"""A hidden input: the stored names of the inputs that are secret. The engine hides from dynamic providers which are."""


def to_plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``properties`` with this package's own mark for unknown values, and without the provider."""
    return {name: _plain_value(value) for name, value in properties.items() if name != PROVIDER}


def to_engine(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``properties`` with the SDK's mark for unknown values."""
    return {name: _engine_value(value) for name, value in properties.items()}


def secret_names(model: type[ResourceModel], secrets: Collection[str]) -> set[str]:
    """Return the stored names of what is secret: ``secrets``, and every output that repeats one of them."""
    fields = model.model_fields
    repeating = {
        stored_name(name, field)
        for name, field in fields.items()
        if any(stored_name(source, fields[source]) in secrets for source in sources_of(field))
    }
    return repeating | set(secrets)


def with_secrets(model: ResourceModel, secrets: Collection[str]) -> dict[str, Any]:
    """Return the stored properties of ``model``, with its secret outputs marked; the engine marks inputs itself."""
    properties = model.dump()
    for name in (secret_names(type(model), secrets) - set(secrets)) & properties.keys():
        properties[name] = {SIGNATURE: SECRET, "value": properties[name]}
    return {**properties, SECRETS: list(secrets)} if secrets else properties


def without_secrets(message: str, properties: Mapping[str, Any]) -> str:
    """Return ``message`` without the values of the properties that are secret."""
    return redacted(message, properties, properties.get(SECRETS) or [])


def redacted(message: str, properties: Mapping[str, Any], secrets: Iterable[str]) -> str:
    """Return ``message`` without the values of those of the properties that are named in ``secrets``."""
    for name in secrets:
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
