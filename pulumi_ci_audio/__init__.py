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

_RESOURCES = {"AsrBucketBinding", "CiBucketBinding", "NoiseReductionJob", "NoiseReductionTemplate"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "resources" if name in _RESOURCES else "functions"
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
