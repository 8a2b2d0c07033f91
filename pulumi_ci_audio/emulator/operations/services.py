"""Enabled services: ``/asrbucket``, and its siblings."""

from __future__ import annotations

from collections.abc import Callable

from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.rules import bindings
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import SERVICES, Bucket

# The services whose switches the Python SDK reads JSON from.
_SWITCHED_IN_JSON = frozenset({"ai", "pic"})


def create_asr_bucket(call: Call) -> Response:
    """Enable Smart Audio (1045/73363). A body is ignored, as the captured call shows."""
    bucket = call.bucket
    bindings.enable_asr(call.store, bucket)
    assert bucket.queue is not None
    return call.response(("AsrBucket", _describe(bucket, bucket.queue.created)))


def delete_asr_bucket(call: Call) -> Response:
    """Disable Smart Audio and delete its queue ("Disable Smart Audio Service")."""
    bucket = call.bucket
    bindings.disable_asr(call.store, bucket)
    return call.response(("BucketName", bucket.name))


def describe_asr_buckets(call: Call) -> Response:
    """List the buckets with Smart Audio ("Querying Smart Audio Service")."""
    return _describe_buckets(
        call, "AsrBucketList", lambda bucket: None if bucket.queue is None else bucket.queue.created
    )


def create_service_bucket(name: str) -> Callable[[Call], Response]:
    """Return the operation that enables the service ``name``."""
    element = SERVICES[name][1].removesuffix("List")

    def create(call: Call) -> Response:
        bucket = call.bucket
        enabled = bindings.enable_service(call.store, bucket, name)
        return call.response((element, _describe(bucket, enabled)), known_in_json=name in _SWITCHED_IN_JSON)

    return create


def delete_service_bucket(name: str) -> Callable[[Call], Response]:
    """Return the operation that disables the service ``name``."""

    def delete(call: Call) -> Response:
        bucket = call.bucket
        bindings.disable_service(bucket, name)
        return call.response(("BucketName", bucket.name), known_in_json=name in _SWITCHED_IN_JSON)

    return delete


def describe_service_buckets(name: str) -> Callable[[Call], Response]:
    """Return the operation that lists the buckets with the service ``name``."""
    _, element = SERVICES[name]

    return lambda call: _describe_buckets(call, element, lambda bucket: bucket.services.get(name))


def _describe_buckets(call: Call, element: str, enabled_at: Callable[[Bucket], float | None]) -> Response:
    """List the buckets that ``enabled_at`` tells a time for. Conditions are joined by "and"."""
    regions, names, prefix = call.values("regions"), call.values("bucketNames"), call.value("bucketName")
    call.require_few(names, "bucketNames")
    if not regions and call.store.assumed("default_regions") == "host":
        regions = [call.destination.region]
    found = [
        bucket
        for bucket in call.store.buckets()
        if enabled_at(bucket) is not None
        and (not regions or "All" in regions or bucket.region in regions)
        and (not names or bucket.name in names)
        and bucket.name.startswith(prefix)
    ]
    page, description = call.page(found)
    items: list[Content] = []
    for bucket in page:
        enabled = enabled_at(bucket)
        assert enabled is not None
        items.append(_describe(bucket, enabled))
    return call.response(*description, *call.listed(element, items))


def _describe(bucket: Bucket, enabled: float) -> Content:
    return [
        ("Name", bucket.name),
        ("CreateTime", render_time(enabled)),
        ("Region", bucket.region),
        ("AliasBucketId", None),
        ("BucketId", bucket.name),
    ]
