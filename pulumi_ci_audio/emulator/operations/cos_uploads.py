"""COS's multipart upload: begin, send parts, look, complete, give up (436/7746 and its neighbours)."""

from __future__ import annotations

from urllib.parse import quote

from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.documents import Content
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, xml_answer
from pulumi_ci_audio.emulator.identifiers import new_upload_id
from pulumi_ci_audio.emulator.operations.cos_objects import describe_time, kept_headers, receive_body
from pulumi_ci_audio.emulator.shapes import COMPLETION
from pulumi_ci_audio.emulator.store import Part, Upload

_MAX_PARTS = 10000


def initiate_upload(call: Call) -> Answer:
    """Begin an upload (436/7746)."""
    bucket, key = call.bucket, call.arguments["key"]
    call.store.objects.check_key(key)
    upload = Upload(
        id=new_upload_id(),
        region=bucket.region,
        bucket=bucket.name,
        key=key,
        headers=kept_headers(call.request),
        started=call.store.clock.now(),
        parts={},
    )
    call.store.uploads[upload.id] = upload
    content: Content = [("Bucket", bucket.name), ("Key", key), ("UploadId", upload.id)]
    return xml_answer("InitiateMultipartUploadResult", content)


def upload_part(call: Call) -> Answer:
    """Take a part in; one of the same number is replaced (436/7750)."""
    upload = _upload(call)
    number = call.number("partNumber", 0, most=_MAX_PARTS)
    received = receive_body(call)
    if number in upload.parts:
        upload.parts[number].path.unlink()
    part = Part(received.path, f'"{received.md5.hex()}"', received.size, call.store.clock.now())
    upload.parts[number] = part
    return Answer(headers={"ETag": part.etag})


def list_parts(call: Call) -> Answer:
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
            ("ETag", part.etag),
            ("Size", part.size),
        ]
        content.append(("Part", item))
    return xml_answer("ListPartsResult", content)


def list_uploads(call: Call) -> Answer:
    """List the bucket's uploads that are not complete (436/7736). All are on one page."""
    bucket = call.bucket
    prefix, encoding = call.value("prefix"), call.choice("encoding-type", "", "", "url")
    uploads: list[tuple[str, Content]] = [
        (
            "Upload",
            [
                ("Key", quote(upload.key, safe="/") if encoding else upload.key),
                ("UploadId", upload.id),
                ("StorageClass", "STANDARD"),
                ("Initiated", describe_time(upload.started)),
            ],
        )
        for upload in call.store.uploads.values()
        if (upload.region, upload.bucket) == (bucket.region, bucket.name) and upload.key.startswith(prefix)
    ]
    content: list[tuple[str, Content]] = [
        ("Bucket", bucket.name),
        *([("EncodingType", encoding)] if encoding else []),
        ("Prefix", quote(prefix, safe="/") if encoding else prefix),
        ("MaxUploads", 1000),
        ("IsTruncated", "false"),
        *uploads,
    ]
    return xml_answer("ListMultipartUploadsResult", content)


def complete_upload(call: Call) -> Answer:
    """Make an object of the parts that the body names (436/7742)."""
    upload = _upload(call)
    paths = [part.path for part in _named_parts(call, upload)]
    source = call.store.objects.join(paths)
    try:
        placed = call.store.objects.place(
            source,
            upload.region,
            upload.bucket,
            upload.key,
            modified=call.store.clock.now(),
            headers=upload.headers,
        )
    finally:
        source.unlink(missing_ok=True)
    _drop(call, upload)
    location = f"http://{call.request.host}/{quote(upload.key)}"
    content: Content = [
        ("Location", location),
        ("Bucket", upload.bucket),
        ("Key", upload.key),
        ("ETag", placed.etag),
    ]
    return xml_answer("CompleteMultipartUploadResult", content)


def abort_upload(call: Call) -> Answer:
    """Give an upload up (436/7740)."""
    _drop(call, _upload(call))
    return Answer(204)


def _upload(call: Call) -> Upload:
    bucket, key = call.bucket, call.arguments["key"]
    upload = call.store.uploads.get(call.value("uploadId"))
    if upload is None or (upload.region, upload.bucket, upload.key) != (bucket.region, bucket.name, key):
        raise ServiceError("NoSuchUpload", "the specified upload does not exist")
    return upload


def _named_parts(call: Call, upload: Upload) -> list[Part]:
    parts: dict[int, Part] = {}
    for named in call.read(COMPLETION).containers["Part"]:
        text, etag = named.texts["PartNumber"], named.texts["ETag"].strip('"')
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_MAX_PARTS)) else 0
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag:
            raise ServiceError("InvalidPart", f"there is no part {text} with this ETag")
        if parts and number <= max(parts):
            raise ServiceError("InvalidPartOrder", "the parts are not in ascending order")
        parts[number] = part
    return list(parts.values())


def _drop(call: Call, upload: Upload) -> None:
    for part in upload.parts.values():
        part.path.unlink(missing_ok=True)
    del call.store.uploads[upload.id]
