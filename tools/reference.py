"""Writes what is generated from the code, parts of documents and the schema: `python -m tools.reference`, or `--check`.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib import metadata
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from pulumi_ci_audio.api.catalogue import CI_CODES, COS_CODES, Entry
from pulumi_ci_audio.api.operations import OPERATIONS, Repeat
from pulumi_ci_audio.api.retrying import POLICY
from pulumi_ci_audio.lifecycle.lifecycles import LIFECYCLES
from pulumi_ci_audio.lifecycle.models import (
    CONFIGURED,
    FILLED_IN,
    HIDDEN,
    REPLACES,
    REQUESTS,
    ResourceModel,
    default_unless,
    has,
)
from pulumi_ci_audio.lifecycle.types import Lifecycle
from pulumi_ci_audio.provider.configuration import ProviderInputs, setting_of
from pulumi_ci_audio.provider.schema import schema_text
from tools.assumption_table import render_markdown

DOCUMENTS = tuple(Path(__file__).parents[1] / "docs" / f"{name}.md" for name in ("errors", "reference", "unknowns"))
SCHEMA = Path(__file__).parents[1] / "schema.json"
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)


def table(lifecycle: Lifecycle[Any, Any]) -> str:
    """Return the table of a kind's properties: inputs first, then outputs."""
    fields = lifecycle.state_model.model_fields
    inputs = [name for name, field in lifecycle.inputs_model.model_fields.items() if not has(field, FILLED_IN)]
    rows = [_input_row(name, fields[name]) for name in inputs if not has(fields[name], HIDDEN)]
    rows += [
        _output_row(name, field) for name, field in fields.items() if name not in inputs and not has(field, HIDDEN)
    ]
    return "\n".join(["| property | type | default | a change | what it is |", "|---|---|---|---|---|", *rows]) + "\n"


def provider_table() -> str:
    """Return the table of the inputs of the plugin's provider."""
    head = ["| input of `Provider` | left out, comes from | what it is |", "|---|---|---|"]
    rows = [
        f"| `{name}` | {', '.join(map(_code, setting_of(name).environment))} | {field.description} |"
        for name, field in ProviderInputs.model_fields.items()
    ]
    return "\n".join([*head, *rows]) + "\n"


def _input_row(name: str, field: FieldInfo) -> str:
    change = "replaces" if has(field, REPLACES) else "updates" + ", without a request" * (not has(field, REQUESTS))
    return f"| `{name}` | {_type(field.annotation)} | {_default(field)} | {change} | {field.description} |"


def _default(field: FieldInfo) -> str:
    if has(field, CONFIGURED):
        return "configured"
    if conditional := default_unless(field):
        return f"{_code(conditional.value)} without `{conditional.other}`"
    return "**required**" if field.is_required() else _code(field.default)


def _output_row(name: str, field: FieldInfo) -> str:
    return f"| *`{name}`* | {_type(field.annotation)} | | *output* | {field.description} |"


def _code(value: object) -> str:
    if value is None:
        return ""
    return f"`{value}`".lower() if isinstance(value, bool) else f"`{value}`"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    if origin in {Union, UnionType}:
        return " \\| ".join(_type(argument) for argument in arguments if argument is not NoneType)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if isinstance(annotation, type) and issubclass(annotation, ResourceModel):
        return "map"
    return str(getattr(annotation, "__name__", annotation))


def codes(entries: Iterable[Entry]) -> str:
    """Return the table of some of the service's error codes."""
    head = ["| code | HTTP | the request was | meaning | what to do |", "|---|---|---|---|---|"]
    return "\n".join([*head, *map(_code_row, entries)]) + "\n"


def _code_row(entry: Entry) -> str:
    statuses = ", ".join(map(str, entry.statuses))
    advice = entry.advice.format(grant="the permission that the error names")
    return f"| `{entry.code}` | {statuses} | {entry.kind.value} | {entry.meaning} | {advice} |"


def retries() -> str:
    """Return the table of what is sent again."""
    head = ["| operations | outcome | attempts | pauses, at most |", "|---|---|---|---|"]
    rows = [
        f"| {_operations(repeat)} | {outcome.value} | {policy.attempts} | "
        + ", ".join(f"{policy.pause(attempt, 1.0):g} s" for attempt in range(1, policy.attempts))
        + " |"
        for (repeat, outcome), policy in POLICY.items()
    ]
    return "\n".join([*head, *rows]) + "\n"


def _operations(repeat: Repeat) -> str:
    if repeat is Repeat.SAFELY:
        return "every other one"
    return ", ".join(f"`{found.method} {found.path}`" for found in OPERATIONS if found.repeat is repeat)


PARTS: dict[str, Callable[[], str]] = {
    **{kind: partial(table, lifecycle) for kind, lifecycle in LIFECYCLES.items()},
    "Provider": provider_table,
    "retries": retries,
    "ci-codes": partial(codes, CI_CODES),
    "cos-codes": partial(codes, COS_CODES),
    "assumptions": lambda: render_markdown().rstrip("\n") + "\n",
}
"""The generated parts by name."""


def current(text: str) -> str:
    """Return ``text`` with its generated parts as the code has them now."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}{part[4]}", text)


def main(arguments: list[str]) -> int:
    """Write the documents and the schema, or only say whether they are current."""
    written = {path: path.read_text("utf-8") if path.exists() else "" for path in (*DOCUMENTS, SCHEMA)}
    wanted = {path: current(text) for path, text in written.items() if path != SCHEMA}
    wanted[SCHEMA] = schema_text(metadata.version("pulumi-ci-audio"))
    stale = {path: text for path, text in wanted.items() if text != written[path]}
    for path, text in stale.items():
        if "--check" in arguments:
            print(f"{path.name} is not current: run python -m tools.reference", file=sys.stderr)
        else:
            path.write_text(text, encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
