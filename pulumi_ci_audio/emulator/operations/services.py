"""Enabled services: ``/asrbucket``, and the lists of its siblings."""

from __future__ import annotations

from collections.abc import Callable

from pulumi_ci_audio.emulator import bindings
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import render_time
from pulumi_ci_audio.emulator.documents import Content
from pulumi_ci_audio.emulator.exchange import Answer
from pulumi_ci_audio.emulator.records import SERVICES, Bucket


def create_asr_bucket(call: Call) -> Answer:
    """Enable Smart Audio (1045/73363). A body is ignored, as the captured call shows."""
    bucket = call.bucket
    bindings.enable_asr(call.store, bucket)
    assert bucket.queue is not None
    created = render_time(bucket.queue.created)
    content: Content = [
        ("Name", bucket.name),
        ("CreateTime", created),
        ("Region", bucket.region),
        ("AliasBucketId", None),
        ("BucketId", bucket.name),
    ]
    return call.answer(("AsrBucket", content))


def delete_asr_bucket(call: Call) -> Answer:
    """Disable Smart Audio and delete its queue ("Disable Smart Audio Service")."""
    bucket = call.bucket
    bindings.disable_asr(call.store, bucket)
    return call.answer(("BucketName", bucket.name))


def describe_asr_buckets(call: Call) -> Answer:
    """List the buckets with Smart Audio ("Querying Smart Audio Service")."""
    return _describe_buckets(
        call, "AsrBucketList", lambda bucket: None if bucket.queue is None else bucket.queue.created
    )


def list_of_service(name: str) -> Callable[[Call], Answer]:
    """Return the operation that lists the buckets with the service ``name``."""
    _, element = SERVICES[name]

    def describe_service_buckets(call: Call) -> Answer:
        return _describe_buckets(call, element, lambda bucket: bucket.services.get(name))

    return describe_service_buckets


def _describe_buckets(call: Call, element: str, enabled_at: Callable[[Bucket], float | None]) -> Answer:
    """List the buckets that ``enabled_at`` tells a time for. Conditions are joined by "and"."""
    regions, names, prefix = call.values("regions"), call.values("bucketNames"), call.value("bucketName")
    if not regions and call.store.assumed("default_regions") == "host":
        regions = [call.place.region]
    found = [
        bucket
        for bucket in call.store.buckets()
        if enabled_at(bucket) is not None
        and (not regions or "All" in regions or bucket.region in regions)
        and (not names or bucket.name in names)
        and bucket.name.startswith(prefix)
    ]
    page, description = call.page(found)
    items: list[tuple[str, Content]] = [
        (
            element,
            [
                ("BucketId", bucket.name),
                ("Name", bucket.name),
                ("Region", bucket.region),
                ("CreateTime", render_time(enabled_at(bucket))),
                ("AliasBucketId", None),
            ],
        )
        for bucket in page
    ]
    return call.answer(*description, *items)
