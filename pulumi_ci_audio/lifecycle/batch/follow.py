"""A batch after its submission: its record, its progress, its end, and what it left undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from pulumi_ci_audio.api.errors import CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.records import UNFINISHED_STATES, BatchJobRecord, JobRecord, parse_time
from pulumi_ci_audio.lifecycle.batch.failures import Failure, failure_of, unsuccessful_jobs
from pulumi_ci_audio.lifecycle.batch.survey import Recording, Stale, Survey, look
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchState
from pulumi_ci_audio.lifecycle.errors import ResourceError, explain
from pulumi_ci_audio.lifecycle.types import Context

_REPORT_SECONDS = 5.0
_REPORT_SECONDS_AT_MOST = 60.0
_RECORDINGS_A_PAGE = 1_000
_SHOWN_FAILURES = 100


class BatchNotSettledError(ResourceError):
    """A batch was submitted, and its end or its results were not seen.

    Attributes:
        state: what is known of it.
    """

    def __init__(self, message: str, state: NoiseReductionBatchState) -> None:
        super().__init__(message)
        self.state = state


@dataclass(frozen=True)
class Run:
    """A batch under way.

    Attributes:
        recordings: what it runs; for one that was found, what had no current result then.
        is_exact: whether exactly these were submitted.
    """

    recordings: tuple[Recording, ...]
    is_exact: bool

    def undone(self, survey: Survey) -> list[Recording]:
        """Return those that still have no current result, and are as they were."""
        versions = {recording.key: recording.etag for recording in self.recordings}
        return [recording for recording in survey.pending if versions.get(recording.key) == recording.etag]


@dataclass(frozen=True)
class End:
    """How a batch ended.

    Attributes:
        state: of the batch.
        survey: the folders afterwards.
        failures: what it left undone.
    """

    state: NoiseReductionBatchState
    survey: Survey
    failures: tuple[Failure, ...]


def with_record(state: NoiseReductionBatchState, record: BatchJobRecord) -> NoiseReductionBatchState:
    """Return ``state`` with what the service's record of the batch says."""
    return state.model_copy(
        update={
            "batch_id": record.job_id,
            "state": record.state or "Submitted",
            "creation_time": record.creation_time,
            "end_time": record.end_time,
        }
    )


def wait_until_ended(context: Context, state: NoiseReductionBatchState, run: Run, deadline: float) -> End:
    """Return how the batch ended, once each of its recordings has a result or has certainly none.

    That a batch has ended may say that its recordings were handed out, not that they are done.

    Raises:
        BatchNotSettledError: it has not, within the timeout, or it could not be followed.
    """
    batch = f"batch {state.batch_id} on {state.input_prefix} of bucket {state.location}"
    timeout = max(0.0, deadline - context.waiter.now())
    progress = _Progress(context, run)
    trouble = ""
    try:
        for waited in context.waiter.polls(timeout):
            try:
                record = context.client.describe_batch_job(state.location, state.batch_id or "")
                if record is None and waited > context.settle_seconds:
                    break
                state = state if record is None else with_record(state, record)
                end = find_end(context, state, run, waited) if state.is_terminal else None
                if end is not None:
                    return end
                progress.report(state, waited)
                trouble = ""
            except CiAudioError as error:
                if not error.is_transient:
                    raise
                trouble = f" ({error})"
        else:
            raise BatchNotSettledError(
                f"{batch} was still {state.state} after {timeout:.0f} s{trouble}; "
                "run `pulumi up` again to go on waiting",
                state,
            )
    except WaitCancelledError as error:
        raise BatchNotSettledError(f"interrupted: {batch} goes on; run `pulumi up` again to resume", state) from error
    except CiAudioError as error:
        message = f"{explain(error)}; {batch} goes on; run `pulumi up` again to resume"
        raise BatchNotSettledError(message, state) from error
    raise BatchNotSettledError(
        f"the service has no record of {batch}, last seen {state.state}, so its end is unknown; run `pulumi up` again, "
        "which looks for its results",
        # Otherwise it would be looked for again and again.
        state.model_copy(update={"state": "Cancel"}),
    )


def find_end(context: Context, state: NoiseReductionBatchState, run: Run, waited: float) -> End | None:
    """Return how a batch ended whose record says so, or ``None`` while some of its recordings may still be run.

    Raises:
        CiAudioError: the service cannot be asked.
    """
    context.report(f"[3/3] looking at the results (batch {state.batch_id})")
    survey = look(context.client, state, Stale.by(state))
    if run.is_exact:
        survey = survey.after(run.recordings)
    undone = run.undone(survey)
    jobs = unsuccessful_jobs(context.client, state) if undone else {}
    if any(job.state in UNFINISHED_STATES for job in jobs.values()):
        return None
    failed = undone if run.is_exact else [recording for recording in undone if _was_run(recording, jobs)]
    is_told = run.is_exact and all(recording.key in jobs for recording in undone)
    if undone and not is_told and waited <= context.settle_seconds and _ended_lately(context, state):
        return None
    return End(state, survey, tuple(failure_of(state, jobs.get(recording.key), recording) for recording in failed))


def _was_run(recording: Recording, jobs: Mapping[str, JobRecord]) -> bool:
    """Return whether a batch that was found ran the recording as it is now."""
    job = jobs.get(recording.key)
    created = parse_time(job.creation_time) if job else None
    return created is not None and recording.modified is not None and recording.modified <= created


def _ended_lately(context: Context, state: NoiseReductionBatchState) -> bool:
    ended = parse_time(state.end_time)
    return ended is None or context.unix_time() - ended <= context.settle_seconds


class _Progress:
    """Says how far a batch is, the less often the more there is to count."""

    def __init__(self, context: Context, run: Run) -> None:
        self._context = context
        self._run = run
        pages = 1 + len(run.recordings) // _RECORDINGS_A_PAGE
        self._pause = min(_REPORT_SECONDS * pages, _REPORT_SECONDS_AT_MOST)
        self._next = self._pause
        self._said = ""

    def report(self, state: NoiseReductionBatchState, waited: float) -> None:
        """Say it, if it is time to.

        Raises:
            CiAudioError: it cannot be counted.
        """
        done, failed = 0, ""
        if waited >= self._next:
            self._next = waited + self._pause
            survey = look(self._context.client, state, Stale.by(state))
            done = len(self._run.recordings) - len(self._run.undone(survey))
            failed = f", {self._failed(state)} failed"
        elif self._said == state.state:
            return
        self._said = state.state or ""
        paused = ": its queue is paused" if state.state == "Pause" else ""
        total = len(self._run.recordings)
        self._context.report(f"[2/3] {done} of {total} done{failed} (batch {state.batch_id}){paused}")

    def _failed(self, state: NoiseReductionBatchState) -> str:
        jobs = self._context.client.describe_jobs(state.location, states=["Failed"], batch_job_id=state.batch_id or "")
        count = sum(1 for _ in islice(jobs, _SHOWN_FAILURES))
        return f"{count} or more" if count == _SHOWN_FAILURES else str(count)
