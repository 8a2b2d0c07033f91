"""Conditions on an object (436/7753, 436/7745, 436/10881): those of a read, and those of a copy on its source."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.object_files import StoredObject

_OF_A_COPY = "x-cos-copy-source-"


def is_unmodified(found: StoredObject, headers: Mapping[str, str]) -> bool:
    """Return whether a read is answered by 304: the client has what it would get.

    Raises:
        ServiceError: the client wants something that the object no longer is.
    """
    _require_wanted(found, headers, prefix="")
    return _is_known(found, headers, prefix="")


def require_source(found: StoredObject, headers: Mapping[str, str]) -> None:
    """Let a copy pass whose source is as the client wants it.

    Raises:
        ServiceError: it is not.
    """
    _require_wanted(found, headers, prefix=_OF_A_COPY)
    if _is_known(found, headers, prefix=_OF_A_COPY):
        raise ServiceError("PreconditionFailed", "the source is as it was")


def _require_wanted(found: StoredObject, headers: Mapping[str, str], *, prefix: str) -> None:
    etags, since = headers.get(f"{prefix}if-match"), headers.get(f"{prefix}if-unmodified-since")
    # RFC 9110, 13.2.2: a time counts only where no ETag is given.
    is_another = not _names(etags, found.etag) if etags is not None else _is_modified_since(found, since, default=False)
    if is_another:
        raise ServiceError("PreconditionFailed", "the object is another one by now")


def _is_known(found: StoredObject, headers: Mapping[str, str], *, prefix: str) -> bool:
    etags, since = headers.get(f"{prefix}if-none-match"), headers.get(f"{prefix}if-modified-since")
    return _names(etags, found.etag) if etags is not None else not _is_modified_since(found, since, default=True)


def _names(etags: str, etag: str) -> bool:
    """Return whether a list of ETags holds ``etag``; SDKs send them with quotes or without."""
    named = {text.strip().removeprefix("W/").strip('"') for text in etags.split(",")}
    return bool(named & {"*", etag.strip('"')})


def _is_modified_since(found: StoredObject, text: str | None, *, default: bool) -> bool:
    """Return whether the object is younger than a time; ``default`` where there is none that makes sense."""
    try:
        return default if text is None else int(found.modified) > parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return default
