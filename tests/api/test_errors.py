"""Errors are one short printable line, and say what kind of refusal they are."""

import pytest

from pulumi_ci_audio.api.errors import (
    SHOWN_CHARACTERS,
    ApiError,
    CiAudioError,
    DecodeError,
    InterruptedWaitError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
    TransportError,
    WaitTimeoutError,
    one_line,
)


def refused(status=400, code="", message="", request_id=""):
    return ApiError(
        "bind the bucket",
        action="ci:CreateCIBucket",
        any_resource=False,
        status=status,
        code=code,
        message=message,
        request_id=request_id,
    )


class TestOneLine:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("plain", "plain"),
            ("  a \r\n\t b\x0b ", "a b"),
            ("a\x1b[31mb\x00\x7f", "a?[31mb??"),
            ("a\u202eb\u200b", "a?b?"),
            ("a\u2028b\u00a0c\x85d", "a b c d"),
            ("错误", "错误"),
            ("\ud800", "?"),
            ("", ""),
        ],
    )
    def test_text_becomes_one_printable_line(self, text, expected):
        assert one_line(text) == expected
        assert one_line(text).isprintable()

    def test_longest_text_is_not_cut(self):
        assert one_line("x" * SHOWN_CHARACTERS) == "x" * SHOWN_CHARACTERS

    def test_longer_text_is_cut_and_shows_it(self):
        assert one_line("x" * (SHOWN_CHARACTERS + 1)) == "x" * (SHOWN_CHARACTERS - 1) + "…"


class TestText:
    def test_error_tells_what_where_why_and_which_request(self):
        assert str(refused(403, "AccessDenied", "no permission", "id-1")) == (
            "could not bind the bucket: the service said AccessDenied (HTTP 403): no permission, request id id-1"
        )

    def test_error_without_parts_says_that_there_are_none(self):
        assert str(refused(500)) == "could not bind the bucket: the service said no code (HTTP 500), request id none"

    def test_message_that_repeats_the_code_is_said_once(self):
        assert str(refused(503, "SlowDown", "SlowDown")).count("SlowDown") == 1

    def test_foreign_parts_are_cut_and_kept_on_one_line(self):
        error = refused(400, "c\n" * 1000, "m\r\n\x1b" * 1000, "r\n" * 1000)

        assert str(error).isprintable()
        assert len(str(error)) < 3 * SHOWN_CHARACTERS + 100
        assert all(len(part) <= SHOWN_CHARACTERS for part in (error.code, error.message, error.request_id))


class TestKinds:
    @pytest.mark.parametrize(
        ("status", "code", "is_denied"),
        [
            (401, "AccessDenied", True),
            (403, "AccessDenied", True),
            (403, "", True),
            (401, "", False),
            (403, "ActiveWorkflowForbiddenUpdate", False),
            (403, "SignatureDoesNotMatch", False),
            (401, "SignatureExpired", False),
            (404, "", False),
        ],
    )
    def test_permission_is_told_by_the_code(self, status, code, is_denied):
        assert refused(status, code).is_denied is is_denied

    @pytest.mark.parametrize(
        "code",
        [
            "MissingAuthorization",
            "InvalidAuthorization",
            "SecretidNotExist",
            "SignatureExpired",
            "SignatureDoesNotMatch",
            "InvalidAccessKeyId",
            "RequestTimeTooSkewed",
            "ExpiredToken",
        ],
    )
    def test_refused_signature_is_no_missing_permission(self, code):
        for status in (401, 403):
            assert (refused(status, code).is_signature_refused, refused(status, code).is_denied) == (True, False)

    def test_missing_permission_is_no_refused_signature(self):
        assert not refused(403, "AccessDenied").is_signature_refused

    @pytest.mark.parametrize(
        ("status", "code", "is_throttled", "is_server_fault"),
        [
            (429, "", True, False),
            (503, "SlowDown", True, True),
            (400, "SlowDown", True, False),
            (503, "", False, True),
            (500, "InternalError", False, True),
            (400, "InternalError", False, True),
            (499, "", False, False),
            (404, "NoSuchBucket", False, False),
        ],
    )
    def test_throttling_and_faults_are_told_apart(self, status, code, is_throttled, is_server_fault):
        error = refused(status, code)

        assert (error.is_throttled, error.is_server_fault) == (is_throttled, is_server_fault)

    @pytest.mark.parametrize(
        ("code", "message", "is_off"),
        [
            ("AsrBucketUnBinded", "", True),
            ("MediaBucketUnBinded", "", True),
            ("AIBucketUnBinded", "", True),
            ("", "Asr processing service is not activated", True),
            ("InvalidArgument", "Asr processing service is not activated, sorry", True),
            ("BucketAlreadyBinded", "", False),
            ("AccessDenied", "not allowed", False),
        ],
    )
    def test_disabled_service_is_told_by_code_or_message(self, code, message, is_off):
        assert refused(400, code, message).is_service_off is is_off

    def test_missing_bucket_is_told_by_its_code_alone(self):
        assert refused(404, "NoSuchBucket").is_bucket_gone
        assert not refused(404, "NoSuchKey").is_bucket_gone
        assert not refused(404).is_bucket_gone


@pytest.mark.parametrize(
    ("kind", "above"),
    [
        (SettingsError, CiAudioError),
        (TransportError, CiAudioError),
        (NotConnectedError, TransportError),
        (NoAnswerError, TransportError),
        (DecodeError, CiAudioError),
        (ApiError, CiAudioError),
        (WaitTimeoutError, CiAudioError),
        (InterruptedWaitError, CiAudioError),
    ],
)
def test_error_stands_in_its_place_of_the_tree(kind, above):
    assert kind.__bases__ == (above,)
