"""Which operation a request reaches: by its plane, method, path and sub-resources. One table.

Sub-resources (``?unbind``, ``?uploads``) are told by the query, and an object's key keeps every slash it came with:
so the table is matched here rather than by a router of paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.authentication import is_signature_parameter
from pulumi_ci_audio.emulator.http.hosts import Plane
from pulumi_ci_audio.emulator.http.messages import Request, Response
from pulumi_ci_audio.emulator.operations import (
    batch_jobs,
    bindings,
    cos_buckets,
    cos_copies,
    cos_objects,
    cos_uploads,
    jobs,
    queues,
    services,
    templates,
    workflows,
)
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.state.records import SERVICES

Operation = Callable[[Call], Response]

# Parameters that any request may carry: a token beside a signature in the query.
_COMMON = frozenset({"x-cos-security-token", "x-ci-security-token"})
_KEY = r"(?P<key>.+)"


@dataclass(frozen=True)
class Route:
    """A row of the table.

    ``marks`` are the sub-resources it needs and ``header`` the header, ``takes`` the parameters it knows besides.
    """

    planes: tuple[Plane, ...]
    method: str
    path: str
    operation: Operation
    marks: frozenset[str] = frozenset()
    takes: frozenset[str] = frozenset()
    header: str | None = None
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        # <name> is one segment of a path; an object's key is all the rest.
        pattern = re.sub(r"<(\w+)>", lambda match: _KEY if match[1] == "key" else f"(?P<{match[1]}>[^/]+)", self.path)
        object.__setattr__(self, "pattern", re.compile(pattern, re.DOTALL))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BUCKET = (Plane.CI_BUCKET,)
# The pages name the region's host; the SDKs for Go and Java send these lists to the bucket's.
_LISTS = (Plane.CI_REGION, Plane.CI_BUCKET)
_BINDING = (Plane.CI_BUCKET, Plane.CI_LEGACY)
_COS = (Plane.COS,)
_PAGE = _words("pageNumber pageSize")
_BUCKETS = _PAGE | _words("regions bucketNames bucketName")
_TIMES = _words("startCreationTime endCreationTime")
_TOKEN = _TIMES | _words("orderByTime states size nextToken")
_LISTING = _words("prefix delimiter encoding-type")
# Sub-resources of COS that would be taken for an unknown parameter of another operation, and change or destroy.
_NOT_EMULATED = _words(
    "accelerate acl append asyncFetch cors domain domaincertificate encryption intelligenttiering inventory lifecycle "
    "location logging metadata-table object-lock origin policy position publicAccessBlock referer rename replication "
    "restore select symlink tagging torrent versioning versions versionId website ci-process imageInfo"
)

ROUTES = (
    Route(_BINDING, "PUT", "/", bindings.delete_ci_bucket, marks=_words("unbind")),
    Route(_BINDING, "PUT", "/", bindings.create_ci_bucket),
    Route(_BINDING, "GET", "/", bindings.describe_ci_bucket),
    Route(_LISTS, "GET", "/cibuckets", bindings.describe_ci_buckets, takes=_PAGE | _words("bucketName tagKey region")),
    Route(_BUCKET, "POST", "/asrbucket", services.create_asr_bucket),
    Route(_LISTS, "GET", "/asrbucket", services.describe_asr_buckets, takes=_BUCKETS),
    Route(_BUCKET, "DELETE", "/asrbucket", services.delete_asr_bucket),
    *(
        route
        for name, (path, _) in SERVICES.items()
        for route in (
            Route(_LISTS, "GET", path, services.describe_service_buckets(name), takes=_BUCKETS),
            Route(_BUCKET, "POST", path, services.create_service_bucket(name)),
            Route(_BUCKET, "DELETE", path, services.delete_service_bucket(name)),
        )
    ),
    Route(_BUCKET, "GET", "/asrqueue", queues.describe_asr_queues, takes=_PAGE | _words("queueIds state category")),
    Route(_BUCKET, "PUT", "/asrqueue/<queue_id>", queues.update_asr_queue),
    # The second is the older path of recognition jobs, which SDKs still have.
    *(
        route
        for path in ("/jobs", "/asr_jobs")
        for route in (
            Route(_BUCKET, "POST", path, jobs.create_job),
            Route(_BUCKET, "GET", f"{path}/<job_ids>", jobs.describe_job),
            Route(
                _BUCKET,
                "GET",
                path,
                jobs.describe_jobs,
                takes=_TOKEN | _words("tag queueId workflowId inventoryTriggerJobId inputObject"),
            ),
        )
    ),
    Route(_BUCKET, "PUT", "/jobs/<job_ids>", jobs.cancel_job, marks=_words("cancel")),
    Route(_BUCKET, "POST", "/template", templates.create_template),
    Route(_BUCKET, "PUT", "/template/<template_id>", templates.update_template),
    Route(_BUCKET, "GET", "/template", templates.describe_templates, takes=_PAGE | _words("tag category ids name")),
    Route(_BUCKET, "DELETE", "/template/<template_id>", templates.delete_template),
    Route(_BUCKET, "GET", "/workflow", workflows.describe_workflows, takes=_PAGE | _words("ids name")),
    Route(_BUCKET, "PUT", "/workflow/<workflow_id>", workflows.pause_workflow, marks=_words("paused")),
    Route(_BUCKET, "PUT", "/workflow/<workflow_id>", workflows.resume_workflow, marks=_words("active")),
    Route(_BUCKET, "DELETE", "/workflow/<workflow_id>", workflows.delete_workflow),
    Route(
        _BUCKET,
        "GET",
        "/inventorytriggerjob",
        batch_jobs.describe_batch_jobs,
        takes=_TOKEN | _words("type workflowId jobId name"),
    ),
    Route(_BUCKET, "POST", "/inventorytriggerjob", batch_jobs.create_batch_job),
    Route(_BUCKET, "GET", "/inventorytriggerjob/<job_id>", batch_jobs.describe_batch_job),
    Route(_BUCKET, "PUT", "/inventorytriggerjob/<job_id>", batch_jobs.cancel_batch_job, marks=_words("cancel")),
    Route(_COS, "PUT", "/", cos_buckets.put_bucket),
    Route(_COS, "HEAD", "/", cos_buckets.head_bucket),
    Route(_COS, "DELETE", "/", cos_buckets.delete_bucket),
    Route(
        _COS,
        "GET",
        "/",
        cos_uploads.list_multipart_uploads,
        marks=_words("uploads"),
        takes=_LISTING | _words("max-uploads key-marker upload-id-marker"),
    ),
    Route(_COS, "POST", "/", cos_buckets.delete_multiple_objects, marks=_words("delete")),
    Route(_COS, "GET", "/", cos_buckets.list_objects, takes=_LISTING | _words("marker max-keys")),
    Route(_COS, "POST", "/<key>", cos_uploads.initiate_multipart_upload, marks=_words("uploads")),
    Route(_COS, "POST", "/<key>", cos_uploads.complete_multipart_upload, marks=_words("uploadId")),
    Route(
        _COS,
        "PUT",
        "/<key>",
        cos_copies.upload_part_copy,
        marks=_words("partNumber uploadId"),
        header=cos_copies.SOURCE,
    ),
    Route(_COS, "PUT", "/<key>", cos_uploads.upload_part, marks=_words("partNumber uploadId")),
    Route(_COS, "PUT", "/<key>", cos_copies.put_object_copy, header=cos_copies.SOURCE),
    Route(_COS, "PUT", "/<key>", cos_objects.put_object),
    Route(
        _COS,
        "GET",
        "/<key>",
        cos_uploads.list_parts,
        marks=_words("uploadId"),
        takes=_words("max-parts part-number-marker encoding-type"),
    ),
    Route(_COS, "GET", "/<key>", cos_objects.get_object, takes=cos_objects.RESPONSE_PARAMETERS),
    Route(_COS, "HEAD", "/<key>", cos_objects.head_object),
    Route(_COS, "DELETE", "/<key>", cos_uploads.abort_multipart_upload, marks=_words("uploadId")),
    Route(_COS, "DELETE", "/<key>", cos_objects.delete_object),
)


def find_route(plane: Plane, request: Request, *, ignores_unknown: bool) -> tuple[Operation, dict[str, str]]:
    """Return the operation a request reaches, and what its path names.

    Raises:
        ServiceError: there is none, or it does not know a parameter.
    """
    names = {name for name, _ in request.parameters if not is_signature_parameter(name)} - _COMMON
    if plane is Plane.COS and (missing := names & _NOT_EMULATED):
        raise ServiceError("NotImplemented", f"?{min(missing)} is not emulated")
    at_path = [
        (route, match)
        for route in ROUTES
        if plane in route.planes and (match := route.pattern.fullmatch(request.path)) is not None
    ]
    with_method = [(route, match) for route, match in at_path if route.method == request.method]
    if at_path and not with_method and plane is Plane.COS:
        raise ServiceError("MethodNotAllowed", f"there is no {request.method} at this path")
    if not with_method:  # CI's table of errors has no other code for a method
        raise ServiceError("InvalidUrl", f"there is no {request.method} at this path")
    for route, match in with_method:
        if route.marks <= names and (route.header is None or route.header in request.headers):
            unknown = names - route.marks - route.takes
            if unknown and not ignores_unknown:
                raise ServiceError("InvalidArgument", f"this call has no parameter {min(unknown)!r}")
            return route.operation, match.groupdict()
    raise ServiceError("InvalidArgument", f"this call needs ?{'&'.join(sorted(with_method[0][0].marks))}")
