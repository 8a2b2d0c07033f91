import pytest

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.rules.progression import MOVES, move
from pulumi_ci_audio.emulator.state.records import Job, State

EVENTS = sorted({event for event, _ in MOVES})


def job_in(state):
    return Job(id="j", sequence=1, region="r", bucket="b", tag="NoiseReduction", created=0.0, state=state)


@pytest.mark.parametrize("state", list(State), ids=str)
@pytest.mark.parametrize("event", EVENTS)
def test_a_job_moves_as_the_table_says_and_not_otherwise(event, state):
    job = job_in(state)
    if (event, state) in MOVES:
        move(job, event, at=1.0)
        assert job.state is MOVES[event, state]
    else:
        with pytest.raises(ServiceError, match="The job provided can not be modified"):
            move(job, event, at=1.0)
        assert job.state is state


@pytest.mark.parametrize("state", [State.SUCCESS, State.FAILED, State.CANCEL], ids=str)
def test_nothing_moves_a_job_that_has_ended(state):
    assert not [event for event in EVENTS if (event, state) in MOVES]


def test_moves_note_their_times():
    job = job_in(State.SUBMITTED)
    move(job, "start", at=1.0)
    move(job, "succeed", at=2.0)

    assert (job.started, job.ended) == (1.0, 2.0)
