"""The same recording cleaned in a bucket of every region. A region is written in one place: the list."""

import pulumi

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob

config = pulumi.Config()
prefix, appid = config.require("prefix"), config.require("appid")
states = {}

for region in config.require_object("regions"):
    bucket = f"{prefix}-{region}-{appid}"
    binding = CiBucketBinding(f"binding-{region}", bucket=bucket, region=region)
    audio = AsrBucketBinding(f"audio-{region}", bucket=binding.bucket, region=region)
    job = NoiseReductionJob(
        f"clean-{region}",
        bucket=audio.bucket,
        region=region,
        input_object=config.require("input"),
        output_object="clean/speech.wav",
    )
    states[region] = job.state

pulumi.export("states", states)
