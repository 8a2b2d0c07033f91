"""Failures of the service and what the client makes of them; only the emulator fails when it is told to."""

from __future__ import annotations

import pytest

from pulumi_ci_audio.api.errors import ApiError, DecodeError
from pulumi_ci_audio.api.records import NoiseReductionParameters

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

REASON = "the service does not fail on request"


def test_throttled_request_is_repeated_until_it_is_served(stage, client, bucket):
    stage.bound()
    stage.fault(times=2, action={"code": "SlowDown"}, reason=REASON)

    assert client.describe_ci_bucket(bucket) == "on"


def test_request_that_stays_throttled_is_given_up(stage, client, bucket, vcr):
    stage.bound()
    stage.fault(times=9, action={"code": "SlowDown"}, reason=REASON)
    with pytest.raises(ApiError) as caught:
        client.describe_ci_bucket(bucket)

    assert caught.value.is_throttled
    assert len(vcr) == 4


def test_throttled_creation_of_a_template_is_repeated(stage, client, bucket, template_of):
    stage.enabled()
    stage.fault(method="POST", path="/template", action={"status": 429, "code": "SlowDown"}, reason=REASON)

    assert client.create_template(bucket, template_of("throttled", format="wav")).template_id


def test_throttled_submission_is_left_to_its_caller(stage, client, bucket, job_of, vcr):
    stage.enabled()
    stage.fault(method="POST", path="/jobs", action={"status": 429, "code": "SlowDown"}, reason=REASON)
    with pytest.raises(ApiError) as caught:
        client.create_job(bucket, job_of("in.mp3", noise_reduction=NoiseReductionParameters(format="wav")))

    assert caught.value.is_throttled
    assert len(vcr) == 1


def test_failed_submission_is_not_repeated(stage, client, bucket, job_of, vcr):
    stage.enabled()
    stage.fault(method="POST", path="/jobs", action={"code": "InternalError"}, reason=REASON)
    with pytest.raises(ApiError) as caught:
        client.create_job(bucket, job_of("in.mp3", noise_reduction=NoiseReductionParameters(format="wav")))

    assert caught.value.is_server_fault
    assert len(vcr) == 1


def test_failed_reading_is_repeated(stage, client, bucket):
    stage.bound()
    stage.fault(action={"status": 500, "code": "InternalError"}, reason=REASON)

    assert client.describe_ci_bucket(bucket) == "on"


def test_error_in_json_is_read(stage, client, bucket):
    stage.bound()
    body = '{"code": "AccessDenied", "message": "no permission", "RequestId": "id"}'
    stage.fault(action={"status": 403, "body": body, "content_type": "application/json"}, reason=REASON)
    with pytest.raises(ApiError) as caught:
        client.describe_ci_bucket(bucket)

    assert (caught.value.code, caught.value.message) == ("AccessDenied", "no permission")


def test_error_without_a_body_is_read(stage, client, bucket):
    stage.bound()
    stage.fault(action={"status": 403, "body": ""}, reason=REASON)
    with pytest.raises(ApiError) as caught:
        client.describe_ci_bucket(bucket)

    assert (caught.value.status, caught.value.code) == (403, "")
    assert not caught.value.is_from_service


def test_submission_whose_answer_names_no_job_has_an_unknown_outcome(stage, client, bucket, job_of, vcr):
    stage.enabled()
    action = {"status": 200, "body": "<Response/>"}
    stage.fault(method="POST", path="/jobs", effect="after", action=action, reason=REASON)
    with pytest.raises(DecodeError):
        client.create_job(bucket, job_of("in.mp3", noise_reduction=NoiseReductionParameters(format="wav")))

    assert len(vcr) == 1
