"""The documents that requests carry: every element the pages name, what it may hold, and whether it must be there."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from pulumi_ci_audio.emulator.documents import Container, Rule, Text
from pulumi_ci_audio.emulator.hosts import BUCKET, REGION
from pulumi_ci_audio.emulator.records import FORMATS, SAMPLE_RATES, SPELLINGS

_MAX_USER_DATA = 1024


def one_of(*texts: str) -> Rule:
    """Return the rule that a text is one of ``texts``."""
    return lambda text: None if text in texts else f"is {' or '.join(texts)}, not {text!r}"


def _list_of(*texts: str) -> Rule:
    return lambda text: None if set(text.split(",")) <= set(texts) else f"is a list of {' and '.join(texts)}"


def _name(length: int) -> Rule:
    # Chinese characters, letters, digits, "_", "-" and "*".
    pattern = re.compile(rf"[一-鿿A-Za-z0-9_*-]{{1,{length}}}")
    return lambda text: (
        None
        if pattern.fullmatch(text)
        else f"has at most {length} Chinese characters, letters, digits, underscores, hyphens and asterisks"
    )


def _like(pattern: re.Pattern[str], what: str) -> Rule:
    return lambda text: None if pattern.fullmatch(text) else f"is no {what}"


def _user_data(text: str) -> str | None:
    if len(text) > _MAX_USER_DATA or not (text.isascii() and text.isprintable()):
        return f"is at most {_MAX_USER_DATA} printable ASCII characters"
    return None


def public_url(text: str) -> str | None:
    """Say what keeps ``text`` from being a callback's address: private networks are refused (1045/73367)."""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return "is no URL"
    if parts.scheme not in {"http", "https"} or not host:
        return "is no http or https URL"
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = host == "localhost"
    return "is an address in a private network" if is_private else None


def _callback(text: str) -> str | None:
    return None if text == "no" else public_url(text)


_NOISE_REDUCTION = (
    Text("Format", rule=one_of(*FORMATS)),
    *(Text(spelling, rule=one_of(*SAMPLE_RATES)) for spelling in SPELLINGS),
)
_MQ = (
    Text("MqRegion", rule=one_of("sh", "bj", "gz", "cd", "hk")),
    Text("MqMode", rule=one_of("Queue", "Topic")),
    Text("MqName"),
)
_KAFKA = (Text("Region"), Text("InstanceId"), Text("Topic"))

# "Submit a Task" (1045/73375); QueueId and QueueType are of older pages and of the Go SDK, Kafka of the Go SDK.
JOB = Container(
    "Request",
    (
        Text("Tag", required=True),
        Text("QueueId"),
        Text("QueueType", rule=one_of("Speeching")),
        Container("Input", (Text("Object", required=True),), required=True),
        Container(
            "Operation",
            (
                Text("TemplateId"),
                Container("NoiseReduction", _NOISE_REDUCTION),
                Text("JobLevel", rule=one_of("0", "1", "2")),
                Text("UserData", rule=_user_data),
                Container(
                    "Output",
                    (
                        Text("Region", required=True, rule=_like(REGION, "region")),
                        Text("Bucket", required=True, rule=_like(BUCKET, "bucket")),
                        Text("Object", required=True),
                    ),
                    required=True,
                ),
            ),
            required=True,
        ),
        Text("CallBack", rule=_callback),
        Text("CallBackFormat", rule=one_of("XML", "JSON")),
        Text("CallBackType", rule=one_of("Url", "TDMQ")),
        Container("CallBackMqConfig", _MQ),
        Container("CallBackKafkaConfig", _KAFKA),
    ),
    required=True,
)

# "Creating Templates" (1045/73377).
TEMPLATE = Container(
    "Request",
    (
        Text("Tag", required=True),
        Text("Name", required=True, rule=_name(64)),
        Container("NoiseReduction", _NOISE_REDUCTION, required=True),
    ),
)

# "Updating Queue" (1045/73367); the older form repeats the id, KafkaConfig is of the Go SDK.
QUEUE = Container(
    "Request",
    (
        Text("QueueID"),
        Text("QueueId"),
        Text("Name", required=True, rule=_name(128)),
        Text("State", required=True, rule=one_of("Active", "Paused")),
        Container(
            "NotifyConfig",
            (
                Text("State", rule=one_of("On", "Off")),
                Text("Event", rule=_list_of("TaskFinish", "WorkflowFinish")),
                Text("ResultFormat", rule=one_of("XML", "JSON")),
                Text("Type", rule=one_of("Url", "TDMQ")),
                Text("Url", rule=public_url),
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
