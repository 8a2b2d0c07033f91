"""Sequences of events that once paid for a job twice, or lost a run that was wanted. Each is now one job or one run."""

import re
from dataclasses import replace

import pytest

from pulumi_ci_audio.api.errors import ApiError
from pulumi_ci_audio.api.records import parse_time
from pulumi_ci_audio.api.transport import Response
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.job.lookup import LATE_SECONDS
from tests.lifecycle.conftest import CLEAN, NO_AUDIO, OWNER, RAW, REGION, SETTLE_SECONDS, through_json
from tests.lifecycle.job.running import ID, checked, create, elsewhere, forced, kept, slow_cloud, table
from tests.support.engine import JOBS
from tests.support.places import OTHER_BUCKET

PROXIES = {
    **{
        str(status): Response(status, {}, b"")
        for status in (301, 302, 400, 401, 403, 404, 407, 408, 409, 413, 429, 503)
    },
    "429 in HTML": Response(429, {"content-type": "text/html"}, b"<html>slow down</html>"),
    "503 SlowDown without an id": Response(503, {}, b"<Error><Code>SlowDown</Code></Error>"),
    "an unknown code": Response(403, {"x-ci-request-id": "r"}, b"<Error><Code>ProxyDenied</Code></Error>"),
    "204": Response(204, {}, b""),
    "JSON": Response(200, {"content-type": "application/json"}, b'{"ok": true}'),
}


class Proxy:
    """Stands between client and service: the service gets every request, the client another answer to a submission."""

    def __init__(self, cloud, response, *, times=1):
        self.cloud = cloud
        self.response = response
        self.left = times

    def send(self, request):
        response = self.cloud.send(request)
        if request.method == "POST" and request.path == "/jobs" and self.left:
            self.left -= 1
            return self.response
        return response


class TestAnswersOfAProxy:
    @table(PROXIES)
    def test_what_a_proxy_says_after_the_service_accepted_makes_no_second_job(self, make_cloud, trouble):
        cloud = make_cloud(list_lag_seconds=3 * SETTLE_SECONDS)
        cloud.seed(ci="on", asr="on")
        with pytest.raises(ResourceError, match=r"whether the job was accepted is unknown, so it was not sent again"):
            create(cloud, cloud.context(transport=Proxy(cloud, trouble)))

        state = create(cloud)

        assert (state["state"], cloud.submissions(), len(cloud.jobs)) == ("Success", 1, 1)

    @pytest.mark.parametrize("code", ["SlowDown", "QueueSaturated"])
    def test_what_the_service_itself_turns_away_is_sent_again(self, ready, code):
        ready.spoil("POST", "/jobs", times=1, status=403 if code == "QueueSaturated" else 429, code=code)

        assert create(ready)["state"] == "Success"
        assert (ready.submissions(), len(ready.jobs)) == (2, 1)


class TestKilledWhileWaiting:
    @pytest.mark.parametrize("machine", ["the same", "another"])
    def test_a_failure_that_nobody_was_told_is_reported_and_not_paid_again(self, make_cloud, machine):
        cloud = slow_cloud(make_cloud)
        cloud.put(RAW, NO_AUDIO)
        lost = create(cloud, wait=False)
        cloud.clock.sleep(31)

        told = kept(cloud, cloud.context(journal=elsewhere(cloud)) if machine == "another" else None)

        assert (told.state["jobId"], told.state["state"]) == (lost["jobId"], "Failed")
        assert cloud.submissions() == 1

    def test_it_can_be_forced_to_run_again(self, ready):
        ready.put(RAW, NO_AUDIO)
        failed = kept(ready).state

        again = kept(ready, forced(ready, failed)).state

        assert again["jobId"] != failed["jobId"]
        assert ready.submissions() == 2


class TestForcedRun:
    def test_one_whose_submission_was_refused_runs_the_next_time(self, ready):
        first = create(ready)
        ready.spoil("POST", "/jobs", times=1, status=400, code="InvalidArgument")
        with pytest.raises(ApiError):
            create(ready, forced(ready, first))

        second = create(ready)

        assert second["jobId"] != first["jobId"]
        assert len(ready.jobs) == 2
        assert create(ready)["jobId"] == second["jobId"]

    def test_one_that_could_not_look_at_the_recording_runs_the_next_time(self, ready):
        first = create(ready)
        ready.spoil("HEAD", f"/{RAW}", times=1, status=401, code="SignatureExpired")
        with pytest.raises(ApiError):
            create(ready, forced(ready, first))

        second = create(ready)

        assert second["jobId"] != first["jobId"]
        assert len(ready.jobs) == 2

    def test_destroying_is_no_forced_run(self, ready):
        first = create(ready)
        forced(ready, first)

        assert create(ready)["jobId"] == first["jobId"]
        assert ready.submissions() == 1

    def test_options_that_keep_the_old_job_are_said_to_keep_it_from_running(self, ready):
        first = create(ready)

        assert create(ready, __keepsOld=True)["jobId"] == first["jobId"]
        (warning,) = ready.warnings
        assert warning.startswith(f"job {first['jobId']} ran before, nothing was submitted: with retain_on_delete")
        assert warning.endswith("change `triggers` to run it again")


class TestOneOutput:
    def test_a_rename_keeps_the_owner_in_state(self):
        old = checked()

        renamed = JOBS.check(old, {**old, "__owner": "recordings/dev//renamed", "format": "mp3"}, None).inputs

        assert renamed["__owner"] == OWNER

    def test_a_new_resource_under_a_name_that_was_renamed_lets_the_renamed_ones_job_alone(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        cloud.pause_queue()
        create(cloud, wait=False)

        create(cloud, wait=False, outputObject="another.wav")

        assert cloud.submissions() == 2
        assert cloud.states == ["Pause", "Pause"]

    @pytest.mark.parametrize("output", ["the same", "another"])
    def test_another_bucket_waits_for_the_job_that_writes_the_same_result(self, make_cloud, output):
        cloud = slow_cloud(make_cloud)
        cloud.control.put_bucket(REGION, OTHER_BUCKET, ci="on", asr="on")
        cloud.control.put_object(REGION, OTHER_BUCKET, RAW, b"a recording")
        result = {"outputBucket": "results-1250000000", "wait": False}
        cloud.control.put_bucket(REGION, "results-1250000000")
        first = create(cloud, **result)
        moved = {"bucket": OTHER_BUCKET, **result, **({"outputObject": "other.wav"} if output == "another" else {})}

        create(cloud, forced(cloud, first), **moved)

        assert cloud.submissions() == 2
        assert (cloud.waited() >= 29) is (output == "the same")


class TestLists:
    def test_a_service_that_says_off_by_mistake_is_asked_again(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        first = create(cloud, wait=False)
        refusal = b"<Error><Code>AsrBucketUnBinded</Code></Error>"

        class OffOnce:
            left = 1

            def send(self, request):
                if request.path == "/jobs" and request.method == "GET" and self.left:
                    self.left -= 1
                    return Response(400, {"x-ci-request-id": "r"}, refusal)
                return cloud.send(request)

        second = create(cloud, cloud.context(transport=OffOnce(), journal=elsewhere(cloud)), wait=False)

        assert (second["jobId"], cloud.submissions()) == (first["jobId"], 1)

    def test_jobs_are_listed_from_a_day_before_the_recording_on(self, ready):
        create(ready)

        (listed,) = [entry["query"] for entry in ready.control.requests() if "inputObject" in entry["query"]]
        since = re.search(r"startCreationTime=([^&]*)", listed)[1].replace("%3A", ":").replace("%2B", "+")
        assert parse_time(since) == pytest.approx(ready.now() - 86400, abs=2)


class TestMarkerThatTheServiceChanges:
    @pytest.fixture
    def cutting(self, ready):
        class Cutting:
            def send(self, request):
                response = ready.send(request)
                body = re.sub(rb"<UserData>[^<]*</UserData>", b"<UserData>cut</UserData>", response.body)
                return replace(response, body=body)

        return Cutting()

    def test_it_is_said_at_once_with_the_id(self, ready, cutting):
        state = create(ready, ready.context(transport=cutting))

        (warning,) = ready.warnings
        assert warning.startswith(f"the service does not repeat the UserData of job {state['jobId']} as it was sent")

    def test_the_id_binds_on_the_same_machine(self, ready, cutting):
        first = create(ready, ready.context(transport=cutting))

        second = create(ready, ready.context(transport=cutting))

        assert (second["jobId"], ready.submissions()) == (first["jobId"], 1)


class TestTwoClocks:
    @pytest.mark.parametrize("seconds", [5, LATE_SECONDS - 1])
    def test_a_result_a_little_younger_than_its_job_is_its_own(self, ready, seconds):
        first = create(ready)
        ready.clock.sleep(seconds)
        ready.put(CLEAN, b"wav 16000 a recording")

        assert create(ready)["jobId"] == first["jobId"]
        assert ready.submissions() == 1

    def test_a_wall_clock_that_jumps_a_day_after_a_lost_reply_makes_no_second_job(self, make_cloud):
        cloud = make_cloud(list_lag_seconds=4 * SETTLE_SECONDS)
        cloud.seed(ci="on", asr="on")
        cloud.spoil("POST", "/jobs", times=1, effect="after", reset=True)
        with pytest.raises(ResourceError, match=r"whether the job was accepted is unknown"):
            create(cloud)
        journal = replace(cloud.journal, now=lambda: cloud.now() + 86400)

        create(cloud, cloud.context(journal=journal))

        assert (cloud.submissions(), len(cloud.jobs)) == (1, 1)


class TestRecordingThatMayNotBeLookedAt:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud)

    @pytest.mark.parametrize("key", [RAW, CLEAN])
    def test_one_refusal_is_asked_again(self, ready, key):
        ready.spoil("HEAD", f"/{key}", times=1, status=403)

        state = create(ready)

        assert state["inputEtag"]
        assert state["outputEtag"]

    def test_a_refresh_asks_again_so_that_another_recording_is_seen(self, ready):
        first = create(ready)
        ready.put(RAW, b"another recording")
        ready.spoil("HEAD", f"/{RAW}", times=1, status=403)

        read = JOBS.read(ready.context(), f"{ID}/{first['jobId']}", through_json(first))

        assert read.state["currentInputEtag"] != first["inputEtag"]

    @pytest.mark.parametrize("key", [RAW, CLEAN])
    def test_a_proxy_in_place_of_the_storage_is_asked_again(self, ready, key):
        class Portal:
            left = 1

            def send(self, request):
                if request.method == "HEAD" and request.path == f"/{key}" and self.left:
                    self.left -= 1
                    return Response(200, {"content-length": "1200"}, b"")
                return ready.send(request)

        state = create(ready, ready.context(transport=Portal()))

        assert state["inputEtag"]
        assert state["outputEtag"]

    @pytest.mark.parametrize("seconds", [1, 31], ids=["running", "finished"])
    def test_a_job_of_then_is_known_when_looking_is_permitted(self, slow, seconds):
        slow.spoil("HEAD", f"/{RAW}", times=2, status=403)
        first = create(slow, wait=False)
        slow.clock.sleep(seconds)

        second = create(slow, slow.context(journal=elsewhere(slow)))

        assert (second["jobId"], slow.submissions()) == (first["jobId"], 1)

    @pytest.mark.parametrize("seconds", [1, 31], ids=["running", "finished"])
    def test_a_job_of_then_is_known_when_looking_is_forbidden(self, slow, seconds):
        first = create(slow, wait=False)
        slow.clock.sleep(seconds)
        slow.spoil("HEAD", f"/{RAW}", status=403)

        second = create(slow, slow.context(journal=elsewhere(slow)))

        assert (second["jobId"], slow.submissions()) == (first["jobId"], 1)


@pytest.mark.parametrize("trigger", [float("nan"), float("inf"), -float("inf")])
def test_a_trigger_that_differs_from_itself_is_refused(trigger):
    failures = JOBS.check({}, {**checked(), "triggers": [trigger]}, None).failures

    assert [(failure.property, failure.reason) for failure in failures] == [("triggers", "0 must be a finite number")]
