"""The catalogue knows every documented code, and says of each what it means and what to do."""

import pytest

from pulumi_ci_audio.api.catalogue import CI_CODES, COS_CODES, Kind, find, find_by_status

# The codes of documents 1545/65185, 436/46214 and 1045/43611, of the older numbered table, of 436/7730 as far as they
# can answer this client, and those that the vendor's clients handle.
DOCUMENTED = [
    "PermanentRedirect",
    "TemporaryRedirect",
    "InvalidArgument",
    "MissingContent",
    "InvalidContent",
    "InvalidHost",
    "ResourceNotFound",
    "ResourceAccessDenied",
    "ResourceDownloadFailed",
    "MissingAuthorization",
    "InvalidAuthorization",
    "AccessDenied",
    "SecretidNotExist",
    "SignatureExpired",
    "CIRoleNotExist",
    "ResourceNotSupported",
    "MediaBucketAlreadyBinded",
    "QueueSaturated",
    "QueuePaused",
    "InvalidUrl",
    "AuditingJobNotFound",
    "MissingContentLength",
    "SlowDown",
    "UnavailableForLegalReasons",
    "InternalError",
    "NotImplemented",
    "ServiceUnavailable",
    "InvalidContentType",
    "BucketAlreadyBinded",
    "QueueNotFound",
    "TemplateNotFound",
    "BindedBucketNumLimit",
    "CreatedTemplateNumLimit",
    "MediaBucketUnBinded",
    "TemplateNameDuplicate",
    "ActiveWorkflowForbiddenUpdate",
    "WorkFlowNumLimit",
    "WriteTargetBucketDenied",
    "QueueNumLimit",
    "PicBucketUnBinded",
    "AIBucketUnBinded",
    "NoSuchBucket",
    "UserNotBucketOwner",
    "BadRequest",
    "ExpiredToken",
    "IncompleteBody",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "InvalidAccessKeyId",
]
ENTRIES = (*CI_CODES, *COS_CODES)


@pytest.mark.parametrize("code", DOCUMENTED)
def test_documented_code_is_known(code):
    assert find(code).code == code


def test_each_code_has_one_row():
    assert len({entry.code for entry in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_row_says_in_one_line_what_it_means_and_what_to_do(entry):
    for text in (entry.meaning, entry.advice.format(grant="x")):
        assert text
        assert text.isprintable()
        assert "|" not in text
        assert not text.endswith(".")


@pytest.mark.parametrize("code", ["", "Forbidden", "slowdown", "SlowDown ", "…", "BucketUnBinde"])
def test_code_of_something_else_is_unknown(code):
    assert find(code) is None


@pytest.mark.parametrize(
    ("code", "kind"), [("AsrBucketUnBinded", Kind.SERVICE_OFF), ("AsrBucketAlreadyBinded", Kind.ALREADY_ON)]
)
def test_code_of_a_sibling_service_is_known_by_its_end(code, kind):
    assert find(code).kind is kind


@pytest.mark.parametrize(
    ("status", "code"), [(403, "AccessDenied"), (429, "SlowDown"), (500, "InternalError"), (599, "InternalError")]
)
def test_status_without_a_code_stands_for_one(status, code):
    assert find_by_status(status).code == code


@pytest.mark.parametrize("status", [301, 400, 401, 404, 418, 499])
def test_other_status_without_a_code_stands_for_none(status):
    assert find_by_status(status) is None
