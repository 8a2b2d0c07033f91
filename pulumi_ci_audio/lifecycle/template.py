"""What ``NoiseReductionTemplate`` means: a named pair of format and rate that jobs refer to by its id."""

from __future__ import annotations

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.records import (
    NOISE_REDUCTION,
    NoiseReductionParameters,
    TemplateRecord,
    TemplateRequest,
)
from pulumi_ci_audio.lifecycle.errors import ResourceError, as_model
from pulumi_ci_audio.lifecycle.kinds import NOISE_REDUCTION_TEMPLATE
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.template_models import TemplateInputs, TemplateState
from pulumi_ci_audio.lifecycle.types import Context, CreateResult, Lifecycle, ReadResult


class JobTemplate(Lifecycle[TemplateInputs, TemplateState], kind=NOISE_REDUCTION_TEMPLATE):
    """Creates a template once, and changes it in place."""

    def create(self, context: Context, inputs: TemplateInputs) -> CreateResult[TemplateState]:
        """Create the template under a name that is free.

        A template has nothing but its name for an owner, so that nobody can tell one that a killed process left behind
        from one that was made in the console. Either is adopted where it says the same as the program, and left alone
        where it does not, on every machine.
        """
        template = _find_by_name(context, inputs)
        adopted = template is not None
        if template is None:
            template = _create_once(context, inputs)
            context.report(f"created (template {template.template_id})")
        elif _says_the_same(template, inputs):
            context.report(f"there already: adopted (template {template.template_id})")
        else:
            raise _name_taken(inputs, template)
        state = _state(inputs, template, adopted=adopted)
        return CreateResult(ResourceId(inputs.location, template.template_id), state)

    def find(
        self,
        context: Context,
        id: ResourceId,  # noqa: A002
        state: TemplateState | None,
    ) -> ReadResult[TemplateInputs, TemplateState] | None:
        """Return the template as it is now."""
        try:
            template = _find_by_id(context, id.bucket, id.remote_id)
        except ApiError as error:
            if state is None or not is_service_off(context.client, id.bucket, error):
                raise
            # Templates do not show while Smart Audio is off: that is for the binding to report and to repair.
            return ReadResult(TemplateInputs.model_validate(state.dump()), state)
        if template is None:
            return None
        if state is None and template.tag not in {None, NOISE_REDUCTION}:
            raise ResourceError(f"template {id.remote_id} of bucket {id.bucket} is one for {template.tag}")
        parameters = template.noise_reduction or NoiseReductionParameters()
        seen = {"templateName": template.name, "format": parameters.format, "sampleRate": parameters.sample_rate}
        known = state.dump() if state else {}
        known.update({name: value for name, value in seen.items() if value is not None})
        known |= {"bucket": id.bucket.name, "region": id.bucket.region}
        inputs = as_model(TemplateInputs, known, f"template {id.remote_id} of bucket {id.bucket}")
        return ReadResult(inputs, _state(inputs, template, adopted=state.adopted if state else False))

    def update(
        self,
        context: Context,
        id: ResourceId,  # noqa: A002
        state: TemplateState,
        inputs: TemplateInputs,
    ) -> TemplateState:
        """Change name, format and rate in place."""
        try:
            context.client.update_template(inputs.location, id.remote_id, _request(inputs))
        except ApiError as error:
            if error.code == "TemplateNotFound" and error.is_from_service:
                raise _gone(inputs, id.remote_id) from error
            taken = _find_by_name(context, inputs) if error.code == "TemplateNameDuplicate" else None
            if taken is None:
                raise
            raise _name_taken(inputs, taken) from error
        template = _find_by_id(context, inputs.location, id.remote_id)
        if template is None:
            raise _gone(inputs, id.remote_id)
        return _state(inputs, template, adopted=state.adopted)

    def remove(self, context: Context, id: ResourceId, state: TemplateState) -> None:  # noqa: A002
        """Delete the template, unless it was adopted; that it or its service is gone is fine."""
        if state.adopted:
            return
        try:
            context.client.delete_template(id.bucket, id.remote_id)
        except ApiError as error:
            if error.is_bucket_gone:
                raise
            is_gone = error.code == "TemplateNotFound" and error.is_from_service
            if not is_gone and not is_service_off(context.client, id.bucket, error):
                raise


def _create_once(context: Context, inputs: TemplateInputs) -> TemplateRecord:
    context.report("creating")
    try:
        return context.client.create_template(inputs.location, _request(inputs))
    except CiAudioError as error:
        if not error.is_outcome_unknown:
            is_taken = isinstance(error, ApiError) and error.code == "TemplateNameDuplicate"
            if is_taken and (taken := _find_by_name(context, inputs)):
                raise _name_taken(inputs, taken) from error
            raise
        return _wait_until_listed(context, inputs, error)


def _wait_until_listed(context: Context, inputs: TemplateInputs, error: CiAudioError) -> TemplateRecord:
    """Return the template of a creation without a good answer: the name was free before, so it is the one that has it.

    Raises:
        ResourceError: it is not listed in time.
    """
    for _ in context.waiter.polls(context.settle_seconds):
        context.report("no good answer, looking for the template")
        try:
            if (template := _find_by_name(context, inputs)) is not None:
                return template
        except CiAudioError:
            continue
    raise ResourceError(
        f"{error}; whether the template was created is unknown: run `pulumi up` again, which looks for it first"
    ) from error


def _says_the_same(template: TemplateRecord, inputs: TemplateInputs) -> bool:
    """Return whether the service's template is one for noise reduction with the program's format and rate.

    What the service does not repeat counts as the same, as it does for drift.
    """
    said = template.noise_reduction or NoiseReductionParameters()
    is_for_noise_reduction = template.tag == NOISE_REDUCTION or (
        template.tag is None and said != NoiseReductionParameters()
    )
    asked = inputs.parameters
    return (
        is_for_noise_reduction and said.format in {None, asked.format} and said.sample_rate in {None, asked.sample_rate}
    )


def _find_by_name(context: Context, inputs: TemplateInputs) -> TemplateRecord | None:
    templates = context.client.describe_templates(inputs.location, prefix=inputs.template_name)
    return next((template for template in templates if template.name == inputs.template_name), None)


def _find_by_id(context: Context, bucket: Bucket, template_id: str) -> TemplateRecord | None:
    templates = context.client.describe_templates(bucket, ids=[template_id])
    return next((template for template in templates if template.template_id == template_id), None)


def _name_taken(inputs: TemplateInputs, taken: TemplateRecord) -> ResourceError:
    said = taken.noise_reduction or NoiseReductionParameters()
    name = f"the name {inputs.template_name} is taken in bucket {inputs.location} by template {taken.template_id}"
    if taken.tag not in {None, NOISE_REDUCTION}:
        return ResourceError(
            f"{name}, which is one for {taken.tag}, so nothing was changed: choose another template_name"
        )
    return ResourceError(
        f"{name}, so nothing was changed: choose another template_name, or declare "
        f'format="{said.format or inputs.format}" and sample_rate={said.sample_rate or inputs.sample_rate} to adopt it'
    )


def _gone(inputs: TemplateInputs, template_id: str) -> ResourceError:
    return ResourceError(f"template {template_id} of bucket {inputs.location} is gone; run `pulumi up --refresh`")


def _request(inputs: TemplateInputs) -> TemplateRequest:
    return TemplateRequest(inputs.template_name, inputs.parameters)


def _state(inputs: TemplateInputs, template: TemplateRecord, *, adopted: bool) -> TemplateState:
    return TemplateState(
        **inputs.model_dump(include=set(TemplateInputs.model_fields)),
        template_id=template.template_id,
        adopted=adopted,
        create_time=template.create_time,
        update_time=template.update_time,
    )
