"""How a folder gets a current result for every recording: what is under way is followed, what is left is submitted."""

from __future__ import annotations

from pulumi_ci_audio.lifecycle.batch.failures import with_failures
from pulumi_ci_audio.lifecycle.batch.follow import Run, wait_until_ended, with_record
from pulumi_ci_audio.lifecycle.batch.lookup import Batch, find_or_wait_for_others
from pulumi_ci_audio.lifecycle.batch.submit import require_fit, submit
from pulumi_ci_audio.lifecycle.batch.survey import Recording, Stale, Survey, look
from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchState
from pulumi_ci_audio.lifecycle.given_up import given_up_by
from pulumi_ci_audio.lifecycle.types import Context


def settle(
    context: Context, state: NoiseReductionBatchState, deadline: float, *, runs_all: bool
) -> NoiseReductionBatchState:
    """Follow the batch that is under way, then submit and follow one for what is left.

    Raises:
        BatchNotSettledError: a batch was submitted, and its end was not seen.
        ResourceError: nothing was submitted.
        CiAudioError: the service refused.
    """
    newest = find_or_wait_for_others(context, state, deadline)
    found = newest if newest and _is_news(context, state, newest) else None
    if found is not None:
        context.journal.accept(state.owner, str(found.name), found.record.job_id)
        state = with_record(state.model_copy(update={"since": found.name.since}), found.record)
    survey = look(context.client, state, Stale.by(state))
    if found is None and runs_all:
        state = state.model_copy(update={"since": survey.newest_result, "failures": [], "failed": "", "replaced": ""})
        survey = look(context.client, state, Stale.by(state))
    state = state.model_copy(update={"ran": 0, "skipped": len(survey.recordings) - len(survey.pending)})
    if found is not None:
        state = with_failures(state, survey, ())
        state = state.model_copy(update={"ran": len(survey.pending) if found.is_unfinished else 0})
        if found.is_unfinished and not state.wait:
            return state
        end = wait_until_ended(context, state, Run(survey.pending, is_exact=False), deadline)
        state, survey = with_failures(end.state, end.survey, end.failures), end.survey
    recordings = _to_run(state, survey)
    if not recordings:
        return with_failures(state, survey, ())
    require_fit(context, state, survey, recordings)
    record = submit(context, state, recordings, since=state.since)
    state = with_failures(with_record(state, record), survey, ())
    state = state.model_copy(update={"ran": (state.ran or 0) + len(recordings)})
    if not state.wait:
        return state
    end = wait_until_ended(context, state, Run(recordings, is_exact=True), deadline)
    return with_failures(end.state, end.survey, end.failures)


def _is_news(context: Context, state: NoiseReductionBatchState, batch: Batch) -> bool:
    """Return whether the state does not say yet how a batch ended, and nobody gave it up."""
    if batch.is_unfinished:
        return True
    is_told = state.batch_id == batch.record.job_id and state.is_terminal
    given_up = {id_.remote_id for id_ in given_up_by(context, state.owner, context.journal.find(state.owner))}
    return not is_told and batch.record.job_id not in given_up


def _to_run(state: NoiseReductionBatchState, survey: Survey) -> tuple[Recording, ...]:
    known = state.failed_digests
    return tuple(recording for recording in survey.pending if recording.digest not in known)
