"""Whose a job is, and what to do about the jobs that are there: one row of the table of promises after the other."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_ci_audio.api.messages import EchoedOperation, JobsDetail
from pulumi_ci_audio.lifecycle.exactly_once import (
    MARKER_LENGTH,
    TERMINAL,
    UNFINISHED,
    Marker,
    Submit,
    TakeOver,
    WaitFor,
    decide,
    unix_time,
)

CONTENT = {"bucket": "recordings-1250000000", "inputObject": "voice.mp3", "sampleRate": 16000, "inputEtag": "e1"}
MINE = Marker.of("recordings/dev//clean", CONTENT)
CHANGED = Marker.of("recordings/dev//clean", {**CONTENT, "inputEtag": "e2"})
FOREIGN = Marker.of("recordings/prod//clean", CONTENT)


def job(state, marker=MINE, job_id="j1", user_data=None):
    text = str(marker) if marker else user_data
    return JobsDetail(job_id=job_id, state=state, operation=EchoedOperation(user_data=text))


def decision(*jobs, etag_is_known=True, spent=(), results=None):
    """Return what is decided as the name of the decision and the id of its job."""
    found = decide(
        jobs,
        MINE,
        etag_is_known=etag_is_known,
        is_spent=lambda job_id: job_id in spent,
        result_is_there=lambda job: results is None or job.job_id in results,
    )
    return (type(found), None) if isinstance(found, Submit) else (type(found), found.job.job_id)


class TestMarker:
    @pytest.mark.parametrize("own", [None, "", "mine", "a text with pulumi: in it", str(FOREIGN), "~" * 983])
    def test_it_is_found_again_behind_a_text_of_ones_own(self, own):
        text = MINE.after(own)

        assert Marker.find_in(text) == MINE
        assert text.startswith(own or "pulumi:")

    def test_it_is_as_long_as_the_rule_for_texts_of_ones_own_says(self):
        assert len(str(MINE)) == MARKER_LENGTH
        assert set(str(MINE)) <= set(string.ascii_lowercase + string.digits + ":")

    @pytest.mark.parametrize(
        "text", [None, "", "mine", str(MINE)[:-1], f"{MINE} and more", str(MINE).upper(), str(MINE)[1:]]
    )
    def test_nothing_else_is_taken_for_one(self, text):
        assert Marker.find_in(text) is None

    def test_another_owner_has_another_owner_and_the_same_content(self):
        assert FOREIGN.owner != MINE.owner
        assert FOREIGN.content == MINE.content

    @pytest.mark.parametrize(
        "change",
        [
            {"inputEtag": "e2"},
            {"inputEtag": None},
            {"sampleRate": 8000},
            {"inputObject": "other.mp3"},
            {"triggers": [1]},
            {"outputBucket": "archive-1250000000"},
        ],
        ids=lambda change: next(iter(change.items())).__repr__(),
    )
    def test_other_content_has_the_same_owner_and_another_content(self, change):
        changed = Marker.of("recordings/dev//clean", {**CONTENT, **change})

        assert changed.owner == MINE.owner
        assert changed.content != MINE.content

    @pytest.mark.parametrize(
        "triggers", [([1], [2]), ([1], ["1"]), ([1], [True]), ([1, 2], [2, 1]), (["a", "b"], ["ab"])]
    )
    def test_triggers_that_differ_give_contents_that_differ(self, triggers):
        first, second = (Marker.of("me", {"triggers": values}) for values in triggers)

        assert first != second

    @pytest.mark.parametrize("nothing", [{"triggers": []}, {"triggers": None}, {"outputRegion": None}])
    def test_nothing_said_and_said_to_be_nothing_are_the_same(self, nothing):
        assert Marker.of("recordings/dev//clean", {**CONTENT, **nothing}) == MINE

    @given(st.permutations(sorted(CONTENT)))
    def test_the_order_of_properties_makes_no_difference(self, names):
        assert Marker.of("recordings/dev//clean", {name: CONTENT[name] for name in names}) == MINE


class TestTable:
    @pytest.mark.parametrize("state", UNFINISHED)
    @pytest.mark.parametrize("etag_is_known", [True, False], ids=["ETag known", "ETag unknown"])
    def test_an_unfinished_job_with_the_same_marker_is_taken_over(self, state, etag_is_known):
        assert decision(job(state), etag_is_known=etag_is_known, results=()) == (TakeOver, "j1")

    def test_a_successful_one_is_taken_over_if_its_result_is_there(self):
        assert decision(job("Success")) == (TakeOver, "j1")

    def test_a_successful_one_without_its_result_is_not_considered(self):
        assert decision(job("Success"), results=()) == (Submit, None)

    def test_a_successful_one_of_audio_nobody_could_look_at_is_not_considered(self):
        assert decision(job("Success"), etag_is_known=False) == (Submit, None)

    @pytest.mark.parametrize("state", ["Failed", "Cancel"])
    def test_one_that_failed_or_was_cancelled_is_not_considered(self, state):
        assert decision(job(state)) == (Submit, None)

    def test_a_finished_one_that_was_given_up_is_not_considered(self):
        assert decision(job("Success"), spent={"j1"}) == (Submit, None)

    @pytest.mark.parametrize("state", UNFINISHED)
    def test_an_unfinished_one_that_was_given_up_is_waited_out(self, state):
        assert decision(job(state), spent={"j1"}) == (WaitFor, "j1")

    @pytest.mark.parametrize("state", UNFINISHED)
    def test_an_unfinished_one_with_other_content_is_waited_out(self, state):
        assert decision(job(state, CHANGED)) == (WaitFor, "j1")

    @pytest.mark.parametrize("state", TERMINAL)
    def test_a_finished_one_with_other_content_is_not_considered(self, state):
        assert decision(job(state, CHANGED)) == (Submit, None)

    @pytest.mark.parametrize("state", [*UNFINISHED, *TERMINAL])
    def test_jobs_of_somebody_else_are_not_considered(self, state):
        assert decision(job(state, FOREIGN)) == (Submit, None)

    @pytest.mark.parametrize("user_data", [None, "", "nightly run"])
    def test_jobs_without_a_marker_are_not_considered(self, user_data):
        bare = JobsDetail(job_id="j2", state="Running")

        assert decision(job("Running", None, user_data=user_data), bare) == (Submit, None)

    def test_jobs_without_an_id_are_not_considered(self):
        assert decision(job("Running", job_id=None)) == (Submit, None)

    def test_for_nothing_a_job_is_submitted(self):
        assert decision() == (Submit, None)

    def test_what_has_the_same_marker_and_does_not_count_is_told(self):
        passed_over = [job("Failed"), job("Cancel", job_id="j2"), job("Success", job_id="j3")]
        others = [job("Success", CHANGED, "j4"), job("Running", FOREIGN, "j5")]

        found = decide(
            [*passed_over, *others], MINE, etag_is_known=False, is_spent=lambda _: False, result_is_there=lambda _: True
        )

        assert found == Submit(tuple(passed_over))

    def test_a_state_that_no_document_names_is_not_considered(self):
        assert decision(job("Archived")) == (Submit, None)


class TestSeveral:
    def test_other_content_under_way_comes_first_even_beside_the_job_that_was_asked_for(self):
        for jobs in permutations_of(job("Running"), job("Running", CHANGED, "j2")):
            assert decision(*jobs) == (WaitFor, "j2")

    def test_one_under_way_is_preferred_to_one_that_has_ended(self):
        for jobs in permutations_of(job("Success"), job("Running", job_id="j2")):
            assert decision(*jobs) == (TakeOver, "j2")

    def test_a_good_one_is_found_behind_bad_ones(self):
        bad = [job("Failed", job_id="j2"), job("Cancel", job_id="j3"), job("Success", job_id="j4")]

        assert decision(*bad, job("Success"), results={"j1"}) == (TakeOver, "j1")
        assert decision(job("Success"), *bad, results={"j1"}) == (TakeOver, "j1")

    def test_a_spent_one_does_not_hide_one_that_is_not(self):
        assert decision(job("Success"), job("Success", job_id="j2"), spent={"j1"}) == (TakeOver, "j2")

    def test_foreign_ones_hide_nothing(self):
        assert decision(job("Running", FOREIGN, "j2"), job("Success")) == (TakeOver, "j1")

    def test_the_later_look_at_one_job_counts(self):
        """It may end between two pages of the look-up."""
        assert decision(job("Running"), job("Success")) == (TakeOver, "j1")
        assert decision(job("Running"), job("Failed")) == (Submit, None)
        assert decision(job("Running", CHANGED), job("Success", CHANGED)) == (Submit, None)

    def test_a_job_that_is_listed_twice_is_one_job(self):
        assert decision(job("Running"), job("Running")) == (TakeOver, "j1")


def permutations_of(first, second):
    return ([first, second], [second, first])


STATES = st.sampled_from([*UNFINISHED, *TERMINAL])
JOBS = st.lists(
    st.builds(
        job,
        STATES,
        st.sampled_from([MINE, CHANGED, FOREIGN, None]),
        st.sampled_from([f"j{number}" for number in range(8)]),
    ),
    max_size=8,
    unique_by=lambda one: one.job_id,
)
SPENT = st.sets(st.sampled_from([f"j{number}" for number in range(8)]))


class TestWhateverIsThere:
    @given(JOBS, SPENT, st.booleans(), st.booleans())
    def test_nothing_is_submitted_beside_an_unfinished_job_of_the_same_resource(self, jobs, spent, etag, result):
        kind, _ = decision(*jobs, etag_is_known=etag, spent=spent, results=None if result else ())

        own = [one for one in jobs if owner_of(one) == MINE.owner]
        if any(one.state in UNFINISHED for one in own):
            assert kind is not Submit

    @given(JOBS, SPENT, st.booleans())
    def test_only_good_jobs_of_the_same_marker_are_taken_over(self, jobs, spent, etag):
        kind, job_id = decision(*jobs, etag_is_known=etag, spent=spent)

        if kind is TakeOver:
            (taken,) = [one for one in jobs if one.job_id == job_id]
            assert Marker.find_in(taken.operation.user_data) == MINE
            assert taken.state not in {"Failed", "Cancel"}
            assert job_id not in spent
            assert etag or taken.state != "Success"

    @given(JOBS, SPENT)
    def test_only_unfinished_jobs_of_the_same_resource_are_waited_for(self, jobs, spent):
        kind, job_id = decision(*jobs, spent=spent)

        if kind is WaitFor:
            (awaited,) = [one for one in jobs if one.job_id == job_id]
            assert awaited.state in UNFINISHED
            assert owner_of(awaited) == MINE.owner
            assert job_id in spent or Marker.find_in(awaited.operation.user_data) != MINE

    @given(JOBS, SPENT, st.randoms())
    def test_the_order_of_the_list_makes_no_difference_to_what_is_done(self, jobs, spent, chance):
        shuffled = list(jobs)
        chance.shuffle(shuffled)

        assert decision(*jobs, spent=spent)[0] is decision(*shuffled, spent=spent)[0]


def owner_of(one):
    marker = Marker.find_in(one.operation.user_data)
    return marker.owner if marker else None


class TestTimes:
    def test_a_time_of_the_service_is_read(self):
        assert unix_time("2022-06-27T15:23:10+0800") == 1656314590

    @pytest.mark.parametrize("text", [None, "", "-", "2022-06-27", "2022-06-27T15:23:10", "soon"])
    def test_what_is_no_time_is_none(self, text):
        assert unix_time(text) is None
