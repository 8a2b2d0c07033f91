import pytest

WORKFLOWS = [{"id": "w1", "name": "one", "state": "Active"}, {"id": "w2", "name": "two", "state": "Paused"}]
BATCH_JOBS = [
    {"id": "b1", "name": "one", "state": "Running", "type": "Workflow"},
    {"id": "b2", "name": "two", "state": "Success", "type": "Workflow"},
    {"id": "b3", "name": "three", "state": "Submitted", "type": "Job"},
]


@pytest.fixture(autouse=True)
def _seeded(cloud):
    cloud.seed(ci="on", workflows=WORKFLOWS, batch_jobs=BATCH_JOBS)


class TestWorkflows:
    def test_get_describes_workflows(self, cloud):
        reply = cloud.get("/workflow")

        assert reply.text("TotalCount") == "2"
        assert [child.tag for child in reply.xml.find("MediaWorkflowList")] == [
            "Name",
            "WorkflowId",
            "State",
            "BucketId",
            "CreateTime",
            "UpdateTime",
            "Topology",
        ]
        assert reply.texts("MediaWorkflowList/State") == ["Active", "Paused"]

    def test_get_by_ids_names_the_unknown_ones_and_no_totals(self, cloud):
        reply = cloud.get("/workflow", query={"ids": "w2,w3", "name": "", "pageNumber": "", "pageSize": ""})

        assert [child.tag for child in reply.xml] == ["MediaWorkflowList", "RequestId", "NonExistIDs"]
        assert reply.texts("NonExistIDs") == ["w3"]

    def test_get_by_name(self, cloud):
        assert cloud.get("/workflow", query={"name": "two"}).texts("MediaWorkflowList/WorkflowId") == ["w2"]

    def test_get_needs_the_media_service_where_there_are_none(self, cloud):
        cloud.seed(workflows=[])

        assert cloud.get("/workflow").refusal == (400, "MediaBucketUnBinded")

        cloud.seed(services=["media"])

        assert cloud.get("/workflow").text("TotalCount") == "0"

    def test_get_finds_none_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"workflows_without_media": "empty"})
        cloud.seed(ci="on")

        assert cloud.get("/workflow").text("TotalCount") == "0"

    def test_an_active_workflow_is_paused_before_it_is_deleted(self, cloud):
        assert cloud.delete("/workflow/w1").refusal == (403, "ActiveWorkflowForbiddenUpdate")
        assert cloud.put("/workflow/w1", query={"paused": ""}).status == 200
        assert cloud.delete("/workflow/w1").text("WorkflowId") == "w1"
        assert cloud.get("/workflow").texts("MediaWorkflowList/WorkflowId") == ["w2"]

    def test_a_paused_workflow_goes_on(self, cloud):
        reply = cloud.put("/workflow/w2", query={"active": ""})

        assert reply.text("MediaWorkflow/WorkflowId") == "w2"
        assert reply.text("MediaWorkflow/State") == "Active"

        assert cloud.get("/workflow", query={"ids": "w2"}).text("MediaWorkflowList/State") == "Active"

    def test_a_change_is_answered_by_nothing_when_assumed(self, make_cloud):
        cloud = make_cloud(assumptions={"workflow_state_answer": "empty"})
        cloud.seed(ci="on", workflows=WORKFLOWS)

        reply = cloud.put("/workflow/w2", query={"active": ""})

        assert [child.tag for child in reply.xml] == ["RequestId"]

    def test_the_items_come_before_everything_else(self, cloud):
        reply = cloud.get("/workflow")

        assert [child.tag for child in reply.xml] == [
            "MediaWorkflowList",
            "MediaWorkflowList",
            "RequestId",
            "TotalCount",
            "PageNumber",
            "PageSize",
        ]

    def test_a_workflow_has_a_start(self, cloud):
        assert cloud.get("/workflow").text("MediaWorkflowList/Topology/Nodes/Start/Type") == "Start"

    @pytest.mark.parametrize(("method", "query"), [("PUT", {"paused": ""}), ("PUT", {"active": ""}), ("DELETE", {})])
    def test_an_unknown_workflow_is_refused(self, cloud, method, query):
        assert cloud.call(method, "/workflow/w9", query=query).refusal == (400, "ResourceNotFound")

    def test_put_has_to_say_what_to_do(self, cloud):
        assert cloud.put("/workflow/w1").refusal == (400, "InvalidArgument")


class TestBatchJobs:
    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ({}, ["b3", "b2", "b1"]),
            ({"orderByTime": "Asc"}, ["b1", "b2", "b3"]),
            ({"type": "Workflow"}, ["b2", "b1"]),
            ({"type": "Job"}, ["b3"]),
            ({"states": "Submitted,Running,Pause", "size": "100", "type": "Workflow"}, ["b1"]),
            ({"states": "All", "name": "two"}, ["b2"]),
            ({"jobId": "b1"}, ["b1"]),
            ({"workflowId": "w1"}, []),
            ({"startCreationTime": "2099-01-01T00:00:00+0800"}, []),
        ],
    )
    def test_get_follows_its_parameters(self, cloud, query, ids):
        assert cloud.get("/inventorytriggerjob", query=query).texts("JobsDetail/JobId") == ids

    def test_get_goes_on_with_a_token(self, cloud):
        first = cloud.get("/inventorytriggerjob", query={"size": "1"})
        second = cloud.get("/inventorytriggerjob", query={"size": "1", "nextToken": first.text("NextToken")})

        assert first.texts("JobsDetail/JobId") + second.texts("JobsDetail/JobId") == ["b3", "b2"]
        assert second.text("NextToken") == "2"

    def test_get_of_one(self, cloud):
        reply = cloud.get("/inventorytriggerjob/b1")

        assert (reply.text("JobsDetail/State"), reply.text("JobsDetail/Type")) == ("Running", "Workflow")
        assert cloud.get("/inventorytriggerjob/b9").text("NonExistJobId") == "b9"

    def test_cancelling_ends_an_unfinished_one(self, cloud):
        reply = cloud.put("/inventorytriggerjob/b1", query={"cancel": ""})

        assert (reply.status, reply.body) == (200, b"")
        assert cloud.get("/inventorytriggerjob/b1").text("JobsDetail/State") == "Cancel"

    def test_cancelling_is_refused_for_ended_and_unknown_ones(self, cloud):
        assert cloud.put("/inventorytriggerjob/b2", query={"cancel": ""}).refusal == (400, "InvalidArgument")
        assert cloud.put("/inventorytriggerjob/b9", query={"cancel": ""}).refusal == (400, "ResourceNotFound")

    def test_a_call_that_forgets_cancel_is_refused(self, cloud):
        assert cloud.put("/inventorytriggerjob/b1").refusal == (400, "InvalidArgument")
