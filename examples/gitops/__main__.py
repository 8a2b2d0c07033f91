"""A bucket with Smart Audio, and a cleaned recording for each one in the list, all of it written in Git."""

from pathlib import PurePosixPath

import pulumi

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob

config = pulumi.Config()
region = config.require("region")

binding = CiBucketBinding("binding", bucket=config.require("bucket"), region=region)
audio = AsrBucketBinding("audio", bucket=binding.bucket, region=region)

for recording in config.require_object("recordings"):
    name = PurePosixPath(recording).stem
    NoiseReductionJob(
        name, bucket=audio.bucket, region=region, input_object=recording, output_object=f"clean/{name}.wav"
    )

pulumi.export("status", binding.status)
