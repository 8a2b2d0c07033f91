"""What the documentation leaves open, and what the emulator does about it. One table; no row is a fact.

A row with alternatives can be overridden when the emulator is made: a client that works under every choice does not
depend on ours. Numbers like 460/97479 name pages of the cloud's documentation, by product and page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches


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
        "`PUT /` on a bound bucket: `accept` answers 200 again, `refuse` answers 403 `MediaBucketAlreadyBinded`.",
        "accept",
        ("refuse",),
        "460/97479 says “no special errors”; the code is that of a sibling service in 1045/43611",
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
        ("AccessDenied", "MediaBucketUnBinded"),
        "the PHP SDK's samples show 400 `MediaBucketUnBinded` in a sibling service",
    ),
    Assumption(
        "asr_off",
        "Job, queue and template calls and `DELETE /asrbucket` while Smart Audio is off.",
        "400 AsrBucketUnBinded, “Asr processing service is not activated”",
        (),
        "the message is in the Android SDK's test; code and status by analogy with MediaBucketUnBinded",
    ),
    Assumption(
        "service_off",
        "Disabling a service beside Smart Audio that is not enabled.",
        "400, with `MediaBucketUnBinded` and its like",
        (),
        "seen for the media, picture and AI services; the others by analogy",
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
        "`Status` in `GET /cibuckets`, which lists every bucket that is not `off`: the `values` of CIStatus, or "
        "`absent`.",
        "values",
        ("absent",),
        "the Go SDK has the element, and no page names its values",
    ),
    Assumption(
        "names_per_request",
        "How many ids `GET /jobs/<ids>`, and how many names `bucketNames`, may hold: `any` number, or `ten`; more are "
        "refused with 400 `InvalidArgument`.",
        "any",
        ("ten",),
        "no page states a limit; 436/120620 cancels ten jobs at most",
    ),
    Assumption(
        "parameters_absent",
        "A job with neither TemplateId nor NoiseReduction: the documented `defaults` (wav, 16000), or the format "
        "that the output's `extension` names.",
        "defaults",
        ("extension",),
        "the page requires one of the two; the official examples of four SDKs send neither",
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
        "Elements and query parameters that no page names: `ignore` them, or `refuse` them with 400 "
        "`InvalidArgument`, which is stricter than the service and finds a misspelt name.",
        "ignore",
        ("refuse",),
        "the Java SDK sends `BucketName` and `Size` with every job, tests of the Python SDK send `response-…`",
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
        "ResourceNotSupported",
        ("InvalidArgument", "InternalError"),
        "1045/43611: “the file is faulty or unsupported”; no failed noise-reduction job is published",
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
        "the Java SDK takes an empty one for the end; nothing shows an answer",
    ),
    Assumption(
        "cancel_started",
        "Cancelling a job that has started or ended: `refuse` with 400 and “The job provided can not be modified”, "
        "or `ignore` with 200.",
        "refuse",
        ("ignore",),
        "436/120620 names only jobs that wait; the message is in 1045/43704, without code and status",
    ),
    Assumption(
        "unknown_id_status",
        "The status of `QueueNotFound` and `TemplateNotFound`.",
        "400",
        ("404",),
        "the codes are in the older table, which has no statuses",
    ),
    Assumption(
        "unknown_template_deleted",
        "`DELETE /template/<id>` with an unknown id: `accept` with 200, or `refuse` with `TemplateNotFound`.",
        "accept",
        ("refuse",),
        "a test of the Python SDK deletes a made-up id and tolerates no error",
    ),
    Assumption(
        "empty_list",
        "A list without matches: one empty element in `GET /jobs` and `GET /workflow` (`placeholder`), in every list "
        "of CI (`everywhere`), or in none (`absent`).",
        "placeholder",
        ("everywhere", "absent"),
        "the Java SDK drops a lone empty `JobsDetail`, and live answers had a lone empty `MediaWorkflowList`",
    ),
    Assumption(
        "paused_queue",
        "`POST /jobs` to a paused queue: `accept`, and the job waits in `Pause`, or `refuse` with 403 `QueuePaused`.",
        "accept",
        ("refuse",),
        "1045/73367 says that jobs wait; the code is in 1045/43611",
    ),
    Assumption(
        "full_queue",
        "`POST /jobs` while as many jobs are unfinished as the queue's MaxSize: `refuse` with 403 `QueueSaturated`, "
        "or `accept`.",
        "refuse",
        ("accept",),
        "the code is in 1045/43611; what counts is assumed",
    ),
    Assumption(
        "ci_role",
        "Whether the account let CI act for it in the console: `granted`, or `missing`, and `POST /jobs` and "
        "`POST /inventorytriggerjob` answer 400 `CIRoleNotExist`.",
        "granted",
        ("missing",),
        "the code was seen by third parties in sibling services",
    ),
    Assumption(
        "workflow_state_answer",
        "The body of pausing and resuming a workflow: `document` with `MediaWorkflow`, or `empty`.",
        "document",
        ("empty",),
        "a test of the Python SDK reads `MediaWorkflow/State`",
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
        "placeholders",
        "`${…}` in Output/Object of a job.",
        "kept literally",
        (),
        "documented for batch jobs, workflows and VoiceSeparate, not for noise reduction",
    ),
    Assumption(
        "batch_service",
        "What a batch of noise reduction needs beside the binding: `smart_audio`, or the `media` service too, whose "
        "pages describe batches.",
        "smart_audio",
        ("media",),
        "1045/50369 names the tag; no answer to such a batch is published",
    ),
    Assumption(
        "batch_failure",
        "The state of a batch that has ended and some of whose files failed: `Success`, or `Failed`.",
        "Success",
        ("Failed",),
        _ASSUMED,
    ),
    Assumption(
        "batch_ends",
        "When a batch has ended: when all its `files` have, or when every file was `dispatched` to the queue, where "
        "they are still to be worked on.",
        "files",
        ("dispatched",),
        _ASSUMED,
    ),
    Assumption(
        "batch_files",
        "The recordings of a batch: which it names is settled at its submission; each becomes a job of the queue, an "
        "absent one too, and that job fails.",
        "one job each",
        (),
        "jobs of a batch are listed by inventoryTriggerJobId (460/60576); the rest is assumed",
    ),
    Assumption(
        "batch_large_input",
        "A recording of a batch over 10 MiB: a job that ends `Failed` (`fail`), or none (`skip`).",
        "fail",
        ("skip",),
        _ASSUMED,
    ),
    Assumption(
        "batch_list_place",
        "The bucket of the list that `UrlFile` names by its address: `any` of the account, or the batch's `own`, "
        "and others are 400 `InvalidArgument`.",
        "any",
        ("own",),
        "1045/50369 says “URL file name”, a sample of the Python SDK passes an address",
    ),
    Assumption(
        "batch_name",
        "`name` in the list of batches: the name is compared as `exact`, or as a `prefix`.",
        "exact",
        ("prefix",),
        "460/76894 says “batch triggered task name”",
    ),
    Assumption(
        "callbacks",
        "When and how often a callback is sent. It is recorded always, and sent where the emulator is told to.",
        "once, at Success or Failed, without a retry",
        (),
        "1045/73376 says “after completion”; retries and the reply that is expected are not documented",
    ),
    Assumption(
        "wrong_signature",
        "The code of a wrong signature on CI (403; 401 for `InvalidAuthorization`).",
        "SignatureDoesNotMatch",
        ("AccessDenied", "InvalidAuthorization"),
        "COS's code, which the table of CI (1045/43611) does not have; it has the others",
    ),
    Assumption(
        "malformed_signature_on_cos",
        "A malformed signature on the COS hosts; CI has 401 `InvalidAuthorization`.",
        "403 AccessDenied",
        (),
        "436/7730 has codes for a missing, an unknown, an expired and a wrong one",
    ),
    Assumption(
        "ci_error_resource",
        "Resource in CI's error envelope: `absent`, or `present`, without which the Python SDK reads no code.",
        "absent",
        ("present",),
        "1045/43611 has no Resource",
    ),
    Assumption(
        "json_answers",
        "Which answers of CI are JSON for a client with `Accept: application/json`, beside the status: those that "
        "enable and disable some `services` (`/ai_bucket`, `/picbucket`), or `all`.",
        "services",
        ("all",),
        "tests of the Python SDK ask for it there, and it reads JSON there; nothing tells of other answers",
    ),
    Assumption(
        "ci_over_http",
        "Plain HTTP to the CI hosts: `accept`, or `redirect` with 308 to https.",
        "accept",
        ("redirect",),
        "SDKs say that the service redirects; an emulator is mostly spoken to without TLS",
    ),
    Assumption(
        "throttling",
        "Status of `SlowDown` on the CI hosts, where a fault asks for one; 503 on the COS hosts.",
        "429",
        ("503",),
        "1045/43611 for CI, 436/7730 for COS",
    ),
    Assumption(
        "unknown_path",
        "A path of CI that the emulator does not know, and a method that a known one does not have.",
        "404 InvalidUrl",
        (),
        "1045/43611, which has no `MethodNotAllowed`",
    ),
    Assumption(
        "object_keys",
        "Keys that are no plain path of a file or folder (empty, `.` or `..` segments, over 255 bytes in one): 400 "
        "`InvalidObjectName`; a key that is also the folder of another: 409 `PathConflict`.",
        "refused",
        (),
        "objects are files here; COS takes some of them",
    ),
)


def choose(overrides: Mapping[str, str] | None = None) -> dict[str, Assumption]:
    """Return the table by key, with ``overrides`` in place of what is chosen.

    Raises:
        ValueError: a key is not in the table, or a value is none of its alternatives.
    """
    table = {assumption.key: assumption for assumption in ASSUMPTIONS}
    for key, value in (overrides or {}).items():
        if key not in table:
            nearest = get_close_matches(key, table, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "GET /_emulator/assumptions lists them"
            raise ValueError(f"there is no assumption {key!r}; {hint}")
        row = table[key]
        values = (row.chosen, *row.alternatives)
        if value not in values:
            raise ValueError(f"{key} must be {' or '.join(values)}, not {value!r}")
        table[key] = replace(row, chosen=value, alternatives=tuple(other for other in values if other != value))
    return table


def describe(table: Mapping[str, Assumption]) -> list[dict[str, object]]:
    """Return the rows in the words of the control call."""
    return [{**asdict(row), "alternatives": list(row.alternatives)} for row in table.values()]
