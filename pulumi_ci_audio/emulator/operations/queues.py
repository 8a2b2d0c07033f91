"""Smart Audio's queues: ``/asrqueue``."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content, Values
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.schemas import QUEUE
from pulumi_ci_audio.emulator.rules import queues
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import Bucket, Queue, QueueState

_CATEGORIES = ("CateAll", "Speeching")


def describe_asr_queues(call: Call) -> Response:
    """List the bucket's queues, or those asked for by id (1045/73366)."""
    bucket = call.bucket
    queue = queues.queue(call.store, bucket)
    state = call.choice("state", "All", "All", "Active", "Paused")
    call.choice("category", "CateAll", *_CATEGORIES)
    found = [queue] if state in {"All", queue.state} else []
    ids = call.values("queueIds")
    if ids:
        unknown: Content = [("QueueID", queue_id) for queue_id in ids if queue_id != queue.id]
        asked = [queue] if found and queue.id in ids else []
        listed = call.listed("QueueList", (_describe(call, bucket, queue) for queue in asked))
        return call.response(*listed, *([("NonExistPIDs", unknown)] if unknown else []))
    page, description = call.page(found)
    return call.response(*description, *call.listed("QueueList", (_describe(call, bucket, queue) for queue in page)))


def update_asr_queue(call: Call) -> Response:
    """Change a queue; the id in the path counts, not one in the body (1045/73367)."""
    bucket = call.bucket
    queue = queues.queue(call.store, bucket, call.arguments["queue_id"])
    values = call.read(QUEUE)
    notify = _notify(call, values.container("NotifyConfig"))
    name, state = values.texts["Name"], QueueState(values.texts["State"])
    queues.update_queue(call.store, queue, name=name, state=state, notify=notify)
    return call.response(("Queue", _describe(call, bucket, queue)))


def _notify(call: Call, values: Values) -> dict[str, str]:
    """Return the configuration of callbacks, after the rules that join its elements."""
    notify = {"State": "Off", **values.texts}
    needed = []
    if notify["State"] == "On":
        needed = ["Event", "Type", *{"Url": ["Url"], "TDMQ": ["MqRegion", "MqName"]}.get(notify.get("Type", ""), [])]
    missing = [name for name in needed if name not in notify]
    if missing:
        raise ServiceError("InvalidArgument", f"Request.NotifyConfig lacks {', '.join(missing)}")
    if "Url" in notify:
        call.require_callable(notify["Url"], "Request.NotifyConfig.Url")
    return notify


def _describe(call: Call, bucket: Bucket, queue: Queue) -> Content:
    always = ("Url", "Event", "Type", "State")
    further = [name for name in queue.notify if name not in always]
    return [
        ("QueueId", queue.id),
        ("Name", queue.name),
        ("State", queue.state),
        ("NotifyConfig", [(name, queue.notify.get(name)) for name in (*always, *further)]),
        ("MaxSize", call.store.settings.queue_size),
        ("MaxConcurrent", call.store.settings.queue_concurrency),
        ("CreateTime", render_time(queue.created)),
        ("UpdateTime", render_time(queue.updated)),
        ("BucketId", bucket.name),
        ("Category", "Speeching"),
    ]
