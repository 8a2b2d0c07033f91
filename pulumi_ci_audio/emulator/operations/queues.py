"""Smart Audio's queues: ``/asrqueue``."""

from __future__ import annotations

from pulumi_ci_audio.emulator.bindings import require_asr
from pulumi_ci_audio.emulator.call import Call
from pulumi_ci_audio.emulator.clock import render_time
from pulumi_ci_audio.emulator.documents import Content, Values
from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.exchange import Answer
from pulumi_ci_audio.emulator.progression import settle
from pulumi_ci_audio.emulator.records import Bucket, Queue, QueueState
from pulumi_ci_audio.emulator.shapes import QUEUE

_CATEGORIES = ("CateAll", "Speeching")


def describe_asr_queues(call: Call) -> Answer:
    """List the bucket's queues, or those asked for by id (1045/73366)."""
    bucket = call.bucket
    queue = require_asr(call.store, bucket)
    state = call.choice("state", "All", "All", "Active", "Paused")
    call.choice("category", "CateAll", *_CATEGORIES)
    found = [queue] if state in {"All", queue.state} else []
    ids = call.values("queueIds")
    if ids:
        unknown: Content = [("QueueID", queue_id) for queue_id in ids if queue_id != queue.id]
        asked = [_element(call, bucket, queue)] if found and queue.id in ids else []
        return call.answer(*asked, *([("NonExistPIDs", unknown)] if unknown else []))
    page, description = call.page(found)
    return call.answer(*description, *(_element(call, bucket, queue) for queue in page))


def update_asr_queue(call: Call) -> Answer:
    """Change a queue; the id in the path counts, not one in the body (1045/73367)."""
    bucket = call.bucket
    queue = require_asr(call.store, bucket)
    if call.arguments["queue_id"] != queue.id:
        status = int(call.store.assumed("unknown_id_status"))
        raise ServiceError("QueueNotFound", f"there is no queue {call.arguments['queue_id']}", status=status)
    values = call.read(QUEUE)
    notify = _notify(values.container("NotifyConfig"))
    queue.name, queue.state, queue.notify = values.texts["Name"], QueueState(values.texts["State"]), notify
    queue.updated = call.store.clock.now()
    settle(call.store)
    return call.answer(("Queue", _describe(call, bucket, queue)))


def _notify(values: Values) -> dict[str, str]:
    """Return the configuration of callbacks, after the rules that join its elements."""
    notify = {"State": "Off", **values.texts}
    needed = []
    if notify["State"] == "On":
        needed = ["Event", "Type", *{"Url": ["Url"], "TDMQ": ["MqRegion", "MqName"]}.get(notify.get("Type", ""), [])]
    missing = [name for name in needed if name not in notify]
    if missing:
        raise ServiceError("InvalidArgument", f"Request.NotifyConfig lacks {', '.join(missing)}")
    return notify


def _element(call: Call, bucket: Bucket, queue: Queue) -> tuple[str, Content]:
    return "QueueList", _describe(call, bucket, queue)


def _describe(call: Call, bucket: Bucket, queue: Queue) -> Content:
    always = ("Url", "Event", "Type", "State")
    further = [name for name in queue.notify if name not in always]
    return [
        ("QueueId", queue.id),
        ("Name", queue.name),
        ("State", queue.state),
        ("NotifyConfig", [(name, queue.notify.get(name)) for name in (*always, *further)]),
        ("MaxSize", 10000),
        ("MaxConcurrent", call.store.settings.queue_concurrency),
        ("CreateTime", render_time(queue.created)),
        ("UpdateTime", render_time(queue.updated)),
        ("BucketId", bucket.name),
        ("Category", "Speeching"),
    ]
