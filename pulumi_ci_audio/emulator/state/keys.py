"""Keys of objects as paths of files.

An object whose key ends in a slash is how consoles and SDKs make a folder (436/13324): here it is a file of a name
that no other key has, in the folder that the key names.
"""

from __future__ import annotations

from pathlib import Path

from pulumi_ci_audio.emulator.errors import ServiceError

MAX_KEY_BYTES = 850  # "Object overview" (436/13324)
_MAX_SEGMENT_BYTES = 255  # of file systems
_FOLDER = ".emulator-folder"


def check_key(key: str) -> None:
    """Let a key pass that is the plain path of a file, or of a folder with a slash behind.

    Raises:
        ServiceError: it is not.
    """
    segments = key.removesuffix("/").split("/")
    if "\0" in key or any(segment in {"", ".", "..", _FOLDER} for segment in segments):
        raise ServiceError("InvalidObjectName", "an object's key must have no empty, . or .. segments here")
    if len(key.encode()) > MAX_KEY_BYTES or any(len(s.encode()) > _MAX_SEGMENT_BYTES for s in segments):
        raise ServiceError("KeyTooLong", "the key or one of its segments is too long")


def path_of(key: str) -> Path:
    """Return the path of a valid key's file, relative to its bucket's folder."""
    return Path(key, _FOLDER) if key.endswith("/") else Path(key)


def key_of(path: str) -> str | None:
    """Return the key of a file at a path relative to its bucket's folder; None if its name is no UTF-8 text."""
    key = path.removesuffix(_FOLDER) if path.endswith(f"/{_FOLDER}") else path
    try:
        key.encode()
    except UnicodeEncodeError:
        return None
    return key
