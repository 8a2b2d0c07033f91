"""COS's object operations: put, get (whole or a range), head, delete (436/7749 and its neighbours)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import formatdate
from typing import IO

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.messages import FileBody, Request, Response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.conditions import is_unmodified
from pulumi_ci_audio.emulator.state.keys import check_key
from pulumi_ci_audio.emulator.state.object_files import Received, StoredObject

OWNER: Content = [("ID", "qcs::cam::uin/100000000001:uin/100000000001"), ("DisplayName", "100000000001")]
"""Whom everything belongs to; the emulator knows one account."""

_PIECE_BYTES = 1024**2
_MD5_BYTES = 16
# Headers that COS keeps with an object and gives back with it.
_KEPT_HEADERS = ("Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Expires")
# Headers of the response that a request may choose (436/7753).
RESPONSE_PARAMETERS = frozenset(f"response-{name.lower()}" for name in (*_KEPT_HEADERS, "Content-Language"))
_RANGE = re.compile(r"bytes=(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})")


def put_object(call: Call) -> Response:
    """Store an object (436/7749)."""
    check_key(call.arguments["key"])
    require_absent(call)
    placed = place_object(call, receive_body(call), kept_headers(call.request))
    return Response(headers={"ETag": placed.etag, **crc_header(placed.crc64)})


def get_object(call: Call) -> Response:
    """Send an object, or the range that is asked for (436/7753)."""
    found = _find(call)
    headers = _describe(found)
    if is_unmodified(found, call.request.headers):
        return Response(304, headers=headers)
    start, stop, status = 0, found.size, 200
    asked = call.request.headers.get("range")
    if asked is not None:
        (start, stop), status = wanted_range(asked, found.size), 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
    for name, value in call.request.parameters:
        if name in RESPONSE_PARAMETERS and value.isprintable() and value.isascii():
            headers[name.removeprefix("response-").title()] = value
    return Response(status, FileBody(open_content(found), start=start, length=stop - start), headers)


def head_object(call: Call) -> Response:
    """Describe an object (436/7745)."""
    found = _find(call)
    if is_unmodified(found, call.request.headers):
        return Response(304, headers=_describe(found))
    return Response(headers={**_describe(found), "Content-Length": str(found.size)})


def delete_object(call: Call) -> Response:
    """Delete an object; one that is not there is no error (436/7743)."""
    bucket = call.bucket
    call.store.objects.delete(bucket.region, bucket.name, call.arguments["key"])
    return Response(204)


def place_object(call: Call, received: Received, headers: Mapping[str, str]) -> StoredObject:
    """Store what was received as the object that the request names, and remove the internal file."""
    bucket = call.bucket
    try:
        return call.store.objects.put(
            received.path,
            bucket.region,
            bucket.name,
            call.arguments["key"],
            modified=call.store.clock.now(),
            headers=headers,
        )
    finally:
        received.path.unlink(missing_ok=True)


def receive_body(call: Call) -> Received:
    """Return the request's body as an internal file, which the caller removes.

    Raises:
        ServiceError: it is not what Content-MD5 says.
    """
    claimed = _claimed_digest(call.request)
    received = call.store.objects.receive(iter(lambda: call.request.body.read(_PIECE_BYTES), b""))
    if claimed not in {None, received.digests.md5}:
        received.path.unlink()
        raise ServiceError("BadDigest", "the body is not what Content-MD5 says")
    return received


def require_absent(call: Call) -> None:
    """Let a write pass, unless it must not replace an object and would.

    Raises:
        ServiceError: it would.
    """
    if call.request.headers.get("x-cos-forbid-overwrite", "").lower() == "true":
        bucket = call.bucket
        if call.store.objects.find(bucket.region, bucket.name, call.arguments["key"]) is not None:
            raise ServiceError("FileAlreadyExists", "the object exists")


def kept_headers(request: Request) -> dict[str, str]:
    """Return the headers of an upload that belong to the object."""
    kept = {name: request.headers[name.lower()] for name in _KEPT_HEADERS if name.lower() in request.headers}
    kept.update((name, text) for name, text in request.headers.items() if name.startswith("x-cos-meta-"))
    return {"Content-Type": "application/octet-stream", **kept}


def open_content(found: StoredObject) -> IO[bytes]:
    """Return an object's file, opened; whoever gets it closes it.

    Raises:
        ServiceError: the file was removed by hand just now.
    """
    try:
        return found.path.open("rb")
    except OSError as error:
        raise ServiceError("NoSuchKey", "the specified key does not exist") from error


def crc_header(crc64: int) -> dict[str, str]:
    """Return the header that COS tells a CRC-64 by."""
    return {"x-cos-hash-crc64ecma": str(crc64)}


def describe_time(moment: float) -> str:
    """Return a time as COS's documents write it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _find(call: Call) -> StoredObject:
    bucket = call.bucket
    found = call.store.objects.find(bucket.region, bucket.name, call.arguments["key"])
    if found is None:
        raise ServiceError("NoSuchKey", "the specified key does not exist")
    return found


def _describe(found: StoredObject) -> dict[str, str]:
    return {
        **found.headers,
        "ETag": found.etag,
        "Last-Modified": formatdate(found.modified, usegmt=True),
        "Accept-Ranges": "bytes",
        **crc_header(found.crc64),
    }


def wanted_range(text: str, size: int) -> tuple[int, int]:
    """Return where a range of an object of ``size`` bytes starts and where it stops.

    Raises:
        ServiceError: the range is not understood, or holds nothing of the object.
    """
    match = _RANGE.fullmatch(text.strip())
    start, stop = size, 0
    if match and match["first"]:
        start = int(match["first"])
        stop = min(int(match["last"]) + 1, size) if match["last"] else size
    elif match and match["last"]:  # so many of the last bytes
        start, stop = max(0, size - int(match["last"])), size
    if start >= stop:
        raise ServiceError("InvalidRange", "the range can not be satisfied")
    return start, stop


def _claimed_digest(request: Request) -> bytes | None:
    text = request.headers.get("content-md5")
    try:
        digest = None if text is None else base64.b64decode(text, validate=True)
    except ValueError:  # no base64, or not even ASCII
        digest = b""
    if digest is not None and len(digest) != _MD5_BYTES:
        raise ServiceError("InvalidDigest", "Content-MD5 must be the base64 of an MD5")
    return digest
