"""Keep a folder of recordings clean: whatever is new or has changed is run, and nothing else."""

import pulumi

from pulumi_ci_audio import AsrBucketBinding, CiBucketBinding, NoiseReductionBatch, NoiseReductionTemplate

config = pulumi.Config()

binding = CiBucketBinding("binding", bucket=config.require("bucket"))
audio = AsrBucketBinding("audio", bucket=binding.bucket)
voices = NoiseReductionTemplate("voices", bucket=audio.bucket, template_name="voices", format="wav")

folder = NoiseReductionBatch(
    "folder",
    bucket=audio.bucket,
    input_prefix=config.get("input") or "raw/",
    output_prefix=config.get("output") or "clean/",
    template_id=voices.template_id,
    at_most=500,  # more would be a typo, and is refused before anything is billed
)

pulumi.export("recordings", folder.total)
pulumi.export("ran", folder.ran)
pulumi.export("failures", folder.failures)
