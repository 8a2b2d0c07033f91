"""A job is sent once, whatever the network, the service and the engine do meanwhile."""

from itertools import pairwise
from pathlib import Path

import pytest

from pulumi_ci_audio.api.errors import ApiError, NotConnectedError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.journal import FileJournal
from tests.lifecycle.conftest import (
    DENIED,
    NAME,
    NO_AUDIO,
    OWNER,
    RAW,
    SETTLE_SECONDS,
)
from tests.lifecycle.job.running import (
    REFUSALS,
    TURNED_AWAY,
    UNKNOWN_OUTCOMES,
    UNSETTLED_SECONDS,
    call_off,
    create,
    forced,
    kept,
    marker_of,
    table,
    with_transport,
)


class TestSubmission:
    @table(UNKNOWN_OUTCOMES)
    @pytest.mark.parametrize("lag", [0, 4, 9])
    def test_an_unknown_outcome_that_was_accepted_is_found_and_not_sent_again(self, make_cloud, trouble, lag):
        cloud = make_cloud(list_lag_seconds=lag)
        cloud.seed(ci="on", asr="on")
        cloud.spoil("POST", "/jobs", times=1, effect="after", **trouble)

        state = create(cloud)

        assert state["state"] == "Success"
        assert (cloud.submissions(), len(cloud.jobs)) == (1, 1)
        assert cloud.journal.find(OWNER).remote_id == state["jobId"]

    @table({**UNKNOWN_OUTCOMES, **TURNED_AWAY})
    def test_a_job_that_failed_before_it_was_found_again_is_found_all_the_same(self, ready, trouble):
        ready.put(RAW, NO_AUDIO)
        earlier = kept(ready).state
        ready.spoil("POST", "/jobs", times=1, effect="after", **trouble)

        found = kept(ready, forced(ready, earlier)).state

        assert (found["state"], found["jobId"]) == ("Failed", ready.jobs[-1]["id"])
        assert found["jobId"] != earlier["jobId"]
        assert ready.submissions() == 2

    @table({**UNKNOWN_OUTCOMES, **TURNED_AWAY})
    def test_a_job_of_audio_nobody_could_look_at_that_ended_before_it_was_found_again_is_found(self, ready, trouble):
        ready.spoil("HEAD", f"/{RAW}", status=403)
        ready.spoil("POST", "/jobs", times=1, effect="after", **trouble)

        assert create(ready)["state"] == "Success"
        assert ready.submissions() == 1

    @table(UNKNOWN_OUTCOMES)
    def test_an_earlier_failure_is_not_taken_for_the_job_that_was_lost(self, ready, trouble):
        ready.put(RAW, NO_AUDIO)
        earlier = kept(ready).state
        ready.spoil("POST", "/jobs", times=1, effect="before", **trouble)

        with pytest.raises(ResourceError, match=r"whether the job was accepted is unknown"):
            create(ready, forced(ready, earlier))

    @table(UNKNOWN_OUTCOMES)
    def test_an_unknown_outcome_that_was_not_accepted_is_not_sent_again_and_says_so(self, ready, trouble):
        ready.spoil("POST", "/jobs", times=1, effect="before", **trouble)

        with pytest.raises(ResourceError, match=r"whether the job was accepted is unknown, so it was not sent again"):
            create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (1, 0)
        assert ready.waited() >= SETTLE_SECONDS
        assert any("looking for the job" in report for report in ready.reports)

    @table(UNKNOWN_OUTCOMES)
    def test_running_again_after_an_unknown_outcome_submits_it_once(self, ready, trouble):
        ready.spoil("POST", "/jobs", times=1, effect="before", **trouble)
        with pytest.raises(ResourceError):
            create(ready)

        assert create(ready)["state"] == "Success"
        assert (ready.submissions(), len(ready.jobs)) == (2, 1)

    @table(TURNED_AWAY)
    @pytest.mark.parametrize("times", [1, 2])
    def test_a_service_that_is_too_busy_is_asked_again_after_the_job_had_time_to_appear(self, ready, trouble, times):
        ready.spoil("POST", "/jobs", times=times, effect="before", **trouble)

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (1 + times, 1)
        posted = [entry["time"] for entry in ready.control.requests() if entry["method"] == "POST"]
        assert all(later - earlier >= SETTLE_SECONDS for earlier, later in pairwise(posted))
        assert f"[1/3] submitting, attempt {1 + times}" in ready.reports

    @table(TURNED_AWAY)
    def test_a_service_that_stays_too_busy_is_asked_three_times_and_named(self, ready, trouble):
        ready.spoil("POST", "/jobs", effect="before", **trouble)

        with pytest.raises(ApiError, match=r"could not submit the job"):
            create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (3, 0)
        ready.mend()
        waited = ready.waited()
        create(ready)
        assert ready.waited() - waited < SETTLE_SECONDS

    @table(TURNED_AWAY)
    def test_a_proxy_that_says_too_busy_for_a_service_that_accepted_makes_no_second_job(self, make_cloud, trouble):
        cloud = make_cloud(list_lag_seconds=6)
        cloud.seed(ci="on", asr="on")
        cloud.spoil("POST", "/jobs", times=1, effect="after", **trouble)

        create(cloud)

        assert (cloud.submissions(), len(cloud.jobs)) == (1, 1)

    @table(REFUSALS)
    def test_any_other_refusal_is_an_error_at_once(self, ready, trouble):
        ready.spoil("POST", "/jobs", effect="before", **trouble)

        with pytest.raises(ApiError, match=trouble["code"]):
            create(ready)

        assert (ready.submissions(), ready.waited()) == (1, 0)
        assert list(ready.journal.folder.iterdir()) == []

    def test_too_busy_is_not_sent_again_where_the_list_could_not_be_seen(self, ready):
        ready.spoil("POST", "/jobs", times=1, effect="after", **TURNED_AWAY["429"])

        class ListsNothingAfterwards:
            def send(self, request):
                if request.method == "POST":
                    ready.spoil("GET", "/jobs", status=503, code="ServiceUnavailable")
                return ready.send(request)

        with pytest.raises(ResourceError, match=r"unknown, so it was not sent again"):
            create(ready, with_transport(ready, ListsNothingAfterwards()))

        assert (ready.submissions(), len(ready.jobs)) == (1, 1)

    def test_where_no_connection_is_made_it_is_sent_again_since_nothing_was_sent(self, ready):
        refused = iter([True, True, False])

        class Unreliable:
            def send(self, request):
                if request.method == "POST" and next(refused, False):
                    raise NotConnectedError("no connection")
                return ready.send(request)

        create(ready, with_transport(ready, Unreliable()))

        assert (ready.submissions(), len(ready.jobs)) == (1, 1)
        assert ready.waited() < SETTLE_SECONDS

    def test_where_no_connection_can_be_made_nothing_stays_in_the_journal(self, ready):
        class Unconnected:
            def send(self, request):
                if request.method == "POST":
                    raise NotConnectedError("no connection")
                return ready.send(request)

        with pytest.raises(NotConnectedError):
            create(ready, with_transport(ready, Unconnected()))
        assert list(ready.journal.folder.iterdir()) == []

    def test_trouble_in_the_look_up_after_an_unknown_outcome_does_not_end_it(self, ready):
        ready.spoil("POST", "/jobs", times=1, effect="after", reset=True)
        ready.spoil("GET", "/jobs*", times=2)
        ready.spoil("GET", "/jobs*", times=6, status=500)

        assert create(ready)["state"] == "Success"
        assert (ready.submissions(), len(ready.jobs)) == (1, 1)

    def test_the_look_up_after_an_unknown_outcome_can_be_called_off_and_running_again_finds_it(self, make_cloud):
        cloud = make_cloud(list_lag_seconds=8)
        cloud.seed(ci="on", asr="on")
        cloud.spoil("POST", "/jobs", times=1, effect="after", reset=True)
        cloud.clock.after(1, call_off(cloud))
        with pytest.raises(ResourceError, match=r"^interrupted before the job .* which looks for it first"):
            create(cloud)
        cloud.is_cancelled = False

        create(cloud)

        assert (cloud.submissions(), len(cloud.jobs)) == (1, 1)

    def test_trouble_in_the_look_up_before_means_that_nothing_is_submitted(self, ready):
        ready.spoil("GET", "/jobs*", **DENIED)

        with pytest.raises(ApiError, match=r"could not list the jobs"):
            create(ready)
        assert ready.submissions() == 0


class TestEngine:
    def test_for_an_engine_that_is_gone_nothing_is_submitted_and_nothing_noted(self, ready):
        with pytest.raises(ResourceError, match=r"the engine that asked for the job is gone, nothing was submitted"):
            create(ready, ready.context(engine_is_alive=lambda: False))

        assert ready.submissions() == 0
        assert not ready.journal.folder.exists()

    def test_it_is_asked_before_every_attempt(self, ready):
        ready.spoil("POST", "/jobs", **TURNED_AWAY["429"])
        asked = iter([True])

        with pytest.raises(ResourceError, match=r"the engine that asked for the job is gone"):
            create(ready, ready.context(engine_is_alive=lambda: next(asked, False)))

        assert ready.submissions() == 1
        assert list(ready.journal.folder.iterdir()) == []

    def test_what_is_there_is_taken_over_for_whoever_asks(self, ready):
        create(ready)

        assert create(ready, ready.context(engine_is_alive=lambda: False))["state"] == "Success"


class TestTurn:
    """A request may wait for its turn for a long time, where the service is too busy."""

    def test_a_submission_is_noted_when_it_is_sent(self, ready):
        ages = []

        class Busy:
            def send(self, request):
                if (request.method, request.path) == ("POST", "/jobs"):
                    ages.append(ready.journal.find(OWNER).age_seconds)
                context.client._session.limiter.slow_down(request.host, ready.clock.now(), pause=30)
                return ready.send(request)

        context = ready.context(Busy())

        create(ready, context)

        assert ages == [0]
        assert ready.waited() > UNSETTLED_SECONDS

    def test_an_engine_that_goes_while_it_waits_submits_nothing(self, ready):
        class Busy:
            def send(self, request):
                context.client._session.limiter.slow_down(request.host, ready.clock.now(), pause=30)
                return ready.send(request)

        context = ready.context(Busy(), engine_is_alive=lambda: ready.waited() < 60)

        with pytest.raises(ResourceError, match=r"the engine that asked for the job is gone, nothing was submitted"):
            create(ready, context)

        assert ready.submissions() == 0


class TestJournal:
    def killed(self, cloud, *, seen):
        """Leave what a killed process leaves: a job, and an entry with its id if the answer was seen."""
        cloud.control.change_settings(list_lag_seconds=8)
        create(cloud, wait=False)
        marker = marker_of(cloud)
        if not seen:
            cloud.journal.begin(OWNER, marker)
        cloud.control.clear_requests()
        return marker

    def test_a_submission_whose_answer_nobody_saw_is_waited_for(self, ready):
        self.killed(ready, seen=False)

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (0, 1)
        assert 8 <= ready.waited() < 2 * SETTLE_SECONDS
        assert "[1/3] making sure that an interrupted run submitted nothing" in ready.reports

    def test_one_that_never_arrived_is_sent_once_the_time_is_over(self, ready):
        marker = self.killed(ready, seen=False)
        ready.record.jobs.clear()

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (1, 1)
        assert UNSETTLED_SECONDS <= ready.waited() <= UNSETTLED_SECONDS + 12
        assert marker_of(ready) == marker

    def test_one_whose_answer_was_seen_is_taken_over_before_it_is_listed(self, ready):
        self.killed(ready, seen=True)

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (0, 1)
        assert ready.waited() < 1

    def test_one_whose_answer_was_seen_and_that_the_service_does_not_know_is_sent(self, ready):
        self.killed(ready, seen=True)
        ready.record.jobs.clear()

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (1, 1)

    def test_an_old_entry_is_not_waited_for(self, ready):
        marker = self.killed(ready, seen=False)
        ready.record.jobs.clear()
        ready.clock.sleep(UNSETTLED_SECONDS)
        before = ready.waited()

        create(ready)

        assert ready.waited() - before < 1
        assert marker_of(ready) == marker

    def test_other_content_waits_too_since_both_would_write_one_output(self, ready):
        self.killed(ready, seen=False)
        ready.record.jobs.clear()

        create(ready, format="mp3")

        assert UNSETTLED_SECONDS <= ready.waited() <= UNSETTLED_SECONDS + 12

    def test_giving_up_before_the_time_is_over_says_what_it_waited_for(self, ready):
        self.killed(ready, seen=False)

        with pytest.raises(ResourceError, match=r"an interrupted run .*run `pulumi up` again") as error:
            create(ready, timeoutSeconds=2)

        assert "job  of" not in str(error.value)
        assert ready.submissions() == 0

    def test_a_machine_that_cannot_remember_works_all_the_same(self, ready):
        context = ready.context(journal=FileJournal(Path("/proc/nowhere")))

        assert create(ready, context)["state"] == "Success"
        assert ready.submissions() == 1

    def test_it_holds_neither_names_nor_data(self, ready):
        create(ready, userData="private")

        (entry,) = ready.journal.folder.iterdir()
        assert not any(text in entry.read_text() + entry.name for text in ("private", NAME, RAW, "recordings"))
