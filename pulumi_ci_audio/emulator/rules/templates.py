"""Rules of noise-reduction templates."""

from __future__ import annotations

from pulumi_ci_audio.emulator.errors import ServiceError
from pulumi_ci_audio.emulator.state.identifiers import new_template_id
from pulumi_ci_audio.emulator.state.records import Bucket, Parameters, Template
from pulumi_ci_audio.emulator.state.store import Store


def template(store: Store, bucket: Bucket, template_id: str) -> Template:
    """Return one of the bucket's templates.

    Raises:
        ServiceError: there is none with this id.
    """
    found = bucket.templates.get(template_id)
    if found is None:
        status = int(store.assumed("unknown_id_status"))
        raise ServiceError("TemplateNotFound", f"there is no template {template_id}", status=status)
    return found


def create_template(store: Store, bucket: Bucket, *, name: str, parameters: Parameters) -> Template:
    """Make a template.

    Raises:
        ServiceError: the bucket has another one of this name.
    """
    _require_free_name(bucket, name)
    now = store.clock.now()
    made = Template(new_template_id(), bucket.region, bucket.name, name, parameters, created=now, updated=now)
    bucket.templates[made.id] = made
    return made


def update_template(store: Store, bucket: Bucket, template_id: str, *, name: str, parameters: Parameters) -> Template:
    """Change a template.

    Raises:
        ServiceError: there is none with this id, or another one has this name.
    """
    found = template(store, bucket, template_id)
    _require_free_name(bucket, name, besides=found)
    found.name, found.parameters, found.updated = name, parameters, store.clock.now()
    return found


def delete_template(store: Store, bucket: Bucket, template_id: str) -> None:
    """Delete a template; one that is not there may be no error.

    Raises:
        ServiceError: there is none with this id, and the emulator is told to refuse that.
    """
    if template_id not in bucket.templates and store.assumed("unknown_template_deleted") == "accept":
        return
    del bucket.templates[template(store, bucket, template_id).id]


def _require_free_name(bucket: Bucket, name: str, *, besides: Template | None = None) -> None:
    if any(other.name == name and other is not besides for other in bucket.templates.values()):
        raise ServiceError("TemplateNameDuplicate", f"the bucket has another template named {name}")
