"""What a list holds that nothing matches, under each choice."""

import pytest

LISTS = {
    "/jobs": ({"tag": "NoiseReduction"}, "JobsDetail"),
    "/workflow": ({}, "MediaWorkflowList"),
    "/inventorytriggerjob": ({}, "JobsDetail"),
    "/template": ({}, "TemplateList"),
    "/asrqueue": ({"state": "Paused"}, "QueueList"),
    "/asrbucket": ({"bucketNames": "absent-1250000000"}, "AsrBucketList"),
    "/mediabucket": ({"bucketNames": "absent-1250000000"}, "MediaBucketList"),
    "/cibuckets": ({"bucketName": "absent"}, "CIBucketList"),
}


def found(make_cloud, choice, path):
    cloud = make_cloud(assumptions={"empty_list": choice})
    cloud.seed(ci="on", asr="on", services=["media"])
    query, element = LISTS[path]
    reply = cloud.get(path, query=query)
    assert reply.status == 200
    return reply.xml.findall(element), reply


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("choice", ["placeholder", "everywhere", "absent"])
def test_an_empty_list_has_one_empty_element_where_that_is_chosen(make_cloud, choice, path):
    elements, _ = found(make_cloud, choice, path)

    expected = {"placeholder": path in {"/jobs", "/workflow"}, "everywhere": True, "absent": False}[choice]
    assert len(elements) == expected
    assert all(len(element) == 0 and not element.text for element in elements)


def test_the_element_comes_before_the_totals_of_workflows(make_cloud):
    _, reply = found(make_cloud, "placeholder", "/workflow")

    assert [child.tag for child in reply.xml][:3] == ["MediaWorkflowList", "RequestId", "TotalCount"]
    assert reply.text("TotalCount") == "0"


def test_a_list_that_holds_something_has_no_empty_element(make_cloud):
    cloud = make_cloud(assumptions={"empty_list": "everywhere"})
    cloud.ready()
    cloud.submitted()

    assert all(len(job) for job in cloud.get("/jobs", query={"tag": "NoiseReduction"}).xml.findall("JobsDetail"))
