"""What ``NoiseReductionJob`` means: a recording is cleaned, by parameters or by a template."""

from __future__ import annotations

from typing import Any, ClassVar

from pulumi_ci_audio.api.records import NOISE_REDUCTION, JobRecord, JobRequest, NoiseReductionParameters
from pulumi_ci_audio.lifecycle.checking import CheckFailure, Rule
from pulumi_ci_audio.lifecycle.job.audio_job import AudioJob
from pulumi_ci_audio.lifecycle.job.spec import JobSpec
from pulumi_ci_audio.lifecycle.job_models import RULES
from pulumi_ci_audio.lifecycle.kinds import NOISE_REDUCTION_JOB
from pulumi_ci_audio.lifecycle.noise_reduction_models import NoiseReductionJobInputs, NoiseReductionJobState


def _template_or_parameters(inputs: NoiseReductionJobInputs) -> CheckFailure | None:
    both = [stored for stored, value in (("format", inputs.format), ("sampleRate", inputs.sample_rate)) if value]
    if inputs.template_id is None or not both:
        return None
    reason = f"must not be given beside {' and '.join(both)}: the template says format and rate itself"
    return CheckFailure("templateId", reason)


class NoiseReductionSpec(JobSpec[NoiseReductionJobInputs, NoiseReductionJobState]):
    """Format and rate, asked for and repeated."""

    tag: ClassVar[str] = NOISE_REDUCTION
    rules = (*RULES, Rule(("template_id", "format", "sample_rate"), _template_or_parameters))
    inputs_model = NoiseReductionJobInputs
    state_model = NoiseReductionJobState

    def request(self, inputs: NoiseReductionJobInputs, user_data: str) -> JobRequest:
        """Return the submission of the job (document 460/84796)."""
        by_parameters = inputs.template_id is None
        return JobRequest(
            input_object=inputs.input_object,
            output=inputs.output_location,
            output_object=inputs.output_object,
            tag=self.tag,
            template_id=inputs.template_id,
            noise_reduction=NoiseReductionParameters(inputs.format, inputs.sample_rate) if by_parameters else None,
            user_data=user_data,
            job_level=inputs.job_level,
            queue_id=inputs.queue_id,
            callback=inputs.callback.record() if inputs.callback else None,
        )

    def ignored_parameters(self, state: NoiseReductionJobState, record: JobRecord) -> list[str]:
        """Return how format and rate differ; what the record does not repeat is believed."""
        used = record.noise_reduction
        if used is None or state.template_id is not None:
            return []
        pairs = (("format", state.format, used.format), ("sample_rate", state.sample_rate, used.sample_rate))
        return [f"{name} {got} instead of {asked}" for name, asked, got in pairs if got is not None and got != asked]

    def inputs_of(self, record: JobRecord) -> dict[str, Any]:
        """Return format and rate, unless a template said them."""
        if record.noise_reduction is None or record.template_id:
            return {}
        return {"format": record.noise_reduction.format, "sampleRate": record.noise_reduction.sample_rate}


class NoiseReductionJobLifecycle(AudioJob[NoiseReductionJobInputs, NoiseReductionJobState], kind=NOISE_REDUCTION_JOB):
    """Cleans a recording."""

    spec = NoiseReductionSpec()
    rules = spec.rules
