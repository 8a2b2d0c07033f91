"""Looking at objects (436/7745)."""

from __future__ import annotations

import hashlib

import pytest

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

CONTENT = b"content"


@pytest.mark.parametrize("name", ["plain.wav", "会议 1+2,3%2F4.wav"], ids=["plain", "special"])
def test_object_is_described(stage, client, bucket, name):
    stage.bound()
    head = client.head_object(bucket, stage.object(name, CONTENT))

    assert (head.etag, head.size) == (hashlib.md5(CONTENT).hexdigest(), len(CONTENT))
    assert head.last_modified


def test_absent_object_is_none(stage, client, bucket):
    assert client.head_object(bucket, "ci-audio-record/absent.wav") is None


def test_object_of_an_absent_bucket_is_none(stage, client, absent_bucket):
    assert client.head_object(absent_bucket, "ci-audio-record/absent.wav") is None
