"""Binding: ``PUT /``, ``GET /``, ``PUT /?unbind``, ``GET /cibuckets``."""

from __future__ import annotations

import json

from pulumi_ci_audio.emulator.http.hosts import Plane
from pulumi_ci_audio.emulator.http.messages import Response, xml_response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.rules import bindings
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import Bucket


def create_ci_bucket(call: Call) -> Response:
    """Bind the bucket (460/97479; on the legacy host 1045/33701, which answers nothing)."""
    bucket = call.bucket
    bindings.bind(call.store, bucket)
    if call.destination.plane is Plane.CI_LEGACY or call.store.assumed("bind_answer") == "empty":
        return Response()
    return call.response(("CIBucket", [("BucketId", bucket.name), ("Region", bucket.region)]))


def describe_ci_bucket(call: Call) -> Response:
    """Tell the binding's status (460/97481): JSON without a type, or XML to those who read that."""
    status = bindings.read_ci_status(call.store, call.bucket)
    accept = call.request.headers.get("accept", "").lower()
    if "json" in accept:
        wants_xml = False
    elif "xml" in accept:
        wants_xml = True
    else:
        wants_xml = call.destination.plane is Plane.CI_LEGACY
    if wants_xml:
        return xml_response("CIStatus", status)
    return Response(body=json.dumps({"CIStatus": status}, separators=(",", ":")).encode())


def delete_ci_bucket(call: Call) -> Response:
    """Begin to unbind the bucket ("Unbind Bucket")."""
    bindings.unbind(call.store, call.bucket)
    return Response()


def describe_ci_buckets(call: Call) -> Response:
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
    return call.response(*description, *call.listed("CIBucketList", (_describe(call, bucket) for bucket in page)))


def _describe(call: Call, bucket: Bucket) -> Content:
    described: list[tuple[str, Content]] = [
        ("BucketId", bucket.name),
        ("BucketName", bucket.name.rpartition("-")[0]),
        ("AppId", bucket.name.rpartition("-")[2]),
        ("CreateTime", render_time(bucket.bound_at)),
        ("Region", bucket.region),
    ]
    if call.store.assumed("bucket_status") == "values":
        described.append(("Status", bindings.ci_status(call.store, bucket)))
    return described
