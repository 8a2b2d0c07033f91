"""Two accounts in one program: each has a provider of its own, and one bucket that is bound to CI."""

import pulumi

from pulumi_ci_audio.native import AsrBucketBinding, CiBucketBinding, NoiseReductionJob, Provider

config = pulumi.Config()

# The account of the environment, or of `ci-audio:secretId` and `ci-audio:secretKey`, needs no provider.
binding = CiBucketBinding("binding", bucket=config.require("bucket"))
audio = AsrBucketBinding("audio", bucket=binding.bucket)
job = NoiseReductionJob(
    "clean", bucket=audio.bucket, input_object=config.require("input"), output_object="clean/speech.wav"
)

other = Provider(
    "other",
    secret_id=config.require("otherSecretId"),
    secret_key=config.require_secret("otherSecretKey"),
    region="ap-guangzhou",
    endpoint=config.get("otherEndpoint") or None,
)
archive = CiBucketBinding("archive", bucket=config.require("otherBucket"), opts=pulumi.ResourceOptions(provider=other))

pulumi.export("state", job.state)
pulumi.export("archive_status", archive.status)
