"""What an error of the API advises, on one line."""

import pytest

from pulumi_ci_audio.api.errors import ApiError, NoAnswerError
from pulumi_ci_audio.lifecycle.errors import explain


def refused(status, code="", message="", *, any_resource=False, is_from_service=True):
    return ApiError(
        "do it",
        action="ci:DoIt",
        any_resource=any_resource,
        status=status,
        code=code,
        message=message,
        request_id="id",
        is_from_service=is_from_service,
    )


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (403, "AccessDenied", "grant ci:DoIt"),
        (401, "SecretidNotExist", "check the secret id, key and token, and this machine's clock"),
        (404, "NoSuchBucket", "correct its name or region, or create it first"),
        (400, "AsrBucketUnBinded", "declare an AsrBucketBinding"),
        (429, "SlowDown", "run `pulumi up` again later, or lower CI_AUDIO_REQUESTS_PER_SECOND"),
        (500, "InternalError", "run `pulumi up` again later"),
        (403, "QueueSaturated", "run `pulumi up` again later, when jobs have ended"),
        (403, "QueuePaused", "resume the queue"),
        (400, "CIRoleNotExist", "authorize it once in the CI console"),
        (400, "ResourceNotSupported", "check the recording"),
        (403, "", "grant ci:DoIt"),
        (503, "", "run `pulumi up` again later"),
    ],
)
def test_refusal_of_the_service_is_followed_by_what_to_do(status, code, advice):
    line = explain(refused(status, code))

    assert line.startswith("could not do it: the service said ")
    assert advice in line.partition(", request id id; ")[2]
    assert line.isprintable()


def test_permission_that_cannot_be_narrowed_says_where_it_is_granted():
    assert "grant ci:DoIt on every resource (*), since" in explain(refused(403, "AccessDenied", any_resource=True))


@pytest.mark.parametrize(
    "error", [refused(404), refused(403, "AccessDenied", is_from_service=False), NoAnswerError("it broke")]
)
def test_error_without_a_row_in_the_catalogue_stands_for_itself(error):
    assert explain(error) == str(error)
