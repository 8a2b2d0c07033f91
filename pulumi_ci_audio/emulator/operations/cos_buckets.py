"""COS's bucket operations: make, look, list objects, delete (436/7733 and its neighbours)."""

from __future__ import annotations

from urllib.parse import quote

from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.documents import Content
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer, xml_answer
from pulumi_ci_audio.emulator.operations.cos_objects import describe_time


def put_bucket(call: Call) -> Answer:
    """Make the bucket (436/7738)."""
    region, name = call.place.region, call.place.bucket
    if call.store.objects.has_bucket(region, name):
        raise ServiceError("BucketAlreadyOwnedByYou", "the bucket exists and is yours")
    call.store.objects.create_bucket(region, name)
    return Answer()


def head_bucket(call: Call) -> Answer:
    """Tell whether the bucket exists (436/7735)."""
    return Answer(headers={"x-cos-bucket-region": call.bucket.region})


def delete_bucket(call: Call) -> Answer:
    """Delete the bucket, which has to be empty (436/7732)."""
    call.store.delete_bucket(call.bucket)
    return Answer(204)


def list_objects(call: Call) -> Answer:
    """List objects, or what stands in for those that share a prefix up to a delimiter (436/7734)."""
    bucket = call.bucket
    prefix, delimiter, marker = call.value("prefix"), call.value("delimiter"), call.value("marker")
    most = call.number("max-keys", 1000, most=1000, least=0)
    encoding = call.choice("encoding-type", "", "", "url")
    names: list[str] = []
    for key in call.store.objects.keys(bucket.region, bucket.name):
        name = _rolled_up(key, prefix, delimiter)
        if key.startswith(prefix) and name.encode() > marker.encode() and name not in names[-1:]:
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
        ("Delimiter", shown(delimiter)),
        ("IsTruncated", "true" if is_truncated else "false"),
    ]
    if is_truncated and names:
        content.append(("NextMarker", shown(names[-1])))
    for name in names:
        if delimiter and name.endswith(delimiter) and _rolled_up(name, prefix, delimiter) == name:
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
            ("Owner", [("ID", "1250000000"), ("DisplayName", "1250000000")]),
            ("StorageClass", "STANDARD"),
        ]
        content.append(("Contents", item))
    return xml_answer("ListBucketResult", content)


def _rolled_up(key: str, prefix: str, delimiter: str) -> str:
    """Return the prefix that stands for ``key`` in a list, or the key itself."""
    end = key.find(delimiter, len(prefix)) if delimiter else -1
    return key if end < 0 else key[: end + len(delimiter)]
