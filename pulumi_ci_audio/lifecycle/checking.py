"""The check of a program's inputs against a model, as far as they are known. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from pulumi_ci_audio.lifecycle.models import (
    HIDDEN,
    STAYS,
    UNPRINTED,
    Model,
    Properties,
    ResourceModel,
    default_unless,
    field_adapter,
    has,
    is_unknown,
    marked,
    stored_name,
)


@dataclass(frozen=True)
class CheckFailure:
    """Why an input is refused.

    Attributes:
        property: the stored name of the input. Empty where the engine must not print the value beside the reason.
        reason: what must hold, to be read after the property's name.
    """

    property: str
    reason: str


@dataclass(frozen=True)
class Rule:
    """What must hold between several inputs.

    Attributes:
        fields: the Python names of the inputs it looks at; it is asked only when all of them are known and valid.
        complaint: returns the failure, or ``None``; it gets the inputs with their defaults.
    """

    fields: tuple[str, ...]
    complaint: Callable[[Any], CheckFailure | None]


def check_properties(
    model: type[Model],
    old_inputs: Properties,
    inputs: Properties,
    region: str | None,
    rules: Sequence[Rule] = (),
) -> tuple[Model, tuple[CheckFailure, ...]]:
    """Return ``inputs`` with their defaults, and every complaint about what is known of them.

    The region is part of a resource's identity: where the program names none, the one in state stays, whatever the
    environment says now. So does the owner, which a rename or a new parent would change.
    """
    given = _with_identity(model, old_inputs, inputs, region)
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    complaints: dict[str, list[CheckFailure]] = {}
    for name, field in model.model_fields.items():
        stored = stored_name(name, field)
        value = given.get(stored)
        if is_unknown(value):
            unknown[name] = value
        elif value is not None:
            try:
                known[name] = field_adapter(model, name).validate_python(value)
            except ValidationError as error:
                complaints[name] = [_failure(name, field, item["loc"], item["msg"]) for item in error.errors()]
        elif field.is_required():
            # Named in the text alone: beside a property's name the engine prints its value, and there is none.
            complaints[name] = [CheckFailure("", f"{name} {_MISSING.get(name, 'must be given')}")]
    known = _conditional_defaults(model, given) | known
    checked = model.constructed(known, unknown)
    failures = [failure for found in complaints.values() for failure in found]
    for rule in rules:
        if (complaints.keys() | unknown.keys()).isdisjoint(rule.fields):
            broken = rule.complaint(checked)
            failures += [broken] if broken else []
    return checked, tuple(failures)


def unknown_properties(model: type[ResourceModel], properties: Properties) -> tuple[CheckFailure, ...]:
    """Return a complaint about each property that the model does not have, with the nearest one that it has.

    What begins with ``__`` is the engine's or this package's own.
    """
    from difflib import get_close_matches  # noqa: PLC0415  a program that registers resources has no use for it

    fields = {stored_name(name, field): field for name, field in model.model_fields.items()}
    shown = [stored for stored, field in fields.items() if not has(field, HIDDEN)]
    complaints: list[CheckFailure] = []
    for stored, value in properties.items():
        if stored.startswith("__"):
            continue
        if stored not in fields:
            near = get_close_matches(stored, shown, n=1, cutoff=0.5)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(shown)}"
            complaints.append(CheckFailure(stored, f"is no property of this; {meant}"))
        elif isinstance(value, Mapping):
            for inner in filter(_is_model, _parts(fields[stored].annotation)):
                complaints += [
                    CheckFailure(f"{stored}.{found.property}", found.reason)
                    for found in unknown_properties(inner, value)
                ]
    return tuple(complaints)


def _with_identity(
    model: type[ResourceModel], old_inputs: Properties, inputs: Properties, region: str | None
) -> dict[str, Any]:
    """Return the inputs that are there, with those of the state that identify the resource."""
    given = {name: value for name, value in inputs.items() if value is not None}
    if "region" not in given and (old := old_inputs.get("region") or region):
        given["region"] = old
    return given | {stored: old_inputs[stored] for stored in marked(model, STAYS) if old_inputs.get(stored)}


_MISSING = {
    "region": "must be given: name it here, or `pulumi config set tencentcloud:region ap-shanghai` (with the plugin "
    "ci-audio:region), or set TENCENTCLOUD_REGION"
}


def _conditional_defaults(model: type[ResourceModel], given: Mapping[str, Any]) -> dict[str, Any]:
    fields = model.model_fields
    defaults = {name: default for name, field in fields.items() if (default := default_unless(field)) is not None}
    return {
        name: default.value
        for name, default in defaults.items()
        if not {stored_name(name, fields[name]), stored_name(default.other, fields[default.other])} & given.keys()
    }


def _failure(name: str, field: FieldInfo, location: tuple[int | str, ...], message: str) -> CheckFailure:
    # Pydantic says "Input should be …" and "Value error, …"; here a message says what must hold.
    message = re.sub(r"^(\w+ should )", "must ", message.removeprefix("Value error, "))
    inner = ".".join(str(part) for part in location if isinstance(part, int) or part in _inner_names(field))
    if has(field, UNPRINTED):
        return CheckFailure("", f"{name}{'.' + inner if inner else ''} {message}")
    return CheckFailure(stored_name(name, field), f"{inner} {message}" if inner else message)


def _inner_names(field: FieldInfo) -> set[str]:
    """Return the names a path into the field's value may hold; pydantic adds names of types and functions to it."""
    return {
        spelling
        for model in filter(_is_model, _parts(field.annotation))
        for name, inner in model.model_fields.items()
        for spelling in (name, stored_name(name, inner))
    }


def _parts(annotation: Any) -> list[Any]:
    return [annotation, *(part for inner in getattr(annotation, "__args__", ()) for part in _parts(inner))]


def _is_model(annotation: Any) -> TypeGuard[type[ResourceModel]]:
    return isinstance(annotation, type) and issubclass(annotation, ResourceModel)
