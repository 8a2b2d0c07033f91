"""One model per kind becomes validation, defaults, diff rules and the reference tables of the README. Pure.

A field's metadata says what a change of it does: ``REPLACES`` forces a new resource, ``HIDDEN`` never causes a
difference, anything else is an update in place. A field whose value must not be printed beside a complaint is
``UNPRINTED``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from pulumi_ci_audio.api.places import Bucket
from pulumi_ci_audio.lifecycle.protocol import UNKNOWN, Checked, CheckFailure, Diff, Properties
from pulumi_ci_audio.lifecycle.values import bucket_name, region_name


class Mark(Enum):
    """What a field's metadata may say."""

    REPLACES = "a change forces a new resource"
    HIDDEN = "a change makes no difference"
    UNPRINTED = "the value is not printed"


REPLACES, HIDDEN, UNPRINTED = Mark.REPLACES, Mark.HIDDEN, Mark.UNPRINTED


class Kind(BaseModel):
    """The inputs of a kind. Python's names are snake_case, stored names camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", validate_default=False)


class Placed(Kind):
    """The inputs every kind has: where it is."""

    bucket: Annotated[str, AfterValidator(bucket_name), REPLACES] = Field(
        description="The bucket's name with the `-appid` at its end."
    )
    region: Annotated[str, AfterValidator(region_name), REPLACES] = Field(
        description="The bucket's region. Left out: the region in state, else `tencentcloud:region`, else the "
        "environment's."
    )

    @property
    def place(self) -> Bucket:
        """The bucket."""
        return Bucket(self.region, self.bucket)


@dataclass(frozen=True)
class Rule:
    """What must hold between several inputs.

    Attributes:
        fields: the inputs it looks at, by their stored names; it is asked only when all of them are known.
        complaint: returns the failure, or ``None``; it gets the inputs that are there, defaults filled in.
    """

    fields: tuple[str, ...]
    complaint: Callable[[Properties], CheckFailure | None]


def stored_name(name: str, field: FieldInfo) -> str:
    """Return the name under which the engine stores a field."""
    return field.alias or to_camel(name)


def has(field: FieldInfo, mark: Mark) -> bool:
    """Return whether the field's metadata says ``mark``."""
    return mark in field.metadata


def marked(model: type[Kind], mark: Mark) -> tuple[str, ...]:
    """Return the stored names of the fields with ``mark``."""
    return tuple(stored_name(name, field) for name, field in model.model_fields.items() if has(field, mark))


def is_unknown(value: object) -> bool:
    """Return whether ``value`` is unknown or holds something unknown."""
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_unknown(item) for item in value)
    return value is UNKNOWN


def check(
    model: type[Kind],
    old_inputs: Properties,
    inputs: Properties,
    region: str | None,
    rules: Sequence[Rule] = (),
) -> Checked:
    """Return ``inputs`` with their defaults, and every complaint about what is known of them.

    The region is part of a resource's identity: where the program names none, the one in state stays, whatever the
    environment says now.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    if "region" not in given and (old := old_inputs.get("region") or region):
        given["region"] = old
    checked = dict(given)
    failures: list[CheckFailure] = []
    for name, field in model.model_fields.items():
        stored = stored_name(name, field)
        if is_unknown(given.get(stored)):
            continue
        if stored in given:
            value, complaints = _validated(model, name, field, given[stored])
            failures += complaints
            if not complaints:
                checked[stored] = value
        elif field.is_required():
            failures.append(CheckFailure(stored, _MISSING.get(stored, "is required")))
        elif (default := field.get_default(call_default_factory=True)) is not None:
            checked[stored] = default
    broken = {failure.property for failure in failures}
    for rule in rules:
        if broken.isdisjoint(rule.fields) and not any(is_unknown(checked.get(name)) for name in rule.fields):
            complaint = rule.complaint(checked)
            failures += [complaint] if complaint else []
    return Checked(checked, tuple(failures))


_MISSING = {
    "region": "is required: name it here, or `pulumi config set tencentcloud:region ap-shanghai`, "
    "or set TENCENTCLOUD_REGION"
}


def _validated(model: type[Kind], name: str, field: FieldInfo, value: object) -> tuple[Any, list[CheckFailure]]:
    instance = model.model_construct()
    try:
        model.__pydantic_validator__.validate_assignment(instance, name, value)
    except ValidationError as error:
        return None, [_failure(name, field, item["loc"], item["msg"]) for item in error.errors()]
    return instance.model_dump(mode="json", include={name}, by_alias=True, exclude_none=True)[
        stored_name(name, field)
    ], []


def _failure(name: str, field: FieldInfo, location: tuple[int | str, ...], message: str) -> CheckFailure:
    message = message.removeprefix("Value error, ").strip()
    message = message[:1].lower() + message[1:]
    inner = ".".join(str(part) for part in location[1:] if not str(part).startswith(("function-", "str", "int")))
    if has(field, UNPRINTED):
        return CheckFailure("", f"{name}{'.' + inner if inner else ''} {message}")
    return CheckFailure(stored_name(name, field), f"{inner} {message}" if inner else message)


def diff(model: type[Kind], state: Properties, inputs: Properties, *, delete_before_replace: bool = False) -> Diff:
    """Return which fields differ between ``state`` and ``inputs``; a value unknown as yet counts as different."""
    replaces: list[str] = []
    updates: list[str] = []
    for name, field in model.model_fields.items():
        stored = stored_name(name, field)
        if has(field, HIDDEN) or _same(state.get(stored), inputs.get(stored)):
            continue
        (replaces if has(field, REPLACES) else updates).append(stored)
    return Diff(tuple(replaces), tuple(updates), delete_before_replace)


def _same(old: object, new: object) -> bool:
    # An empty list is stored as nothing at all by some versions of the engine.
    return not is_unknown(new) and _canonical(old) == _canonical(new)


def _canonical(value: object) -> object:
    # To Python, true equals 1; to a trigger it does not.
    if isinstance(value, list):
        return [(isinstance(item, bool), item) for item in value] or None
    return value


def split_id(id: str) -> tuple[Bucket, str]:  # noqa: A002  Pulumi's word
    """Return the bucket named in the id ``region/bucket`` or ``region/bucket/<more>``, and what follows it."""
    region, _, rest = id.partition("/")
    name, _, more = rest.partition("/")
    return Bucket(region, name), more
