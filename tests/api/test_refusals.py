"""An answer that is no success says more than its code: a clock that is wrong, another address, a pause."""

from email.utils import formatdate

import pytest

from pulumi_ci_audio.api import operations
from pulumi_ci_audio.api.refusals import SHOWN_SKEW_SECONDS, api_error
from tests.api.doubles import answered

NOW = 1_700_000_000.0
EXPIRED = b"<Error><Code>SignatureExpired</Code><Message>expired</Message></Error>"


def error_of(status, body=b"", operation=operations.CREATE_CI_BUCKET, **headers):
    return api_error("bind it", operation, answered(body, status=status, **headers), NOW)


class TestClock:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (900, "this machine's clock is 900 s ahead of the service's: correct it"),
            (-3600, "this machine's clock is 3600 s behind the service's: correct it"),
        ],
    )
    def test_refused_signature_says_by_how_much_the_clock_is_wrong(self, seconds, words):
        error = error_of(403, EXPIRED, x_ci_request_id="id", date=formatdate(NOW - seconds, usegmt=True))

        assert str(error).endswith(f"request id id ({words})")

    def test_refused_head_says_it_too(self):
        error = error_of(403, operation=operations.HEAD_OBJECT, x_cos_request_id="id", date=formatdate(NOW + 1000))

        assert "1000 s behind" in str(error)

    @pytest.mark.parametrize(
        "date", ["", "yesterday", formatdate(NOW), formatdate(NOW - SHOWN_SKEW_SECONDS), formatdate(NOW + 5)]
    )
    def test_clock_that_is_right_or_cannot_be_told_is_not_spoken_of(self, date):
        assert "clock" not in str(error_of(403, EXPIRED, x_ci_request_id="id", date=date))

    def test_other_refusals_have_nothing_to_do_with_it(self):
        body = b"<Error><Code>InvalidArgument</Code></Error>"

        assert "clock" not in str(error_of(400, body, x_ci_request_id="id", date=formatdate(NOW - 9000)))


class TestRedirection:
    def test_redirection_to_https_is_said_as_such(self):
        error = error_of(308, location="https://test.ci.ap-chongqing.myqcloud.com/jobs?sign=hidden")

        assert not error.is_from_service
        assert "HTTP 308" in str(error)
        assert "redirected to https://test.ci.ap-chongqing.myqcloud.com, which is not followed" in str(error)

    def test_neither_password_nor_query_of_it_is_shown(self):
        assert "hidden" not in str(error_of(302, location="https://hidden:hidden@host/hidden?hidden#hidden"))

    @pytest.mark.parametrize("location", ["", "/relative", "https://[", "mailto:somebody"])
    def test_place_that_is_no_address_is_not_spoken_of(self, location):
        assert "redirected" not in str(error_of(302, location=location))


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("7", 7.0),
            (" 0 ", 0.0),
            (formatdate(NOW + 20, usegmt=True), 20.0),
            (formatdate(NOW - 20, usegmt=True), 0.0),
            ("", None),
            ("-1", None),
            ("7.5", None),
            ("\u0667", None),
            ("9" * 5000, None),
            ("soon", None),
        ],
    )
    def test_pause_is_read_as_seconds_or_as_a_date(self, text, seconds):
        assert error_of(429, retry_after=text).retry_after == seconds
