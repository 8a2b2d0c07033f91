"""A job is followed to its end, and its result is checked."""

from itertools import pairwise

import pytest

from pulumi_ci_audio.emulator.state.records import Parameters, Template
from tests.lifecycle.conftest import (
    CLEAN,
    DENIED,
    NAME,
    PLACE,
    RAW,
    REGION,
)
from tests.lifecycle.job.running import (
    ID,
    call_off,
    checked,
    create,
    kept,
    resumed,
    slow_cloud,
)
from tests.support.engine import JOBS, InitFailed


class TestFollowing:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud, 60)

    def looks(self, cloud):
        return [entry["time"] for entry in cloud.control.requests() if entry["path"].startswith("/jobs/")]

    def test_it_looks_soon_at_first_and_every_10_seconds_in_the_end(self, make_cloud):
        cloud = slow_cloud(make_cloud, 120)

        create(cloud)

        looks = self.looks(cloud)
        pauses = [later - earlier for earlier, later in pairwise(looks)]
        assert pauses[0] == pytest.approx(0.5)
        assert pauses == sorted(pauses)
        assert pauses[-1] == pytest.approx(10)
        assert max(pauses) < 10.01

    def test_progress_is_said_when_the_state_changes_or_after_five_seconds(self, slow):
        slow.pause_queue()
        slow.clock.after(20, lambda: slow.pause_queue(paused=False))

        job_id = create(slow)["jobId"]

        said = [report for report in slow.reports if report.startswith("[2/3]")]
        assert said[0] == f"[2/3] Pause 0 s (job {job_id}): its queue is paused"
        assert any(report.startswith("[2/3] Running ") for report in said)
        assert all(f"(job {job_id})" in report for report in said)
        times = [int(report.split()[2]) for report in said]
        states = [report.split()[1] for report in said]
        assert times == sorted(times)
        for index in range(1, len(said)):
            assert states[index] != states[index - 1] or times[index] - times[index - 1] >= 4
        assert len(said) < len(self.looks(slow))

    def test_a_job_that_is_not_waited_for_is_looked_at_no_more(self, slow):
        state = create(slow, wait=False)

        assert state["state"] in {"Submitted", "Running"}
        assert self.looks(slow) == []
        assert slow.waited() == 0

    def test_running_out_of_time_keeps_it_and_says_how_to_go_on(self, slow):
        error = kept(slow, timeoutSeconds=14)

        assert str(error).startswith(
            f"job {error.state['jobId']} for {RAW} of bucket {PLACE} was still Running after 14 s"
        )
        assert str(error).endswith("; run `pulumi up` again to go on waiting")
        assert error.id == f"{ID}/{error.state['jobId']}"
        assert error.state["state"] == "Running"
        assert slow.waited() == pytest.approx(14)
        assert JOBS.diff(error.state, checked(timeoutSeconds=14)).updates == ("state",)

    def test_the_engines_own_timeout_comes_first(self, slow):
        assert "after 3 s" in str(kept(slow, slow.context(timeout_seconds=3.0)))

    def test_resuming_follows_the_same_job(self, slow):
        state = kept(slow, timeoutSeconds=14).state

        done = resumed(slow, state)

        assert (done["state"], done["jobId"], slow.submissions()) == ("Success", state["jobId"], 1)
        assert done["outputEtag"]
        assert slow.waited() >= 60

    def test_calling_it_off_ends_it_within_a_second_and_keeps_the_job(self, slow):
        slow.clock.after(20, call_off(slow))

        error = kept(slow)

        assert str(error) == (
            f"interrupted: job {error.state['jobId']} for {RAW} of bucket {PLACE} goes on; "
            "run `pulumi up` again to resume"
        )
        assert slow.waited() < 21

    def test_a_job_that_was_cancelled_is_a_failure_that_says_so(self, slow):
        slow.pause_queue()
        slow.clock.after(7, lambda: slow.context().client.cancel_job(PLACE, slow.jobs[0]["id"]))

        error = kept(slow)

        assert f"job {error.state['jobId']} for {RAW} of bucket {PLACE} was cancelled" in str(error)
        assert "--replace" in str(error)
        assert error.state["state"] == "Cancel"

    def test_trouble_that_passes_is_lived_through(self, slow):
        slow.spoil("GET", "/jobs/*", times=30, status=500)

        assert create(slow)["state"] == "Success"

    def test_trouble_that_does_not_pass_is_named_when_the_time_is_over(self, slow):
        slow.spoil("GET", "/jobs/*", times=999, status=500)

        error = kept(slow, timeoutSeconds=20)

        assert "HTTP 500" in str(error)
        assert "run `pulumi up` again to go on waiting" in str(error)
        assert error.state["jobId"] == slow.jobs[0]["id"]

    @pytest.mark.parametrize(
        ("trouble", "advice"),
        [
            ({"status": 403, "code": "SignatureDoesNotMatch"}, "check the secret id, key and token"),
            ({"status": 403, "code": "ExpiredToken"}, "check the secret id, key and token"),
            (DENIED, "grant ci:DescribeMediaJob and ci:DescribeAsrJob"),
        ],
        ids=["signature", "token", "denied"],
    )
    def test_credentials_refused_in_the_middle_end_the_wait_and_keep_the_job(self, slow, trouble, advice):
        slow.clock.after(15, lambda: slow.spoil("GET", "/jobs/*", **trouble))

        error = kept(slow)

        assert advice in str(error)
        assert "goes on; run `pulumi up` again to resume" in str(error)
        assert slow.waited() < 26
        slow.mend()
        assert resumed(slow, error.state)["state"] == "Success"
        assert slow.submissions() == 1

    def test_a_record_that_vanished_ends_the_wait_and_says_what_to_look_at(self, slow):
        slow.clock.after(15, slow.record.jobs.clear)

        error = kept(slow)

        assert f"has no record of job {error.state['jobId']}" in str(error)
        assert "last seen Running" in str(error)
        assert "--replace" in str(error)
        assert slow.waited() < 30

    def test_a_record_that_does_not_show_at_once_is_waited_for(self, slow):
        slow.spoil("GET", "/jobs/*", times=4, effect="after", body="<Response/>")

        assert create(slow)["state"] == "Success"


class TestResult:
    def test_a_result_that_is_missing_is_a_failure_until_it_is_there(self, ready):
        ready.spoil("HEAD", f"/{CLEAN}", times=1, status=404)

        error = kept(ready)

        assert (error.state["state"], error.state["code"]) == ("Success", "ResultMissing")
        assert f"its result {CLEAN} in bucket {PLACE} is missing" in str(error)
        assert JOBS.diff(error.state, checked()).updates == ("state",)

        state = resumed(ready, error.state)

        assert not {"code", "message"} & state.keys()
        assert state["outputEtag"]
        assert ready.submissions() == 1

    def test_a_result_that_is_empty_is_a_failure(self, ready):
        ready.spoil("HEAD", f"/{CLEAN}", headers={"Content-Length": "0"}, effect="after")

        error = kept(ready)

        assert (error.state["code"], "is empty" in str(error)) == ("ResultEmpty", True)

    def test_a_result_that_is_missing_can_be_recorded(self, ready):
        ready.spoil("HEAD", f"/{CLEAN}", status=404)

        assert create(ready, onFailure="record")["code"] == "ResultMissing"

    @pytest.mark.parametrize("trouble", [{"status": 500}, {"reset": True}], ids=["500", "reset"])
    def test_a_result_that_cannot_be_looked_at_now_is_looked_at_again_later(self, ready, trouble):
        ready.spoil("HEAD", f"/{CLEAN}", **trouble)

        error = kept(ready)

        assert "run `pulumi up` again to look again" in str(error)
        assert error.state["state"] == "Success"
        ready.mend()
        assert resumed(ready, error.state)["outputEtag"]
        assert ready.submissions() == 1

    def test_a_result_that_may_not_be_looked_at_is_fine(self, ready):
        ready.spoil("HEAD", f"/{CLEAN}", status=403)

        state = create(ready)

        assert "outputEtag" not in state
        assert state["outputUrl"].endswith(CLEAN)
        assert not JOBS.diff(state, checked()).has_changes

    def test_a_result_in_another_bucket_is_looked_for_there(self, ready):
        ready.control.put_bucket("ap-shanghai", "archive-1250000000")

        state = create(ready, outputBucket="archive-1250000000", outputRegion="ap-shanghai")

        assert state["outputUrl"] == f"https://archive-1250000000.cos.ap-shanghai.myqcloud.com/{CLEAN}"
        assert state["outputSize"] > 0

    @pytest.mark.parametrize(
        ("used", "said"),
        [
            (Parameters("mp3", "16000"), "sample_rate 16000 instead of 48000"),
            (Parameters("mp3", "16000", "SampleRate"), "sample_rate 16000 instead of 48000"),
            (Parameters("wav", "48000"), "format wav instead of mp3"),
            (Parameters("wav", "16000"), "format wav instead of mp3, sample_rate 16000 instead of 48000"),
        ],
        ids=["rate", "rate in the other spelling", "format", "both"],
    )
    def test_parameters_that_the_service_did_not_hear_are_a_failure_that_says_so(self, make_cloud, used, said):
        cloud = slow_cloud(make_cloud)

        def ignore():
            (job,) = cloud.record.jobs.values()
            job.parameters = used

        cloud.clock.after(1, ignore)

        error = kept(cloud, format="mp3", sampleRate=48000)

        assert (error.state["state"], error.state["code"]) == ("Success", "ParametersIgnored")
        assert f"the service used {said}" in str(error)
        with pytest.raises(InitFailed, match=said):
            resumed(cloud, error.state, format="mp3", sampleRate=48000)
        assert cloud.submissions() == 1

    def test_the_other_spelling_of_what_was_asked_for_is_fine(self, make_cloud):
        cloud = slow_cloud(make_cloud)

        def respell():
            (job,) = cloud.record.jobs.values()
            job.parameters = Parameters("mp3", "48000", "SampleRate")

        cloud.clock.after(1, respell)

        assert "code" not in create(cloud, format="mp3", sampleRate=48000)

    def test_a_template_says_what_it_says(self, ready):
        now = ready.now()
        template = Template("t1", REGION, NAME, "voices", Parameters("mp3", "8000"), created=now, updated=now)
        ready.record.templates["t1"] = template

        assert "code" not in create(ready, templateId="t1")
        assert ready.get(CLEAN) == b"mp3 8000 a recording"
