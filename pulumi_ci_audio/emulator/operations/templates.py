"""Templates: ``/template``."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.http.messages import Response
from pulumi_ci_audio.emulator.http.xml import Content
from pulumi_ci_audio.emulator.operations.call import Call
from pulumi_ci_audio.emulator.operations.parameters import describe_parameters, read_parameters
from pulumi_ci_audio.emulator.operations.schemas import TEMPLATE
from pulumi_ci_audio.emulator.rules import templates
from pulumi_ci_audio.emulator.rules.bindings import require_asr
from pulumi_ci_audio.emulator.state.clock import render_time
from pulumi_ci_audio.emulator.state.records import NOISE_REDUCTION, Parameters, Template


def create_template(call: Call) -> Response:
    """Make a template (1045/73377)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    name, parameters = _read(call)
    made = templates.create_template(call.store, bucket, name=name, parameters=parameters)
    return call.response(("Template", _describe(made)))


def update_template(call: Call) -> Response:
    """Change a template (1045/73378)."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    name, parameters = _read(call)
    changed = templates.update_template(
        call.store, bucket, call.arguments["template_id"], name=name, parameters=parameters
    )
    return call.response(("Template", _describe(changed)))


def describe_templates(call: Call) -> Response:
    """List templates (1045/72989). Unknown ids are left out; there are no official templates here."""
    bucket = call.bucket
    require_asr(call.store, bucket)
    category = call.choice("category", "Custom", "Custom", "Official")
    ids, prefix, tag = call.values("ids"), call.value("name"), call.value("tag", "All")
    found = [
        template
        for template in bucket.templates.values()
        if category == "Custom"
        and tag in {"All", NOISE_REDUCTION}
        and (not ids or template.id in ids)
        and template.name.startswith(prefix)
    ]
    page, description = call.page(found)
    return call.response(*description, *call.listed("TemplateList", map(_describe, page)))


def delete_template(call: Call) -> Response:
    """Delete a template (1045/49918)."""
    bucket, template_id = call.bucket, call.arguments["template_id"]
    require_asr(call.store, bucket)
    templates.delete_template(call.store, bucket, template_id)
    return call.response(("TemplateId", template_id))


def _read(call: Call) -> tuple[str, Parameters]:
    values = call.read(TEMPLATE)
    if values.texts["Tag"] != NOISE_REDUCTION:
        raise ServiceError("InvalidArgument", f"Request.Tag must be {NOISE_REDUCTION}: others are not emulated")
    return values.texts["Name"], read_parameters(call, values.container("NoiseReduction"))


def _describe(template: Template) -> Content:
    return [
        ("TemplateId", template.id),
        ("Name", template.name),
        ("State", "Normal"),
        ("Tag", NOISE_REDUCTION),
        ("CreateTime", render_time(template.created)),
        ("UpdateTime", render_time(template.updated)),
        ("BucketId", template.bucket),
        ("Category", "Custom"),
        describe_parameters(template.parameters),
    ]
