"""COS's object operations: put, get (whole or a range), head, delete (436/7749 and its neighbours)."""

from __future__ import annotations

import base64
from datetime import datetime, timezone

from werkzeug.http import http_date, parse_range_header

from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, FileBody, Request
from pulumi_ci_audio.emulator.objects import Received, StoredObject

# Headers that COS keeps with an object and gives back with it.
_KEPT_HEADERS = ("Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Expires")
# Headers of the answer that a request may choose (436/7753).
RESPONSE_PARAMETERS = frozenset(f"response-{name.lower()}" for name in (*_KEPT_HEADERS, "Content-Language"))


def put_object(call: Call) -> Answer:
    """Store an object (436/7749)."""
    bucket = call.bucket
    key = call.arguments["key"]
    call.store.objects.check_key(key)
    if "x-cos-copy-source" in call.request.headers:
        raise ServiceError("InvalidArgument", "copying is not emulated")
    received = receive_body(call)
    try:
        placed = call.store.objects.place(
            received.path,
            bucket.region,
            bucket.name,
            key,
            modified=call.store.clock.now(),
            headers=kept_headers(call.request),
        )
    finally:
        received.path.unlink(missing_ok=True)
    return Answer(headers={"ETag": placed.etag})


def get_object(call: Call) -> Answer:
    """Send an object, or the range that is asked for (436/7753)."""
    found = _find(call)
    start, stop, status = 0, found.size, 200
    headers = _describe(found)
    sent = call.request.headers.get("Range")
    if sent is not None:
        wanted = parse_range_header(sent)
        part = wanted.range_for_length(found.size) if wanted is not None and wanted.units == "bytes" else None
        if part is None:
            raise ServiceError("InvalidRange", "the range can not be satisfied")
        (start, stop), status = part, 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
    headers["Content-Length"] = str(stop - start)
    for name, value in call.request.parameters:
        if name in RESPONSE_PARAMETERS and value.isprintable() and value.isascii():
            headers[name.removeprefix("response-").title()] = value
    try:
        file = found.path.open("rb")
    except OSError as error:  # removed by hand just now
        raise ServiceError("NoSuchKey", "the specified key does not exist") from error
    return Answer(status, FileBody(file, start=start, length=stop - start), headers)


def head_object(call: Call) -> Answer:
    """Describe an object (436/7745)."""
    found = _find(call)
    return Answer(headers={**_describe(found), "Content-Length": str(found.size)})


def delete_object(call: Call) -> Answer:
    """Delete an object; one that is not there is no error (436/7743)."""
    bucket = call.bucket
    call.store.objects.delete(bucket.region, bucket.name, call.arguments["key"])
    return Answer(204)


def receive_body(call: Call) -> Received:
    """Return the request's body as an internal file, which the caller removes.

    Raises:
        ServiceError: it is not what Content-MD5 says.
    """
    received = call.store.objects.receive(call.request.stream)
    claimed = call.request.headers.get("Content-MD5")
    if claimed is not None and not _is_digest(claimed, received.md5):
        received.path.unlink()
        raise ServiceError("InvalidDigest", "the body is not what Content-MD5 says")
    return received


def kept_headers(request: Request) -> dict[str, str]:
    """Return the headers of an upload that belong to the object."""
    kept = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
    kept.update(
        (name.lower(), text) for name, text in request.headers.items() if name.lower().startswith("x-cos-meta-")
    )
    return {"Content-Type": "application/octet-stream", **kept}


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
        "Last-Modified": http_date(found.modified),
        "Accept-Ranges": "bytes",
    }


def _is_digest(claimed: str, actual: bytes) -> bool:
    try:
        return base64.b64decode(claimed, validate=True) == actual
    except ValueError:  # no base64, or not even ASCII
        return False
