"""What a batch left undone: which recordings, why, and whether they are run again as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_ci_audio.api.errors import TRANSIENT_CODES
from pulumi_ci_audio.api.records import UNFINISHED_STATES, JobRecord
from pulumi_ci_audio.lifecycle.batch.survey import REPLACED, Recording, Survey
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchState, RecordingFailure

if TYPE_CHECKING:
    from pulumi_ci_audio.api.client import Client

NAMED_AT_MOST = 100
"""How many failures the outputs name."""

NAMED_BYTES = 24_000
"""How long they are together at most, so that long keys do not fill the state."""

REMEMBERED_AT_MOST = 2_000
"""How many recordings that failed are told apart from new ones; further ones are run again."""

_LONGEST_MESSAGE = 160
_UNSUCCESSFUL = (*UNFINISHED_STATES, "Failed", "Cancel")


@dataclass(frozen=True)
class Failure:
    """A recording that a batch left without a result.

    Attributes:
        recording: as it was when the batch ran it.
        code: why.
        message: why, in words.
    """

    recording: Recording
    code: str
    message: str

    @property
    def is_final(self) -> bool:
        """Whether running it again as it is would fail again."""
        return self.code not in TRANSIENT_CODES and self.code != "Cancel"


def unsuccessful_jobs(client: Client, state: NoiseReductionBatchState) -> dict[str, JobRecord]:
    """Return the jobs of the batch's recordings that have not succeeded, by the recordings' keys.

    Raises:
        CiAudioError: they cannot be listed.
    """
    jobs = client.describe_jobs(state.location, states=_UNSUCCESSFUL, batch_job_id=state.batch_id or "")
    return {job.input_object: job for job in jobs if job.input_object is not None}


def failure_of(state: NoiseReductionBatchState, job: JobRecord | None, recording: Recording) -> Failure:
    """Return why an ended batch left a recording without a result."""
    if job is not None and job.state == "Failed":
        return Failure(recording, job.code or "Failed", job.message or "")
    if state.state == "Cancel" or (job is not None and job.state == "Cancel"):
        return Failure(recording, "Cancel", "it was cancelled before it was run")
    return Failure(recording, "ResultMissing", f"the batch ended with {state.state}, and there is no result of it")


def with_failures(state: NoiseReductionBatchState, survey: Survey, new: Iterable[Failure]) -> NoiseReductionBatchState:
    """Return the state with what a look at the folders says, and with the failures that are still there.

    A recording that failed before and is as it was is remembered; one that was mended, or has a result, is not.
    """
    failures = {failure.recording.key: failure for failure in new}
    known = state.failed_digests
    told = {failure.input_object: failure for failure in state.failures}
    named: list[RecordingFailure] = []
    digests: list[str] = []
    size = 0
    for recording in survey.pending:
        failure = failures.get(recording.key)
        if failure is not None and failure.recording.etag == recording.etag:
            shown = RecordingFailure(
                input_object=recording.key, code=failure.code, message=failure.message[:_LONGEST_MESSAGE] or None
            )
            is_final = failure.is_final
        elif recording.digest in known:
            shown = told.get(recording.key, RecordingFailure(input_object=recording.key))
            is_final = True
        else:
            continue
        size += len(f"{recording.key}{shown.message}".encode())
        if len(named) < NAMED_AT_MOST and size <= NAMED_BYTES:
            named.append(shown)
        if is_final and len(digests) < REMEMBERED_AT_MOST:
            digests.append(recording.digest)
    replaced = [recording.pair_digest for recording in survey.pending if recording.reason == REPLACED]
    pending = len(survey.pending)
    counts = {"total": len(survey.recordings), "pending": pending, "done": len(survey.recordings) - pending}
    return state.model_copy(
        update={
            **counts,
            "failures": named,
            "failed": "".join(digests),
            "replaced": "".join(replaced[:REMEMBERED_AT_MOST]),
        }
    )
