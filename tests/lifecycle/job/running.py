"""Jobs as the tests of their lifecycle run them, and the ways in which a submission goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_ci_audio.lifecycle.journal import FileJournal
from pulumi_ci_audio.lifecycle.marker import SubmissionMarker
from tests.lifecycle.conftest import (
    DENIED,
    IN_FLIGHT_SECONDS,
    JOB,
    NAME,
    REGION,
    SETTLE_SECONDS,
    through_json,
)
from tests.support.engine import JOBS, InitFailed

UNSETTLED_SECONDS = IN_FLIGHT_SECONDS + SETTLE_SECONDS
HTML = {"status": 200, "body": "<html>welcome</html>", "content_type": "text/html"}
UNKNOWN_OUTCOMES: dict[str, dict[str, Any]] = {
    "reset": {"reset": True},
    "500": {"status": 500},
    "502 in HTML": {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"},
    "503 without a code": {"status": 503, "body": " "},
    "InternalError with 400": {"status": 400, "code": "InternalError"},
    "timeout": {"status": 200, "body": "late", "delay": 40},
    "HTML": HTML,
    "an answer without a job": {"status": 200, "body": "<Response/>"},
    "half an answer": {"status": 200, "body": "<Response><JobsDetail><JobId>j1"},
}
TURNED_AWAY: dict[str, dict[str, Any]] = {
    "429": {"status": 429},
    "503 SlowDown": {"status": 503, "code": "SlowDown"},
    "full queue": {"status": 403, "code": "QueueSaturated"},
}
REFUSALS: dict[str, dict[str, Any]] = {
    "400": {"status": 400, "code": "InvalidArgument"},
    "403": DENIED,
    "401": {"status": 401, "code": "AccessDenied"},
    "403 for the signature": {"status": 403, "code": "SignatureDoesNotMatch"},
    "404": {"status": 404, "code": "QueueNotFound"},
    "409": {"status": 409, "code": "PathConflict"},
}
ID = f"{REGION}/{NAME}"


def table(cases):
    return pytest.mark.parametrize("trouble", cases.values(), ids=list(cases))


def checked(**inputs):
    return JOBS.check({}, {**JOB, **inputs}, None).inputs


def create(cloud, context=None, **inputs):
    return JOBS.create(context or cloud.context(), checked(**inputs)).state


def kept(cloud, context=None, **inputs):
    """Create a job whose end is not a good one, and return what was kept of it."""
    with pytest.raises(InitFailed) as error:
        create(cloud, context, **inputs)
    return error.value


def resumed(cloud, state, context=None, **inputs):
    return JOBS.update(context or cloud.context(), f"{ID}/{state['jobId']}", through_json(state), checked(**inputs))


def marker_of(cloud):
    (job,) = cloud.jobs
    return str(SubmissionMarker.find_in(job["user_data"]))


def call_off(cloud):
    return lambda: setattr(cloud, "is_cancelled", True)


def copy_of(cloud, job_id, other_id):
    """Return a finished job of somebody else that reads the same recording, and is newer."""
    found = cloud.record.jobs[job_id]
    return type(found)(
        **{**vars(found), "id": other_id, "user_data": None, "sequence": cloud.emulator.store.next_number()}
    )


def elsewhere(cloud):
    """Return the journal of another machine."""
    return FileJournal(cloud.folder.parent / "another machine", now=cloud.now, uptime=cloud.clock.now)


def forced(cloud, state):
    """Return the context of a process that was told to run the job of ``state`` again, and has deleted it."""
    context = cloud.context()
    JOBS.delete(context, f"{ID}/{state['jobId']}", through_json(state))
    return context


def slow_cloud(make_cloud, seconds=30, **settings):
    cloud = make_cloud(job_seconds=seconds, **settings)
    cloud.seed(ci="on", asr="on")
    return cloud


def with_transport(cloud, transport):
    return cloud.context(transport=transport)
