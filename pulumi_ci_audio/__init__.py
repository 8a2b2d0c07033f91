"""Pulumi resources for Tencent Cloud Infinite (CI) audio: what programs import, and nothing else."""

from pulumi_ci_audio.functions import (
    AsrBucket,
    CiBucket,
    NoiseReductionJobRecord,
    get_asr_buckets,
    get_asr_buckets_output,
    get_ci_bucket,
    get_ci_bucket_output,
    get_noise_reduction_jobs,
    get_noise_reduction_jobs_output,
)
from pulumi_ci_audio.lifecycle.blockers import Blocker
from pulumi_ci_audio.resources import (
    AsrBucketBinding,
    CiBucketBinding,
    NoiseReductionJob,
    NoiseReductionTemplate,
)

__all__ = [
    "AsrBucket",
    "AsrBucketBinding",
    "Blocker",
    "CiBucket",
    "CiBucketBinding",
    "NoiseReductionJob",
    "NoiseReductionJobRecord",
    "NoiseReductionTemplate",
    "get_asr_buckets",
    "get_asr_buckets_output",
    "get_ci_bucket",
    "get_ci_bucket_output",
    "get_noise_reduction_jobs",
    "get_noise_reduction_jobs_output",
]
