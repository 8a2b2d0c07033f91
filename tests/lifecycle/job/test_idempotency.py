"""Whose a job is, and what to do about the jobs that are there: one row of the table of promises after the other."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_ci_audio.api.records import TERMINAL_STATES, UNFINISHED_STATES, JobRecord
from pulumi_ci_audio.lifecycle.job.idempotency import Submit, TakeOver, WaitFor, decide
from pulumi_ci_audio.lifecycle.marker import MARKER_LENGTH, SubmissionMarker

CONTENT = {"bucket": "recordings-1250000000", "inputObject": "voice.mp3", "sampleRate": 16000}
OWNER = "recordings/dev//clean"
MINE = SubmissionMarker.of(OWNER, CONTENT, "e1")
UNSEEN = SubmissionMarker.of(OWNER, CONTENT, None)
RECORDED_ANEW = SubmissionMarker.of(OWNER, CONTENT, "e2")
CHANGED = SubmissionMarker.of(OWNER, {**CONTENT, "sampleRate": 8000}, "e1")
FOREIGN = SubmissionMarker.of("recordings/prod//clean", CONTENT, "e1")


def job(state, marker=MINE, job_id="j1", user_data=None):
    """Return a job; of two, the one with the higher number was created later."""
    text = str(marker) if marker else user_data
    created = f"2026-01-01T00:00:{int(job_id[1:]):02}+0800"
    return JobRecord(job_id=job_id, state=state, user_data=text, creation_time=created)


def decision(*jobs, marker=MINE, known=None, given_up=(), elsewhere=(), recent=False, results=None):
    """Return what is decided as the name of the decision and the id of its job."""
    found = decide(
        jobs,
        marker,
        known=known or {},
        is_given_up=lambda job_id: job_id in given_up,
        writes_the_result=lambda job: job.job_id not in elsewhere,
        is_recent=lambda _: recent,
        result_is_there=lambda job: results is None or job.job_id in results,
    )
    return (type(found), None) if isinstance(found, Submit) else (type(found), found.job.job_id)


class TestMarker:
    @pytest.mark.parametrize("own", [None, "", "mine", "a text with pulumi: in it", str(FOREIGN), "~" * 983])
    def test_it_is_found_again_behind_a_text_of_ones_own(self, own):
        text = MINE.after(own)

        assert SubmissionMarker.find_in(text) == MINE
        assert text.startswith(own or "pulumi:")

    def test_it_is_as_long_as_the_rule_for_texts_of_ones_own_says(self):
        assert len(str(MINE)) == MARKER_LENGTH
        assert set(str(MINE)) <= set(string.ascii_lowercase + string.digits + ":")

    @pytest.mark.parametrize(
        "text", [None, "", "mine", str(MINE)[:-1], f"{MINE} and more", str(MINE).upper(), str(MINE)[1:]]
    )
    def test_nothing_else_is_taken_for_one(self, text):
        assert SubmissionMarker.find_in(text) is None

    def test_another_owner_has_another_owner_and_the_same_content(self):
        assert FOREIGN.owner != MINE.owner
        assert FOREIGN.content == MINE.content

    @pytest.mark.parametrize(
        "change",
        [{"sampleRate": 8000}, {"inputObject": "other.mp3"}, {"triggers": [1]}, {"outputBucket": "archive-1250000000"}],
        ids=lambda change: next(iter(change.items())).__repr__(),
    )
    def test_other_content_has_the_same_owner_and_another_content(self, change):
        changed = SubmissionMarker.of(OWNER, {**CONTENT, **change}, "e1")

        assert changed.owner == MINE.owner
        assert changed.content != MINE.content
        assert not changed.asks_the_same_as(MINE)

    def test_another_recording_is_told_from_the_same_one(self):
        assert not RECORDED_ANEW.asks_the_same_as(MINE)
        assert SubmissionMarker.of(OWNER, CONTENT, "e1").asks_the_same_as(MINE)

    @pytest.mark.parametrize("other", [MINE, RECORDED_ANEW, UNSEEN])
    def test_recording_that_could_not_be_looked_at_may_be_any(self, other):
        assert UNSEEN.asks_the_same_as(other)
        assert other.asks_the_same_as(UNSEEN)
        assert not UNSEEN.etag_is_known

    @pytest.mark.parametrize(
        "triggers", [([1], [2]), ([1], ["1"]), ([1], [True]), ([1, 2], [2, 1]), (["a", "b"], ["ab"])]
    )
    def test_triggers_that_differ_give_contents_that_differ(self, triggers):
        first, second = (SubmissionMarker.of("me", {"triggers": values}, None) for values in triggers)

        assert first != second

    @pytest.mark.parametrize("nothing", [{"triggers": []}, {"triggers": None}, {"outputRegion": None}])
    def test_nothing_said_and_said_to_be_nothing_are_the_same(self, nothing):
        assert SubmissionMarker.of(OWNER, {**CONTENT, **nothing}, "e1") == MINE

    @given(st.permutations(sorted(CONTENT)))
    def test_the_order_of_properties_makes_no_difference(self, names):
        assert SubmissionMarker.of(OWNER, {name: CONTENT[name] for name in names}, "e1") == MINE


class TestTable:
    @pytest.mark.parametrize("state", UNFINISHED_STATES)
    @pytest.mark.parametrize("marker", [MINE, UNSEEN], ids=["ETag known", "ETag unknown"])
    def test_an_unfinished_job_with_the_same_marker_is_taken_over(self, state, marker):
        assert decision(job(state), marker=marker, results=()) == (TakeOver, "j1")

    def test_a_successful_one_is_taken_over_if_its_result_is_there(self):
        assert decision(job("Success")) == (TakeOver, "j1")

    def test_a_successful_one_without_its_result_is_not_considered(self):
        assert decision(job("Success"), results=()) == (Submit, None)

    def test_a_failure_that_nobody_was_told_is_taken_over(self):
        assert decision(job("Failed"), results=()) == (TakeOver, "j1")

    def test_a_cancelled_one_is_not_considered(self):
        assert decision(job("Cancel")) == (Submit, None)

    @pytest.mark.parametrize("state", ["Success", "Failed"])
    def test_a_finished_one_that_was_given_up_is_not_considered(self, state):
        assert decision(job(state), given_up={"j1"}) == (Submit, None)

    @pytest.mark.parametrize("state", UNFINISHED_STATES)
    def test_an_unfinished_one_that_was_given_up_is_waited_out(self, state):
        assert decision(job(state), given_up={"j1"}) == (WaitFor, "j1")

    @pytest.mark.parametrize("state", UNFINISHED_STATES)
    @pytest.mark.parametrize("other", [CHANGED, RECORDED_ANEW], ids=["content", "recording"])
    def test_an_unfinished_one_with_other_content_is_waited_out(self, state, other):
        assert decision(job(state, other)) == (WaitFor, "j1")

    @pytest.mark.parametrize(("given_up", "kind"), [((), Submit), (("j1",), WaitFor)])
    def test_an_unfinished_one_that_writes_something_else_is_let_alone_unless_it_was_given_up(self, given_up, kind):
        assert decision(job("Running", CHANGED), elsewhere=("j1",), given_up=given_up)[0] is kind

    @pytest.mark.parametrize("state", TERMINAL_STATES)
    @pytest.mark.parametrize("other", [CHANGED, RECORDED_ANEW], ids=["content", "recording"])
    def test_a_finished_one_with_other_content_is_not_considered(self, state, other):
        assert decision(job(state, other)) == (Submit, None)

    @pytest.mark.parametrize("state", [*UNFINISHED_STATES, *TERMINAL_STATES])
    def test_jobs_of_somebody_else_are_not_considered(self, state):
        assert decision(job(state, FOREIGN)) == (Submit, None)

    @pytest.mark.parametrize("user_data", [None, "", "nightly run"])
    def test_jobs_without_a_marker_are_not_considered(self, user_data):
        bare = JobRecord(job_id="j2", state="Running")

        assert decision(job("Running", None, user_data=user_data), bare) == (Submit, None)

    def test_for_nothing_a_job_is_submitted(self):
        assert decision() == (Submit, None)

    def test_what_has_the_same_marker_and_does_not_count_is_told(self):
        passed_over = [job("Cancel"), job("Success", job_id="j2")]
        others = [job("Success", CHANGED, "j4"), job("Running", FOREIGN, "j5")]

        found = decide(
            [*passed_over, *others],
            MINE,
            known={},
            is_given_up=lambda _: False,
            writes_the_result=lambda _: True,
            is_recent=lambda _: False,
            result_is_there=lambda _: False,
        )

        assert found == Submit(tuple(passed_over))

    def test_a_state_that_no_document_names_is_not_considered(self):
        assert decision(job("Archived")) == (Submit, None)


class TestUnseenRecording:
    @pytest.mark.parametrize(
        ("now", "then"), [(UNSEEN, MINE), (MINE, UNSEEN), (UNSEEN, UNSEEN)], ids=["now", "then", "ever"]
    )
    @pytest.mark.parametrize("state", ["Success", "Failed"])
    def test_a_finished_job_counts_for_a_while_only(self, now, then, state):
        assert decision(job(state, then), marker=now, recent=True) == (TakeOver, "j1")
        assert decision(job(state, then), marker=now, recent=False) == (Submit, None)

    def test_a_finished_job_of_another_recording_never_counts(self):
        assert decision(job("Success", RECORDED_ANEW), recent=True) == (Submit, None)


class TestKnownId:
    @pytest.mark.parametrize("user_data", [None, "", str(MINE)[:30], "something else"])
    @pytest.mark.parametrize("state", ["Running", "Success", "Failed"])
    def test_the_id_binds_whatever_the_service_made_of_the_marker(self, user_data, state):
        assert decision(job(state, None, user_data=user_data), known={"j1": MINE}) == (TakeOver, "j1")

    def test_a_known_job_of_another_recording_is_another_job(self):
        assert decision(job("Running", None), known={"j1": RECORDED_ANEW}) == (WaitFor, "j1")
        assert decision(job("Success", None), known={"j1": RECORDED_ANEW}) == (Submit, None)


class TestSeveral:
    def test_other_content_under_way_comes_first_even_beside_the_job_that_was_asked_for(self):
        for jobs in permutations_of(job("Running"), job("Running", CHANGED, "j2")):
            assert decision(*jobs) == (WaitFor, "j2")

    def test_one_under_way_is_preferred_to_one_that_has_ended(self):
        for jobs in permutations_of(job("Success", job_id="j2"), job("Running")):
            assert decision(*jobs) == (TakeOver, "j1")

    def test_the_newest_that_has_ended_is_what_was_wanted_last(self):
        for jobs in permutations_of(job("Success"), job("Failed", job_id="j2")):
            assert decision(*jobs) == (TakeOver, "j2")
        for jobs in permutations_of(job("Failed"), job("Success", job_id="j2")):
            assert decision(*jobs) == (TakeOver, "j2")

    def test_an_older_one_does_not_stand_in_for_the_newest(self):
        assert decision(job("Success"), job("Success", job_id="j2"), results={"j1"}) == (Submit, None)
        assert decision(job("Failed"), job("Success", job_id="j2"), results=()) == (Submit, None)

    def test_cancelled_ones_hide_nothing(self):
        assert decision(job("Success"), job("Cancel", job_id="j3")) == (TakeOver, "j1")

    def test_one_that_was_given_up_does_not_hide_one_that_was_not(self):
        assert decision(job("Success"), job("Success", job_id="j2"), given_up={"j2"}) == (TakeOver, "j1")

    def test_foreign_ones_hide_nothing(self):
        assert decision(job("Running", FOREIGN, "j2"), job("Success")) == (TakeOver, "j1")

    def test_the_later_look_at_one_job_counts(self):
        """It may end between two pages of the look-up."""
        assert decision(job("Running"), job("Success")) == (TakeOver, "j1")
        assert decision(job("Running"), job("Cancel")) == (Submit, None)
        assert decision(job("Running", CHANGED), job("Success", CHANGED)) == (Submit, None)

    def test_a_job_that_is_listed_twice_is_one_job(self):
        assert decision(job("Running"), job("Running")) == (TakeOver, "j1")


def permutations_of(first, second):
    return ([first, second], [second, first])


STATES = st.sampled_from([*UNFINISHED_STATES, *TERMINAL_STATES])
JOBS = st.lists(
    st.builds(
        job,
        STATES,
        st.sampled_from([MINE, UNSEEN, RECORDED_ANEW, CHANGED, FOREIGN, None]),
        st.sampled_from([f"j{number}" for number in range(8)]),
    ),
    max_size=8,
    unique_by=lambda one: one.job_id,
)
GIVEN_UP = st.sets(st.sampled_from([f"j{number}" for number in range(8)]))


class TestWhateverIsThere:
    @given(JOBS, GIVEN_UP, st.booleans(), st.booleans(), st.sampled_from([MINE, UNSEEN]))
    def test_nothing_is_submitted_beside_an_unfinished_job_of_the_same_resource(
        self, jobs, given_up, recent, result, marker
    ):
        kind, _ = decision(*jobs, marker=marker, recent=recent, given_up=given_up, results=None if result else ())

        own = [one for one in jobs if owner_of(one) == MINE.owner]
        if any(one.state in UNFINISHED_STATES for one in own):
            assert kind is not Submit

    @given(JOBS, GIVEN_UP, st.booleans())
    def test_only_jobs_of_the_same_marker_are_taken_over(self, jobs, given_up, recent):
        kind, job_id = decision(*jobs, recent=recent, given_up=given_up)

        if kind is TakeOver:
            (taken,) = [one for one in jobs if one.job_id == job_id]
            found = SubmissionMarker.find_in(taken.user_data)
            assert found.asks_the_same_as(MINE)
            assert taken.state != "Cancel"
            assert job_id not in given_up
            assert found == MINE or recent or taken.state in UNFINISHED_STATES

    @given(JOBS, GIVEN_UP)
    def test_only_unfinished_jobs_of_the_same_resource_are_waited_for(self, jobs, given_up):
        kind, job_id = decision(*jobs, given_up=given_up)

        if kind is WaitFor:
            (awaited,) = [one for one in jobs if one.job_id == job_id]
            assert awaited.state in UNFINISHED_STATES
            assert owner_of(awaited) == MINE.owner
            assert job_id in given_up or not SubmissionMarker.find_in(awaited.user_data).asks_the_same_as(MINE)

    @given(JOBS, GIVEN_UP, st.randoms())
    def test_the_order_of_the_list_makes_no_difference_to_what_is_done(self, jobs, given_up, chance):
        shuffled = list(jobs)
        chance.shuffle(shuffled)

        assert decision(*jobs, given_up=given_up)[0] is decision(*shuffled, given_up=given_up)[0]


def owner_of(one):
    marker = SubmissionMarker.find_in(one.user_data)
    return marker.owner if marker else None
