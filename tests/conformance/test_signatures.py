"""Signatures as the official SDK makes them, with what is special about them; and errors as it reads them."""

from __future__ import annotations

import pytest
from qcloud_cos.cos_exception import CosServiceError

from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator
from tests.conformance.conftest import BUCKET, REGION, Sdk


class TestTokens:
    def test_temporary_token_is_signed_under_the_name_of_each_plane(self, ready, sdk):
        temporary = sdk.client(Token="TOKEN/abc+123==")
        temporary.ci_get_asr_queue(Bucket=BUCKET)
        names = [sdk.signed("q-header-list")]
        temporary.put_object(Bucket=BUCKET, Key="a", Body=b"a")
        names.append(sdk.signed("q-header-list"))

        assert "x-ci-security-token" in names[0]
        assert "x-cos-security-token" in names[1]

    def test_temporary_token_may_stand_in_a_presigned_url(self, client, sdk):
        client.put_object(Bucket=BUCKET, Key="a", Body=b"content")
        temporary = sdk.client(Token="TOKEN/abc+123==")
        url = temporary.get_presigned_url(
            Bucket=BUCKET, Key="a", Method="GET", Params={"x-cos-security-token": "TOKEN/abc+123=="}
        )
        answer = sdk.session.get(url, proxies=temporary._conf._proxies, timeout=10)

        assert "q-url-param-list=x-cos-security-token" in url
        assert answer.content == b"content"


class TestHosts:
    def test_host_is_signed_without_its_port(self, ready, sdk, ci_audio_emulator):
        """With a port in its address the SDK signs one thing and sends another."""
        ready.put_object(Bucket=BUCKET, Key="a", Body=b"content")
        with_port = sdk.client(Domain=f"{BUCKET}.cos.{REGION}.myqcloud.com:9350")
        answer = with_port.get_object(Bucket=BUCKET, Key="a")

        assert answer["Body"].get_raw_stream().read() == b"content"
        assert ".com:9350/" in sdk.last.url
        assert sdk.signed("q-header-list") == ["host"]

    def test_host_may_stay_unsigned(self, ready, sdk):
        sdk.client(SignHost=False).ci_get_asr_queue(Bucket=BUCKET)

        assert sdk.signed("q-header-list") == []


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            pytest.param({"SecretKey": "wrong"}, 403, "SignatureDoesNotMatch", id="key"),
            pytest.param({"SecretId": "nobody"}, 401, "SecretidNotExist", id="id"),
            pytest.param({"Anonymous": True}, 401, "InvalidAuthorization", id="none"),
        ],
    )
    def test_wrong_credentials_are_told_apart(self, ready, sdk, changes, status, code):
        with pytest.raises(CosServiceError) as caught:
            sdk.client(**changes).ci_get_asr_queue(Bucket=BUCKET)

        assert caught.value.get_status_code() == status
        assert f"<Code>{code}</Code>" in caught.value.get_origin_msg()

    def test_absent_bucket_is_told(self, ready):
        with pytest.raises(CosServiceError) as caught:
            ready.ci_get_asr_queue(Bucket="absent-1250000000")

        assert caught.value.get_status_code() == 404
        assert "<Code>NoSuchBucket</Code>" in caught.value.get_origin_msg()


class TestErrors:
    def test_those_of_cos_are_read_whole(self, client):
        with pytest.raises(CosServiceError) as caught:
            client.get_object(Bucket=BUCKET, Key="absent 1.wav")
        error = caught.value

        assert (error.get_status_code(), error.get_error_code()) == (404, "NoSuchKey")
        assert error.get_resource_location() == f"{BUCKET}.cos.{REGION}.myqcloud.com/absent 1.wav"
        assert error.get_error_msg()
        assert error.get_request_id()
        assert error.get_trace_id() != "Unknown"

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            pytest.param({"SecretKey": "wrong"}, "SignatureDoesNotMatch", id="key"),
            pytest.param({"SecretId": "nobody"}, "InvalidAccessKeyId", id="id"),
            pytest.param({"Anonymous": True}, "AccessDenied", id="none"),
        ],
    )
    def test_wrong_credentials_are_told_apart_on_cos(self, client, sdk, changes, code):
        with pytest.raises(CosServiceError) as caught:
            sdk.client(**changes).get_object(Bucket=BUCKET, Key="a")

        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (403, code)

    def test_head_of_an_absent_object_has_no_document_to_read(self, client):
        with pytest.raises(CosServiceError) as caught:
            client.head_object(Bucket=BUCKET, Key="absent")

        assert (caught.value.get_status_code(), caught.value.get_error_code()) == (404, "NoSuchResource")
        assert caught.value.get_trace_id()
        assert caught.value.get_request_id()

    def test_those_of_ci_are_not_read_by_the_sdk(self, client):
        """CI's envelope has no Resource (1045/43611), without which the SDK finds no code."""
        with pytest.raises(CosServiceError) as caught:
            client.ci_get_asr_queue(Bucket=BUCKET)

        assert caught.value.get_error_code() == "Unknown"
        assert "<Code>AsrBucketUnBinded</Code>" in caught.value.get_origin_msg()

    def test_those_of_ci_are_read_once_they_hold_a_resource(self, tmp_path):
        emulator = Emulator(data=tmp_path / "data", assumptions={"ci_error_resource": "present"})
        with EmulatorServer(emulator) as server:
            RunningEmulator(server, emulator).put_bucket(REGION, BUCKET)
            sdk = Sdk(server.url)
            with pytest.raises(CosServiceError) as caught:
                sdk.client().ci_get_asr_queue(Bucket=BUCKET)
            sdk.session.close()
        emulator.close()

        assert caught.value.get_error_code() == "AsrBucketUnBinded"
        assert caught.value.get_error_msg() == "Asr processing service is not activated"
        assert caught.value.get_resource_location() == f"{BUCKET}.ci.{REGION}.myqcloud.com/asrqueue"
