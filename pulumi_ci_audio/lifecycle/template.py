"""What ``NoiseReductionTemplate`` means: a named pair of format and rate that jobs refer to by its id."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from pulumi_ci_audio.api.errors import ApiError, CiAudioError, InterruptedWaitError
from pulumi_ci_audio.api.messages import EchoedNoiseReduction, NoiseReduction, Template, TemplateRequest
from pulumi_ci_audio.api.places import Bucket
from pulumi_ci_audio.api.transport import is_outcome_unknown
from pulumi_ci_audio.lifecycle import fields
from pulumi_ci_audio.lifecycle.fields import HIDDEN, Placed
from pulumi_ci_audio.lifecycle.job_model import Format, SampleRate
from pulumi_ci_audio.lifecycle.protocol import Checked, Context, Created, Diff, Observed, Properties, ResourceError
from pulumi_ci_audio.lifecycle.services import is_switched_off

_NAME = re.compile(r"[\w\-*]{1,64}")


def _template_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("is 1 to 64 letters, digits, underscores, dashes and asterisks")
    return name


class TemplateInputs(Placed):
    """The inputs of a template."""

    template_name: Annotated[str, AfterValidator(_template_name)] = Field(
        description="The name, which no other template of the bucket has."
    )
    format: Format = Field("wav", description="`wav`, `mp3` or `m4a`.")
    sample_rate: SampleRate = Field(16000, description="The rate of the results in hertz.")
    owner: Annotated[str, HIDDEN] = Field("", alias="__owner", description="Which resource this is.")


class TemplateState(TemplateInputs):
    """The state of a template."""

    template_id: str | None = Field(None, description="The service's id of the template.")
    create_time: str | None = Field(None, description="When it was created.")
    update_time: str | None = Field(None, description="When it was changed last.")


class JobTemplate:
    """See :class:`~pulumi_ci_audio.lifecycle.protocol.Lifecycle`."""

    kind: ClassVar[str] = "NoiseReductionTemplate"

    def check(self, old_inputs: Properties, inputs: Properties, region: str | None) -> Checked:
        """Return the inputs with defaults, and every complaint about what is known of them."""
        return fields.check(TemplateInputs, old_inputs, inputs, region)

    def diff(self, state: Properties, inputs: Properties) -> Diff:
        """Return a replacement for another bucket or region, an update for the rest."""
        return fields.diff(TemplateInputs, state, inputs, delete_before_replace=True)

    def create(self, context: Context, inputs: Properties) -> Created:
        """Create the template under a name that is free.

        A killed process may have left one behind that no state knows. The machine's journal tells it from a
        stranger's: that one is taken over.
        """
        wanted = TemplateInputs.model_validate(inputs)
        marker = _marker(wanted)
        template = _named(context, wanted)
        if template is None:
            template = _created(context, wanted, marker)
        elif not _is_left_over(context, marker, template):
            raise _name_taken(wanted, template)
        elif _parameters(template) != (wanted.format, str(wanted.sample_rate)):
            context.client.update_template(wanted.place, template.template_id or "", _request(wanted))
        return Created(f"{wanted.region}/{wanted.bucket}/{template.template_id}", _state(wanted, template))

    def read(self, context: Context, id: str, state: Properties) -> Observed | None:  # noqa: A002
        """Return the template as it is now."""
        bucket, template_id = fields.split_id(id)
        try:
            template = _by_id(context, bucket, template_id)
        except ApiError as error:
            if "templateName" not in state or not is_switched_off(context.client, bucket, error):
                raise
            # Templates do not show while Smart Audio is off: that is for the binding to tell and to repair.
            return Observed(_plain(TemplateInputs.model_validate(state)), dict(state))
        if template is None:
            return None
        format_, rate = _parameters(template)
        seen = {"templateName": template.name, "format": format_, "sampleRate": rate}
        known = {**state, **{name: value for name, value in seen.items() if value is not None}}
        found = TemplateInputs.model_validate({**known, "bucket": bucket.name, "region": bucket.region})
        return Observed(_plain(found), _state(found, template))

    def update(self, context: Context, id: str, state: Properties, inputs: Properties) -> dict[str, Any]:  # noqa: A002, ARG002
        """Change name, format and rate in place."""
        wanted = TemplateInputs.model_validate(inputs)
        _, template_id = fields.split_id(id)
        try:
            context.client.update_template(wanted.place, template_id, _request(wanted))
        except ApiError as error:
            if error.code == "TemplateNotFound":
                raise _gone(wanted, template_id) from error
            taken = _named(context, wanted) if error.code == "TemplateNameDuplicate" else None
            if taken is None:
                raise
            raise _name_taken(wanted, taken) from error
        template = _by_id(context, wanted.place, template_id)
        if template is None:
            raise _gone(wanted, template_id)
        return _state(wanted, template)

    def delete(self, context: Context, id: str, state: Properties) -> None:  # noqa: A002
        """Delete the template; that it, its bucket or its service is gone is fine."""
        bucket, template_id = fields.split_id(id)
        context.journal.withdraw(_marker(TemplateInputs.model_validate(state)))
        try:
            context.client.delete_template(bucket, template_id)
        except ApiError as error:
            gone = error.code == "TemplateNotFound" or error.is_bucket_gone
            if not gone and not is_switched_off(context.client, bucket, error):
                raise


def _created(context: Context, wanted: TemplateInputs, marker: str) -> Template:
    context.report("creating")
    context.journal.begin(marker)
    try:
        template = context.client.create_template(wanted.place, _request(wanted))
    except CiAudioError as error:
        if not is_outcome_unknown(error):
            context.journal.withdraw(marker)
            is_taken = isinstance(error, ApiError) and error.code == "TemplateNameDuplicate"
            if is_taken and (taken := _named(context, wanted)):
                raise _name_taken(wanted, taken) from error
            raise
        template = _appeared(context, wanted, error)
    context.journal.accepted(marker, template.template_id or "")
    return template


def _appeared(context: Context, wanted: TemplateInputs, error: CiAudioError) -> Template:
    """Return the template of a creation without a good answer: the name was free before, so it is the one that has it.

    Raises:
        ResourceError: it does not appear in time.
    """
    for _ in context.waiter.looks(context.settle_seconds):
        context.report("no good answer, looking for the template")
        try:
            if (template := _named(context, wanted)) is not None:
                return template
        except InterruptedWaitError:
            raise
        except CiAudioError:
            continue
    raise ResourceError(
        f"{error}; whether the template was created is unknown: run `pulumi up` again, which looks for it first"
    ) from error


def _marker(wanted: TemplateInputs) -> str:
    return f"template {wanted.owner} {wanted.region}/{wanted.bucket}/{wanted.template_name}"


def _is_left_over(context: Context, marker: str, template: Template) -> bool:
    entry = context.journal.find(marker)
    return entry is not None and entry.job_id in {None, template.template_id}


def _named(context: Context, wanted: TemplateInputs) -> Template | None:
    templates = context.client.describe_templates(wanted.place, prefix=wanted.template_name)
    return next((template for template in templates if template.name == wanted.template_name), None)


def _by_id(context: Context, bucket: Bucket, template_id: str) -> Template | None:
    try:
        templates = context.client.describe_templates(bucket, ids=[template_id])
    except ApiError as error:
        if error.is_bucket_gone:
            return None
        raise
    return next((template for template in templates if template.template_id == template_id), None)


def _name_taken(wanted: TemplateInputs, taken: Template) -> ResourceError:
    return ResourceError(
        f"the name {wanted.template_name} is taken in bucket {wanted.place} by template {taken.template_id}, "
        "nothing was changed: choose another name, or delete that template"
    )


def _gone(wanted: TemplateInputs, template_id: str) -> ResourceError:
    return ResourceError(f"template {template_id} of bucket {wanted.place} is gone; run `pulumi up --refresh`")


def _parameters(template: Template) -> tuple[str | None, str | None]:
    parameters = template.noise_reduction or EchoedNoiseReduction()
    return parameters.format, parameters.samplerate or parameters.sample_rate


def _request(wanted: TemplateInputs) -> TemplateRequest:
    parameters = NoiseReduction(format=wanted.format, samplerate=str(wanted.sample_rate))
    return TemplateRequest(name=wanted.template_name, noise_reduction=parameters)


def _state(wanted: TemplateInputs, template: Template) -> dict[str, Any]:
    state = TemplateState(
        **wanted.model_dump(),
        template_id=template.template_id,
        create_time=template.create_time,
        update_time=template.update_time,
    )
    return _plain(state)


def _plain(model: TemplateInputs) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
