"""The facts of the published samples: element names, nesting and values, never their markup.

A document is a pair of an element's name and either its text or the list of its children. Several samples are not
well-formed where they were published, so documents are built from these facts, in any order of the elements. Every
sample names the document its facts come from; where that publishes names without values, the values are made up in
the documented shape and ``has_published_values`` is false.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from lxml import etree

Node: TypeAlias = "tuple[str, str | Sequence[Node]]"


@dataclass(frozen=True)
class Sample:
    """One published document.

    Attributes:
        document: where it was published.
        root: its facts.
        has_published_values: whether the values were published, too, or the names alone.
    """

    document: str
    root: Node
    has_published_values: bool = True


def document_of(root: Node, *, shuffled_by: int | None = None) -> bytes:
    """Return ``root`` as well-formed XML, siblings in the published order, or shuffled by a seed."""
    chance = None if shuffled_by is None else Random(shuffled_by)  # noqa: S311  an order, no secret
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + etree.tostring(_element(root, chance), encoding="utf-8")


def _element(node: Node, chance: Random | None) -> etree._Element:
    name, content = node
    element = etree.Element(name)
    if isinstance(content, str):
        element.text = content or None
        return element
    element.extend(_element(child, chance) for child in (chance.sample(content, len(content)) if chance else content))
    return element


def facts_of(document: bytes) -> Node:
    """Return the facts of an XML document."""
    return _facts(etree.fromstring(document))


def _facts(element: etree._Element) -> Node:
    children = [_facts(child) for child in element]
    return (element.tag, children or (element.text or ""))


def order_free(node: Node) -> Node:
    """Return ``node`` in an order of its own, so that ``==`` asks only for the same elements and values."""
    name, content = node
    return (name, content if isinstance(content, str) else sorted(map(order_free, content), key=repr))


def paths_of(node: Node, above: str = "") -> set[str]:
    """Return the paths of all elements, such as ``Response/JobsDetail/JobId``: the nesting without the values."""
    return set(_paths(node, above))


def _paths(node: Node, above: str) -> Iterator[str]:
    name, content = node
    path = f"{above}/{name}" if above else name
    yield path
    for child in () if isinstance(content, str) else content:
        yield from _paths(child, path)


JOB_ID = "j8d121820f5e411ec926ef19d53ba9c6f"
QUEUE_ID = "p2242ab62c7c94486915508540933a2c6"
TEMPLATE_ID = "t1460606b9752148c4ab182f55163ba7cd"
WORKFLOW_ID = "wc666d0b9f9dd47ae9137a096252d49f7"
BATCH_JOB_ID = "b3deffea2f84911ec9cb15254008618d9"
REQUEST_ID = "NjJmMzYxMDlfOTBmYTUwNjRfNGE2YV83"

_OUTPUT: Node = (
    "Output",
    [("Region", "ap-chongqing"), ("Bucket", "test-123456789"), ("Object", "output/out.wav")],
)
_JOB_PARAMETERS: Node = ("NoiseReduction", [("Format", "wav"), ("SampleRate", "16000")])
"""The job documents spell the rate so; the template documents and four clients write ``Samplerate``."""
_TEMPLATE_PARAMETERS: Node = ("NoiseReduction", [("Format", "wav"), ("Samplerate", "16000")])
_USER_DATA: list[Node] = [("UserData", "This is my data."), ("JobLevel", "0")]
_CALL_BACK: list[Node] = [("CallBack", "http://callback.demo.com"), ("CallBackFormat", "JSON")]


def _job_request(*how: Node) -> Node:
    return (
        "Request",
        [
            ("Tag", "NoiseReduction"),
            ("Input", [("Object", "input/demo.mp3")]),
            ("Operation", [*how, _OUTPUT, *_USER_DATA]),
            *_CALL_BACK,
        ],
    )


def _job_detail(*how: Node) -> Node:
    return (
        "JobsDetail",
        [
            ("Code", "Success"),
            ("Message", ""),
            ("JobId", JOB_ID),
            ("State", "Submitted"),
            ("CreationTime", "2022-06-27T15:23:10+0800"),
            ("StartTime", "-"),
            ("EndTime", "-"),
            ("QueueId", QUEUE_ID),
            ("QueueType", "Speeching"),
            ("Tag", "NoiseReduction"),
            (
                "Input",
                [("BucketId", "test-123456789"), ("Object", "input/demo.mp4"), ("Region", "ap-chongqing")],
            ),
            ("Operation", [*how, _OUTPUT, *_USER_DATA]),
        ],
    )


# Binding

STATUS = {"CIStatus": "on"}
"""The whole answer of ``GET /``, in JSON (document 1045/33702)."""

STATUS_XML = Sample("1045/33702, as the legacy host writes it", ("CIStatus", "on"))

BUCKET_BOUND = Sample(
    "460/97479",
    (
        "Response",
        [("RequestId", REQUEST_ID), ("CIBucket", [("BucketId", "test-1234567890"), ("Region", "ap-chongqing")])],
    ),
)

# Smart Audio

SMART_AUDIO_ENABLED = Sample(
    "1045/73363",
    (
        "Response",
        [
            ("RequestId", "NWYzZTMwZTlfOTBmYTUwNjRfMjJhNl8x"),
            (
                "AsrBucket",
                [
                    ("Name", "bucket-1250000000"),
                    ("CreateTime", "2020-08-20T16:14:34+0800"),
                    ("Region", "ap-chongqing"),
                    ("AliasBucketId", ""),
                    ("BucketId", "bucket-1250000000"),
                ],
            ),
        ],
    ),
)

SMART_AUDIO_LIST = Sample(
    "1045/73364",
    (
        "Response",
        [
            ("RequestId", "NTk0MjdmODlfMjQ4OGY3XzYzYzhf****"),
            ("TotalCount", "2"),
            ("PageNumber", "1"),
            ("PageSize", "10"),
            (
                "AsrBucketList",
                [
                    ("BucketId", "examplebucket-1250000000"),
                    ("Name", "examplebucket-1250000000"),
                    ("Region", "ap-beijing"),
                    ("CreateTime", "2019-11-15T12:12:12+0800"),
                ],
            ),
            (
                "AsrBucketList",
                [
                    ("BucketId", "examplebucket-1-1250000000"),
                    ("Name", "examplebucket-1-1250000000"),
                    ("Region", "ap-chongqing"),
                    ("CreateTime", "2020-11-16T14:13:15+0800"),
                ],
            ),
        ],
    ),
)

SMART_AUDIO_DISABLED = Sample(
    "1045/73365",
    ("Response", [("RequestId", REQUEST_ID), ("BucketName", "test-1234567890")]),
)

QUEUES = Sample(
    "1045/73366",
    (
        "Response",
        [
            ("TotalCount", "1"),
            ("RequestId", REQUEST_ID),
            ("PageNumber", "1"),
            ("PageSize", "5"),
            (
                "QueueList",
                [
                    ("QueueId", "pd0a7e02988c24db88b61551cf540444c"),
                    ("Name", "queue-speech-1"),
                    ("State", "Active"),
                    ("NotifyConfig", [("Url", ""), ("Event", ""), ("Type", ""), ("State", "Off")]),
                    ("MaxSize", "10000"),
                    ("MaxConcurrent", "10"),
                    ("CreateTime", "2020-08-20T17:52:33+0800"),
                    ("UpdateTime", "2020-08-20T17:52:33+0800"),
                    ("BucketId", "bucket-1250000000"),
                    ("Category", "Speeching"),
                ],
            ),
        ],
    ),
)

# Jobs

JOB_REQUEST = Sample("1045/73375, also 460/84796", _job_request(_JOB_PARAMETERS))
JOB_REQUEST_BY_TEMPLATE = Sample("1045/73375, case 1", _job_request(("TemplateId", TEMPLATE_ID)))
JOB_SUBMITTED = Sample("1045/73375, case 2", ("Response", [_job_detail(_JOB_PARAMETERS)]))
JOB_SUBMITTED_BY_TEMPLATE = Sample("1045/73375, case 1", ("Response", [_job_detail(("TemplateId", TEMPLATE_ID))]))

JOB_UNKNOWN = Sample(
    "436/76945",
    ("Response", [("NonExistJobIds", JOB_ID)]),
    has_published_values=False,
)

JOB_LIST = Sample(
    "460/60576",
    ("Response", [_job_detail(_JOB_PARAMETERS), ("NextToken", "21")]),
    has_published_values=False,
)

JOB_CALLBACK = Sample(
    "1045/73376, also 436/74988",
    (
        "Response",
        [
            ("EventName", "TaskFinish"),
            (
                "JobsDetail",
                [
                    ("Code", "Success"),
                    ("CreationTime", "2022-06-30T18:47:18+0800"),
                    ("EndTime", "2022-06-30T18:47:30+0800"),
                    (
                        "Input",
                        [("BucketId", "test-123456789"), ("Object", "input/demo.mp3"), ("Region", "ap-chongqing")],
                    ),
                    ("JobId", "j035aca66f86211ec8a5a87e016101404"),
                    ("Message", "SUCCESS"),
                    (
                        "Operation",
                        [
                            (
                                "Output",
                                [("Bucket", "test-123456789"), ("Object", "output/nr.wav"), ("Region", "ap-chongqing")],
                            ),
                            ("UserData", "This is my NoiseReduction job."),
                            ("JobLevel", "0"),
                        ],
                    ),
                    ("QueueId", QUEUE_ID),
                    ("StartTime", "2022-06-30T18:47:20+0800"),
                    ("State", "Success"),
                    ("Tag", "NoiseReduction"),
                ],
            ),
        ],
    ),
)

# Templates

TEMPLATE_REQUEST = Sample(
    "1045/73377, also 1045/73378",
    ("Request", [("Tag", "NoiseReduction"), ("Name", "TemplateName"), _TEMPLATE_PARAMETERS]),
)

_TEMPLATE: list[Node] = [
    ("TemplateId", TEMPLATE_ID),
    ("Name", "TemplateName"),
    ("State", "Normal"),
    ("Tag", "NoiseReduction"),
    ("CreateTime", "2020-08-05T11:35:24+0800"),
    ("UpdateTime", "2020-08-31T16:15:20+0800"),
    ("BucketId", "test-1234567890"),
    ("Category", "Custom"),
    _TEMPLATE_PARAMETERS,
]

TEMPLATE_CREATED = Sample(
    "1045/73377, also 1045/73378",
    ("Response", [("RequestId", REQUEST_ID), ("Template", _TEMPLATE)]),
    has_published_values=False,
)

TEMPLATE_LIST = Sample(
    "1045/72989",
    (
        "Response",
        [
            ("RequestId", REQUEST_ID),
            ("TotalCount", "1"),
            ("PageNumber", "1"),
            ("PageSize", "10"),
            ("TemplateList", _TEMPLATE),
        ],
    ),
    has_published_values=False,
)

TEMPLATE_DELETED = Sample(
    "1045/49918",
    ("Response", [("RequestId", REQUEST_ID), ("TemplateId", TEMPLATE_ID)]),
    has_published_values=False,
)

# What stands in the way of unbinding

WORKFLOWS = Sample(
    "1045/43734",
    (
        "Response",
        [
            ("RequestId", REQUEST_ID),
            ("TotalCount", "1"),
            ("PageNumber", "1"),
            ("PageSize", "10"),
            (
                "MediaWorkflowList",
                [
                    ("Name", "workflow"),
                    ("WorkflowId", WORKFLOW_ID),
                    ("State", "Paused"),
                    ("BucketId", "test-1234567890"),
                    ("CreateTime", "2020-08-05T11:35:24+0800"),
                    ("UpdateTime", "2020-08-31T16:15:20+0800"),
                    ("Topology", ""),
                ],
            ),
        ],
    ),
    has_published_values=False,
)

BATCH_JOBS = Sample(
    "1045/47031",
    (
        "Response",
        [
            ("RequestId", REQUEST_ID),
            (
                "JobsDetail",
                [
                    ("Code", "Success"),
                    ("Message", ""),
                    ("Name", "batch"),
                    ("Type", "Workflow"),
                    ("JobId", BATCH_JOB_ID),
                    ("State", "Running"),
                    ("CreationTime", "2022-06-27T15:23:10+0800"),
                    ("StartTime", "2022-06-27T15:23:11+0800"),
                    ("EndTime", "-"),
                ],
            ),
            ("NextToken", ""),
        ],
    ),
    has_published_values=False,
)

# Errors

ERROR = Sample(
    "1045/43611, also 436/46214",
    ("Error", [("Code", "string"), ("Message", "string"), ("RequestId", "string"), ("TraceId", "string")]),
)

COS_ERROR = Sample(
    "436/7730",
    (
        "Error",
        [
            ("Code", "string"),
            ("Message", "string"),
            ("Resource", "string"),
            ("RequestId", "string"),
            ("TraceId", "string"),
        ],
    ),
)

RESPONSES = {
    name: sample
    for name, sample in list(globals().items())
    if isinstance(sample, Sample) and sample.root[0] == "Response"
}
"""Every answer, by its name."""
