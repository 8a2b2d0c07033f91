"""COS's multipart upload: begin, send parts, look, complete, give up (436/7746 and its neighbours)."""

from __future__ import annotations

from urllib.parse import quote

from pulumi_ci_audio.emulator.http.messages import Response, xml_response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.cos_buckets import of_bucket
from pulumi_ci_audio.emulator.operations.cos_objects import OWNER, crc_header, describe_time, kept_headers, receive_body
from pulumi_ci_audio.emulator.operations.schemas import COMPLETION
from pulumi_ci_audio.emulator.rules import uploads
from pulumi_ci_audio.emulator.state.records import Upload


def initiate_multipart_upload(call: Call) -> Response:
    """Begin an upload (436/7746)."""
    upload = uploads.begin_upload(call.store, call.bucket, call.arguments["key"], kept_headers(call.request))
    content: Content = [("Bucket", upload.bucket), ("Key", upload.key), ("UploadId", upload.id)]
    return xml_response("InitiateMultipartUploadResult", content)


def upload_part(call: Call) -> Response:
    """Take a part in; one of the same number is replaced (436/7750)."""
    upload = _upload(call)
    number = call.number("partNumber", 0, most=uploads.MAX_PARTS)
    part = uploads.add_part(call.store, upload, number, receive_body(call))
    received = part.received
    return Response(headers={"ETag": received.etag, **crc_header(received.digests.crc64)})


def list_parts(call: Call) -> Response:
    """List the parts of an upload (436/7747)."""
    upload = _upload(call)
    after = call.number("part-number-marker", 0, least=0)
    most = call.number("max-parts", 1000, most=1000)
    encoding = call.choice("encoding-type", "", "", "url")
    numbers = sorted(number for number in upload.parts if number > after)
    is_truncated = len(numbers) > most
    numbers = numbers[:most]
    content: list[tuple[str, Content]] = [
        ("Bucket", upload.bucket),
        *([("EncodingType", encoding)] if encoding else []),
        ("Key", quote(upload.key, safe="/") if encoding else upload.key),
        ("UploadId", upload.id),
        ("Initiator", OWNER),
        ("Owner", OWNER),
        ("StorageClass", "STANDARD"),
        ("PartNumberMarker", after),
        ("NextPartNumberMarker", numbers[-1] if is_truncated else 0),
        ("MaxParts", most),
        ("IsTruncated", "true" if is_truncated else "false"),
    ]
    for number in numbers:
        part = upload.parts[number]
        item: Content = [
            ("PartNumber", number),
            ("LastModified", describe_time(part.modified)),
            ("ETag", part.received.etag),
            ("Size", part.received.size),
        ]
        content.append(("Part", item))
    return xml_response("ListPartsResult", content)


def list_multipart_uploads(call: Call) -> Response:
    """List the bucket's uploads that are not complete (436/7736). All are on one page."""
    bucket = call.bucket
    prefix, encoding = call.value("prefix"), call.choice("encoding-type", "", "", "url")
    listed: list[tuple[str, Content]] = [
        (
            "Upload",
            [
                ("Key", quote(upload.key, safe="/") if encoding else upload.key),
                ("UploadId", upload.id),
                ("Initiator", OWNER),
                ("Owner", OWNER),
                ("StorageClass", "STANDARD"),
                ("Initiated", describe_time(upload.started)),
            ],
        )
        for upload in bucket.uploads.values()
        if upload.key.startswith(prefix)
    ]
    content: list[tuple[str, Content]] = [
        ("Bucket", bucket.name),
        *([("EncodingType", encoding)] if encoding else []),
        ("KeyMarker", None),
        ("UploadIdMarker", None),
        ("Prefix", quote(prefix, safe="/") if encoding else prefix),
        ("MaxUploads", 1000),
        ("IsTruncated", "false"),
        *listed,
    ]
    return of_bucket(call, xml_response("ListMultipartUploadsResult", content))


def complete_multipart_upload(call: Call) -> Response:
    """Make an object of the parts that the body names (436/7742)."""
    upload = _upload(call)
    named = [(part.texts["PartNumber"], part.texts["ETag"]) for part in call.read(COMPLETION).containers["Part"]]
    placed = uploads.complete_upload(call.store, call.bucket, upload, named)
    location = f"http://{call.request.host}/{quote(upload.key)}"
    content: Content = [
        ("Location", location),
        ("Bucket", upload.bucket),
        ("Key", upload.key),
        ("ETag", placed.etag),
    ]
    return xml_response("CompleteMultipartUploadResult", content).with_headers(crc_header(placed.crc64))


def abort_multipart_upload(call: Call) -> Response:
    """Give an upload up (436/7740)."""
    uploads.abort_upload(call.bucket, _upload(call))
    return Response(204)


def _upload(call: Call) -> Upload:
    return uploads.upload(call.bucket, call.arguments["key"], call.value("uploadId"))
