"""What bucket names, regions and object keys look like. Pure.

A complaint says what must hold and is read after the property's name.
"""

from __future__ import annotations

import re

_BUCKET = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?-[0-9]{9,10}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z0-9]+)+")
_LONGEST_BUCKET = 60
_LONGEST_KEY_BYTES = 850


def bucket_name(name: str) -> str:
    """Return ``name`` where it can name a bucket; the rules of the sources differ, the strict common part is taken.

    Raises:
        ValueError: it cannot.
    """
    if "://" in name:
        raise ValueError("must be the bucket's name alone, without cos:// before it")
    if name != name.lower():
        raise ValueError("must be lower case")
    if not name or len(name) > _LONGEST_BUCKET or not _BUCKET.fullmatch(name):
        raise ValueError(
            "must be lower-case letters, digits and dashes with the -appid at its end, such as recordings-1250000000"
        )
    return name


def region_name(name: str) -> str:
    """Return ``name`` where it can name a region. There is no list of them here: it would be out of date.

    Raises:
        ValueError: it cannot.
    """
    if not _REGION.fullmatch(name):
        raise ValueError("must be a region such as ap-shanghai")
    return name


def object_key(key: str) -> str:
    """Return ``key`` where it can name an object.

    Raises:
        ValueError: it cannot.
    """
    if not key:
        raise ValueError("must be an object's key and not empty")
    if key.startswith("/") or key.endswith("/"):
        raise ValueError("must neither begin nor end with a slash")
    if any(segment in {".", ".."} for segment in key.split("/")):
        raise ValueError("must have no . or .. between its slashes")
    if len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY_BYTES:
        raise ValueError(f"must be at most {_LONGEST_KEY_BYTES} bytes long")
    if not all(character.isprintable() for character in key):
        raise ValueError("must have only printable characters")
    return key


def identifier(text: str) -> str:
    """Return ``text`` where it can be an id or a name of the service's.

    Raises:
        ValueError: it cannot.
    """
    if not text or text != text.strip() or not text.isprintable():
        raise ValueError("must be printable and not empty, without space around it")
    return text


def key_prefix(prefix: str) -> str:
    """Return ``prefix`` where keys of objects can begin with it.

    Raises:
        ValueError: they cannot.
    """
    if not prefix:
        raise ValueError("must be what keys begin with, such as raw/, and not empty")
    if prefix.startswith("/"):
        raise ValueError("must not begin with a slash")
    object_key(f"{prefix}x")
    return prefix
