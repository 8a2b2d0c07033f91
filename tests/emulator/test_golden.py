"""The emulator's documents against the facts of the published samples: the same names, nesting and spellings.

The order of elements is free. Ids, times and what a sample makes up are compared by their shape, all else by value.
"""

import json
import re
from typing import Any

import pytest

from tests.data import samples
from tests.data.samples import document_of, facts_of, paths_of


def children_of(sample: Any) -> dict[str, Any]:
    return dict(sample.root[1])


QUEUE_REQUEST = samples.Sample(
    "1045/73367",
    (
        "Request",
        [
            ("Name", "queue-speech-1"),
            ("State", "Active"),
            (
                "NotifyConfig",
                [
                    ("Url", "http://callback.demo.com"),
                    ("State", "On"),
                    ("Type", "Url"),
                    ("Event", "TaskFinish,WorkflowFinish"),
                    ("ResultFormat", "JSON"),
                ],
            ),
        ],
    ),
    has_published_values=False,
)
QUEUE_UPDATED = samples.Sample(
    "1045/73367",
    (
        "Response",
        [
            ("RequestId", samples.REQUEST_ID),
            (
                "Queue",
                [
                    *(node for node in children_of(samples.QUEUES)["QueueList"] if node[0] != "NotifyConfig"),
                    ("NotifyConfig", children_of(QUEUE_REQUEST)["NotifyConfig"]),
                ],
            ),
        ],
    ),
    has_published_values=False,
)
BUCKET_LIST = samples.Sample(
    "460/97527",
    (
        "Response",
        [
            ("RequestId", samples.REQUEST_ID),
            ("TotalCount", "1"),
            ("PageNumber", "1"),
            ("PageSize", "10"),
            (
                "CIBucketList",
                [
                    ("BucketId", "test-1234567890"),
                    ("BucketName", "test"),
                    ("AppId", "1234567890"),
                    ("CreateTime", "2020-08-20T16:14:34+0800"),
                    ("Region", "ap-chongqing"),
                    ("Status", "on"),
                ],
            ),
        ],
    ),
    has_published_values=False,
)
WORKFLOW_DELETED = samples.Sample(
    "1045/43734, its family",
    ("Response", [("RequestId", samples.REQUEST_ID), ("WorkflowId", samples.WORKFLOW_ID)]),
    has_published_values=False,
)

SHAPES = {
    "JobId": r"j[0-9a-f]{32}",
    "QueueId": r"p[0-9a-f]{32}",
    "TemplateId": r"t[0-9][0-9a-f]{32}",
    "RequestId": r"[A-Za-z0-9+/]+={0,2}",
    "TraceId": r"[A-Za-z0-9+/]+={0,2}",
    "NextToken": r"[0-9]+",
}
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0800"

BUCKET = "test-1234567890"
# What else an answer may hold, by the sample, and the document that names it.
FURTHER = {
    "SMART_AUDIO_LIST": {"Response/AsrBucketList/AliasBucketId": "the captured answer of 2020"},
    "JOB_SUBMITTED_BY_TEMPLATE": {
        "Response/JobsDetail/Operation/TemplateName": "436/76945",
        "Response/JobsDetail/Operation/NoiseReduction": "1045/73375, what the template stands for",
        "Response/JobsDetail/Operation/NoiseReduction/Format": "1045/73377",
        "Response/JobsDetail/Operation/NoiseReduction/Samplerate": "1045/73377",
    },
    "WORKFLOWS": {
        f"Response/MediaWorkflowList/Topology/{path}": "1045/43734, what a topology holds at least"
        for path in (
            "Dependencies",
            "Dependencies/Start",
            "Nodes",
            "Nodes/Start",
            "Nodes/Start/Type",
            "Nodes/Start/Input",
            "Nodes/Start/Input/QueueId",
            "Nodes/Start/Input/ObjectPrefix",
        )
    },
    "BATCH_JOBS": {
        "Response/JobsDetail/Input": "1045/47031",
        "Response/JobsDetail/Input/Prefix": "1045/47031",
        "Response/JobsDetail/Operation": "1045/47031",
    },
}
# What an answer may lack.
OPTIONAL = {"BATCH_JOBS": {"Response/NextToken": "460/60576: nothing says how a list's end is told"}}
# What is another here than in the sample: it is of another bucket, names two of them, or made up its values.
OWN_VALUES = {
    "SMART_AUDIO_ENABLED": {"Response/AsrBucket/Name": BUCKET, "Response/AsrBucket/BucketId": BUCKET},
    "QUEUES": {"Response/QueueList/BucketId": BUCKET},
    "QUEUE_UPDATED": {"Response/Queue/BucketId": BUCKET},
    "JOB_SUBMITTED": {"Response/JobsDetail/Input/BucketId": BUCKET},
    "JOB_SUBMITTED_BY_TEMPLATE": {"Response/JobsDetail/Input/BucketId": BUCKET},
    "JOB_LIST": {"Response/JobsDetail/Input/BucketId": BUCKET, "Response/JobsDetail/State": "Pause"},
    "ERROR": {"Error/Code": "InvalidArgument", "Error/Message": "tag is required"},
    "COS_ERROR": {
        "Error/Code": "NoSuchKey",
        "Error/Message": "the specified key does not exist",
        "Error/Resource": f"{BUCKET}.cos.ap-chongqing.myqcloud.com/absent",
    },
}


@pytest.fixture
def published(cloud):
    """The cloud of the samples: their bucket and their objects."""
    cloud.bucket = BUCKET
    for plane in ("ci", "pic", "cos"):
        setattr(cloud, plane, f"{cloud.bucket}.{plane}.{cloud.region}.myqcloud.com")
    cloud.seed(ci="on", asr="on")
    cloud.control.put_bucket(cloud.region, "test-123456789")
    for key in ("input/demo.mp3", "input/demo.mp4"):
        cloud.control.put_object(cloud.region, cloud.bucket, key, b"")
    return cloud


def job_request(sample=samples.JOB_REQUEST, key="input/demo.mp4", **replaced):
    """Return a published request; the samples of answers name another object than those of requests do."""
    document = document_of(sample.root).replace(b"input/demo.mp3", key.encode())
    for published_text, text in replaced.items():
        document = document.replace(published_text.encode(), text.encode())
    return document


def made_template(cloud):
    return cloud.post("/template", body=document_of(samples.TEMPLATE_REQUEST.root)).text("Template/TemplateId")


def queue_of(cloud):
    (queue,) = (queue for queue in cloud.control.state()["queues"] if queue["bucket"] == cloud.bucket)
    return queue["id"]


# How each published answer is asked for


def submitted_by_template(cloud):
    body = job_request(samples.JOB_REQUEST_BY_TEMPLATE, **{samples.TEMPLATE_ID: made_template(cloud)})
    return cloud.post("/jobs", body=body)


def listed_jobs(cloud):
    queue(cloud, "Paused")
    for _ in range(2):
        cloud.post("/jobs", body=job_request())
    return cloud.get("/jobs", query={"tag": "NoiseReduction", "size": "1"})


def queue(cloud, state):
    body = document_of(QUEUE_REQUEST.root).replace(b"Active", state.encode())
    return cloud.put(f"/asrqueue/{queue_of(cloud)}", body=body)


def listed_smart_audio(cloud):
    for region, bucket in (("ap-beijing", "examplebucket-1250000000"), ("ap-chongqing", "examplebucket-1-1250000000")):
        cloud.control.put_bucket(region, bucket, ci="on", asr="on")
    return cloud.get("/asrbucket", host=cloud.regional, query={"bucketName": "examplebucket", "regions": "All"})


def with_workflow(cloud):
    cloud.seed(workflows=[{"id": samples.WORKFLOW_ID, "name": "workflow", "state": "Paused"}])
    return cloud


def with_batch_job(cloud):
    cloud.seed(batch_jobs=[{"id": samples.BATCH_JOB_ID, "name": "batch", "state": "Running", "type": "Workflow"}])
    return cloud


ASKED = {
    "BUCKET_BOUND": lambda cloud: cloud.put("/"),
    "BUCKET_LIST": lambda cloud: cloud.get("/cibuckets", host=cloud.regional, query={"bucketName": BUCKET}),
    "STATUS_XML": lambda cloud: cloud.get("/", host=cloud.pic),
    "SMART_AUDIO_ENABLED": lambda cloud: cloud.post("/asrbucket"),
    "SMART_AUDIO_LIST": listed_smart_audio,
    "SMART_AUDIO_DISABLED": lambda cloud: cloud.delete("/asrbucket"),
    "QUEUES": lambda cloud: cloud.get("/asrqueue", query={"pageSize": "5"}),
    "QUEUE_UPDATED": lambda cloud: queue(cloud, "Active"),
    "JOB_SUBMITTED": lambda cloud: cloud.post("/jobs", body=job_request()),
    "JOB_SUBMITTED_BY_TEMPLATE": submitted_by_template,
    "JOB_UNKNOWN": lambda cloud: cloud.get(f"/jobs/{samples.JOB_ID}"),
    "JOB_LIST": listed_jobs,
    "TEMPLATE_CREATED": lambda cloud: cloud.post("/template", body=document_of(samples.TEMPLATE_REQUEST.root)),
    "TEMPLATE_LIST": lambda cloud: (made_template(cloud), cloud.get("/template"))[1],
    "TEMPLATE_DELETED": lambda cloud: cloud.delete(f"/template/{made_template(cloud)}"),
    "WORKFLOWS": lambda cloud: with_workflow(cloud).get("/workflow"),
    "WORKFLOW_DELETED": lambda cloud: with_workflow(cloud).delete(f"/workflow/{samples.WORKFLOW_ID}"),
    "BATCH_JOBS": lambda cloud: with_batch_job(cloud).get("/inventorytriggerjob"),
    "ERROR": lambda cloud: cloud.get("/jobs"),
    "COS_ERROR": lambda cloud: cloud.get("/absent", host=cloud.cos),
}
PUBLISHED = {
    **samples.RESPONSES,
    "STATUS_XML": samples.STATUS_XML,
    "ERROR": samples.ERROR,
    "COS_ERROR": samples.COS_ERROR,
    "QUEUE_UPDATED": QUEUE_UPDATED,
    "BUCKET_LIST": BUCKET_LIST,
    "WORKFLOW_DELETED": WORKFLOW_DELETED,
}
# Sent by the service to somebody else, which the emulator does not do.
NOT_ANSWERED = {"JOB_CALLBACK"}


def leaves(node, above=""):
    """Yield path and text of every element that holds no elements."""
    name, content = node
    path = f"{above}/{name}" if above else name
    if isinstance(content, str):
        yield path, content
        return
    for child in content:
        yield from leaves(child, path)


def test_every_published_answer_is_asked_for():
    assert set(ASKED) == set(PUBLISHED) - NOT_ANSWERED


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_has_the_published_elements_and_no_others(published, name):
    expected = paths_of(PUBLISHED[name].root)

    found = paths_of(facts_of(ASKED[name](published).body))

    assert expected - found == set(OPTIONAL.get(name, ())), PUBLISHED[name].document
    assert found - expected == set(FURTHER.get(name, ())), PUBLISHED[name].document


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_spells_its_values_as_published(published, name):
    expected = {}
    for path, text in leaves(PUBLISHED[name].root):
        expected.setdefault(path, set()).add(text)
    expected |= {path: {text} for path, text in OWN_VALUES.get(name, {}).items()}

    for path, text in leaves(facts_of(ASKED[name](published).body)):
        if path in expected and text not in expected[path]:
            shape = shape_of(path, expected[path])
            assert shape is not None, f"{path} is {text}"
            assert re.fullmatch(shape, text), path


def shape_of(path, texts):
    """Return what a text has to look like that may be another than ``texts``, or None."""
    return TIME if all(re.fullmatch(TIME, text) for text in texts) else SHAPES.get(path.rpartition("/")[2])


def test_the_status_is_the_published_json(published):
    body = published.get("/").body

    assert json.loads(body) == samples.STATUS
    assert len(body) == 17  # the published Content-Length


@pytest.mark.parametrize("action", ["on", "off", "unbinding"])
def test_the_status_has_the_documented_words(published, action):
    if action == "off":
        published.seed(asr="off", ci="off")
    elif action == "unbinding":
        published.control.change_settings(unbind_seconds=60)
        published.seed(asr="off")
        published.put("/", query={"unbind": ""})

    assert json.loads(published.get("/").body) == {"CIStatus": action}


class TestStates:
    """The documented words for the states of a job (1045/73375) and of a queue (1045/73366)."""

    def times(self, reply):
        return [reply.text(f"JobsDetail/{name}Time") for name in ("Creation", "Start", "End")]

    def test_a_job_that_waits_is_pause_and_one_cancelled_is_cancel(self, published):
        assert queue(published, "Paused").text("Queue/State") == "Paused"
        job = published.post("/jobs", body=job_request())
        job_id = job.text("JobsDetail/JobId")

        assert job.text("JobsDetail/State") == "Submitted"
        waiting = published.get(f"/jobs/{job_id}")
        assert waiting.text("JobsDetail/State") == "Pause"
        assert [time == "-" for time in self.times(waiting)] == [False, True, True]

        published.put(f"/jobs/{job_id}", query={"cancel": ""})

        cancelled = published.get(f"/jobs/{job_id}")
        assert cancelled.text("JobsDetail/State") == "Cancel"
        assert [bool(re.fullmatch(TIME, time)) for time in self.times(cancelled)] == [True, False, True]

    def test_a_job_runs_and_ends(self, published, recording, denoise_gate):
        published.control.put_object(published.region, published.bucket, "input/demo.mp4", recording)
        job_id = published.post("/jobs", body=job_request()).text("JobsDetail/JobId")

        running = published.get(f"/jobs/{job_id}")
        assert running.text("JobsDetail/State") == "Running"
        assert [bool(re.fullmatch(TIME, time)) for time in self.times(running)] == [True, True, False]
        denoise_gate.set()
        ended = published.job_in(job_id, "Success")
        assert (ended.text("JobsDetail/Code"), ended.text("JobsDetail/Message")) == ("Success", "")
        assert all(re.fullmatch(TIME, time) for time in self.times(ended))

    def test_a_job_without_audio_is_failed(self, published):
        job_id = published.post("/jobs", body=job_request()).text("JobsDetail/JobId")

        failed = published.job_in(job_id, "Failed")

        assert failed.text("JobsDetail/Code") != "Success"
        assert failed.text("JobsDetail/Message")

    def test_the_finished_job_has_the_elements_of_its_callback(self, published, recording, fake_denoise):
        published.control.put_object(published.region, published.bucket, "input/demo.mp4", recording)
        job_id = published.post("/jobs", body=job_request()).text("JobsDetail/JobId")

        found = paths_of(facts_of(published.job_in(job_id, "Success").body))

        assert paths_of(samples.JOB_CALLBACK.root) - {"Response/EventName"} <= found


# Requests

REQUESTS = {
    "JOB_REQUEST": (samples.JOB_REQUEST, "POST", "/jobs"),
    "JOB_REQUEST_BY_TEMPLATE": (samples.JOB_REQUEST_BY_TEMPLATE, "POST", "/jobs"),
    "TEMPLATE_REQUEST": (samples.TEMPLATE_REQUEST, "POST", "/template"),
    "TEMPLATE_REQUEST, as an update": (samples.TEMPLATE_REQUEST, "PUT", "/template/{template}"),
    "QUEUE_REQUEST": (QUEUE_REQUEST, "PUT", "/asrqueue/{queue}"),
}
NEEDS_TEMPLATE = {"JOB_REQUEST_BY_TEMPLATE", "TEMPLATE_REQUEST, as an update"}


def sent(cloud, name, *, root=None, shuffled_by=None):
    sample, method, path = REQUESTS[name]
    body = document_of(root or sample.root, shuffled_by=shuffled_by)
    template = None
    if name in NEEDS_TEMPLATE:
        template = made_template(cloud)
        body = body.replace(samples.TEMPLATE_ID.encode(), template.encode())
    return cloud.call(method, path.format(template=template, queue=queue_of(cloud)), body=body)


@pytest.mark.parametrize("shuffled_by", [None, 1, 2], ids=["as published", "shuffled", "shuffled again"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_published_request_is_accepted(published, name, shuffled_by):
    assert sent(published, name, shuffled_by=shuffled_by).status == 200


def misspelt(name):
    """Return how one may get an element's name wrong."""
    return {name + "s", name[0].lower() + name[1:], name.upper(), name[:-1] or name}


def renamed(node, path, new, above=""):
    """Return ``node`` with the elements at ``path`` called ``new``."""
    name, content = node
    here = f"{above}/{name}" if above else name
    if not isinstance(content, str):
        content = [renamed(child, path, new, here) for child in content]
    return (new if here == path else name, content)


MISSPELT = [
    pytest.param(name, path, new, id=f"{name}: {path} as {new}")
    for name, (sample, _, _) in REQUESTS.items()
    for path in sorted(paths_of(sample.root))
    for new in sorted(misspelt(path.rpartition("/")[2]) - {path.rpartition("/")[2]})
]


@pytest.mark.parametrize("cloud", ["in process"], indirect=True)
@pytest.mark.parametrize(("name", "path", "new"), MISSPELT)
def test_a_request_with_one_element_misspelt_is_refused_and_changes_nothing(published, name, path, new):
    root = REQUESTS[name][0].root
    kinds = ("jobs", "queues")

    before = published.control.state()
    reply = sent(published, name, root=renamed(root, path, new))
    after = published.control.state()

    assert reply.refusal == (400, "InvalidArgument")
    assert [after[kind] for kind in kinds] == [before[kind] for kind in kinds]
    names = [template["name"] for template in after["templates"]]
    assert len(names) == (name in NEEDS_TEMPLATE)
