"""Clean one recording: bind its bucket to CI, enable Smart Audio on it, reduce the noise."""

import pulumi

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionJob

config = pulumi.Config()

binding = CiBucketBinding("binding", bucket=config.require("bucket"))

# Each resource takes the bucket from the one before, so that it comes after that one and goes before it.
audio = AsrBucketBinding("audio", bucket=binding.bucket)

job = NoiseReductionJob(
    "clean",
    bucket=audio.bucket,
    input_object=config.require("input"),
    output_object=config.require("output"),
)

pulumi.export("job_id", job.job_id)
pulumi.export("state", job.state)
pulumi.export("cleaned_url", job.output_url)
pulumi.export("cleaned_bytes", job.output_size)
