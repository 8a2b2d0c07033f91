"""The errors the service answers with, and the HTTP status each code comes with.

Codes and statuses are those of the pages "Error Codes" of CI (1045/43611, 1545/65185) and of COS (436/7730), and of
CI's older numbered table, which gives no status; where no source gives one, the choice is listed in
``assumptions.py``. The two planes word some refusals differently: ``operations/refusals.py``. How an error looks on
the wire is decided in ``http/messages.py``.
"""

from __future__ import annotations

STATUS = {
    "AIBucketUnBinded": 400,
    "AccessDenied": 403,
    "ActiveWorkflowForbiddenUpdate": 403,
    "AsrBucketUnBinded": 400,
    "BadDigest": 400,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "CIRoleNotExist": 400,
    "DocBucketUnBinded": 400,
    "FileAlreadyExists": 409,
    "FileBucketUnBinded": 400,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidAuthorization": 401,
    "InvalidContent": 400,
    "InvalidCopySource": 400,
    "InvalidDigest": 400,
    "InvalidHost": 400,
    "InvalidObjectName": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "InvalidRange": 416,
    "InvalidURI": 400,
    "InvalidUrl": 404,
    "KeyTooLong": 400,
    "MalformedXML": 400,
    "MediaBucketAlreadyBinded": 403,
    "MediaBucketUnBinded": 400,
    "MethodNotAllowed": 405,
    "MissingAuthorization": 401,
    "MissingContent": 400,
    "MissingRequestBodyError": 400,
    "NoSuchBucket": 404,
    "NoSuchCopySource": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "PathConflict": 409,
    "PicBucketUnBinded": 400,
    "PreconditionFailed": 412,
    "QueueNotFound": 400,
    "QueuePaused": 403,
    "QueueSaturated": 403,
    "ResourceNotFound": 400,
    "ResourceNotSupported": 400,
    "SecretidNotExist": 401,
    "SignatureDoesNotMatch": 403,
    "SignatureExpired": 401,
    "SlowDown": 503,
    "TemplateNameDuplicate": 400,
    "TemplateNotFound": 400,
    "WriteTargetBucketDenied": 403,
}

_CODES = {
    401: "MissingAuthorization",
    403: "AccessDenied",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    409: "PathConflict",
    429: "SlowDown",
    503: "SlowDown",
}


class ServiceError(Exception):
    """A refusal by the emulated service: what the client is told."""

    def __init__(self, code: str, message: str, *, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = STATUS[code] if status is None else status


class ClientGoneError(Exception):
    """The client closed its connection before the operation took effect, so it is not carried out."""


class ConnectionResetFault(Exception):  # noqa: N818  a test asked for it, it is no error of the emulator
    """Ends the connection by a TCP reset instead of a response."""


class NotAudioError(Exception):
    """The input holds no audio that can be decoded; the text is one line without a path."""


def code_of(status: int) -> str:
    """Return the code that an error with ``status`` most likely has."""
    return _CODES.get(status, "InternalError" if status >= 500 else "InvalidArgument")  # noqa: PLR2004  5xx
