"""Binding: ``PUT /``, ``GET /``, ``PUT /?unbind``, ``GET /cibuckets``."""

from __future__ import annotations

import json

from pulumi_ci_audio.emulator import bindings
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import render_time
from pulumi_ci_audio.emulator.documents import Content
from pulumi_ci_audio.emulator.exchange import Answer, xml_answer
from pulumi_ci_audio.emulator.hosts import Plane
from pulumi_ci_audio.emulator.records import Bucket


def create_ci_bucket(call: Call) -> Answer:
    """Bind the bucket (460/97479; on the legacy host 1045/33701, which answers nothing)."""
    bucket = call.bucket
    bindings.bind(call.store, bucket)
    if call.place.plane is Plane.CI_LEGACY or call.store.assumed("bind_answer") == "empty":
        return Answer()
    return call.answer(("CIBucket", [("BucketId", bucket.name), ("Region", bucket.region)]))


def describe_ci_bucket(call: Call) -> Answer:
    """Tell the binding's status (460/97481): JSON without a type, or XML to those who read that."""
    status = bindings.read_ci_status(call.store, call.bucket)
    accept = call.request.headers.get("Accept", "").lower()
    if "json" in accept:
        wants_xml = False
    elif "xml" in accept:
        wants_xml = True
    else:
        wants_xml = call.place.plane is Plane.CI_LEGACY
    if wants_xml:
        return xml_answer("CIStatus", status)
    return Answer(body=json.dumps({"CIStatus": status}, separators=(",", ":")).encode())


def delete_ci_bucket(call: Call) -> Answer:
    """Begin to unbind the bucket ("Unbind Bucket")."""
    bindings.unbind(call.store, call.bucket)
    return Answer()


def describe_ci_buckets(call: Call) -> Answer:
    """List the buckets that are bound, or still unbinding (460/97527)."""
    prefix, region = call.value("bucketName"), call.value("region")
    # Buckets have no tags here, so asking for one finds none.
    found = [] if call.value("tagKey") else call.store.buckets()
    bound = [
        bucket
        for bucket in found
        if bindings.ci_status(call.store, bucket) != bindings.OFF
        and bucket.name.startswith(prefix)
        and region in {"", bucket.region}
    ]
    page, description = call.page(bound)
    return call.answer(*description, *(("CIBucketList", _describe(call, bucket)) for bucket in page))


def _describe(call: Call, bucket: Bucket) -> Content:
    return [
        ("BucketId", bucket.name),
        ("BucketName", bucket.name.rpartition("-")[0]),
        ("AppId", bucket.name.rpartition("-")[2]),
        ("CreateTime", render_time(bucket.bound_at)),
        ("Region", bucket.region),
        ("Status", bindings.ci_status(call.store, bucket)),
    ]
