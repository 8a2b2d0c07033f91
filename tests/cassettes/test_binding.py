"""Binding a bucket and reading its status (460/97479, 1045/33702, "Unbind Bucket")."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pulumi_ci_audio.api.credentials import Credentials
from pulumi_ci_audio.api.errors import ApiError

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]


def test_unbound_bucket_is_bound(stage, client, bucket):
    stage.unbound()
    client.create_ci_bucket(bucket)

    assert client.describe_ci_bucket(bucket) == "on"


def test_bound_bucket_is_bound_again(stage, client, bucket):
    stage.bound()
    client.create_ci_bucket(bucket)

    assert client.describe_ci_bucket(bucket) == "on"


def test_status_of_a_bucket_that_is_not_bound_is_off(stage, client, bucket):
    stage.unbound()

    assert client.describe_ci_bucket(bucket) == "off"


def test_bound_bucket_is_listed(stage, client, bucket):
    stage.bound()
    (item,) = client.describe_ci_buckets(bucket.region, prefix=bucket.name)

    assert (item.bucket, item.region, item.status) == (bucket.name, bucket.region, "on")


def test_bucket_that_is_not_bound_is_not_listed(stage, client, bucket):
    stage.unbound()

    assert client.describe_ci_buckets(bucket.region, prefix=bucket.name) == []


def test_bucket_without_anything_left_is_unbound(stage, client, bucket):
    stage.bound()
    client.delete_ci_bucket(bucket)


def test_unbinding_passes_before_it_is_over(stage, client, bucket, emulator):
    stage.bound()
    if emulator:
        emulator.change_settings(unbind_seconds=3600)
    client.delete_ci_bucket(bucket)

    assert client.describe_ci_bucket(bucket) == "unbinding"


def test_bucket_that_is_not_bound_is_unbound_again(stage, client, bucket):
    stage.unbound()
    client.delete_ci_bucket(bucket)

    assert client.describe_ci_bucket(bucket) == "off"


def test_unbinding_is_refused_while_smart_audio_is_enabled(stage, client, bucket):
    stage.enabled()
    with pytest.raises(ApiError) as caught:
        client.delete_ci_bucket(bucket)

    assert caught.value.status in {400, 403}
    assert not caught.value.is_server_fault
    assert client.describe_ci_bucket(bucket) == "on"


def test_unbinding_is_refused_while_a_workflow_is_left(stage, client, bucket):
    stage.bound()
    stage.on_the_emulator(
        lambda emulator: emulator.put_bucket(bucket.region, bucket.name, workflows=[{"id": "w1"}]),
        reason="a workflow is made at the console",
    )
    with pytest.raises(ApiError) as caught:
        client.delete_ci_bucket(bucket)

    assert not caught.value.is_server_fault


def test_absent_bucket_is_told_apart(stage, client, absent_bucket):
    with pytest.raises(ApiError) as caught:
        client.describe_ci_bucket(absent_bucket)

    assert caught.value.is_bucket_gone


def test_unknown_secret_id_is_told_apart(stage, client_with, bucket):
    stranger = client_with(lambda: Credentials("nobody", "nothing"))
    with pytest.raises(ApiError) as caught:
        stranger.describe_ci_bucket(bucket)

    assert caught.value.is_signature_refused


def test_wrong_secret_key_is_told_apart(stage, target, client_with, bucket):
    stranger = client_with(lambda: replace(target.credentials(), secret_key="nothing"))
    with pytest.raises(ApiError) as caught:
        stranger.describe_ci_bucket(bucket)

    assert caught.value.is_signature_refused


@pytest.mark.parametrize("status", [401, 403])
def test_missing_permission_is_told_by_its_code(stage, client, bucket, status):
    stage.fault(action={"status": status, "code": "AccessDenied"}, reason="needs a key without permissions")
    with pytest.raises(ApiError) as caught:
        client.create_ci_bucket(bucket)

    assert caught.value.is_denied
    assert caught.value.status == status
    assert "ci:CreateCIBucket" in caught.value.action
