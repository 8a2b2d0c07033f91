"""The values of the plugin protocol as plain values, and back. Pure.

The protocol writes what JSON has no word for as maps with a signature, and unknown values as fixed texts
(``sdk/go/common/resource/plugin/rpc.go`` of pulumi/pulumi).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct

from pulumi_ci_audio.lifecycle.models import UNKNOWN

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a signature, see the module
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        UNKNOWN_TEXT,  # a text, and any value of the SDK for Python
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # a map
    }
)


@dataclass(frozen=True)
class Received:
    """Properties as they were received.

    Attributes:
        properties: plain values, and this package's own mark for what is unknown.
        secrets: the names of the properties that are secret or hold a secret.
    """

    properties: dict[str, Any]
    secrets: frozenset[str]


def received(message: Struct) -> Received:
    """Return the properties of a message."""
    values = _unpacked(message)
    return Received(
        {name: _plain(value) for name, value in values.items()},
        frozenset(name for name, value in values.items() if _holds_secret(value)),
    )


def to_struct(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> Struct:
    """Return the message of plain ``properties``, of which those named in ``secrets`` are secret."""
    message = Struct()
    message.update(
        {
            name: {SIGNATURE: SECRET, "value": _sent(value)} if name in secrets else _sent(value)
            for name, value in properties.items()
        }
    )
    return message


def _unpacked(value: Any) -> Any:
    if isinstance(value, Struct):
        return {name: _unpacked(item) for name, item in value.items()}
    if isinstance(value, ListValue):
        return [_unpacked(item) for item in value]
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWNS else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) in {SECRET, _OUTPUT}:
        # An output without a value is one that is not known yet.
        return _plain(value["value"]) if "value" in value else UNKNOWN
    return {name: _plain(item) for name, item in value.items()}


def _holds_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_holds_secret, value))
    if not isinstance(value, dict):
        return False
    if value.get(SIGNATURE) == SECRET or (value.get(SIGNATURE) == _OUTPUT and value.get("secret")):
        return True
    return any(map(_holds_secret, value.values()))


def _sent(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, Mapping):
        return {name: _sent(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(item) for item in value]
    return value
