"""One model per kind becomes validation, defaults, diff rules, the Python classes and the reference tables. Pure.

A field's metadata says what is special about it, see :class:`Mark` and :class:`DefaultUnless`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, TypeAdapter
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.lifecycle.validators import bucket_name, region_name

if TYPE_CHECKING:
    from typing_extensions import Self

Properties = Mapping[str, Any]
"""Inputs or state as plain values under the names the engine stores: camelCase."""


class _Unknown(Enum):
    UNKNOWN = "unknown until deployment"


UNKNOWN: Final = _Unknown.UNKNOWN
"""Stands for a value that is not known before deployment."""


class Mark(Enum):
    """What a field's metadata may say. A change of an input without a mark is an update that sends no request."""

    REPLACES = "a change forces a new resource"
    REQUESTS = "a change is an update that sends a request"
    HIDDEN = "a change makes no difference, and no document shows the field"
    UNPRINTED = "the value is not printed beside a complaint"
    CONFIGURED = "the default comes from the configuration"
    FILLED_IN = "the package fills the input in; programs do not set it"
    STAYS = "the value in state stays, whatever the program says now"


REPLACES, REQUESTS, HIDDEN = Mark.REPLACES, Mark.REQUESTS, Mark.HIDDEN
UNPRINTED, CONFIGURED, FILLED_IN, STAYS = Mark.UNPRINTED, Mark.CONFIGURED, Mark.FILLED_IN, Mark.STAYS


@dataclass(frozen=True)
class DefaultUnless:
    """A default that holds only where another input is absent.

    Attributes:
        value: the default.
        other: the Python name of the other input.
    """

    value: object
    other: str


@dataclass(frozen=True)
class DerivedFrom:
    """An output whose text repeats inputs, so that it is secret where one of them is.

    Attributes:
        inputs: the Python names of the inputs.
    """

    inputs: tuple[str, ...]


class ResourceModel(BaseModel):
    """Inputs or state of a kind. Python's names are snake_case, stored names camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        validate_default=False,
        defer_build=True,  # a program that registers resources validates nothing, and building takes a while
    )

    _unknown: frozenset[str] = PrivateAttr(default=frozenset())

    @classmethod
    def parse(cls, properties: Properties) -> Self:
        """Return the model of stored properties; what is unknown keeps its value and is named by :attr:`unknown`.

        Raises:
            ValidationError: a known value is not valid.
        """
        unknown = {
            name: properties[stored]
            for name, field in cls.model_fields.items()
            if is_unknown(properties.get(stored := stored_name(name, field)))
        }
        if not unknown:
            return cls.model_validate(properties)
        known = {
            name: field_adapter(cls, name).validate_python(properties[stored])
            for name, field in cls.model_fields.items()
            if (stored := stored_name(name, field)) in properties and name not in unknown
        }
        return cls.constructed(known, unknown)

    @classmethod
    def constructed(cls, known: Mapping[str, Any], unknown: Mapping[str, Any]) -> Self:
        """Return a model of valid values and of values that are not known yet, by Python's names."""
        instance = cls.model_construct(None, **known, **unknown)
        instance._unknown = frozenset(unknown)  # noqa: SLF001  its own
        return cast("Self", instance)  # pydantic's plugin for mypy takes it for the base class

    @property
    def unknown(self) -> frozenset[str]:
        """The Python names of the fields whose values are not known yet."""
        return self._unknown

    def dump(self) -> dict[str, Any]:
        """Return the stored properties: JSON's values, absent where there is none, unknown where they are unknown."""
        known = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=set(self._unknown))
        fields = type(self).model_fields
        return known | {stored_name(name, fields[name]): getattr(self, name) for name in self._unknown}


Model = TypeVar("Model", bound=ResourceModel)


class InBucket(ResourceModel):
    """What every kind has: the bucket it is in."""

    bucket: Annotated[str, AfterValidator(bucket_name), REPLACES] = Field(
        description="The bucket's name with the `-appid` at its end."
    )
    region: Annotated[str, AfterValidator(region_name), REPLACES, CONFIGURED] = Field(
        description="The bucket's region. Left out: the region in state, else `tencentcloud:region`, else the "
        "environment's."
    )

    @property
    def location(self) -> Bucket:
        """The bucket."""
        return Bucket(self.region, self.bucket)


def stored_name(name: str, field: FieldInfo) -> str:
    """Return the name under which the engine stores a field."""
    return field.alias or to_camel(name)


def has(field: FieldInfo, mark: Mark) -> bool:
    """Return whether the field's metadata says ``mark``."""
    return mark in field.metadata


def default_unless(field: FieldInfo) -> DefaultUnless | None:
    """Return the field's conditional default, if it has one."""
    return next((item for item in field.metadata if isinstance(item, DefaultUnless)), None)


def sources_of(field: FieldInfo) -> tuple[str, ...]:
    """Return the Python names of the inputs that an output repeats."""
    return next((item.inputs for item in field.metadata if isinstance(item, DerivedFrom)), ())


def marked(model: type[ResourceModel], mark: Mark) -> tuple[str, ...]:
    """Return the stored names of the fields with ``mark``."""
    return tuple(stored_name(name, field) for name, field in model.model_fields.items() if has(field, mark))


def is_unknown(value: object) -> bool:
    """Return whether ``value`` is unknown or holds something unknown."""
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_unknown(item) for item in value)
    return value is UNKNOWN


@cache
def field_adapter(model: type[ResourceModel], name: str) -> TypeAdapter[Any]:
    """Return what validates one field alone, without the others that may be missing, wrong or unknown."""
    field = model.model_fields[name]
    # Building the type from the field keeps its constraints; pydantic ignores our own metadata.
    annotation: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(annotation)


def differing_fields(state: ResourceModel, inputs: ResourceModel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the stored names of the inputs that differ from ``state``: those that replace, and the others.

    A value unknown as yet counts as different.
    """
    replaces: list[str] = []
    updates: list[str] = []
    for name, field in type(inputs).model_fields.items():
        if has(field, HIDDEN):
            continue
        if name in inputs.unknown or _canonical(getattr(state, name)) != _canonical(getattr(inputs, name)):
            (replaces if has(field, REPLACES) else updates).append(stored_name(name, field))
    return tuple(replaces), tuple(updates)


def _canonical(value: object) -> object:
    # To Python, true equals 1; to a trigger it does not. Some engines store an empty list as nothing at all.
    if isinstance(value, list):
        return [(isinstance(item, bool), item) for item in value] or None
    return value
