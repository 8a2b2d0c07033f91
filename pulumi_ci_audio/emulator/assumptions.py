"""What the documentation leaves open, and what the emulator does about it. One table; no row is a fact.

A row with alternatives is a switch, given when the emulator is made: a client that works under every choice does not
depend on ours. Numbers like 460/97479 name pages of the cloud's documentation, by product and page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace


@dataclass(frozen=True)
class Assumption:
    """An open question, what is assumed, and what can be assumed instead."""

    key: str
    question: str
    chosen: str
    alternatives: tuple[str, ...]
    source: str


_ASSUMED = "assumed"

ASSUMPTIONS: tuple[Assumption, ...] = (
    Assumption(
        "bind_when_bound",
        "`PUT /` on a bound bucket: `accept` answers 200 again, `refuse` answers 400 `BucketAlreadyBinded`.",
        "accept",
        ("refuse",),
        "460/97479 says “no special errors”; the code is in the older table of error codes",
    ),
    Assumption(
        "bind_while_unbinding",
        "`PUT /` and `POST /asrbucket` while the bucket is `unbinding`: `refuse` with 400 `InvalidArgument`, or "
        "`accept`, which ends the unbinding.",
        "refuse",
        ("accept",),
        _ASSUMED,
    ),
    Assumption(
        "bind_answer",
        "The body of `PUT /` on the `.ci.` host: `document` with `CIBucket`, or `empty`. The `.pic.` host: empty.",
        "document",
        ("empty",),
        "460/97479 against 1045/33701",
    ),
    Assumption(
        "status_format",
        "`GET /` is JSON on `.ci.` and XML on `.pic.`; an `Accept` that names one of the two decides instead.",
        "by host and Accept",
        (),
        "1045/33702 and 460/97481 show JSON; the Go SDK reads XML",
    ),
    Assumption(
        "unbind_refusal_code",
        "The code of the refusal to unbind a bucket with something left (400; 403 for `AccessDenied`).",
        "InvalidArgument",
        ("AccessDenied",),
        "“Unbind Bucket” names the check and no code",
    ),
    Assumption(
        "unbind_when_off",
        "`PUT /?unbind` on a bucket that is not bound: `accept` with 200, or `refuse` with 400 `InvalidArgument`.",
        "accept",
        ("refuse",),
        _ASSUMED,
    ),
    Assumption(
        "unbinding_ends",
        "When `unbinding` becomes `off`: by the `clock` after `unbind_seconds`, or by the third read of the status "
        "(`reads`).",
        "clock",
        ("reads",),
        "asynchronous by the Terraform provider, which polls; no duration is published",
    ),
    Assumption(
        "unbind_blockers",
        "What keeps a bucket bound: any workflow, batch jobs in `Submitted`, `Running` or `Pause`, moderation, and "
        "every enabled service.",
        "all of them",
        (),
        "“Unbind Bucket” (2025-12-24) for the first three; 460/30110 says otherwise for services",
    ),
    Assumption(
        "unbound_code",
        "The code of calls on a bucket that exists and is not bound, other than `PUT /`, `GET /`, `PUT /?unbind` "
        "and enabling (400; 403 for `AccessDenied`).",
        "InvalidArgument",
        ("AccessDenied",),
        _ASSUMED,
    ),
    Assumption(
        "asr_off",
        "Job, queue and template calls and `DELETE /asrbucket` while Smart Audio is off.",
        "400 AsrBucketUnBinded, “Asr processing service is not activated”",
        (),
        "the message is in the Android SDK's test; code and status by analogy with MediaBucketUnBinded",
    ),
    Assumption(
        "enable_when_enabled",
        "`POST /asrbucket` on an enabled bucket.",
        "200, nothing changes, CreateTime stays",
        (),
        "the Android SDK's test enables twice",
    ),
    Assumption(
        "enable_binds",
        "`POST /asrbucket` on a bucket that is not bound.",
        "binds it",
        (),
        "1045/73363 (2025) against 436/98018 (2024)",
    ),
    Assumption(
        "disable_with_waiting_jobs",
        "`DELETE /asrbucket` with waiting jobs: `cancel` ends them in `Cancel` and running ones finish, `refuse` "
        "answers 400 `InvalidArgument` while any job is unfinished.",
        "cancel",
        ("refuse",),
        _ASSUMED,
    ),
    Assumption("queue_after_enabling", "The queue after disabling and enabling.", "a new QueueId", (), _ASSUMED),
    Assumption(
        "records_after_disabling",
        "Job records and templates after Smart Audio was switched off and on again.",
        "kept",
        (),
        _ASSUMED,
    ),
    Assumption(
        "default_regions",
        "The lists of enabled buckets without `regions`: `all` regions, or only that of the `host`.",
        "all",
        ("host",),
        "a captured query without regions reported buckets, not their regions",
    ),
    Assumption(
        "bucket_status",
        "`Status` in `GET /cibuckets`, which lists every bucket that is not `off`.",
        "the values of CIStatus",
        (),
        _ASSUMED,
    ),
    Assumption(
        "parameters_absent",
        "A job with neither TemplateId nor NoiseReduction: the documented `defaults` (wav, 16000), or the format "
        "that the output's `extension` names.",
        "defaults",
        ("extension",),
        "the page requires one of the two; the official examples send neither",
    ),
    Assumption(
        "sample_rate_spelling",
        "Which spelling of the rate counts, `both` or one of them; the other is then ignored.",
        "both",
        ("Samplerate", "SampleRate"),
        "job pages write SampleRate; template pages and four SDKs write Samplerate",
    ),
    Assumption(
        "unknown_names",
        "Elements and query parameters that no page names: `refuse` with 400 `InvalidArgument`, or `ignore`.",
        "refuse",
        ("ignore",),
        "not documented; strict on purpose, to catch a misspelt name",
    ),
    Assumption(
        "missing_input",
        "A job whose input does not exist: it is accepted and ends `Failed` with `ResourceNotFound` (`fail`), or "
        "400 `ResourceNotFound` at once (`refuse`).",
        "fail",
        ("refuse",),
        "ResourceNotFound 400 is in the table of error codes; nothing says when",
    ),
    Assumption(
        "large_input",
        "A job whose input is over 10 MiB: `fail` as a job with `InvalidArgument`, or `refuse` with 400.",
        "fail",
        ("refuse",),
        "the limit is documented, its unit and its enforcement are not",
    ),
    Assumption(
        "not_audio",
        "The code of a job whose input is no audio, or an m3u8: it ends `Failed`.",
        "InvalidArgument",
        ("InternalError",),
        "no failed noise-reduction job is published",
    ),
    Assumption(
        "output_denied",
        "A job whose output bucket does not exist, or whose output cannot be written.",
        "ends Failed with WriteTargetBucketDenied",
        (),
        "the code is in the older table of error codes",
    ),
    Assumption(
        "unknown_job_ids",
        "Several unknown ids in `GET /jobs/<ids>`: NonExistJobIds `repeats`, or holds a `comma` list.",
        "repeats",
        ("comma",),
        "documented as String; the Go SDK reads a list",
    ),
    Assumption(
        "end_of_list",
        "NextToken on the last page: `absent`, or an `empty` element.",
        "absent",
        ("empty",),
        _ASSUMED,
    ),
    Assumption(
        "cancel_started",
        "Cancelling a job that has started or ended: `refuse` with 400 and “The job provided can not be modified”, "
        "or `ignore` with 200.",
        "refuse",
        ("ignore",),
        "the message is in 1045/43704, without code and status",
    ),
    Assumption(
        "unknown_id_status",
        "The status of `QueueNotFound` and `TemplateNotFound`.",
        "400",
        ("404",),
        "the codes are in the older table, which has no statuses",
    ),
    Assumption(
        "unknown_id_code",
        "Changing or deleting an unknown job, workflow or batch job.",
        "400 ResourceNotFound",
        (),
        _ASSUMED,
    ),
    Assumption(
        "workflows_without_media",
        "`GET /workflow` on a bucket without the media service and without workflows: `refuse` with 400 "
        "`MediaBucketUnBinded`, or an `empty` list.",
        "refuse",
        ("empty",),
        "seen by third parties",
    ),
    Assumption(
        "batch_type_absent",
        "`GET /inventorytriggerjob` without `type`.",
        "lists Workflow",
        (),
        "the Python SDK's default",
    ),
    Assumption(
        "placeholders", "`${…}` in Output/Object of a job.", "kept literally", (), "documented for workflows only"
    ),
    Assumption(
        "callbacks",
        "CallBack and the queue's NotifyConfig are validated; the emulator makes no outgoing call.",
        "never sent",
        (),
        "a choice of the emulator, not of the service",
    ),
    Assumption(
        "wrong_signature",
        "Code and status of a wrong signature, on CI as on COS.",
        "403 SignatureDoesNotMatch",
        (),
        "an ordinary COS name; CI's own is not published",
    ),
    Assumption(
        "cos_signature_codes",
        "Missing, malformed or expired signatures and unknown keys on the COS hosts.",
        "the codes of CI",
        (),
        "COS has other codes for some of them",
    ),
    Assumption(
        "ci_error_resource",
        "Resource in CI's error envelope: `absent`, or `present`, without which the Python SDK reads no code.",
        "absent",
        ("present",),
        "1045/43611 lists no Resource",
    ),
    Assumption(
        "throttling", "Status of `SlowDown`, where a fault asks for one.", "503", (), "436/7730 for COS, nothing for CI"
    ),
    Assumption(
        "unknown_path",
        "Paths and methods that the emulator does not know.",
        "400 InvalidUrl and 405 MethodNotAllowed",
        (),
        "InvalidUrl is in the older table of error codes, MethodNotAllowed in COS's",
    ),
    Assumption(
        "object_keys",
        "Keys that are no plain path of a file (empty, `.` or `..` segments, over 255 bytes in one): 400 `InvalidUrl`; "
        "a key that is also the folder of another: 409 `PathConflict`.",
        "refused",
        (),
        "objects are files here; COS takes some of them",
    ),
    Assumption(
        "multipart_etag",
        "The ETag of a multipart upload.",
        "the MD5 of the whole object",
        (),
        "COS appends the number of parts; here an object's ETag is always that of its file",
    ),
)


def choose(switches: Mapping[str, str] | None = None) -> dict[str, Assumption]:
    """Return the table by key, with ``switches`` thrown.

    Raises:
        ValueError: a key is not in the table, or a value is none of its alternatives.
    """
    table = {assumption.key: assumption for assumption in ASSUMPTIONS}
    for key, value in (switches or {}).items():
        if key not in table:
            raise ValueError(f"there is no assumption {key!r}")
        row = table[key]
        values = (row.chosen, *row.alternatives)
        if value not in values:
            raise ValueError(f"{key} can be {' or '.join(values)}, not {value!r}")
        table[key] = replace(row, chosen=value, alternatives=tuple(other for other in values if other != value))
    return table


def describe(table: Mapping[str, Assumption]) -> list[dict[str, object]]:
    """Return the rows in the words of the control call."""
    return [{**asdict(row), "alternatives": list(row.alternatives)} for row in table.values()]


def render_markdown() -> str:
    """Return the table in Markdown."""
    lines = ["| key | what is not known | assumed | can be | source |", "|---|---|---|---|---|"]
    for row in ASSUMPTIONS:
        cells = (f"`{row.key}`", row.question, row.chosen, ", ".join(row.alternatives) or "none", row.source)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
