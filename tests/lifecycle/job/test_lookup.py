"""What is found before a submission is taken over, waited out, or passed over."""

import pytest

from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job.lookup import LATE_SECONDS
from pulumi_ci_audio.lifecycle.memory import Memory
from tests.lifecycle.conftest import (
    CLEAN,
    DENIED,
    NAME,
    NO_AUDIO,
    RAW,
    REGION,
)
from tests.lifecycle.job.running import (
    ID,
    call_off,
    copy_of,
    create,
    elsewhere,
    forced,
    kept,
    slow_cloud,
)
from tests.support.engine import JOBS


class TestOnce:
    def test_it_is_submitted_and_followed_to_its_end(self, ready):
        state = create(ready)

        assert (state["state"], ready.submissions(), ready.states) == ("Success", 1, ["Success"])
        assert state["jobId"] == ready.jobs[0]["id"]
        assert state["inputEtag"] == state["currentInputEtag"]
        assert ready.get(CLEAN) == b"wav 16000 a recording"
        assert state["outputSize"] == len(b"wav 16000 a recording")
        assert state["outputUrl"] == f"https://{NAME}.cos.{REGION}.myqcloud.com/{CLEAN}"
        assert ready.reports[0] == "[1/3] submitting"
        assert ready.reports[-2] == f"[3/3] checking the result (job {state['jobId']})"

    def test_another_process_takes_over_what_is_finished(self, ready):
        first = create(ready)

        assert create(ready, ready.context(journal=elsewhere(ready))) == first
        assert ready.submissions() == 1

    @pytest.mark.parametrize("paused", [True, False], ids=["not started", "running"])
    def test_another_process_takes_over_what_is_under_way(self, make_cloud, paused):
        cloud = slow_cloud(make_cloud)
        if paused:
            cloud.pause_queue()
        first = create(cloud, wait=False)
        cloud.pause_queue(paused=False)

        second = create(cloud, cloud.context(journal=elsewhere(cloud)))

        assert (second["jobId"], second["state"], cloud.submissions()) == (first["jobId"], "Success", 1)

    @pytest.mark.parametrize(
        "change",
        [
            {"format": "mp3"},
            {"sampleRate": 8000},
            {"triggers": [1]},
            {"outputObject": "clean/other.wav"},
            {"__owner": "x"},
        ],
        ids=str,
    )
    def test_other_content_or_another_owner_is_another_job(self, ready, change):
        create(ready)
        create(ready, **change)

        assert ready.submissions() == 2

    @pytest.mark.parametrize(
        "change", [{"userData": "mine"}, {"jobLevel": 1}, {"callback": {"url": "no"}}, {"timeoutSeconds": 9}], ids=str
    )
    def test_what_does_not_replace_is_the_same_job(self, ready, change):
        create(ready)
        create(ready, **change)

        assert ready.submissions() == 1

    def test_changed_audio_is_another_job(self, ready):
        create(ready)
        ready.put(RAW, b"another recording")
        create(ready)

        assert ready.submissions() == 2

    def test_a_job_that_was_given_up_in_this_process_is_not_taken_over(self, ready):
        memory = Memory()
        first = create(ready)
        JOBS.delete(ready.context(memory=memory), f"{ID}/{first['jobId']}", first)

        second = create(ready, ready.context(memory=memory))

        assert second["jobId"] != first["jobId"]
        assert ready.submissions() == 2

    @pytest.mark.parametrize("ending", ["missing", "empty", "younger"])
    def test_a_finished_job_whose_result_is_not_its_own_any_more_is_not_taken_over(self, ready, ending):
        create(ready)
        ready.clock.sleep(LATE_SECONDS + 30)
        if ending == "missing":
            ready.emulator.store.objects.delete(REGION, NAME, CLEAN)
        else:
            ready.put(CLEAN, b"" if ending == "empty" else b"somebody else's")

        create(ready)

        assert ready.submissions() == 2
        assert ready.get(CLEAN) == b"wav 16000 a recording"

    def test_a_result_that_may_not_be_seen_is_believed_to_be_there(self, ready):
        first = create(ready)
        ready.spoil("HEAD", f"/{CLEAN}", status=403)

        second = create(ready)

        assert (second["jobId"], ready.submissions()) == (first["jobId"], 1)
        assert "outputEtag" not in second
        assert second["outputUrl"] == first["outputUrl"]

    def test_a_failed_job_that_was_given_up_is_not_taken_over(self, ready):
        ready.put(RAW, NO_AUDIO)
        first = kept(ready).state

        assert kept(ready, forced(ready, first)).state["jobId"] != first["jobId"]
        assert ready.submissions() == 2

    def test_jobs_on_further_pages_are_found(self, ready):
        first = create(ready)
        ready.seed(jobs=[{"id": f"j{number}", "state": "Running"} for number in range(130)])
        for number in range(101):
            ready.record.jobs[f"x{number}"] = copy_of(ready, first["jobId"], f"x{number}")

        assert create(ready, ready.context(journal=elsewhere(ready)))["jobId"] == first["jobId"]
        assert ready.submissions() == 1


class TestOtherContentUnderWay:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud)

    def test_a_running_one_is_waited_out(self, slow):
        create(slow, wait=False)

        create(slow, format="mp3", wait=False)

        first, second = slow.record.jobs.values()
        assert second.created >= first.ended
        assert slow.submissions() == 2
        assert not any("cancel" in write for write in slow.writes())
        assert any(f"for job {first.id} of the same resource to end" in report for report in slow.reports)

    def test_one_that_has_not_started_is_cancelled_once(self, slow):
        slow.pause_queue()
        first = create(slow, wait=False)

        create(slow, format="mp3", wait=False)

        assert slow.states == ["Cancel", "Pause"]
        assert slow.writes() == ["POST /jobs", f"PUT /jobs/{first['jobId']}?cancel", "POST /jobs"]

    @pytest.mark.parametrize(("trouble", "tries"), [(DENIED, 1), ({"status": 500}, 4)], ids=["denied", "500"])
    def test_one_that_cannot_be_cancelled_is_waited_out(self, slow, trouble, tries):
        slow.pause_queue()
        create(slow, wait=False)
        slow.spoil("PUT", "/jobs/*", **trouble)
        slow.clock.after(5, lambda: slow.pause_queue(paused=False))

        create(slow, format="mp3", wait=False)

        assert slow.states[0] == "Success"
        assert slow.submissions() == 2
        assert len(slow.sent("PUT")) == tries

    def test_waiting_for_it_has_an_end_and_names_it(self, slow):
        first = create(slow, wait=False)

        with pytest.raises(
            ResourceError, match=rf"job {first['jobId']} of the same resource has not ended yet"
        ) as error:
            create(slow, format="mp3", timeoutSeconds=8)

        assert str(error.value).startswith(f"job {first['jobId']} of")
        assert "run `pulumi up` again" in str(error.value)
        assert slow.submissions() == 1
        assert slow.waited() == pytest.approx(8)

    def test_waiting_for_it_can_be_called_off(self, slow):
        create(slow, wait=False)
        slow.clock.after(3, call_off(slow))

        with pytest.raises(ResourceError, match=r"^interrupted before the job .* was known; run `pulumi up` again"):
            create(slow, format="mp3")
        assert slow.submissions() == 1
        assert slow.waited() < 4

    def test_one_of_another_owner_is_not_waited_for(self, slow):
        create(slow, wait=False)

        create(slow, __owner="recordings/dev//other", outputObject="clean/other.wav", wait=False)

        assert slow.waited() < 1
        assert slow.submissions() == 2

    def test_one_that_was_given_up_and_still_runs_is_waited_out(self, slow):
        memory = Memory()
        first = create(slow, wait=False)
        JOBS.delete(slow.context(memory=memory), f"{ID}/{first['jobId']}", first)

        second = create(slow, slow.context(memory=memory), wait=False)

        assert second["jobId"] != first["jobId"]
        assert slow.waited() >= 30
