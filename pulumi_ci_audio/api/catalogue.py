"""The error codes of CI and COS: what each means, and what to do about it. Pure data.

Messages, the questions that can be asked of an error, and docs/errors.md all come from these rows. Codes and statuses
are those of the pages 1545/65185, 436/46214, 1045/43611 and, for COS, 436/7730; the older numbered table names codes
without a status.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus


class Kind(Enum):
    """What a code means for the request that it answers."""

    REFUSED = "refused"
    DENIED = "permission missing"
    SIGNATURE_REFUSED = "credentials refused"
    BUCKET_GONE = "bucket absent"
    SERVICE_OFF = "service off"
    ALREADY_ON = "already on"
    THROTTLED = "not accepted, too many requests"
    QUEUE_FULL = "not accepted, queue full"
    SERVER_FAULT = "failed, outcome unknown"


@dataclass(frozen=True)
class Entry:
    """A code of the service.

    Attributes:
        code: as the service spells it; a leading ``…`` stands for any beginning.
        statuses: the HTTP statuses it comes with; none where no source says.
        kind: what it means for the request.
        meaning: what it says.
        advice: what to do; ``{grant}`` stands for the permission that the operation needs, and where.
    """

    code: str
    statuses: tuple[int, ...]
    kind: Kind
    meaning: str
    advice: str


_LATER = "run `pulumi up` again later"
_REPORT = "this package sent what the service does not take: report it with the request id"
_CREDENTIALS = "check the secret id, key and token, and this machine's clock"
_GRANT = "grant {grant}"
_ANOTHER_HOST = "check the region, and the endpoint if one is set"
_CREATE_BUCKET = "there is no such bucket in this region: correct its name or region, or create it first"
_SWITCH_ON = "the service is off for this bucket: declare an AsrBucketBinding that this resource depends on"
_RECORDING = "check the recording: it must be an audio file of at most 10 MB"


def _entries(kind: Kind, *rows: tuple[str, tuple[int, ...], str, str]) -> tuple[Entry, ...]:
    return tuple(Entry(code, statuses, kind, meaning, advice) for code, statuses, meaning, advice in rows)


CI_CODES = (
    *_entries(
        Kind.REFUSED,
        ("PermanentRedirect", (301,), "the resource is at another address", _ANOTHER_HOST),
        ("TemporaryRedirect", (307,), "the resource is at another address for now", _ANOTHER_HOST),
        ("InvalidArgument", (400,), "a parameter is not valid", "correct the input that the message names"),
        ("MissingContent", (400,), "the request has no body", _REPORT),
        ("InvalidContent", (400, 413), "the body is malformed or too large", _REPORT),
        ("InvalidContentType", (), "the body has a type that is not taken", _REPORT),
        ("InvalidHost", (400,), "the request was sent to a host that is none of the service", _ANOTHER_HOST),
        ("MissingContentLength", (411,), "the request does not say its length", "look for a proxy that drops it"),
        ("InvalidUrl", (404,), "there is nothing at this path", _ANOTHER_HOST),
        ("NotImplemented", (501,), "the service does not have this operation", _ANOTHER_HOST),
        ("ResourceNotFound", (400,), "the input does not exist", "create the recording first, or correct its key"),
        (
            "ResourceAccessDenied",
            (400,),
            "the service may not read the input or write the result",
            "let CI's role CI_QCSRole read and write the bucket: authorize it in the console",
        ),
        ("ResourceDownloadFailed", (400,), "the input could not be fetched", "check that the recording can be read"),
        ("ResourceNotSupported", (400,), "the file is faulty or of a kind that is not supported", _RECORDING),
        (
            "CIRoleNotExist",
            (400,),
            "the account has not authorized CI's role CI_QCSRole",
            "authorize it once in the CI console, as the account's owner",
        ),
        (
            "WriteTargetBucketDenied",
            (),
            "the result may not be written to its bucket",
            "let CI's role CI_QCSRole write the output bucket, or choose another one",
        ),
        ("QueuePaused", (403,), "the queue is paused", "resume the queue in the console, or choose another queue_id"),
        ("QueueNotFound", (), "there is no such queue", "correct queue_id, or leave it out for the default queue"),
        ("QueueNumLimit", (), "the account has as many queues as it may", "delete one, or ask for a higher limit"),
        ("TemplateNotFound", (), "there is no such template", "correct template_id, or create the template first"),
        (
            "TemplateNameDuplicate",
            (),
            "another template of the bucket has this name",
            "choose another template_name, or declare that template's format and rate to adopt it",
        ),
        (
            "CreatedTemplateNumLimit",
            (),
            "the bucket has as many templates as it may",
            "delete one, or ask for a higher limit",
        ),
        (
            "BindedBucketNumLimit",
            (),
            "the account has bound as many buckets as it may",
            "unbind one, or ask for a higher limit",
        ),
        ("WorkFlowNumLimit", (), "the bucket has as many workflows as it may", "delete one, or ask for a higher limit"),
        (
            "ActiveWorkflowForbiddenUpdate",
            (403,),
            "the workflow is active and cannot be changed",
            "pause the workflow first: `PUT /workflow/<id>?paused`",
        ),
        ("AuditingJobNotFound", (404,), "there is no such moderation job", "correct its id"),
        (
            "UnavailableForLegalReasons",
            (451,),
            "the content may not be processed for legal reasons",
            "use another recording, or ask the vendor's support",
        ),
    ),
    *_entries(Kind.DENIED, ("AccessDenied", (401, 403), "a permission is missing", _GRANT)),
    *_entries(
        Kind.SIGNATURE_REFUSED,
        ("MissingAuthorization", (401,), "the request has no signature", "look for a proxy that drops it"),
        ("InvalidAuthorization", (401,), "the signature is malformed or wrong", _CREDENTIALS),
        ("SecretidNotExist", (401,), "there is no such secret id", _CREDENTIALS),
        ("SignatureExpired", (401,), "the signature is outside its time", _CREDENTIALS),
    ),
    *_entries(
        Kind.SERVICE_OFF,
        ("MediaBucketUnBinded", (400,), "media processing is off for the bucket", _SWITCH_ON),
        ("PicBucketUnBinded", (400,), "image processing is off for the bucket", _SWITCH_ON),
        ("AIBucketUnBinded", (), "AI recognition is off for the bucket", _SWITCH_ON),
        ("…BucketUnBinded", (), "the service of this name is off for the bucket", _SWITCH_ON),
    ),
    *_entries(
        Kind.ALREADY_ON,
        ("BucketAlreadyBinded", (), "the bucket is bound to CI", "nothing: it is on"),
        ("MediaBucketAlreadyBinded", (403,), "media processing is on for the bucket", "nothing: it is on"),
        ("…AlreadyBinded", (), "what was to be switched on is on", "nothing: it is on"),
    ),
    *_entries(
        Kind.THROTTLED,
        (
            "SlowDown",
            (429, 503),
            "too many requests in a short time",
            f"{_LATER}, or lower CI_AUDIO_REQUESTS_PER_SECOND",
        ),
    ),
    *_entries(
        Kind.QUEUE_FULL,
        ("QueueSaturated", (403,), "the queue is full", f"{_LATER}, when jobs have ended, or choose another queue_id"),
    ),
    *_entries(
        Kind.SERVER_FAULT,
        ("InternalError", (500,), "the service failed", _LATER),
        ("ServiceUnavailable", (503,), "the service cannot be reached for now", _LATER),
    ),
)
"""The codes of CI."""

COS_CODES = (
    *_entries(
        Kind.REFUSED,
        ("BadRequest", (400,), "the request is malformed", _REPORT),
        ("IncompleteBody", (400,), "the body is shorter than the request says", "look for a proxy that cuts it"),
        ("InvalidURI", (400,), "the key cannot be one of an object", "correct the key"),
        ("InvalidObjectName", (400,), "the key cannot be one of an object", "correct the key"),
        ("KeyTooLong", (400,), "the key is longer than 850 bytes", "choose a shorter key"),
        ("MethodNotAllowed", (405,), "the address does not take this method", _ANOTHER_HOST),
        ("NoSuchKey", (404,), "the object does not exist", "create the object first, or correct its key"),
        ("UserNotBucketOwner", (), "the bucket belongs to another account", "use credentials of the bucket's account"),
        ("PathConflict", (409,), "another request changed the object at the same time", _LATER),
    ),
    *_entries(
        Kind.SIGNATURE_REFUSED,
        (
            "ExpiredToken",
            (400,),
            "the temporary credentials have expired",
            "check the secret id, key and token: temporary ones must be renewed",
        ),
        ("InvalidAccessKeyId", (403,), "there is no such secret id", _CREDENTIALS),
        ("RequestTimeTooSkewed", (403,), "this machine's clock is wrong", "correct this machine's clock"),
        ("SignatureDoesNotMatch", (403,), "the signature is wrong", _CREDENTIALS),
    ),
    *_entries(Kind.BUCKET_GONE, ("NoSuchBucket", (404,), "the bucket does not exist", _CREATE_BUCKET)),
)
"""The codes of COS, which also answers requests that do not get as far as CI."""

SERVICE_OFF_MESSAGE = "is not activated"
"""Part of the message by which Smart Audio says that it is off; its code is not known (document 1045/73365)."""

EXPIRED_MESSAGE = "Request has expired"
"""How COS says, under the code ``AccessDenied``, that a signature is outside its time (document 436/7730)."""

_ENTRIES: Mapping[str, Entry] = {entry.code: entry for entry in (*CI_CODES, *COS_CODES)}
_ENDINGS = tuple(entry for entry in CI_CODES if entry.code.startswith("…"))


def find(code: str, message: str = "") -> Entry | None:
    """Return what is known of an answer, or ``None`` where it is none that the service is known to give."""
    if code == "AccessDenied" and message.startswith(EXPIRED_MESSAGE):
        return _ENTRIES["SignatureExpired"]
    if SERVICE_OFF_MESSAGE in message:
        return _ENTRIES["…BucketUnBinded"]
    known = _ENTRIES.get(code)
    return known or next((entry for entry in _ENDINGS if code.endswith(entry.code[1:])), None)


def find_by_status(status: int) -> Entry | None:
    """Return what a status means that comes without a code, as in the answer to a ``HEAD``."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _ENTRIES["InternalError"]
    code = {HTTPStatus.FORBIDDEN.value: "AccessDenied", HTTPStatus.TOO_MANY_REQUESTS.value: "SlowDown"}.get(status, "")
    return _ENTRIES.get(code)
