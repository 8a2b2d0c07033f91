"""COS's bucket operations: make, look, list objects, delete (436/7733 and its neighbours)."""

from __future__ import annotations

from urllib.parse import quote

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.messages import Response, xml_response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.cos_objects import OWNER, describe_time
from pulumi_ci_audio.emulator.operations.schemas import DELETION

MAX_DELETED = 1000  # 436/8289


def put_bucket(call: Call) -> Response:
    """Make the bucket (436/7738)."""
    region, name = call.destination.region, call.destination.bucket
    if call.store.objects.has_bucket(region, name):
        raise ServiceError("BucketAlreadyOwnedByYou", "the bucket exists and is yours")
    call.store.objects.create_bucket(region, name)
    return of_bucket(call, Response())


def head_bucket(call: Call) -> Response:
    """Tell whether the bucket exists (436/7735)."""
    call.bucket  # noqa: B018  it exists, or this raises
    return of_bucket(call, Response())


def delete_bucket(call: Call) -> Response:
    """Delete the bucket, which has to be empty (436/7732)."""
    call.store.delete_bucket(call.bucket)
    return of_bucket(call, Response(204))


def delete_multiple_objects(call: Call) -> Response:
    """Delete objects by their keys; those that are not there count as deleted (436/8289)."""
    bucket, values = call.bucket, call.read(DELETION)
    keys = [item.texts["Key"] for item in values.containers["Object"]]
    if len(keys) > MAX_DELETED:
        raise ServiceError("MalformedXML", f"at most {MAX_DELETED} objects can be deleted at once")
    deleted: list[tuple[str, Content]] = []
    failed: list[tuple[str, Content]] = []
    for key in keys:
        try:
            call.store.objects.delete(bucket.region, bucket.name, key)
            deleted.append(("Deleted", [("Key", key)]))
        except ServiceError as error:
            failed.append(("Error", [("Key", key), ("Code", error.code), ("Message", error.message)]))
    if values.texts.get("Quiet", "").lower() == "true":
        deleted = []
    return of_bucket(call, xml_response("DeleteResult", [*deleted, *failed]))


def list_objects(call: Call) -> Response:
    """List objects, or what stands in for those that share a prefix up to a delimiter (436/7734)."""
    bucket = call.bucket
    prefix, delimiter, marker = call.value("prefix"), call.value("delimiter"), call.value("marker")
    most = call.number("max-keys", 1000, most=1000, least=0)
    encoding = call.choice("encoding-type", "", "", "url")
    names: list[str] = []
    for key in call.store.objects.keys(bucket.region, bucket.name, prefix):
        name = _rolled_up(key, prefix, delimiter)
        if name.encode() > marker.encode() and name not in names[-1:]:
            names.append(name)
    is_truncated = len(names) > most
    names = names[:most]

    def shown(text: str) -> str:
        return quote(text, safe="/") if encoding else text

    content: list[tuple[str, Content]] = [
        ("Name", bucket.name),
        *([("EncodingType", encoding)] if encoding else []),
        ("Prefix", shown(prefix)),
        ("Marker", shown(marker)),
        ("MaxKeys", most),
        *([("Delimiter", shown(delimiter))] if delimiter else []),
        ("IsTruncated", "true" if is_truncated else "false"),
    ]
    if is_truncated and names:
        content.append(("NextMarker", shown(names[-1])))
    for name in names:
        if delimiter and name.find(delimiter, len(prefix)) >= 0:
            content.append(("CommonPrefixes", [("Prefix", shown(name))]))
            continue
        found = call.store.objects.find(bucket.region, bucket.name, name)
        if found is None:  # removed by hand just now
            continue
        item: Content = [
            ("Key", shown(name)),
            ("LastModified", describe_time(found.modified)),
            ("ETag", found.etag),
            ("Size", found.size),
            ("Owner", OWNER),
            ("StorageClass", "STANDARD"),
        ]
        content.append(("Contents", item))
    return of_bucket(call, xml_response("ListBucketResult", content))


def of_bucket(call: Call, response: Response) -> Response:
    """Return a response about a bucket: it tells the region."""
    return response.with_headers({"x-cos-bucket-region": call.destination.region})


def _rolled_up(key: str, prefix: str, delimiter: str) -> str:
    """Return the prefix that stands for ``key`` in a list, or the key itself."""
    end = key.find(delimiter, len(prefix)) if delimiter else -1
    return key if end < 0 else key[: end + len(delimiter)]
