"""Rules of COS's multipart uploads: parts wait as internal files until they become one object."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.identifiers import new_upload_id
from pulumi_ci_audio.emulator.state.keys import check_key
from pulumi_ci_audio.emulator.state.object_files import Received, StoredObject
from pulumi_ci_audio.emulator.state.records import Bucket, Part, Upload
from pulumi_ci_audio.emulator.state.store import Store

MAX_PARTS = 10000


def begin_upload(store: Store, bucket: Bucket, key: str, headers: Mapping[str, str]) -> Upload:
    """Begin an upload; ``headers`` will belong to the object.

    Raises:
        ServiceError: the key is not valid.
    """
    check_key(key)
    upload = Upload(new_upload_id(), bucket.region, bucket.name, key, headers, started=store.clock.now())
    bucket.uploads[upload.id] = upload
    return upload


def upload(bucket: Bucket, key: str, upload_id: str) -> Upload:
    """Return an upload that is not complete.

    Raises:
        ServiceError: there is none with this id for this key.
    """
    found = bucket.uploads.get(upload_id)
    if found is None or found.key != key:
        raise ServiceError("NoSuchUpload", "the specified upload does not exist")
    return found


def add_part(store: Store, to: Upload, number: int, received: Received) -> Part:
    """Add a part; one of the same number is replaced."""
    if number in to.parts:
        to.parts[number].received.path.unlink()
    part = Part(received, store.clock.now())
    to.parts[number] = part
    return part


def complete_upload(store: Store, bucket: Bucket, done: Upload, named: Iterable[tuple[str, str]]) -> StoredObject:
    """Make an object of the parts that are named by number and ETag.

    Raises:
        ServiceError: a part is not there, they are not in order, or the key conflicts with another object's.
    """
    parts = _named_parts(done, named)
    source = store.objects.join([part.path for part in parts])
    try:
        placed = store.objects.put(
            source,
            bucket.region,
            bucket.name,
            done.key,
            modified=store.clock.now(),
            headers=done.headers,
            etag=_etag(parts),
        )
    finally:
        source.unlink(missing_ok=True)
    abort_upload(bucket, done)
    return placed


def abort_upload(bucket: Bucket, given_up: Upload) -> None:
    """Forget an upload and its parts."""
    for part in given_up.parts.values():
        part.received.path.unlink(missing_ok=True)
    del bucket.uploads[given_up.id]


def _etag(parts: list[Received]) -> str:
    """Return the ETag of an object of parts: it tells their number, and is no MD5 of the content (436/7742)."""
    digest = hashlib.md5(b"".join(part.digests.md5 for part in parts), usedforsecurity=False)
    return f'"{digest.hexdigest()}-{len(parts)}"'


def _named_parts(done: Upload, named: Iterable[tuple[str, str]]) -> list[Received]:
    parts: dict[int, Received] = {}
    for text, etag in named:
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PARTS)) else 0
        part = done.parts.get(number)
        if part is None or part.received.etag.strip('"') != etag.strip('"'):
            raise ServiceError("InvalidPart", f"there is no part {text} with this ETag")
        if parts and number <= max(parts):
            raise ServiceError("InvalidPartOrder", "the parts are not in ascending order")
        parts[number] = part.received
    return list(parts.values())
