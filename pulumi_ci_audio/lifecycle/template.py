"""What ``NoiseReductionTemplate`` means: a named pair of format and rate that jobs refer to by its id."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.errors import ApiError, CiAudioError
from pulumi_ci_audio.api.records import NoiseReductionParameters, TemplateRecord, TemplateRequest
from pulumi_ci_audio.lifecycle.errors import ResourceError
from pulumi_ci_audio.lifecycle.models import HIDDEN, REQUESTS, STAYS, InBucket
from pulumi_ci_audio.lifecycle.parameters import DEFAULT_FORMAT, DEFAULT_SAMPLE_RATE, Format, SampleRate
from pulumi_ci_audio.lifecycle.resource_id import ResourceId
from pulumi_ci_audio.lifecycle.service_off import is_service_off
from pulumi_ci_audio.lifecycle.types import Context, CreateResult, Lifecycle, ReadResult

_NAME = re.compile(r"[\w\-*]{1,64}")


def _template_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 64 letters, digits, underscores, dashes and asterisks")
    return name


class TemplateInputs(InBucket):
    """The inputs of a template."""

    template_name: Annotated[str, AfterValidator(_template_name), REQUESTS] = Field(
        description="The name, which no other template of the bucket has."
    )
    format: Annotated[Format, REQUESTS] = Field(DEFAULT_FORMAT, description="The format of the results.")
    sample_rate: Annotated[SampleRate, REQUESTS] = Field(
        DEFAULT_SAMPLE_RATE, description="The rate of the results in hertz."
    )
    owner: Annotated[str, HIDDEN, STAYS] = Field("", alias="__owner", description="Which resource this is.")

    @property
    def parameters(self) -> NoiseReductionParameters:
        """Format and rate."""
        return NoiseReductionParameters(self.format, self.sample_rate)


class TemplateState(TemplateInputs):
    """The state of a template."""

    template_id: Annotated[str | None, STAYS] = Field(None, description="The service's id of the template.")
    adopted: Annotated[bool, STAYS] = Field(
        False, description="Whether it was there already when the resource was created; deleting it then leaves it."
    )
    create_time: Annotated[str | None, STAYS] = Field(None, description="When it was created.")
    update_time: str | None = Field(None, description="When it was changed last.")


class JobTemplate(Lifecycle[TemplateInputs, TemplateState]):
    """Creates a template once, and changes it in place."""

    kind: ClassVar[str] = "NoiseReductionTemplate"
    description = "A named pair of format and rate that jobs refer to by its id."
    # The new template needs the name of the old one.
    delete_before_replace = True
    id_example = "ap-chongqing/recordings-1250000000/t1460606b9752148c4ab182f55163ba7cd"
    inputs_model = TemplateInputs
    state_model = TemplateState

    def create(self, context: Context, inputs: TemplateInputs) -> CreateResult[TemplateState]:
        """Create the template under a name that is free.

        A killed process may have left a template that no state knows. The machine's journal tells it from a
        stranger's: it is taken over. A template that has nothing but its name for an owner is adopted where it says
        the same as the program, and left alone where it does not.
        """
        marker = _marker(inputs)
        template = _find_by_name(context, inputs)
        adopted = False
        if template is None:
            template = _create_once(context, inputs, marker)
        elif _is_left_over(context, marker, template):
            if template.noise_reduction != inputs.parameters:
                context.client.update_template(inputs.location, template.template_id, _request(inputs))
        elif template.noise_reduction == inputs.parameters:
            adopted = True
            context.report(f"adopted template {template.template_id}, which says the same")
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
        parameters = template.noise_reduction or NoiseReductionParameters()
        seen = {"templateName": template.name, "format": parameters.format, "sampleRate": parameters.sample_rate}
        known = state.dump() if state else {}
        known.update({name: value for name, value in seen.items() if value is not None})
        inputs = TemplateInputs.model_validate({**known, "bucket": id.bucket.name, "region": id.bucket.region})
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
        context.journal.withdraw(_marker(state))
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


def _create_once(context: Context, inputs: TemplateInputs, marker: str) -> TemplateRecord:
    context.report("creating")
    context.journal.begin(marker, marker)
    try:
        template = context.client.create_template(inputs.location, _request(inputs))
    except CiAudioError as error:
        if not error.is_outcome_unknown:
            context.journal.withdraw(marker)
            is_taken = isinstance(error, ApiError) and error.code == "TemplateNameDuplicate"
            if is_taken and (taken := _find_by_name(context, inputs)):
                raise _name_taken(inputs, taken) from error
            raise
        template = _wait_until_listed(context, inputs, error)
    context.journal.accept(marker, marker, template.template_id)
    return template


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


def _marker(inputs: TemplateInputs) -> str:
    """Return what tells this template in the journal, which holds no names."""
    text = f"template {inputs.owner} {inputs.region}/{inputs.bucket}/{inputs.template_name}"
    return hashlib.sha256(text.encode()).hexdigest()


def _is_left_over(context: Context, marker: str, template: TemplateRecord) -> bool:
    entry = context.journal.find(marker)
    return entry is not None and entry.remote_id in {None, template.template_id}


def _find_by_name(context: Context, inputs: TemplateInputs) -> TemplateRecord | None:
    templates = context.client.describe_templates(inputs.location, prefix=inputs.template_name)
    return next((template for template in templates if template.name == inputs.template_name), None)


def _find_by_id(context: Context, bucket: Bucket, template_id: str) -> TemplateRecord | None:
    templates = context.client.describe_templates(bucket, ids=[template_id])
    return next((template for template in templates if template.template_id == template_id), None)


def _name_taken(inputs: TemplateInputs, taken: TemplateRecord) -> ResourceError:
    return ResourceError(
        f"the name {inputs.template_name} is taken in bucket {inputs.location} by template {taken.template_id}, "
        "which has another format or rate, so nothing was changed: choose another name, delete that template, or "
        "declare its format and rate to adopt it"
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
