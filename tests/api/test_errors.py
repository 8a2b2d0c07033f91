"""Errors are one short printable line, and say what kind of refusal they are."""

import pytest

from pulumi_ci_audio.api.errors import (
    SHOWN_CHARACTERS,
    ApiError,
    CiAudioError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
    TransportError,
    WaitCancelledError,
    WaitTimeoutError,
    one_line,
)


def refused(status=400, code="", message="", request_id="", *, is_from_service=True):
    return ApiError(
        "bind the bucket",
        action="ci:CreateCIBucket",
        any_resource=False,
        status=status,
        code=code,
        message=message,
        request_id=request_id,
        is_from_service=is_from_service,
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

    def test_answer_of_something_else_is_not_said_to_be_the_service_s(self):
        assert str(refused(502, is_from_service=False)) == (
            "could not bind the bucket: an answer without the service's mark, HTTP 502: a proxy or a wrong endpoint?"
        )

    def test_answer_of_something_else_is_quoted(self):
        text = str(refused(403, "Forbidden", "blocked", "id-1", is_from_service=False))

        assert text.endswith("endpoint? It says: code Forbidden, message blocked, request id id-1")

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
            (503, "SlowDown", True, False),
            (429, "SlowDown", True, False),
            (400, "SlowDown", True, False),
            (503, "", False, True),
            (500, "InternalError", False, True),
            (400, "InternalError", False, True),
            (503, "ServiceUnavailable", False, True),
            (501, "NotImplemented", False, False),
            (403, "QueueSaturated", False, False),
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

    @pytest.mark.parametrize(
        ("code", "is_on"),
        [
            ("BucketAlreadyBinded", True),
            ("MediaBucketAlreadyBinded", True),
            ("AsrBucketAlreadyBinded", True),
            ("AsrBucketUnBinded", False),
            ("BucketAlreadyOwnedByYou", False),
        ],
    )
    def test_what_is_on_already_is_told_by_the_end_of_the_code(self, code, is_on):
        assert refused(403, code).is_already_on is is_on

    def test_expired_request_is_a_refused_signature_whatever_its_code(self):
        error = refused(403, "AccessDenied", "Request has expired")

        assert (error.is_signature_refused, error.is_denied) == (True, False)

    def test_missing_bucket_is_told_by_its_code_alone(self):
        assert refused(404, "NoSuchBucket").is_bucket_gone
        assert not refused(404, "NoSuchKey").is_bucket_gone
        assert not refused(404).is_bucket_gone


ANSWERS = {
    "SlowDown 429": (429, "SlowDown"),
    "SlowDown 503": (503, "SlowDown"),
    "QueueSaturated": (403, "QueueSaturated"),
    "InternalError": (500, "InternalError"),
    "ServiceUnavailable": (503, "ServiceUnavailable"),
    "InvalidArgument": (400, "InvalidArgument"),
    "AccessDenied": (403, "AccessDenied"),
    "SignatureExpired": (401, "SignatureExpired"),
    "NoSuchBucket": (404, "NoSuchBucket"),
    "QueuePaused": (403, "QueuePaused"),
    "PermanentRedirect": (301, "PermanentRedirect"),
    "302": (302, ""),
    "404": (404, ""),
    "408": (408, ""),
    "409": (409, ""),
    "413": (413, ""),
    "429": (429, ""),
    "502": (502, ""),
}


class TestEffect:
    """Whether a request had an effect, and whether it may be sent again."""

    NO_EFFECT = ("SlowDown 429", "SlowDown 503", "QueueSaturated", "429")
    FAULTS = ("InternalError", "ServiceUnavailable", "502")

    @pytest.mark.parametrize("name", ANSWERS)
    def test_the_service_alone_can_say_that_there_was_none(self, name):
        error = refused(*ANSWERS[name])

        assert (error.is_not_accepted, error.is_outcome_unknown) == (name in self.NO_EFFECT, name in self.FAULTS)

    @pytest.mark.parametrize("name", ANSWERS)
    def test_answer_of_something_else_leaves_it_unknown(self, name):
        error = refused(*ANSWERS[name], is_from_service=False)
        refusals = (error.is_denied, error.is_signature_refused, error.is_bucket_gone, error.is_throttled)

        assert (error.is_not_accepted, error.is_outcome_unknown, error.kind) == (False, True, None)
        assert not any(refusals)

    @pytest.mark.parametrize("name", ANSWERS)
    def test_overload_and_failure_are_transient_and_refusals_are_not(self, name):
        is_transient = name in (*self.FAULTS, "SlowDown 429", "SlowDown 503", "429")

        assert refused(*ANSWERS[name]).is_transient is is_transient
        assert refused(*ANSWERS[name], is_from_service=False).is_transient is is_transient

    @pytest.mark.parametrize(
        ("error", "is_not_accepted", "is_outcome_unknown", "is_transient"),
        [
            (NotConnectedError("refused"), True, False, True),
            (NoAnswerError("reset"), False, True, True),
            (DecodeError("broken"), False, True, True),
            (SettingsError("none"), False, False, False),
            (WaitTimeoutError("late"), False, False, False),
        ],
        ids=["no connection", "no answer", "unreadable", "settings", "wait"],
    )
    def test_other_errors_say_it_by_their_class(self, error, is_not_accepted, is_outcome_unknown, is_transient):
        actual = (error.is_not_accepted, error.is_outcome_unknown, error.is_transient)

        assert actual == (is_not_accepted, is_outcome_unknown, is_transient)


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
        (WaitCancelledError, Exception),
    ],
)
def test_error_stands_in_its_place_of_the_tree(kind, above):
    assert kind.__bases__ == (above,)
