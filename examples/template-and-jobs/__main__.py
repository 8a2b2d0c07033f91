"""Clean several recordings, make a small preview of each result, and tell a webhook how every job ended."""

import asyncio
import http.client
import json
import urllib.request
from pathlib import PurePosixPath

import pulumi

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob, NoiseReductionTemplate

WEBHOOK_TIMEOUT_SECONDS = 5

config = pulumi.Config()
webhook = config.get("webhook")


async def tell_webhook(args: pulumi.ResourceHookArgs) -> None:
    """Say how a job ended. The message may get lost: no deployment fails because a chat is down."""
    before, after = args.old_outputs or {}, args.new_outputs or {}
    if before.get("state") == after["state"]:  # an update of something else, such as the timeout
        return
    # Hooks see the engine's names of the properties, which are in camelCase.
    message = {"job_id": after["jobId"], "state": after["state"], "output_url": after.get("outputUrl")}
    try:
        await asyncio.to_thread(post, message)
    except (OSError, http.client.HTTPException, ValueError) as error:
        pulumi.log.warn(f"the webhook was not told about {args.name}: {error}")


def post(message: dict[str, str | None]) -> None:
    body, headers = json.dumps(message).encode(), {"Content-Type": "application/json"}
    request = urllib.request.Request(webhook or "", body, headers)  # noqa: S310  the operator's own URL
    urllib.request.urlopen(request, timeout=WEBHOOK_TIMEOUT_SECONDS).close()  # noqa: S310


job_options = pulumi.ResourceOptions()
if webhook:
    hook = pulumi.ResourceHook("tell-webhook", tell_webhook)
    # A job that ran out of time when it was created ends in a later update.
    job_options.hooks = pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook])

binding = CiBucketBinding("binding", bucket=config.require("bucket"))
audio = AsrBucketBinding("audio", bucket=binding.bucket)

archive = NoiseReductionTemplate(
    "archive", bucket=audio.bucket, template_name="archive", format="wav", sample_rate=24000
)
preview = NoiseReductionTemplate(
    "preview", bucket=audio.bucket, template_name="preview", format="mp3", sample_rate=12000
)

urls = {}
for recording in config.require_object("recordings"):
    name = PurePosixPath(recording).stem
    archived = f"archive/{name}.wav"
    cleaned = NoiseReductionJob(
        f"{name}-archive",
        bucket=audio.bucket,
        input_object=recording,
        output_object=archived,
        template_id=archive.template_id,
        opts=job_options,
    )
    # The trigger makes this job wait for the one above, and follow it within the same `pulumi up`. That its input has
    # changed would else be noticed by the next refresh only.
    NoiseReductionJob(
        f"{name}-preview",
        bucket=audio.bucket,
        input_object=archived,
        output_object=f"preview/{name}.mp3",
        template_id=preview.template_id,
        triggers=[cleaned.output_etag],
        opts=job_options,
    )
    urls[recording] = cleaned.output_url

pulumi.export("cleaned_urls", urls)
