"""What failed is kept and not paid for again; reading and deleting touch no audio."""

import pytest

from tests.lifecycle.conftest import (
    CLEAN,
    DENIED,
    NO_AUDIO,
    PLACE,
    RAW,
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
        assert str(failed).endswith("or force a run with --replace")
        assert (failed.state["state"], failed.state["code"]) == ("Failed", "ResourceNotSupported")
        assert failed.id == f"{ID}/{job_id}"

    def test_it_is_repeated_and_not_paid_for_again(self, ready, failed):
        assert JOBS.diff(failed.state, checked()).updates == ("state",)
        assert JOBS.diff(failed.state, checked()).replaces == ()
        ready.control.clear_requests()

        with pytest.raises(InitFailed) as again:
            resumed(ready, failed.state)

        assert (str(again.value), again.value.state) == (str(failed), failed.state)
        assert ready.sent() == []

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

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_recording_that_cannot_be_seen_is_no_change(self, ready, status):
        state = create(ready)
        ready.spoil("HEAD", f"/{RAW}", status=status)

        assert JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_a_record_that_was_forgotten_is_no_drift(self, ready):
        state = create(ready)
        ready.record.jobs.clear()

        assert JOBS.read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_an_id_that_nothing_is_known_of_is_gone(self, ready):
        assert JOBS.read(ready.context(), f"{ID}/j1", {}) is None


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
