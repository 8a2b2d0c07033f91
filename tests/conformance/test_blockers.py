"""Workflows and batch jobs through the official SDK (1045/43734, 460/76861, 460/76860, 460/76892 to 460/76894).

Making and running workflows (``ci_create_workflow``, ``ci_trigger_workflow``) is not emulated: here they only stand in
the way of unbinding, and come from a control call. Batches of noise reduction are run.
"""

from __future__ import annotations

import time

import pytest
from qcloud_cos.cos_exception import CosServiceError

from tests.conformance.conftest import BUCKET, REGION, is_time


class TestWorkflows:
    @pytest.fixture(autouse=True)
    def _workflows(self, ready, ci_audio_emulator):
        rows = [{"id": "w1", "name": "first"}, {"id": "w2", "name": "second", "state": "Paused"}]
        ci_audio_emulator.put_bucket(REGION, BUCKET, workflows=rows)

    def test_list_holds_what_the_page_names(self, ready, sdk):
        answer = ready.ci_get_workflow(Bucket=BUCKET)
        first, second = answer["MediaWorkflowList"]

        assert sdk.last.url.endswith("?ids=&name=&pageNumber=&pageSize=")
        assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == ("2", "1", "10")
        assert is_time(first.pop("CreateTime"))
        assert is_time(first.pop("UpdateTime"))
        assert first == {
            "Name": "first",
            "WorkflowId": "w1",
            "State": "Active",
            "BucketId": BUCKET,
            "Topology": {
                "Dependencies": {"Start": "End"},
                "Nodes": {"Start": {"Type": "Start", "Input": {"QueueId": None, "ObjectPrefix": None}}},
            },
        }
        assert (second["WorkflowId"], second["State"]) == ("w2", "Paused")

    def test_unknown_ids_are_told_beside_the_known(self, ready):
        answer = ready.ci_get_workflow(Bucket=BUCKET, Ids="w2,w3")

        assert [workflow["WorkflowId"] for workflow in answer["MediaWorkflowList"]] == ["w2"]
        assert answer["NonExistIDs"] == "w3"
        assert "TotalCount" not in answer

    def test_none_are_listed_as_none_though_the_answer_holds_an_empty_one(self, ready, sdk):
        answer = ready.ci_get_workflow(Bucket=BUCKET, Name="third")

        assert (answer["MediaWorkflowList"], answer["TotalCount"]) == ([], "0")

    def test_parameters_that_no_page_names_are_passed_over(self, ready):
        answer = ready.ci_get_workflow(Bucket=BUCKET, ResponseCacheControl="no-cache")

        assert answer["TotalCount"] == "2"

    def test_name_and_page_choose(self, ready):
        by_name = ready.ci_get_workflow(Bucket=BUCKET, Name="second")
        by_page = ready.ci_get_workflow(Bucket=BUCKET, PageNumber="2", PageSize="1")

        assert [workflow["WorkflowId"] for workflow in by_name["MediaWorkflowList"]] == ["w2"]
        assert [workflow["WorkflowId"] for workflow in by_page["MediaWorkflowList"]] == ["w2"]

    def test_state_changes_both_ways(self, ready):
        states = []
        for wish in ("paused", "active"):
            answer = ready.ci_update_workflow_state(Bucket=BUCKET, WorkflowId="w1", UpdateState=wish)
            assert answer["MediaWorkflow"]["WorkflowId"] == "w1"
            states.append(answer["MediaWorkflow"]["State"])
            states.append(ready.ci_get_workflow(Bucket=BUCKET, Ids="w1")["MediaWorkflowList"][0]["State"])

        assert states == ["Paused", "Paused", "Active", "Active"]

    def test_active_one_is_not_deleted(self, ready):
        with pytest.raises(CosServiceError) as caught:
            ready.ci_delete_workflow(Bucket=BUCKET, WorkflowId="w1")

        assert caught.value.get_status_code() == 403
        assert "<Code>ActiveWorkflowForbiddenUpdate</Code>" in caught.value.get_origin_msg()

    def test_paused_one_is_deleted(self, ready):
        answer = ready.ci_delete_workflow(Bucket=BUCKET, WorkflowId="w2")

        assert answer["WorkflowId"] == "w2"
        assert answer["RequestId"]
        assert ready.ci_get_workflow(Bucket=BUCKET)["TotalCount"] == "1"


class TestBatchJobs:
    @pytest.fixture(autouse=True)
    def _batch_jobs(self, ready, ci_audio_emulator):
        rows = [
            {"id": "b1", "name": "first", "state": "Running"},
            {"id": "b2", "name": "second", "state": "Success"},
            {"id": "b3", "name": "third", "type": "Job", "state": "Submitted"},
        ]
        ci_audio_emulator.put_bucket(REGION, BUCKET, batch_jobs=rows)

    @staticmethod
    def ids(answer):
        return [job["JobId"] for job in answer.get("JobsDetail", [])]

    def test_description_holds_what_the_page_names(self, ready):
        (job,) = ready.ci_get_inventory_trigger_jobs(Bucket=BUCKET, JobID="b1")["JobsDetail"]

        assert is_time(job["CreationTime"])
        assert (job["Code"], job["Name"], job["Type"], job["State"]) == ("Success", "first", "Workflow", "Running")
        assert job["EndTime"] == "-"

    def test_unknown_one_is_no_error(self, ready):
        answer = ready.ci_get_inventory_trigger_jobs(Bucket=BUCKET, JobID="b9")

        assert answer["NonExistJobId"] == "b9"
        assert "JobsDetail" not in answer

    def test_a_list_holds_one_type_or_both(self, ready, sdk):
        assert self.ids(ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, Type="")) == ["b3", "b2", "b1"]
        assert self.ids(ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET)) == ["b2", "b1"]
        assert "nextToken=&workflowId=&jobId=" in sdk.last.url
        assert self.ids(ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, Type="Job")) == ["b3"]

    def test_conditions_choose(self, ready):
        def listed(**conditions):
            return self.ids(ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, **conditions))

        assert listed(States="Running,Pause") == ["b1"]
        assert listed(Name="second") == ["b2"]
        assert listed(JobId="b1") == ["b1"]
        assert listed(OrderByTime="Asc") == ["b1", "b2"]

    def test_pages_follow_the_token(self, ready):
        first = ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, Size=1)
        second = ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, Size=1, NextToken=first["NextToken"])

        assert self.ids(first) + self.ids(second) == ["b2", "b1"]
        assert "NextToken" not in second

    def test_running_one_is_cancelled_although_its_mark_is_unsigned(self, ready, sdk):
        """The SDK calls it deletion."""
        answer = ready.ci_delete_inventory_trigger_jobs(Bucket=BUCKET, JobId="b1")

        assert sdk.last.url.endswith("/inventorytriggerjob/b1?cancel")
        assert sdk.signed("q-url-param-list") == []
        assert (answer.status_code, answer.content) == (200, b"")
        assert ready.ci_get_inventory_trigger_jobs(Bucket=BUCKET, JobID="b1")["JobsDetail"][0]["State"] == "Cancel"

    def test_ended_one_is_not_cancelled(self, ready):
        with pytest.raises(CosServiceError) as caught:
            ready.ci_delete_inventory_trigger_jobs(Bucket=BUCKET, JobId="b2")

        assert caught.value.get_status_code() == 400


class TestNoiseReductionBatch:
    def test_each_recording_under_a_prefix_becomes_a_job(self, ready, ci_audio_emulator, noisy_audio):
        for name in ("a", "b"):
            ci_audio_emulator.put_object(REGION, BUCKET, f"raw/{name}.mp3", noisy_audio[:30_000])
        body = {
            "Name": "nightly",
            "Type": "Job",
            "Input": {"Prefix": "raw/"},
            "Operation": {
                "Tag": "NoiseReduction",
                "JobParam": {"NoiseReduction": {"Format": "wav", "Samplerate": "16000"}},
                "Output": {"Region": REGION, "Bucket": BUCKET, "Object": "clean/${InputName}.wav"},
            },
        }
        batch_id = ready.ci_create_inventory_trigger_jobs(Bucket=BUCKET, JobBody=body)["JobsDetail"][0]["JobId"]
        deadline = time.monotonic() + 30
        while True:
            (batch,) = ready.ci_get_inventory_trigger_jobs(Bucket=BUCKET, JobID=batch_id)["JobsDetail"]
            if batch["State"] == "Success":
                break
            assert time.monotonic() < deadline, batch
            time.sleep(0.02)

        assert [item["Key"] for item in ready.list_objects(Bucket=BUCKET, Prefix="clean/")["Contents"]] == [
            "clean/a.wav",
            "clean/b.wav",
        ]
        listed = ready.ci_list_inventory_trigger_jobs(Bucket=BUCKET, Type="Job", Name="nightly")
        assert [job["JobId"] for job in listed["JobsDetail"]] == [batch_id]
