"""The documents that requests carry: every element the pages name, what it may hold, and whether it must be there."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from pulumi_ci_audio.emulator.http.hosts import BUCKET, REGION, is_loopback
from pulumi_ci_audio.emulator.http.xml import Anything, Container, Text, TextCheck
from pulumi_ci_audio.emulator.state.records import FORMATS, SAMPLE_RATES, SPELLINGS

_MAX_USER_DATA = 1024


def one_of(*texts: str) -> TextCheck:
    """Return the check that a text is one of ``texts``."""
    return lambda text: None if text in texts else f"must be {' or '.join(texts)}, not {text!r}"


def _list_of(*texts: str) -> TextCheck:
    return lambda text: None if set(text.split(",")) <= set(texts) else f"must be a list of {' and '.join(texts)}"


def _name(length: int) -> TextCheck:
    # Chinese characters, letters, digits, "_", "-" and "*".
    pattern = re.compile(rf"[一-鿿A-Za-z0-9_*-]{{1,{length}}}")
    return lambda text: (
        None
        if pattern.fullmatch(text)
        else f"must be at most {length} Chinese characters, letters, digits, underscores, hyphens and asterisks"
    )


def _batch_name(text: str) -> str | None:
    is_name = re.fullmatch(r"[一-鿿A-Za-z0-9_-]{1,128}", text)
    return None if is_name else "must be at most 128 Chinese characters, letters, digits, hyphens and underscores"


def _like(pattern: re.Pattern[str], what: str) -> TextCheck:
    return lambda text: None if pattern.fullmatch(text) else f"must be a {what}"


def _user_data(text: str) -> str | None:
    if len(text) > _MAX_USER_DATA or not (text.isascii() and text.isprintable()):
        return f"must be at most {_MAX_USER_DATA} printable ASCII characters"
    return None


def _url(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    return None if is_url else "must be an http or https URL"


def _callback(text: str) -> str | None:
    return None if text == "no" else _url(text)


def private_address(url: str) -> str | None:
    """Return the host of a callback's address if it is in a private network, which the service refuses (1045/73367)."""
    host = urlsplit(url).hostname or ""
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = is_loopback(host)
    return host if is_private else None


_NOISE_REDUCTION = (
    Text("Format", check=one_of(*FORMATS)),
    *(Text(spelling, check=one_of(*SAMPLE_RATES)) for spelling in SPELLINGS),
)
_MQ = (
    Text("MqRegion", check=one_of("sh", "bj", "gz", "cd", "hk")),
    Text("MqMode", check=one_of("Queue", "Topic")),
    Text("MqName"),
)
_KAFKA = (Text("Region"), Text("InstanceId"), Text("Topic"))

_CALLED_BACK = (
    Text("CallBack", check=_callback),
    Text("CallBackFormat", check=one_of("XML", "JSON")),
    Text("CallBackType", check=one_of("Url", "TDMQ")),
    Container("CallBackMqConfig", _MQ),
    Container("CallBackKafkaConfig", _KAFKA),
)
_OUTPUT = (
    Text("Region", required=True, check=_like(REGION, "region")),
    Text("Bucket", required=True, check=_like(BUCKET, "bucket")),
    Text("Object", required=True),
)

# "Submit a Task" (1045/73375); QueueId and QueueType are of older pages and of the Go SDK, Kafka of the Go SDK.
JOB = Container(
    "Request",
    (
        Text("Tag", required=True),
        Text("QueueId"),
        Text("QueueType", check=one_of("Speeching")),
        Container("Input", (Text("Object", required=True),), required=True),
        Container(
            "Operation",
            (
                Text("TemplateId"),
                Container("NoiseReduction", _NOISE_REDUCTION),
                Text("JobLevel", check=one_of("0", "1", "2")),
                Text("UserData", check=_user_data),
                Container("Output", _OUTPUT, required=True),
            ),
            required=True,
        ),
        *_CALLED_BACK,
    ),
    required=True,
)

# Jobs of the other tags of Smart Audio, whose operations are kept and not looked at.
OTHER_JOB = Container(
    "Request",
    (
        Text("Tag", required=True),
        Text("QueueId"),
        Text("QueueType", check=one_of("Speeching")),
        Container("Input", (Text("Object"), Text("Url", check=_url))),
        Anything("Operation", required=True),
        *_CALLED_BACK,
    ),
    required=True,
)

# "Creating a Batch Job" (1045/50369).
BATCH_JOB = Container(
    "Request",
    (
        Text("Name", required=True, check=_batch_name),
        Text("Type", required=True, check=one_of("Job", "Workflow")),
        Container(
            "Input",
            (Text("Prefix"), Text("Object"), Text("UrlFile"), Text("Manifest")),
            required=True,
        ),
        Container(
            "Operation",
            (
                Container("TimeInterval", (Text("Start"), Text("End"))),
                Text("Tag", required=True),
                Container("JobParam", (Text("TemplateId"), Container("NoiseReduction", _NOISE_REDUCTION))),
                Container("Output", _OUTPUT, required=True),
                Text("QueueId"),
                Text("QueueType", check=one_of("Speeching")),
                Text("JobLevel", check=one_of("0", "1", "2")),
                Text("UserData", check=_user_data),
                *_CALLED_BACK,
            ),
            required=True,
        ),
    ),
    required=True,
)

# "Creating Templates" (1045/73377).
TEMPLATE = Container(
    "Request",
    (
        Text("Tag", required=True),
        Text("Name", required=True, check=_name(64)),
        Container("NoiseReduction", _NOISE_REDUCTION, required=True),
    ),
)

# "Updating Queue" (1045/73367); the older form repeats the id, KafkaConfig is of the Go SDK.
QUEUE = Container(
    "Request",
    (
        Text("QueueID"),
        Text("QueueId"),
        Text("Name", required=True, check=_name(128)),
        Text("State", required=True, check=one_of("Active", "Paused")),
        Container(
            "NotifyConfig",
            (
                Text("State", check=one_of("On", "Off")),
                Text("Event", check=_list_of("TaskFinish", "WorkflowFinish")),
                Text("ResultFormat", check=one_of("XML", "JSON")),
                Text("Type", check=one_of("Url", "TDMQ")),
                Text("Url", check=_url),
                *_MQ,
                Container("KafkaConfig", _KAFKA),
            ),
            required=True,
        ),
    ),
)

# "Complete Multipart Upload" (436/7742).
COMPLETION = Container(
    "CompleteMultipartUpload",
    (Container("Part", (Text("PartNumber", required=True), Text("ETag", required=True)), required=True, repeats=True),),
)

# "Delete Multiple Objects" (436/8289).
DELETION = Container(
    "Delete",
    (
        Text("Quiet"),
        Container("Object", (Text("Key", required=True), Text("VersionId")), required=True, repeats=True),
    ),
)
