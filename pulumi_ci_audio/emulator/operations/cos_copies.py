"""COS's copies: of an object (436/10881), and of a range as a part of an upload (436/8287)."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.hosts import Plane, find_destination
from pulumi_ci_audio.emulator.http.messages import FileBody, Response, xml_response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.conditions import require_source
from pulumi_ci_audio.emulator.operations.cos_objects import (
    crc_header,
    describe_time,
    kept_headers,
    open_content,
    place_object,
    require_absent,
    wanted_range,
)
from pulumi_ci_audio.emulator.rules import uploads
from pulumi_ci_audio.emulator.state.object_files import Received, StoredObject

SOURCE = "x-cos-copy-source"


def put_object_copy(call: Call) -> Response:
    """Copy an object, with its headers or with those of the request."""
    source = _source(call)
    require_absent(call)
    directive = call.request.headers.get("x-cos-metadata-directive", "Copy")
    if directive not in {"Copy", "Replaced"}:
        raise ServiceError("InvalidArgument", "x-cos-metadata-directive must be Copy or Replaced")
    headers = source.headers if directive == "Copy" else kept_headers(call.request)
    placed = place_object(call, _copy(call, source, 0, source.size), headers)
    return _response("CopyObjectResult", placed.etag, placed.modified, placed.crc64)


def upload_part_copy(call: Call) -> Response:
    """Make a part of an upload from an object, or from a range of it."""
    upload = uploads.upload(call.bucket, call.arguments["key"], call.value("uploadId"))
    number = call.number("partNumber", 0, most=uploads.MAX_PARTS)
    source = _source(call)
    asked = call.request.headers.get(f"{SOURCE}-range")
    start, stop = (0, source.size) if asked is None else wanted_range(asked, source.size)
    part = uploads.add_part(call.store, upload, number, _copy(call, source, start, stop))
    return _response("CopyPartResult", part.received.etag, part.modified, part.received.digests.crc64)


def _response(root: str, etag: str, modified: float, crc64: int) -> Response:
    content: Content = [("ETag", etag), ("LastModified", describe_time(modified)), ("CRC64", str(crc64))]
    return xml_response(root, content).with_headers(crc_header(crc64))


def _source(call: Call) -> StoredObject:
    """Return the object that the request names, ``<host of its bucket>/<encoded key>``."""
    text, _, query = call.request.headers[SOURCE].partition("?")
    host, _, key = text.removeprefix("/").partition("/")
    destination = find_destination(host.lower())
    if destination is None or destination.plane is not Plane.COS or not key:
        raise ServiceError("InvalidCopySource", f"{SOURCE} must be <bucket>.cos.<region>.myqcloud.com/<key>")
    if parse_qs(query).get("versionId"):
        raise ServiceError("NotImplemented", "there are no versions here")
    found = None
    if call.store.find_bucket(destination.region, destination.bucket) is not None:
        found = call.store.objects.find(destination.region, destination.bucket, unquote(key))
    if found is None:
        raise ServiceError("NoSuchCopySource", "the source of the copy does not exist")
    require_source(found, call.request.headers)
    return found


def _copy(call: Call, source: StoredObject, start: int, stop: int) -> Received:
    body = FileBody(open_content(source), start=start, length=stop - start)
    try:
        return call.store.objects.receive(body)
    finally:
        body.close()
