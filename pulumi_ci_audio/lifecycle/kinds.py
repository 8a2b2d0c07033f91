"""Every kind of resource there is: what it is called, and the models of its inputs and its state. Pure.

A program that registers resources needs no more. What a kind means, its lifecycle, is in ``lifecycles``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pulumi_ci_audio.lifecycle.batch_models import NoiseReductionBatchInputs, NoiseReductionBatchState
from pulumi_ci_audio.lifecycle.binding_models import AsrBindingState, BindingInputs, BindingState
from pulumi_ci_audio.lifecycle.models import InBucket
from pulumi_ci_audio.lifecycle.noise_reduction_models import NoiseReductionJobInputs, NoiseReductionJobState
from pulumi_ci_audio.lifecycle.template_models import TemplateInputs, TemplateState

_BUCKET = "ap-chongqing/recordings-1250000000"


@dataclass(frozen=True)
class Kind:
    """A kind of resource.

    Attributes:
        name: of the kind, which is the name of its class.
        description: what a resource of the kind is, for those who declare one.
        inputs: the model of its inputs.
        state: the model of its state.
        id_example: what an id of the kind looks like.
        delete_before_replace: whether the old resource goes before the new one comes.
    """

    name: str
    description: str
    inputs: type[InBucket]
    state: type[InBucket]
    id_example: str = _BUCKET
    delete_before_replace: bool = False


CI_BUCKET_BINDING = Kind("CiBucketBinding", "A bucket that is bound to CI.", BindingInputs, BindingState)
ASR_BUCKET_BINDING = Kind(
    "AsrBucketBinding",
    "A bucket with Smart Audio enabled, which binds it to CI too where it is not.",
    BindingInputs,
    AsrBindingState,
)
NOISE_REDUCTION_TEMPLATE = Kind(
    "NoiseReductionTemplate",
    "A named pair of format and rate that jobs refer to by its id.",
    TemplateInputs,
    TemplateState,
    id_example=f"{_BUCKET}/t1460606b9752148c4ab182f55163ba7cd",
    delete_before_replace=True,  # the new template needs the name of the old one
)
NOISE_REDUCTION_JOB = Kind(
    "NoiseReductionJob",
    "A recording that is cleaned as a deploy step: once for every change of what is asked for, or of the recording. "
    "Deleting it touches no audio. To run it again on purpose, use ``pulumi up --replace`` or ``triggers``.",
    NoiseReductionJobInputs,
    NoiseReductionJobState,
    id_example=f"{_BUCKET}/jd2d3a1c8e6f511f0a9b1c2d3e4f5a6b7",
    delete_before_replace=True,  # two jobs must never write one output, and deleting touches no audio
)
NOISE_REDUCTION_BATCH = Kind(
    "NoiseReductionBatch",
    "A folder of recordings, each with a current result in another folder. What is new or has changed is run by one "
    "batch of the service, whether there are ten or ten thousand; what has a result is not run again. Deleting it "
    "touches no audio.",
    NoiseReductionBatchInputs,
    NoiseReductionBatchState,
    id_example=f"{_BUCKET}/raw/",
    delete_before_replace=True,  # two batches must never write one folder, and deleting touches no audio
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            CI_BUCKET_BINDING,
            ASR_BUCKET_BINDING,
            NOISE_REDUCTION_TEMPLATE,
            NOISE_REDUCTION_JOB,
            NOISE_REDUCTION_BATCH,
        )
    }
)
"""Every kind, by its name."""
