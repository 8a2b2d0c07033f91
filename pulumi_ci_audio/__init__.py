"""Pulumi resources for Tencent Cloud Infinite (CI) audio: what programs import, and nothing else.

The names are loaded when they are first used: a test run that only has the package's pytest plugin installed must not
pay for Pulumi.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pulumi_ci_audio.functions import (
        AsrBucket,
        CiBucket,
        NoiseReductionJobRecord,
        PendingRecording,
        get_asr_buckets,
        get_asr_buckets_output,
        get_ci_bucket,
        get_ci_bucket_output,
        get_noise_reduction_jobs,
        get_noise_reduction_jobs_output,
        get_pending_recordings,
        get_pending_recordings_output,
    )
    from pulumi_ci_audio.lifecycle.blockers import Blocker
    from pulumi_ci_audio.resources import (
        AsrBucketBinding,
        CiBucketBinding,
        NoiseReductionBatch,
        NoiseReductionJob,
        NoiseReductionTemplate,
    )

__all__ = [
    "AsrBucket",
    "AsrBucketBinding",
    "Blocker",
    "CiBucket",
    "CiBucketBinding",
    "NoiseReductionBatch",
    "NoiseReductionJob",
    "NoiseReductionJobRecord",
    "NoiseReductionTemplate",
    "PendingRecording",
    "get_asr_buckets",
    "get_asr_buckets_output",
    "get_ci_bucket",
    "get_ci_bucket_output",
    "get_noise_reduction_jobs",
    "get_noise_reduction_jobs_output",
    "get_pending_recordings",
    "get_pending_recordings_output",
]

_RESOURCES = {
    "AsrBucketBinding",
    "CiBucketBinding",
    "NoiseReductionBatch",
    "NoiseReductionJob",
    "NoiseReductionTemplate",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "resources" if name in _RESOURCES else "functions"
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
