"""What failed is kept and not paid for again; reading and deleting touch no audio."""

import pytest

from pulumi_ci_audio.lifecycle.errors import ResourceError
from tests.lifecycle.conftest import (
    CLEAN,
    DENIED,
    JOB,
    NO_AUDIO,
    PLACE,
    RAW,
    REGION,
    through_json,
)
from tests.lifecycle.job.running import (
    ID,
    checked,
    create,
    kept,
    resumed,
    slow_cloud,
)
from tests.support.engine import JOBS, InitFailed


class TestFailure:
    @pytest.fixture
    def failed(self, ready):
        ready.put(RAW, NO_AUDIO)
        return kept(ready)

    def test_it_names_the_job_the_reason_and_what_to_do(self, ready, failed):
        job_id = failed.state["jobId"]
        assert str(failed).startswith(
            f"job {job_id} for {RAW} of bucket {PLACE} failed: ResourceNotSupported: the input"
        )
        assert "mend the recording and run `pulumi up --refresh`" in str(failed)
        assert str(failed).endswith("or force a run with `pulumi up --replace <its URN>`")
        assert (failed.state["state"], failed.state["code"]) == ("Failed", "ResourceNotSupported")
        assert failed.id == f"{ID}/{job_id}"

    def test_it_is_repeated_and_not_paid_for_again(self, ready, failed):
        assert JOBS.diff(failed.state, checked()).updates == ("state",)
        assert JOBS.diff(failed.state, checked()).replaces == ()
        ready.control.clear_requests()

        with pytest.raises(InitFailed) as again:
            resumed(ready, failed.state)

        assert (str(again.value), again.value.state) == (str(failed), failed.state)
        assert ready.sent() == [f"HEAD /{RAW}"]

    def test_advice_holds_the_urn_as_a_shell_takes_it(self, ready):
        ready.put(RAW, NO_AUDIO)
        urn = "urn:pulumi:dev::recordings::my:Studio$pulumi-python:dynamic/ci-audio:NoiseReductionJob::clean"

        error = kept(ready, ready.context(urn=urn))

        assert str(error).endswith(f"force a run with `pulumi up --replace '{urn}'`")

    def test_a_recording_that_was_mended_is_found_without_a_refresh(self, ready, failed):
        etag = ready.put(RAW, b"a recording")

        with pytest.raises(InitFailed, match="the recording has changed since: run `pulumi up` again") as again:
            resumed(ready, failed.state)

        assert again.value.state["currentInputEtag"] == etag.strip('"')
        assert JOBS.diff(again.value.state, checked()).replaces == ("currentInputEtag",)

    @pytest.mark.parametrize("trouble", [{"status": 403}, {"status": 500}, {"reset": True}])
    def test_a_recording_that_cannot_be_looked_at_leaves_the_failure_as_it_was(self, ready, failed, trouble):
        ready.spoil("HEAD", "*", **trouble)

        with pytest.raises(InitFailed) as again:
            resumed(ready, failed.state)

        assert (str(again.value), again.value.state) == (str(failed), failed.state)

    def test_recording_it_makes_it_an_output(self, ready, failed):
        state = resumed(ready, failed.state, onFailure="record")

        assert state["state"] == "Failed"
        assert not JOBS.diff(state, checked(onFailure="record")).has_changes

    def test_a_new_recording_replaces_it(self, ready, failed):
        ready.put(RAW, b"a recording")

        state = JOBS.read(ready.context(), failed.id, failed.state).state

        assert JOBS.diff(state, checked()).replaces == ("currentInputEtag",)

    @pytest.mark.parametrize(
        ("code", "passes"),
        [("InternalError", True), ("ServiceUnavailable", True), ("SlowDown", True), ("InvalidArgument", False)],
    )
    @pytest.mark.parametrize("on_failure", ["fail", "record"])
    def test_it_is_replaced_if_its_code_is_one_that_passes(self, failed, code, passes, on_failure):
        diff = JOBS.diff({**failed.state, "code": code, "onFailure": on_failure}, checked(onFailure=on_failure))

        assert diff.replaces == (("state",) if passes and on_failure == "fail" else ())

    def test_a_cancelled_job_is_not_replaced_on_its_own(self, failed):
        assert JOBS.diff({**failed.state, "state": "Cancel", "code": "InternalError"}, checked()).replaces == ()


class TestRead:
    def test_the_end_of_a_job_that_was_not_waited_for_is_seen(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        state = create(cloud, wait=False)
        cloud.clock.sleep(31)

        seen = JOBS.read(cloud.context(), f"{ID}/{state['jobId']}", state).state

        assert (seen["state"], bool(seen["outputEtag"])) == ("Success", True)

    def test_changed_audio_shows_as_two_etags(self, ready):
        state = create(ready)
        etag = ready.put(RAW, b"another recording")

        seen = JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state

        assert (seen["inputEtag"], seen["currentInputEtag"]) == (state["inputEtag"], etag.strip('"'))
        assert JOBS.diff(seen, checked()).replaces == ("currentInputEtag",)

    def test_what_may_not_be_looked_at_is_no_change(self, ready):
        state = create(ready)
        ready.spoil("HEAD", "*", status=403)

        assert JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_a_recording_that_was_deleted_shows_and_runs_nothing(self, ready):
        state = create(ready)
        ready.delete(RAW)

        seen = JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state

        assert state.keys() - seen.keys() == {"currentInputEtag"}
        assert ready.reports[-1] == f"the recording {RAW} is gone"
        assert not JOBS.diff(seen, checked()).has_changes

    def test_a_result_that_was_deleted_shows_and_runs_nothing(self, ready):
        state = create(ready)
        ready.delete(CLEAN)

        seen = JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state

        assert state.keys() - seen.keys() == {"outputSize"}
        assert ready.reports[-1] == f"the result {CLEAN} is gone"
        assert not JOBS.diff(seen, checked()).has_changes
        assert resumed(ready, seen, timeoutSeconds=5)["state"] == "Success"
        assert ready.submissions() == 1

    def test_a_result_in_a_bucket_that_was_deleted_does_not_take_the_job_along(self, ready):
        ready.control.put_bucket(REGION, "results-1250000000")
        state = create(ready, outputBucket="results-1250000000")
        ready.spoil("HEAD", f"/{CLEAN}", status=404, code="NoSuchBucket")

        seen = JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state

        assert seen["outputEtag"] == state["outputEtag"]
        assert "outputSize" not in seen

    def test_what_comes_back_is_as_it_was(self, ready):
        state = create(ready)
        ready.delete(RAW)
        gone = JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state
        ready.put(RAW, b"a recording")

        assert JOBS.read(ready.context(), f"{ID}/{state['jobId']}", gone).state == state

    def test_a_record_that_was_forgotten_is_no_drift(self, ready):
        state = create(ready)
        ready.record.jobs.clear()

        assert JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_an_id_that_nothing_is_known_of_is_gone(self, ready):
        assert JOBS.read(ready.context(), f"{ID}/j1", {}) is None


class TestImported:
    def test_a_job_of_another_kind_is_refused(self, ready):
        job = "<JobsDetail><JobId>j1</JobId><State>Success</State><Tag>VoiceSeparate</Tag></JobsDetail>"
        marked = {"headers": {"x-ci-request-id": "r"}, "content_type": "application/xml"}
        ready.spoil("GET", "/jobs/*", body=f"<Response>{job}</Response>", **marked)

        with pytest.raises(ResourceError, match=rf"^job j1 of bucket {PLACE} is one for VoiceSeparate$"):
            JOBS.read(ready.context(), f"{ID}/j1", {})

    @pytest.mark.parametrize("was_updated", [True, False])
    def test_a_forced_run_is_paid_for(self, ready, was_updated):
        created = create(ready)
        id_ = f"{ID}/{created['jobId']}"
        found = JOBS.read(ready.context(), id_, {})
        inputs = JOBS.check(found.inputs, JOB, None).inputs
        state = JOBS.update(ready.context(), id_, found.state, inputs) if was_updated else found.state
        context = ready.context()

        JOBS.delete(context, id_, through_json(state))
        JOBS.create(context, inputs)

        assert ready.submissions() == 2


class TestDelete:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud)

    def delete(self, cloud, state):
        JOBS.delete(cloud.context(), f"{ID}/{state['jobId']}", state)

    def test_a_job_that_has_not_started_is_cancelled(self, slow):
        slow.pause_queue()
        self.delete(slow, create(slow, wait=False))

        assert slow.states == ["Cancel"]

    def test_a_job_that_runs_goes_on(self, slow):
        self.delete(slow, create(slow, wait=False))

        assert slow.states == ["Running"]
        assert slow.writes() == ["POST /jobs"]

    def test_no_audio_is_touched(self, ready):
        self.delete(ready, create(ready))

        assert ready.get(RAW)
        assert ready.get(CLEAN)
        assert not ready.sent("DELETE")

    @pytest.mark.parametrize("trouble", [DENIED, {"status": 500}, {"reset": True}], ids=["denied", "500", "reset"])
    def test_trouble_never_keeps_it(self, slow, trouble):
        slow.pause_queue()
        state = create(slow, wait=False)
        slow.spoil("*", "/jobs/*", **trouble)

        self.delete(slow, state)


class TestLastWords:
    """What stands on a job's row when an operation has ended."""

    def test_of_a_job_that_ran_are_its_result(self, ready):
        state = create(ready)

        assert ready.reports[-1] == f"Success, {state['outputSize']} bytes (job {state['jobId']})"

    def test_of_a_job_that_ran_before_say_that_nothing_was_submitted(self, ready):
        state = create(ready)

        create(ready)

        assert ready.reports[-1].startswith("ran before, nothing submitted: Success, ")
        assert ready.reports[-1].endswith(f"(job {state['jobId']})")

    def test_of_a_failure_that_is_recorded_are_its_code(self, ready):
        ready.put(RAW, NO_AUDIO)

        state = create(ready, onFailure="record")

        assert ready.reports[-1] == f"Failed: ResourceNotSupported (recorded) (job {state['jobId']})"

    def test_of_a_job_that_is_not_waited_for_say_that_its_state_may_be_old(self, make_cloud):
        cloud = slow_cloud(make_cloud)

        state = create(cloud, wait=False)

        assert cloud.reports[-1] == f"{state['state']} when last seen, not waited for (job {state['jobId']})"

    def test_of_a_wait_that_went_on_are_the_result(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        state = kept(cloud, timeoutSeconds=5).state

        resumed(cloud, state)

        assert cloud.reports[-1].startswith("Success, ")


class TestReason:
    """What a preview says of a job whose inputs have not changed."""

    def test_of_a_changed_recording(self, ready):
        state = create(ready)

        diff = JOBS.diff({**state, "currentInputEtag": "other"}, checked())

        assert diff.reason == "the recording changed: the job runs again"

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("InternalError", "failed with InternalError, which passes: the job runs again"),
            ("ResourceNotSupported", "failed with ResourceNotSupported, not paid for again"),
        ],
    )
    def test_of_a_failure(self, ready, code, reason):
        state = create(ready)

        assert JOBS.diff({**state, "state": "Failed", "code": code}, checked()).reason == reason

    def test_of_a_job_that_is_unfinished(self, make_cloud):
        state = kept(slow_cloud(make_cloud), timeoutSeconds=5).state

        assert JOBS.diff(state, checked()).reason == "Running when last seen: goes on waiting"

    def test_of_a_job_that_rests_is_none(self, ready):
        assert JOBS.diff(create(ready), checked()).reason == ""


class TestSmartAudioSwitchedOff:
    def test_job_under_way_says_how_to_go_on_and_how_to_give_up(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        state = kept(cloud, timeoutSeconds=5).state
        cloud.seed(asr="off")

        with pytest.raises(InitFailed) as error:
            resumed(cloud, state, cloud.context(urn="urn:clean"))

        assert "run `pulumi up --refresh`, which switches on again what the program declares" in str(error.value)
        assert str(error.value).endswith("give the job up with `pulumi destroy --target urn:clean`")
        assert "goes on" not in str(error.value)

        cloud.seed(asr="on")
        cloud.clock.sleep(60)
        assert resumed(cloud, error.value.state)["state"] == "Success"
        assert cloud.submissions() == 1
