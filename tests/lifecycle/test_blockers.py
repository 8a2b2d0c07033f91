"""What is in the way of switching off: everything is named with what clears it, nothing is sent, nothing is guessed."""

import pytest

from pulumi_ci_audio.lifecycle.blockers import BINDING_PROBES, SMART_AUDIO_PROBES, SMART_AUDIO_TAGS, find, require_none
from pulumi_ci_audio.lifecycle.errors import ResourceError
from tests.support.engine import ASR_BINDINGS, CI_BINDINGS

from .conftest import BINDING, DENIED, NAME, PLACE, REGION

ID = f"{REGION}/{NAME}"
STATE = {**BINDING, "onDestroy": "restore", "timeoutSeconds": 300, "status": "on", "adopted": False}
SERVICES = {
    "media": ("media processing", "/mediabucket"),
    "doc": ("document processing", "/docbucket"),
    "file": ("file processing", "/file_bucket"),
    "pic": ("image processing", "/picbucket"),
    "ai": ("AI recognition", "/ai_bucket"),
}


@pytest.fixture
def bound(cloud):
    cloud.seed(ci="on")
    return cloud


def named(cloud, probes=BINDING_PROBES):
    findings = find(cloud.context().client, PLACE, probes)
    assert findings.unanswered == ()
    return [str(blocker) for blocker in findings.blockers]


class TestBinding:
    def test_nothing_is_in_the_way_of_a_bare_binding(self, bound):
        assert named(bound) == []
        assert bound.writes() == []

    def test_smart_audio_is_with_what_to_declare(self, bound):
        bound.seed(asr="on")

        (line,) = named(bound)
        assert line.startswith('service "Smart Audio" (enabled): DELETE /asrbucket, or console: Smart Audio')
        assert "bucket=binding.bucket" in line

    @pytest.mark.parametrize("service", SERVICES)
    def test_every_other_service_is(self, bound, service):
        bound.seed(services=[service])
        name, path = SERVICES[service]

        assert named(bound) == [f'service "{name}" (enabled): DELETE {path}, or console: {name}']

    @pytest.mark.parametrize(
        ("state", "remedy"),
        [
            ("Active", "PUT /workflow/w1?paused, then DELETE /workflow/w1, or console: Workflows"),
            ("Paused", "DELETE /workflow/w1, or console: Workflows"),
        ],
    )
    def test_a_workflow_is_in_any_state(self, bound, state, remedy):
        bound.seed(workflows=[{"id": "w1", "name": "nightly", "state": state}])

        assert named(bound) == [f'workflow w1 "nightly" ({state}): {remedy}']

    @pytest.mark.parametrize("kind", ["Workflow", "Job"])
    @pytest.mark.parametrize(
        ("state", "is_in_the_way"),
        [
            ("Submitted", True),
            ("Running", True),
            ("Pause", True),
            ("Success", False),
            ("Failed", False),
            ("Cancel", False),
        ],
    )
    def test_a_batch_job_is_until_it_has_ended(self, bound, kind, state, is_in_the_way):
        bound.seed(batch_jobs=[{"id": "b1", "name": "once", "state": state, "type": kind}])

        remedy = "PUT /inventorytriggerjob/b1?cancel, or console: Batch tasks"
        assert named(bound) == ([f'batch job b1 "once" ({state}): {remedy}'] if is_in_the_way else [])

    def test_all_of_them_are_named_at_once(self, bound):
        bound.seed(
            asr="on",
            services=list(SERVICES),
            workflows=[{"id": "w1", "state": "Active"}],
            batch_jobs=[{"id": "b1", "type": "Job"}, {"id": "b2", "type": "Workflow"}],
        )

        with pytest.raises(ResourceError) as error:
            CI_BINDINGS.delete(bound.context(), ID, STATE)

        message = str(error.value)
        assert message.startswith(f"did not switch CI off for bucket {PLACE}, nothing was changed: 9 in the way: ")
        assert message.endswith("; clear them and run again")
        assert all(line in message for line in named(bound))
        assert "\n" not in message
        assert bound.writes() == []

    def test_those_on_further_pages_are_named_too(self, bound):
        flows = [{"id": f"w{number:03}", "state": "Paused"} for number in range(205)]
        batches = [
            {"id": f"b{number:03}", "state": "Running", "type": ("Workflow", "Job")[number % 2]}
            for number in range(405)
        ]
        bound.seed(workflows=flows, batch_jobs=batches)

        lines = named(bound)

        assert len(lines) == 610
        assert {line.split()[1] for line in lines if line.startswith("workflow")} == {flow["id"] for flow in flows}
        assert {line.split()[2] for line in lines if line.startswith("batch")} == {batch["id"] for batch in batches}

    def test_what_belongs_to_another_bucket_is_not(self, bound):
        bound.control.put_bucket(
            REGION, "other-1250000000", ci="on", asr="on", services=["media"], workflows=[{"id": "w1"}]
        )
        bound.control.put_bucket("ap-shanghai", NAME, ci="on", asr="on", services=["media"])

        assert named(bound) == []

    def test_jobs_of_smart_audio_are_not_asked_for(self, bound):
        named(bound)

        assert not any("/jobs" in request for request in bound.sent())


class TestSmartAudio:
    @pytest.mark.parametrize("tag", SMART_AUDIO_TAGS)
    @pytest.mark.parametrize(
        ("state", "remedy"),
        [
            ("Submitted", "PUT /jobs/j1?cancel, or wait until it ends"),
            ("Pause", "PUT /jobs/j1?cancel, or wait until it ends"),
            ("Running", "wait until it ends"),
        ],
    )
    def test_an_unfinished_job_of_any_tag_is(self, ready, tag, state, remedy):
        ready.seed(jobs=[{"id": "j1", "tag": tag, "state": state}])

        assert named(ready, SMART_AUDIO_PROBES) == [f"{SMART_AUDIO_TAGS[tag]} j1 ({state}): {remedy}"]

    @pytest.mark.parametrize("state", ["Success", "Failed", "Cancel"])
    def test_a_job_that_has_ended_is_not(self, ready, state):
        ready.seed(jobs=[{"id": f"j-{tag}", "tag": tag, "state": state} for tag in SMART_AUDIO_TAGS])

        assert named(ready, SMART_AUDIO_PROBES) == []

    def test_media_jobs_have_another_queue(self, ready):
        ready.seed(jobs=[{"id": "j1", "tag": "Transcode", "state": "Running"}])

        assert named(ready, SMART_AUDIO_PROBES) == []

    def test_those_on_further_pages_are_named_too(self, ready):
        jobs = [{"id": f"j{number:03}", "tag": "Tts", "state": "Submitted"} for number in range(230)]
        ready.seed(jobs=jobs)

        with pytest.raises(ResourceError, match=r"230 in the way") as error:
            ASR_BINDINGS.delete(ready.context(), ID, STATE)

        assert all(job["id"] in str(error.value) for job in jobs)
        assert ready.writes() == []

    def test_once_they_have_ended_it_goes_through(self, ready):
        ready.seed(jobs=[{"id": "j1", "state": "Running"}])
        with pytest.raises(ResourceError):
            ASR_BINDINGS.delete(ready.context(), ID, STATE)
        ready.seed(jobs=[{"id": "j1", "state": "Success"}])

        ASR_BINDINGS.delete(ready.context(), ID, STATE)

        assert ready.writes() == ["DELETE /asrbucket"]


class TestUnanswered:
    @pytest.mark.parametrize(
        ("path", "action"),
        [
            ("/asrbucket*", "grant ci:DescribeAsrBuckets on every resource (*)"),
            ("/mediabucket*", "grant ci:DescribeMediaBuckets on every resource (*)"),
            ("/ai_bucket*", "grant ci:DescribeAiProcessBucket on every resource (*)"),
            ("/workflow*", "grant ci:DescribeMediaWorkflows"),
            ("/inventorytriggerjob*", "grant ci:DescribeInventoryTriggerJobs"),
        ],
    )
    def test_a_question_that_may_not_be_asked_keeps_it_on_and_names_the_permission(self, bound, path, action):
        bound.spoil("GET", path, **DENIED)

        with pytest.raises(ResourceError) as error:
            CI_BINDINGS.delete(bound.context(urn="urn:binding"), ID, STATE)

        assert "nothing was changed: could not check for blockers" in str(error.value)
        assert str(error.value).count(action) == 1
        assert str(error.value).endswith("leave it as it is and forget it with `pulumi state delete urn:binding`")
        assert bound.writes() == []

    @pytest.mark.parametrize(
        "trouble",
        [
            {"status": 500},
            {"reset": True},
            {"status": 200, "body": "<html>"},
            {"status": 400, "code": "InvalidArgument"},
        ],
        ids=["500", "reset", "HTML", "400"],
    )
    def test_any_other_trouble_keeps_it_on_too(self, bound, trouble):
        bound.spoil("GET", "/workflow*", **trouble)

        with pytest.raises(ResourceError, match=r"could not list the workflows of bucket"):
            CI_BINDINGS.delete(bound.context(), ID, STATE)
        assert bound.writes() == []

    def test_smart_audio_is_kept_on_too(self, ready):
        ready.spoil("GET", "/jobs*", **DENIED)

        with pytest.raises(ResourceError, match=r"ci:DescribeMediaJobs and ci:DescribeAsrJobs"):
            ASR_BINDINGS.delete(ready.context(), ID, STATE)
        assert ready.writes() == []

    def test_the_same_answer_of_several_probes_is_said_once(self, ready):
        ready.spoil("GET", "/jobs*", reset=True)

        findings = find(ready.context().client, PLACE, SMART_AUDIO_PROBES)

        assert findings.unanswered == (
            f"could not list the jobs of bucket {PLACE}: the connection broke (tried 4 times in 0 s)",
        )

    def test_the_other_probes_are_asked_all_the_same(self, bound):
        bound.seed(asr="on", batch_jobs=[{"id": "b1"}])
        bound.spoil("GET", "/workflow*", **DENIED)

        with pytest.raises(ResourceError, match=r"2 in the way: .*; not checked: .*ci:DescribeMediaWorkflows.*; clear"):
            CI_BINDINGS.delete(bound.context(), ID, STATE)

    def test_a_service_that_is_not_enabled_hides_no_other(self, bound):
        batch_jobs = [{"id": "b" + "2" * 32, "name": "once", "state": "Submitted", "type": "Job"}]
        bound.control.put_bucket(REGION, NAME, batch_jobs=batch_jobs, services=["ai"])
        for path in ("/mediabucket", "/inventorytriggerjob"):
            bound.spoil("GET", path, times=1, status=400, code="MediaBucketUnBinded")

        found = find(bound.context().client, PLACE, BINDING_PROBES)

        assert [blocker.name for blocker in found.blockers] == ["once", "AI recognition"]

    @pytest.mark.parametrize("code", ["MediaBucketUnBinded", "AsrBucketUnBinded"])
    def test_a_service_that_is_not_enabled_has_nothing_that_could_be_in_the_way(self, bound, code):
        for path in ("/workflow*", "/inventorytriggerjob*"):
            bound.spoil("GET", path, status=400, code=code)

        CI_BINDINGS.delete(bound.context(), ID, STATE)

        assert bound.writes() == ["PUT /?unbind"]

    @pytest.mark.parametrize("choice", ["refuse", "empty"])
    def test_workflows_without_the_media_service_are_none(self, make_cloud, choice):
        cloud = make_cloud(assumptions={"workflows_without_media": choice})
        cloud.seed(ci="on")

        context = cloud.context()

        require_none(context, find(context.client, PLACE, BINDING_PROBES), attempted="switch it off")
