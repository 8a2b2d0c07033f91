"""What the plugin says of itself: Pulumi's schema of its resources, functions and settings, from the models. Pure.

The format is that of ``pkg/codegen/schema/pulumi.json`` of pulumi/pulumi.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from inspect import cleandoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from pulumi_ci_audio.lifecycle.kinds import KINDS, Kind
from pulumi_ci_audio.lifecycle.models import (
    CONFIGURED,
    FILLED_IN,
    HIDDEN,
    REPLACES,
    ResourceModel,
    default_unless,
    has,
    stored_name,
)
from pulumi_ci_audio.lifecycle.queries import QUERIES, Query
from pulumi_ci_audio.provider.configuration import ProviderInputs, setting_of

PACKAGE = "ci-audio"
"""The name of the package, under which the engine looks for the plugin."""

_PRIMITIVES: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_ANY = {"$ref": "pulumi.json#/Any"}


def resource_token(kind: str) -> str:
    """Return the token of a kind of resource."""
    return f"{PACKAGE}:index:{kind}"


def function_token(name: str) -> str:
    """Return the token of a function, by its name in Python."""
    return f"{PACKAGE}:index:{to_camel(name)}"


def schema_text(version: str) -> str:
    """Return the schema as JSON."""
    return json.dumps(schema(version), indent=2) + "\n"


def schema(version: str) -> dict[str, Any]:
    """Return the schema."""
    types = _Types()
    settings = _settings(types)
    resources = {resource_token(name): _resource(kind, types) for name, kind in KINDS.items()}
    functions = {function_token(name): _function(query, types) for name, query in QUERIES.items()}
    return {
        "name": PACKAGE,
        "version": version,
        "displayName": "Tencent Cloud Infinite audio",
        "description": "Audio processing of Tencent Cloud Infinite (CI): bindings, Smart Audio, templates and jobs.",
        "keywords": ["pulumi", "tencent-cloud", "cloud-infinite", "audio", "kind/native", "category/cloud"],
        "license": "Apache-2.0",
        "meta": {"moduleFormat": "(.*)"},
        "language": {
            # The wheel itself has the classes for Python; generated ones must not take its place.
            "python": {"packageName": "pulumi_ci_audio.native"},
            "nodejs": {"packageName": "@pulumi-ci-audio/ci-audio", "respectSchemaVersion": True},
            "go": {"importBasePath": "pulumi-ci-audio/sdk/go/ciaudio", "respectSchemaVersion": True},
            "csharp": {"rootNamespace": "PulumiCiAudio", "respectSchemaVersion": True},
            "java": {"basePackage": "io.pulumiciaudio"},
        },
        "config": {"variables": settings},
        "provider": {
            "description": cleandoc(ProviderInputs.__doc__ or ""),
            "inputProperties": settings,
            "properties": settings,
        },
        "types": types.found,
        "resources": resources,
        "functions": functions,
    }


def _settings(types: _Types) -> dict[str, Any]:
    """Return the inputs of the provider.

    Only what is no secret gets a default from the environment: a default is an input, and inputs are stored.
    """
    settings: dict[str, Any] = {}
    for name, field in ProviderInputs.model_fields.items():
        setting = setting_of(name)
        spec = types.property(name, field)
        if setting.is_secret:
            spec["secret"] = True
        if setting.environment:
            spec["defaultInfo"] = {"environment": list(setting.environment)}
        settings[stored_name(name, field)] = spec
    return settings


def _resource(kind: Kind, types: _Types) -> dict[str, Any]:
    inputs = {
        name: field
        for name, field in kind.inputs.model_fields.items()
        if not has(field, HIDDEN) and not has(field, FILLED_IN)
    }
    outputs = {name: field for name, field in kind.state.model_fields.items() if not has(field, HIDDEN)}
    return {
        "description": kind.description,
        "inputProperties": {stored_name(name, field): _input(name, field, types) for name, field in inputs.items()},
        "requiredInputs": [stored_name(name, field) for name, field in inputs.items() if _must_be_given(field)],
        "properties": {stored_name(name, field): types.property(name, field) for name, field in outputs.items()},
        "required": [stored_name(name, field) for name, field in outputs.items() if not _is_optional(field.annotation)],
    }


def _input(name: str, field: FieldInfo, types: _Types) -> dict[str, Any]:
    spec = types.property(name, field)
    if has(field, REPLACES):
        spec["willReplaceOnChanges"] = True
    default = None if field.is_required() or default_unless(field) else field.default
    if isinstance(default, str | int | float | bool):
        spec["default"] = default
    return spec


def _must_be_given(field: FieldInfo) -> bool:
    return field.is_required() and not has(field, CONFIGURED)


def _function(query: Query[Any], types: _Types) -> dict[str, Any]:
    arguments = query.arguments.model_fields
    result: dict[str, Any] = types.object_of(query.record)
    if query.items:
        result = {
            "type": "object",
            "properties": {query.items: {"type": "array", "items": types.reference(query.record)}},
            "required": [query.items],
        }
    return {
        "description": query.summary,
        "inputs": {
            "type": "object",
            "properties": {stored_name(name, field): types.property(name, field) for name, field in arguments.items()},
            "required": [stored_name(name, field) for name, field in arguments.items() if _must_be_given(field)],
        },
        "outputs": result,
    }


class _Types:
    """Turns annotations into types of the schema, and collects those that have a name."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def property(self, name: str, field: FieldInfo) -> dict[str, Any]:
        """Return the schema of a model's property."""
        return self._property(name, field.annotation, field.description)

    def reference(self, cls: type[Any]) -> dict[str, Any]:
        """Return the reference to a model or a dataclass, which becomes a named type."""
        token = resource_token(cls.__name__)
        if token not in self.found:
            self.found[token] = {}
            self.found[token] = self.object_of(cls)
        return {"$ref": f"#/types/{token}"}

    def object_of(self, cls: type[Any]) -> dict[str, Any]:
        """Return the type of a model's or a dataclass's objects."""
        described = dict(_described(cls))
        hints = typing.get_type_hints(cls, include_extras=True)
        names = list(cls.model_fields) if issubclass(cls, ResourceModel) else [field.name for field in fields(cls)]
        return {
            "type": "object",
            "description": cleandoc(cls.__doc__ or "").partition("\n")[0],
            "properties": {
                to_camel(name): self._property(f"{cls.__name__}_{name}", hints[name], described.get(name))
                for name in names
            },
            "required": [to_camel(name) for name in names if not _is_optional(hints[name])],
        }

    def _property(self, name: str, annotation: Any, description: str | None) -> dict[str, Any]:
        spec = dict(self._type(name, annotation))
        if description:
            spec["description"] = description
        return spec

    def _type(self, name: str, annotation: Any) -> dict[str, Any]:
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._type(name, arguments[0])
        if origin in {Union, UnionType}:
            inner = [argument for argument in arguments if argument is not NoneType]
            return self._type(name, inner[0]) if len(inner) == 1 else _ANY
        if origin is Literal:
            return self._enum(name, arguments)
        if origin is list:
            return {"type": "array", "items": self._type(name, arguments[0])}
        if isinstance(annotation, type) and (issubclass(annotation, ResourceModel) or is_dataclass(annotation)):
            return self.reference(annotation)
        return {"type": _PRIMITIVES[annotation]}

    def _enum(self, name: str, values: Sequence[str]) -> dict[str, Any]:
        """Return the reference to a choice, which is named after its property."""
        token = resource_token("".join(part[:1].upper() + part[1:] for part in name.split("_")))
        choice = {"type": "string", "enum": [{"name": text[:1].upper() + text[1:], "value": text} for text in values]}
        if self.found.setdefault(token, choice) != choice:
            raise ValueError(f"two choices are called {token}")
        return {"$ref": f"#/types/{token}"}


def _described(cls: type[Any]) -> Iterable[tuple[str, str]]:
    """Yield what is said of the fields: by a model's metadata, or in a dataclass's documentation."""
    if issubclass(cls, ResourceModel):
        yield from ((name, field.description) for name, field in cls.model_fields.items() if field.description)
        return
    for line in cleandoc(cls.__doc__ or "").splitlines():
        name, colon, text = line.strip().partition(": ")
        if colon and name.isidentifier():
            yield name, text[:1].upper() + text[1:]


def _is_optional(annotation: Any) -> bool:
    return NoneType in get_args(annotation)
