"""No recording is run twice: lost replies, answers of proxies, kills, lists that lag, and other stacks."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from pulumi_ci_audio.api.errors import CiAudioError
from pulumi_ci_audio.lifecycle.errors import ResourceError
from tests.lifecycle.batch.running import (
    ID,
    batches,
    call_off,
    checked,
    create,
    elsewhere,
    kept,
    refreshed,
    runs,
    spoil,
    updated,
    upped,
)
from tests.lifecycle.conftest import GONE, IN_FLIGHT_SECONDS, NAME, PLACE, REGION, SETTLE_SECONDS, through_json
from tests.lifecycle.job.running import REFUSALS, TURNED_AWAY, UNKNOWN_OUTCOMES, table
from tests.support.engine import BATCHES
from tests.support.places import OTHER_BUCKET

PATH = "/inventorytriggerjob"
ONCE = {"raw/a.mp3": 1, "raw/b.mp3": 1, "raw/deep/c.mp3": 1}


def interrupted(cloud, seconds, **inputs):
    """Create a batch in a process that is ended after some seconds, and let its work go on."""
    cloud.clock.after(seconds, lambda: call_off(cloud))
    with pytest.raises(ResourceError):
        create(cloud, **inputs)
    cloud.is_cancelled = False


class TestOtherFolders:
    def test_a_new_resource_under_a_name_that_was_renamed_lets_the_renamed_ones_batch_alone(self, folder):
        folder.pause_queue()
        create(folder, wait=False)

        create(folder, wait=False, outputPrefix="other/")

        assert "Cancel" not in [batch.state for batch in batches(folder)]
        assert folder.writes().count(f"POST {PATH}") == 2

    def test_another_bucket_waits_for_the_batch_that_writes_the_same_folder(self, make_folder):
        folder = make_folder("a.mp3", job_seconds=30)
        folder.control.put_bucket(REGION, OTHER_BUCKET, ci="on", asr="on")
        moved = {"bucket": OTHER_BUCKET, "outputBucket": NAME}
        state = create(folder, wait=False, outputBucket=NAME)
        folder.work()
        context = folder.context()

        BATCHES.delete(context, ID, through_json(state))
        create(folder, context, **moved)

        assert folder.waited() >= 29


class TestReplacedWhileItRuns:
    def test_it_is_pending_and_the_next_up_runs_it_and_only_it(self, make_folder):
        folder = make_folder("a.mp3", "b.mp3", job_seconds=30)
        folder.clock.after(15, lambda: folder.put("raw/a.mp3", b"another recording"))

        state = create(folder)

        assert (state["pending"], state["done"], state["failures"]) == (1, 1, [])
        assert refreshed(folder, state) == state
        state = upped(folder, state)
        assert runs(folder) == {"raw/a.mp3": 2, "raw/b.mp3": 1}
        assert (state["pending"], state.get("__replaced", "")) == (0, "")
        assert folder.get("clean/a.wav").endswith(b"another recording")
        folder.clock.sleep(3600)
        assert upped(folder, state) == state

    def test_a_process_that_is_killed_while_it_is_run_again_does_not_run_it_a_third_time(self, make_folder):
        folder = make_folder("a.mp3", job_seconds=30)
        folder.clock.after(15, lambda: folder.put("raw/a.mp3", b"another recording"))
        state = create(folder)
        folder.clock.after(15, lambda: call_off(folder))
        with pytest.raises(ResourceError):
            updated(folder, state)
        folder.is_cancelled = False

        # What the killed process knew is lost.
        state = upped(folder, state)

        assert runs(folder) == {"raw/a.mp3": 2}
        assert state["pending"] == 0


class TestReplies:
    @table(UNKNOWN_OUTCOMES)
    def test_a_lost_reply_to_an_accepted_submission_is_not_answered_by_another(self, folder, trouble):
        folder.spoil("POST", PATH, effect="after", **trouble)

        state = create(folder)

        assert (runs(folder), len(batches(folder)), state["pending"]) == (ONCE, 1, 0)

    @pytest.mark.parametrize("days", [6, 8])
    def test_an_older_batch_of_the_same_recordings_is_not_taken_for_the_new_one(self, make_folder, days):
        folder = make_folder("a.mp3")
        state = create(folder)
        folder.clock.sleep(days * 86_400)
        folder.delete("clean/a.wav")
        folder.spoil("POST", PATH, times=1, **TURNED_AWAY["429"])

        state = upped(folder, state)

        assert (runs(folder), state["pending"]) == ({"raw/a.mp3": 2}, 0)

    @table(UNKNOWN_OUTCOMES)
    def test_a_submission_that_never_arrived_is_not_sent_again_in_the_same_operation(self, folder, trouble):
        folder.spoil("POST", PATH, **trouble)
        with pytest.raises(ResourceError, match="whether the batch was accepted is unknown, so it was not sent again"):
            create(folder)
        assert folder.writes().count(f"POST {PATH}") == 1
        folder.mend()

        state = create(folder)

        assert (runs(folder), state["pending"]) == (ONCE, 0)

    @table(TURNED_AWAY)
    def test_a_service_that_is_too_busy_is_asked_again(self, folder, trouble):
        folder.spoil("POST", PATH, times=2, **trouble)

        create(folder)

        assert (runs(folder), folder.writes().count(f"POST {PATH}")) == (ONCE, 3)

    @table(TURNED_AWAY)
    def test_a_proxy_may_say_so_though_the_service_accepted(self, folder, trouble):
        folder.spoil("POST", PATH, effect="after", **trouble)

        create(folder)

        assert (runs(folder), len(batches(folder))) == (ONCE, 1)

    @table(REFUSALS)
    def test_a_refusal_is_an_error_at_once_and_the_next_run_submits(self, folder, trouble):
        folder.spoil("POST", PATH, times=1, **trouble)
        with pytest.raises(CiAudioError):
            create(folder)
        began = folder.clock.time

        create(folder)

        assert runs(folder) == ONCE
        assert folder.clock.time - began < SETTLE_SECONDS

    def test_a_list_that_lags_shows_it_in_time(self, make_folder):
        cloud = make_folder("a.mp3", list_lag_seconds=SETTLE_SECONDS / 2)
        cloud.spoil("POST", PATH, effect="after", times=1, reset=True)

        create(cloud)

        assert runs(cloud) == {"raw/a.mp3": 1}

    @pytest.mark.parametrize("choice", ["exact", "prefix"])
    def test_a_name_is_compared_again(self, make_folder, choice):
        cloud = make_folder("a.mp3", assumptions={"batch_name": choice, "not_audio": "InternalError"})
        spoil(cloud, "raw/a.mp3")
        state = kept(cloud).state
        cloud.spoil("POST", PATH, times=1, reset=True)

        with pytest.raises(ResourceError, match="whether the batch was accepted is unknown"):
            upped(cloud, state)

    def test_the_list_of_recordings_may_be_written_twice(self, folder):
        folder.spoil("PUT", "/pulumi-ci-audio/*", effect="after", times=1, reset=True)

        create(folder)

        assert runs(folder) == ONCE

    def test_nothing_is_submitted_for_an_engine_that_is_gone(self, folder):
        with pytest.raises(ResourceError, match="the engine that asked for the batch is gone"):
            create(folder, folder.context(engine_is_alive=lambda: False))

        assert runs(folder) == {}


class TestKills:
    @pytest.mark.parametrize("seconds", [1, 15, 35])
    def test_the_next_run_follows_the_batch_of_a_killed_one(self, make_folder, seconds):
        cloud = make_folder("a.mp3", "b.mp3", "deep/c.mp3", job_seconds=20, queue_concurrency=1)
        interrupted(cloud, seconds)

        state = create(cloud)

        assert (runs(cloud), len(batches(cloud)), state["pending"]) == (ONCE, 1, 0)

    def test_what_failed_while_nobody_looked_is_named_and_not_run_again(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", "deep/c.mp3", job_seconds=20)
        spoil(cloud, "raw/b.mp3")
        interrupted(cloud, 5)
        cloud.control.advance(60)

        error = kept(cloud)

        assert [failure["inputObject"] for failure in error.state["failures"]] == ["raw/b.mp3"]
        assert runs(cloud) == ONCE

    def test_what_failed_and_was_mended_while_nobody_looked_is_run_again(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", "deep/c.mp3", job_seconds=20)
        spoil(cloud, "raw/b.mp3")
        interrupted(cloud, 5)
        cloud.control.advance(60)
        cloud.put("raw/b.mp3", b"mended")

        state = create(cloud)

        assert (runs(cloud), state["pending"]) == ({**ONCE, "raw/b.mp3": 2}, 0)

    def test_a_submission_whose_answer_nobody_saw_is_waited_for(self, make_folder):
        cloud = make_folder("a.mp3", list_lag_seconds=SETTLE_SECONDS - 1)
        cloud.journal.begin(checked()["__owner"], "pulumi-0")
        began = cloud.clock.time

        create(cloud)

        assert runs(cloud) == {"raw/a.mp3": 1}
        assert cloud.clock.time - began >= IN_FLIGHT_SECONDS

    def test_an_accepted_one_is_known_before_the_service_lists_it(self, make_folder):
        cloud = make_folder("a.mp3", list_lag_seconds=3600, job_seconds=20)
        interrupted(cloud, 5)

        state = create(cloud)

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1}, 0)

    def test_another_machine_finds_it_in_the_list(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        interrupted(cloud, 5)

        state = create(cloud, cloud.context(journal=elsewhere(cloud)))

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1}, 0)

    def test_a_timeout_keeps_the_batch_and_the_next_run_goes_on(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", job_seconds=60, queue_concurrency=1)

        error = kept(cloud, timeoutSeconds=10)

        assert "was still Running after 10 s; run `pulumi up` again" in str(error)
        assert BATCHES.diff(through_json(error.state), checked(timeoutSeconds=10)).updates == ("state",)
        assert updated(cloud, error.state)["pending"] == 0
        assert runs(cloud) == {"raw/a.mp3": 1, "raw/b.mp3": 1}

    def test_trouble_while_it_is_followed_passes(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        for method, path in (("GET", f"{PATH}/*"), ("GET", "/"), ("GET", "/jobs")):
            cloud.clock.after(3, lambda m=method, p=path: cloud.spoil(m, p, times=12, status=500))

        state = create(cloud)

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1}, 0)

    def test_a_refusal_while_it_is_followed_keeps_it(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        cloud.spoil("GET", f"{PATH}/*", status=403, code="AccessDenied")

        error = kept(cloud)

        assert "goes on; run `pulumi up` again to resume" in str(error)
        cloud.mend()
        assert updated(cloud, error.state)["pending"] == 0

    def test_a_batch_without_a_record_is_said_to_be_so(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        cloud.clock.after(5, cloud.record.batch_jobs.clear)

        error = kept(cloud)

        assert "the service has no record of batch" in str(error)


class TestEnds:
    def test_a_batch_that_ended_may_still_be_at_work(self, make_folder):
        cloud = make_folder(
            "a.mp3", "b.mp3", job_seconds=20, queue_concurrency=1, assumptions={"batch_ends": "dispatched"}
        )

        state = create(cloud)

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1, "raw/b.mp3": 1}, 0)

    def test_such_a_batch_of_a_killed_run_is_followed(self, make_folder):
        cloud = make_folder(
            "a.mp3", "b.mp3", job_seconds=20, queue_concurrency=1, assumptions={"batch_ends": "dispatched"}
        )
        interrupted(cloud, 5)

        state = create(cloud)

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1, "raw/b.mp3": 1}, 0)

    def test_such_a_batch_that_nobody_waits_for_is_not_submitted_again(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20, assumptions={"batch_ends": "dispatched"})
        state = create(cloud, wait=False)

        state = upped(cloud, state, wait=False)
        state = upped(cloud, state)

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1}, 0)

    @pytest.mark.parametrize("choice", ["Success", "Failed"])
    def test_a_failed_recording_is_named_whatever_the_batch_says(self, make_folder, choice):
        cloud = make_folder("a.mp3", "b.mp3", assumptions={"batch_failure": choice})
        spoil(cloud, "raw/b.mp3")

        error = kept(cloud)

        assert [failure["code"] for failure in error.state["failures"]] == ["ResourceNotSupported"]

    def test_a_success_without_a_result_is_a_failure(self, folder):
        removing = RemovingResults(folder, "clean/b.wav")

        error = kept(folder, folder.context(transport=removing))

        (failure,) = error.state["failures"]
        assert (failure["inputObject"], failure["code"]) == ("raw/b.mp3", "ResultMissing")


class RemovingResults:
    """A cloud in which one result is never to be found."""

    def __init__(self, cloud, key):
        self._cloud, self._key = cloud, key

    def send(self, request):
        place = (PLACE.region, PLACE.name)
        self._cloud.work()
        self._cloud.emulator.store.objects.delete(*place, self._key)
        answer = self._cloud.send(request)
        self._cloud.emulator.store.objects.delete(*place, self._key)
        return answer


class TestOtherBatches:
    def test_two_stacks_do_not_run_a_recording_twice(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", job_seconds=20, queue_concurrency=1)
        create(cloud, wait=False)

        state = create(cloud, cloud.context(journal=elsewhere(cloud)), __owner="another stack")

        assert (runs(cloud), state["ran"]) == ({"raw/a.mp3": 1, "raw/b.mp3": 1}, 0)

    def test_a_batch_on_other_folders_is_left_alone(self, make_folder):
        cloud = make_folder("a.mp3", "b.mp3", job_seconds=20)
        create(cloud, wait=False, __owner="another stack", outputPrefix="elsewhere/")
        began = cloud.clock.time

        create(cloud, outputPrefix="clean/")

        assert cloud.clock.time - began < 40
        assert runs(cloud) == {"raw/a.mp3": 2, "raw/b.mp3": 2}

    def test_one_that_asks_for_something_else_and_has_not_started_is_cancelled(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        cloud.pause_queue()
        state = create(cloud, wait=False)
        cloud.record.templates["t2"] = replace(cloud.record.templates["t1voices"], id="t2")
        cloud.clock.after(15, lambda: cloud.pause_queue(paused=False))

        state = updated(cloud, state, templateId="t2")

        assert [str(batch.state) for batch in batches(cloud)] == ["Cancel", "Success"]
        assert state["pending"] == 0

    def test_one_that_asks_for_something_else_and_runs_is_waited_for(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=20)
        state = create(cloud, wait=False)

        state = updated(cloud, state, templateId="t2")

        assert (runs(cloud), state["pending"]) == ({"raw/a.mp3": 1}, 0)

    def test_one_that_does_not_end_is_named(self, make_folder):
        cloud = make_folder("a.mp3", job_seconds=3600)
        create(cloud, wait=False)

        with pytest.raises(ResourceError, match="on the same folder has not ended yet, so no other was submitted"):
            create(cloud, __owner="another stack", timeoutSeconds=30)

    def test_a_resource_of_a_bucket_that_is_gone_is_gone(self, folder):
        state = create(folder)
        folder.spoil("GET", "/", **GONE)

        assert BATCHES.read(folder.context(), ID, through_json(state)) is None


@pytest.mark.parametrize(("kills", "lag"), list(itertools.product(([2], [12], [2, 30], [12, 25]), (0.0, 8.0))), ids=str)
def test_every_recording_is_run_once_under_kills_lost_replies_and_lags(make_folder, kills, lag):
    cloud = make_folder(*"abcde", job_seconds=10, queue_concurrency=2, list_lag_seconds=lag)
    cloud.spoil("POST", PATH, effect="after", times=1, reset=True)
    for seconds in kills:
        interrupted(cloud, seconds)
    for _ in range(5):
        try:
            state = create(cloud)
            break
        except ResourceError:
            continue

    assert set(runs(cloud).values()) == {1}
    assert (state["total"], state["pending"]) == (5, 0)
