"""Enabling Smart Audio, its list of buckets and its queue (1045/73363 to 1045/73366)."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.client import BucketQuery
from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.operations import OTHER_SERVICES

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]


def test_enabling_binds_the_bucket(stage, client, bucket):
    stage.unbound()
    enabled = client.create_asr_bucket(bucket)

    assert (enabled.bucket, enabled.region) == (bucket.name, bucket.region)
    assert enabled.create_time
    assert client.describe_ci_bucket(bucket) == "on"


def test_enabling_again_changes_nothing(stage, client, bucket):
    stage.enabled()
    before = client.describe_asr_queues(bucket)

    assert client.create_asr_bucket(bucket).bucket == bucket.name
    assert before == client.describe_asr_queues(bucket)


def test_enabled_bucket_is_listed(stage, client, bucket):
    stage.enabled()
    (item,) = client.describe_asr_buckets(bucket.region, BucketQuery.of(bucket))

    assert (item.bucket, item.region) == (bucket.name, bucket.region)


def test_bucket_without_smart_audio_is_not_listed(stage, client, bucket):
    stage.bound()

    assert client.describe_asr_buckets(bucket.region, BucketQuery(bucket_names=[bucket.name])) == []


def test_enabled_bucket_is_found_by_its_prefix(stage, client, bucket):
    stage.enabled()
    found = client.describe_asr_buckets(
        bucket.region, BucketQuery(regions=[bucket.region], prefix=bucket.name, page_number=1, page_size=5)
    )

    assert [item.bucket for item in found] == [bucket.name]


def test_page_behind_the_last_is_empty(stage, client, bucket):
    stage.enabled()

    assert (
        client.describe_asr_buckets(bucket.region, BucketQuery(bucket_names=[bucket.name], page_number=2, page_size=1))
        == []
    )


def test_smart_audio_is_disabled(stage, client, bucket):
    stage.enabled()
    client.delete_asr_bucket(bucket)

    assert client.describe_asr_buckets(bucket.region, BucketQuery(bucket_names=[bucket.name])) == []


def test_disabling_is_refused_when_it_is_not_activated(stage, client, bucket):
    stage.bound()
    with pytest.raises(ApiError) as caught:
        client.delete_asr_bucket(bucket)

    assert caught.value.is_service_off


def test_queue_is_described(stage, client, bucket):
    stage.enabled()
    (queue,) = client.describe_asr_queues(bucket)

    assert queue.queue_id.startswith("p")
    assert queue.state == "Active"


def test_queues_are_refused_when_it_is_not_activated(stage, client, bucket):
    stage.bound()
    with pytest.raises(ApiError) as caught:
        client.describe_asr_queues(bucket)

    assert caught.value.is_service_off


@pytest.mark.parametrize("service", OTHER_SERVICES, ids=lambda service: service.describe_buckets.path.strip("/"))
def test_other_service_lists_no_bucket(stage, client, bucket, service):
    stage.bound()

    assert client.describe_service_buckets(service, bucket.region, BucketQuery(bucket_names=[bucket.name])) == []


def test_other_service_lists_a_bucket(stage, client, bucket):
    media = OTHER_SERVICES[0]
    stage.on_the_emulator(
        lambda emulator: emulator.put_bucket(bucket.region, bucket.name, ci="on", services=["media"]),
        reason="these tests enable no other service",
    )
    (item,) = client.describe_service_buckets(media, bucket.region, BucketQuery(bucket_names=[bucket.name]))

    assert item.bucket == bucket.name
