"""How a job is looked up, submitted once, followed and checked, whatever the network and the service do meanwhile."""

from itertools import pairwise
from pathlib import Path

import pytest

from pulumi_ci_audio.api.errors import ApiError, NotConnectedError
from pulumi_ci_audio.api.messages import encode
from pulumi_ci_audio.doors.journal import FileJournal
from pulumi_ci_audio.emulator.records import Parameters, Template
from pulumi_ci_audio.lifecycle import job_run
from pulumi_ci_audio.lifecycle.exactly_once import Marker
from pulumi_ci_audio.lifecycle.job import Job
from pulumi_ci_audio.lifecycle.job_model import LARGEST_INPUT_BYTES, JobInputs
from pulumi_ci_audio.lifecycle.job_run import job_request
from pulumi_ci_audio.lifecycle.process import Memory
from pulumi_ci_audio.lifecycle.protocol import KeptError, ResourceError

from .conftest import (
    CLEAN,
    DENIED,
    IN_FLIGHT_SECONDS,
    JOB,
    NAME,
    NO_AUDIO,
    PLACE,
    RAW,
    REGION,
    SETTLE_SECONDS,
    through_json,
)

UNSETTLED_SECONDS = IN_FLIGHT_SECONDS + SETTLE_SECONDS

HTML = {"status": 200, "body": "<html>welcome</html>", "content_type": "text/html"}
UNKNOWN_OUTCOMES = {
    "reset": {"reset": True},
    "500": {"status": 500},
    "502 in HTML": {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"},
    "503 without a code": {"status": 503, "body": " "},
    "InternalError with 400": {"status": 400, "code": "InternalError"},
    "timeout": {"status": 200, "body": "late", "delay": 40},
    "HTML": HTML,
    "an answer without a job": {"status": 200, "body": "<Response/>"},
    "half an answer": {"status": 200, "body": "<Response><JobsDetail><JobId>j1"},
}
TURNED_AWAY = {
    "429": {"status": 429},
    "503 SlowDown": {"status": 503, "code": "SlowDown"},
    "TooManyRequests": {"status": 400, "code": "TooManyRequests"},
}
REFUSALS = {
    "400": {"status": 400, "code": "InvalidArgument"},
    "403": DENIED,
    "401": {"status": 401, "code": "AccessDenied"},
    "403 for the signature": {"status": 403, "code": "SignatureDoesNotMatch"},
    "404": {"status": 404, "code": "QueueNotFound"},
    "409": {"status": 409, "code": "Conflict"},
}
ID = f"{REGION}/{NAME}"


def table(cases):
    return pytest.mark.parametrize("trouble", cases.values(), ids=list(cases))


def checked(**inputs):
    return Job().check({}, {**JOB, **inputs}, None).inputs


def create(cloud, context=None, **inputs):
    return Job().create(context or cloud.context(), checked(**inputs)).state


def kept(cloud, context=None, **inputs):
    """Create a job whose end is not a good one, and return what was kept of it."""
    with pytest.raises(KeptError) as error:
        create(cloud, context, **inputs)
    return error.value


def resumed(cloud, state, context=None, **inputs):
    return Job().update(context or cloud.context(), f"{ID}/{state['jobId']}", through_json(state), checked(**inputs))


def marker_of(cloud):
    (job,) = cloud.jobs
    return str(Marker.find_in(job["user_data"]))


def call_off(cloud):
    return lambda: setattr(cloud, "is_called_off", True)


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
        assert ready.reports[-1] == f"[3/3] checking the result (job {state['jobId']})"

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
        Job().delete(ready.context(memory=memory), f"{ID}/{first['jobId']}", first)

        second = create(ready, ready.context(memory=memory))

        assert second["jobId"] != first["jobId"]
        assert ready.submissions() == 2

    @pytest.mark.parametrize("ending", ["missing", "empty", "younger"])
    def test_a_finished_job_whose_result_is_not_its_own_any_more_is_not_taken_over(self, ready, ending):
        create(ready)
        ready.clock.sleep(30)
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

    def test_a_failed_job_is_not_taken_over(self, ready):
        ready.put(RAW, NO_AUDIO)

        assert kept(ready).state["jobId"] != kept(ready).state["jobId"]
        assert ready.submissions() == 2

    def test_jobs_on_further_pages_are_found(self, ready):
        first = create(ready)
        ready.seed(jobs=[{"id": f"j{number}", "state": "Running"} for number in range(130)])
        for number in range(101):
            ready.emulator.store.jobs[f"x{number}"] = copy_of(ready, first["jobId"], f"x{number}")

        assert create(ready, ready.context(journal=elsewhere(ready)))["jobId"] == first["jobId"]
        assert ready.submissions() == 1


def copy_of(cloud, job_id, other_id):
    """Return a finished job of somebody else that reads the same recording, and is newer."""
    found = cloud.emulator.store.jobs[job_id]
    return type(found)(
        **{**vars(found), "id": other_id, "user_data": None, "sequence": cloud.emulator.store.next_number()}
    )


def elsewhere(cloud):
    """Return the journal of another machine."""
    return FileJournal(cloud.folder.parent / "another machine")


def slow_cloud(make_cloud, seconds=30, **settings):
    cloud = make_cloud(job_seconds=seconds, **settings)
    cloud.seed(ci="on", asr="on")
    return cloud


class TestOtherContentUnderWay:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud)

    def test_a_running_one_is_waited_out(self, slow):
        create(slow, wait=False)

        create(slow, format="mp3", wait=False)

        first, second = slow.emulator.store.jobs.values()
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
        Job().delete(slow.context(memory=memory), f"{ID}/{first['jobId']}", first)

        second = create(slow, slow.context(memory=memory), wait=False)

        assert second["jobId"] != first["jobId"]
        assert slow.waited() >= 30


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
        assert cloud.journal.find(marker_of(cloud)).job_id == state["jobId"]

    @table({**UNKNOWN_OUTCOMES, **TURNED_AWAY})
    def test_a_job_that_failed_before_it_was_found_again_is_found_all_the_same(self, ready, trouble):
        ready.put(RAW, NO_AUDIO)
        earlier = kept(ready).state["jobId"]
        ready.spoil("POST", "/jobs", times=1, effect="after", **trouble)

        found = kept(ready).state

        assert (found["state"], found["jobId"]) == ("Failed", ready.jobs[-1]["id"])
        assert found["jobId"] != earlier
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
        kept(ready)
        ready.spoil("POST", "/jobs", times=1, effect="before", **trouble)

        with pytest.raises(ResourceError, match=r"whether the job was accepted is unknown"):
            create(ready)

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

        with pytest.raises(ApiError, match=r"could not submit the noise-reduction job"):
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
        ready.spoil("GET", "/jobs?*", times=99, status=503, code="ServiceUnavailable")
        context = ready.context()
        wanted = JobInputs.model_validate(checked())

        with pytest.raises(ResourceError, match=r"unknown, so it was not sent again"):
            job_run._submitted(context, wanted, Marker.of("owner", {}), None, known=())

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
        cloud.is_called_off = False

        create(cloud)

        assert (cloud.submissions(), len(cloud.jobs)) == (1, 1)

    def test_trouble_in_the_look_up_before_means_that_nothing_is_submitted(self, ready):
        ready.spoil("GET", "/jobs*", **DENIED)

        with pytest.raises(ApiError, match=r"could not list the jobs"):
            create(ready)
        assert ready.submissions() == 0


def with_transport(cloud, transport):
    context = cloud.context()
    client = type(context.client)(transport, context.client.credentials, context.waiter, unix_time=cloud.now)
    return cloud.context(client=client)


class TestEngine:
    def test_for_an_engine_that_is_gone_nothing_is_submitted_and_nothing_noted(self, ready):
        with pytest.raises(ResourceError, match=r"the engine that asked for the job is gone, nothing was submitted"):
            create(ready, ready.context(engine_is_there=lambda: False))

        assert ready.submissions() == 0
        assert not ready.journal.folder.exists()

    def test_it_is_asked_before_every_attempt(self, ready):
        ready.spoil("POST", "/jobs", **TURNED_AWAY["429"])
        asked = iter([True])

        with pytest.raises(ResourceError, match=r"the engine that asked for the job is gone"):
            create(ready, ready.context(engine_is_there=lambda: next(asked, False)))

        assert ready.submissions() == 1
        assert list(ready.journal.folder.iterdir()) == []

    def test_what_is_there_is_taken_over_for_whoever_asks(self, ready):
        create(ready)

        assert create(ready, ready.context(engine_is_there=lambda: False))["state"] == "Success"


class TestJournal:
    def killed(self, cloud, *, seen):
        """Leave what a killed process leaves: a job, and an entry with its id if the answer was seen."""
        cloud.control.change_settings(list_lag_seconds=8)
        create(cloud, wait=False)
        marker = marker_of(cloud)
        if not seen:
            cloud.journal.begin(marker)
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
        ready.emulator.store.jobs.clear()

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
        ready.emulator.store.jobs.clear()

        create(ready)

        assert (ready.submissions(), len(ready.jobs)) == (1, 1)

    def test_an_old_entry_is_not_waited_for(self, ready):
        marker = self.killed(ready, seen=False)
        ready.emulator.store.jobs.clear()
        ready.clock.sleep(UNSETTLED_SECONDS)
        before = ready.waited()

        create(ready)

        assert ready.waited() - before < 1
        assert marker_of(ready) == marker

    def test_other_content_does_not_wait(self, ready):
        self.killed(ready, seen=False)
        ready.emulator.store.jobs.clear()

        create(ready, format="mp3")

        assert ready.waited() < 1

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


class TestBeforeSubmission:
    def test_a_recording_that_is_not_there_is_named(self, ready):
        with pytest.raises(ResourceError, match=r"there is no object raw/none.mp3 in bucket .*nothing was submitted"):
            create(ready, inputObject="raw/none.mp3")
        assert ready.submissions() == 0

    def test_a_bucket_that_is_not_there_is_named(self, ready):
        with pytest.raises(ApiError, match=r"nowhere-1250000000.*NoSuchBucket"):
            create(ready, bucket="nowhere-1250000000")

    @pytest.mark.parametrize(("size", "is_taken"), [(LARGEST_INPUT_BYTES, True), (LARGEST_INPUT_BYTES + 1, False)])
    def test_a_recording_may_have_10_mb_and_no_more(self, ready, size, is_taken):
        ready.put(RAW, bytes(size))

        if is_taken:
            create(ready)
        else:
            with pytest.raises(ResourceError, match=rf"has {size} bytes and the service takes {LARGEST_INPUT_BYTES}"):
                create(ready)

        assert ready.submissions() == is_taken

    def test_a_recording_that_may_not_be_looked_at_is_submitted_with_its_content_unknown(self, ready):
        ready.spoil("HEAD", f"/{RAW}", status=403)

        state = create(ready)

        assert state["state"] == "Success"
        assert not {"inputEtag", "currentInputEtag"} & state.keys()

    def test_of_a_recording_that_may_not_be_looked_at_only_a_job_under_way_is_taken_over(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        cloud.spoil("HEAD", f"/{RAW}", status=403)
        first = create(cloud, wait=False)

        assert create(cloud)["jobId"] == first["jobId"]
        assert create(cloud)["jobId"] != first["jobId"]

    @pytest.mark.parametrize("status", [400, 500])
    def test_any_other_trouble_with_the_recording_is_an_error(self, ready, status):
        ready.spoil("HEAD", f"/{RAW}", status=status)

        with pytest.raises(ApiError, match=rf"could not look at the object {RAW}"):
            create(ready)
        assert ready.submissions() == 0

    @pytest.mark.parametrize("settings", [{"asr": "off"}, {"asr": "off", "ci": "off"}], ids=["Smart Audio", "both"])
    def test_smart_audio_that_is_off_is_named_with_what_to_declare(self, ready, settings):
        ready.seed(**settings)

        with pytest.raises(ResourceError, match=r"Smart Audio is off .* nothing was submitted: declare an AsrBucketB"):
            create(ready)
        assert ready.submissions() == 0

    def test_where_the_service_may_not_be_looked_at_the_submission_decides(self, ready):
        ready.spoil("GET", "/asrbucket*", **DENIED)

        assert create(ready)["state"] == "Success"

    def test_a_template_that_is_not_there_is_named(self, ready):
        with pytest.raises(ResourceError, match=r"there is no template t1 in bucket .*nothing was submitted"):
            create(ready, templateId="t1")
        assert ready.submissions() == 0

    def test_a_template_of_another_kind_is_named(self, ready):
        body = "<Response><TemplateList><TemplateId>t1</TemplateId><Tag>Transcode</Tag></TemplateList></Response>"
        ready.spoil("GET", "/template*", effect="after", body=body)

        with pytest.raises(ResourceError, match=r"template t1 .* is one for Transcode, not NoiseReduction"):
            create(ready, templateId="t1")
        assert ready.submissions() == 0

    def test_where_templates_may_not_be_looked_at_the_submission_decides(self, ready):
        ready.spoil("GET", "/template*", **DENIED)

        with pytest.raises(ApiError, match="TemplateNotFound"):
            create(ready, templateId="t1")
        assert ready.submissions() == 1

    def test_nothing_of_this_is_asked_for_a_job_that_exists(self, ready):
        create(ready)
        ready.control.clear_requests()

        create(ready)

        assert not any("/asrbucket" in request for request in ready.sent())


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
        assert Job().diff(error.state, checked(timeoutSeconds=14)).updates == ("state",)

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
        slow.clock.after(15, slow.emulator.store.jobs.clear)

        error = kept(slow)

        assert f"has no record of job {error.state['jobId']}" in str(error)
        assert "last seen Running" in str(error)
        assert "--replace" in str(error)
        assert slow.waited() < 30

    def test_a_record_that_does_not_show_at_once_is_waited_for(self, slow):
        slow.spoil("GET", "/jobs/*", times=4, effect="after", body="<Response/>")

        assert create(slow)["state"] == "Success"


class TestFailure:
    @pytest.fixture
    def failed(self, ready):
        ready.put(RAW, NO_AUDIO)
        return kept(ready)

    def test_it_names_the_job_the_reason_and_what_to_do(self, ready, failed):
        job_id = failed.state["jobId"]
        assert str(failed).startswith(f"job {job_id} for {RAW} of bucket {PLACE} failed: InvalidArgument: the input")
        assert str(failed).endswith("or force a run with --replace")
        assert (failed.state["state"], failed.state["code"]) == ("Failed", "InvalidArgument")
        assert failed.id == f"{ID}/{job_id}"

    def test_it_is_repeated_and_not_paid_for_again(self, ready, failed):
        assert Job().diff(failed.state, checked()).updates == ("state",)
        assert Job().diff(failed.state, checked()).replaces == ()
        ready.control.clear_requests()

        with pytest.raises(KeptError) as again:
            resumed(ready, failed.state)

        assert (str(again.value), again.value.state) == (str(failed), failed.state)
        assert ready.sent() == []

    def test_recording_it_makes_it_an_output(self, ready, failed):
        state = resumed(ready, failed.state, onFailure="record")

        assert state["state"] == "Failed"
        assert not Job().diff(state, checked(onFailure="record")).has_changes

    def test_a_new_recording_replaces_it(self, ready, failed):
        ready.put(RAW, b"a recording")

        state = Job().read(ready.context(), failed.id, failed.state).state

        assert Job().diff(state, checked()).replaces == ("currentInputEtag",)

    @pytest.mark.parametrize(
        ("code", "passes"),
        [("InternalError", True), ("ServiceUnavailable", True), ("SlowDown", True), ("InvalidArgument", False)],
    )
    @pytest.mark.parametrize("on_failure", ["fail", "record"])
    def test_it_is_replaced_if_its_code_is_one_that_passes(self, failed, code, passes, on_failure):
        diff = Job().diff({**failed.state, "code": code, "onFailure": on_failure}, checked(onFailure=on_failure))

        assert diff.replaces == (("state",) if passes and on_failure == "fail" else ())

    def test_a_cancelled_job_is_not_replaced_on_its_own(self, failed):
        assert Job().diff({**failed.state, "state": "Cancel", "code": "InternalError"}, checked()).replaces == ()


class TestResult:
    def test_a_result_that_is_missing_is_a_failure_until_it_is_there(self, ready):
        ready.spoil("HEAD", f"/{CLEAN}", times=1, status=404)

        error = kept(ready)

        assert (error.state["state"], error.state["code"]) == ("Success", "ResultMissing")
        assert f"its result {CLEAN} in bucket {PLACE} is missing" in str(error)
        assert Job().diff(error.state, checked()).updates == ("state",)

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
        assert not Job().diff(state, checked()).has_changes

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
            (job,) = cloud.emulator.store.jobs.values()
            job.parameters = used

        cloud.clock.after(1, ignore)

        error = kept(cloud, format="mp3", sampleRate=48000)

        assert (error.state["state"], error.state["code"]) == ("Success", "ParametersIgnored")
        assert f"the service used {said}" in str(error)
        with pytest.raises(KeptError, match=said):
            resumed(cloud, error.state, format="mp3", sampleRate=48000)
        assert cloud.submissions() == 1

    def test_the_other_spelling_of_what_was_asked_for_is_fine(self, make_cloud):
        cloud = slow_cloud(make_cloud)

        def respell():
            (job,) = cloud.emulator.store.jobs.values()
            job.parameters = Parameters("mp3", "48000", "SampleRate")

        cloud.clock.after(1, respell)

        assert "code" not in create(cloud, format="mp3", sampleRate=48000)

    def test_a_template_says_what_it_says(self, ready):
        now = ready.now()
        template = Template("t1", REGION, NAME, "voices", Parameters("mp3", "8000"), created=now, updated=now)
        ready.emulator.store.templates["t1"] = template

        assert "code" not in create(ready, templateId="t1")
        assert ready.get(CLEAN) == b"mp3 8000 a recording"


class TestRead:
    def test_the_end_of_a_job_that_was_not_waited_for_is_seen(self, make_cloud):
        cloud = slow_cloud(make_cloud)
        state = create(cloud, wait=False)
        cloud.clock.sleep(31)

        seen = Job().read(cloud.context(), f"{ID}/{state['jobId']}", state).state

        assert (seen["state"], bool(seen["outputEtag"])) == ("Success", True)

    def test_changed_audio_shows_as_two_etags(self, ready):
        state = create(ready)
        etag = ready.put(RAW, b"another recording")

        seen = Job().read(ready.context(), f"{ID}/{state['jobId']}", state).state

        assert (seen["inputEtag"], seen["currentInputEtag"]) == (state["inputEtag"], etag.strip('"'))
        assert Job().diff(seen, checked()).replaces == ("currentInputEtag",)

    @pytest.mark.parametrize("status", [403, 404])
    def test_a_recording_that_cannot_be_seen_is_no_change(self, ready, status):
        state = create(ready)
        ready.spoil("HEAD", f"/{RAW}", status=status)

        assert Job().read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_a_record_that_was_forgotten_is_no_drift(self, ready):
        state = create(ready)
        ready.emulator.store.jobs.clear()

        assert Job().read(ready.context(), f"{ID}/{state['jobId']}", state).state == state

    def test_an_id_that_nothing_is_known_of_is_gone(self, ready):
        assert Job().read(ready.context(), f"{ID}/j1", {}) is None


class TestDelete:
    @pytest.fixture
    def slow(self, make_cloud):
        return slow_cloud(make_cloud)

    def delete(self, cloud, state):
        Job().delete(cloud.context(), f"{ID}/{state['jobId']}", state)

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


class TestRequest:
    def request(self, **inputs):
        wanted = JobInputs.model_validate(checked(**inputs))
        return encode(job_request(wanted, Marker("a" * 16, "b" * 16))).decode()

    def test_it_asks_for_everything_that_was_said(self):
        request = self.request(
            format="mp3",
            sampleRate=44100.0,
            queueId="q1",
            jobLevel=2.0,
            userData="mine & yours",
            outputBucket="archive-1250000000",
            outputRegion="ap-shanghai",
        )

        for element in (
            "<Tag>NoiseReduction</Tag>",
            f"<Input><Object>{RAW}</Object></Input>",
            "<NoiseReduction><Format>mp3</Format><Samplerate>44100</Samplerate></NoiseReduction>",
            f"<Output><Region>ap-shanghai</Region><Bucket>archive-1250000000</Bucket><Object>{CLEAN}</Object></Output>",
            f"<UserData>mine &amp; yours pulumi:{'a' * 16}:{'b' * 16}</UserData>",
            "<JobLevel>2</JobLevel>",
            "<QueueId>q1</QueueId>",
        ):
            assert element in request

    def test_what_was_not_said_is_left_out(self):
        request = self.request()

        for name in ("TemplateId", "QueueId", "JobLevel", "CallBack"):
            assert name not in request
        assert f"<Output><Region>{REGION}</Region><Bucket>{NAME}</Bucket>" in request

    def test_the_lowest_level_is_said(self):
        assert "<JobLevel>0</JobLevel>" in self.request(jobLevel=0)

    def test_a_template_stands_instead_of_parameters(self):
        request = self.request(templateId="t1")

        assert "<TemplateId>t1</TemplateId>" in request
        assert "<NoiseReduction>" not in request

    def test_an_address_to_call_back(self):
        request = self.request(callback={"url": "https://example.com/done?a=1&b=2", "format": "JSON"})

        assert "<CallBack>https://example.com/done?a=1&amp;b=2</CallBack>" in request
        assert "<CallBackFormat>JSON</CallBackFormat><CallBackType>Url</CallBackType>" in request
        assert "CallBackMqConfig" not in request

    def test_a_message_queue_to_call_back(self):
        queue = {"mqRegion": "gz", "mqMode": "Queue", "mqName": "done"}

        request = self.request(callback={**queue, "format": "XML"})

        assert "<CallBackType>TDMQ</CallBackType>" in request
        assert "<MqRegion>gz</MqRegion><MqMode>Queue</MqMode><MqName>done</MqName>" in request
        assert "<CallBack>" not in request

    @pytest.mark.parametrize(
        "inputs",
        [
            {"callback": {"url": "https://example.com/done", "format": "XML"}},
            {"callback": {"mqRegion": "gz", "mqMode": "Topic", "mqName": "done"}},
            {"callback": {"url": "no"}},
            {"jobLevel": 1, "userData": "~" * 983},
        ],
        ids=["address", "queue", "silence", "level and data"],
    )
    def test_the_service_takes_it(self, ready, inputs):
        assert create(ready, **inputs)["state"] == "Success"

    def test_the_service_takes_the_queue_of_the_binding(self, ready):
        queue = ready.control.state()["queues"][0]["id"]

        assert create(ready, queueId=queue)["queueId"] == queue
