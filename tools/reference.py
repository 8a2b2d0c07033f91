"""Writes the generated parts of the README from the code: `python tools/reference.py`, or `--check`.

A generated part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from pulumi_ci_audio.emulator.assumptions import render_markdown
from pulumi_ci_audio.lifecycle.bucket import AsrBindingState, BindingInputs, BindingState
from pulumi_ci_audio.lifecycle.fields import HIDDEN, REPLACES, Kind, has
from pulumi_ci_audio.lifecycle.job_model import JobInputs, JobState
from pulumi_ci_audio.lifecycle.template import TemplateInputs, TemplateState

README = Path(__file__).parents[1] / "README.md"
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)
_FILLED_IN = {"status"}
"""Inputs that the package fills in itself."""


def table(inputs: type[Kind], state: type[Kind], *, in_place: str = "updates, without a request") -> str:
    """Return the table of a kind's properties: inputs, then outputs; ``in_place`` is what most changes do."""
    rows = ["| property | type | default | a change | what it is |", "|---|---|---|---|---|"]
    for name, field in state.model_fields.items():
        if has(field, HIDDEN):
            continue
        is_input = name in inputs.model_fields and name not in _FILLED_IN
        rows.append(_row(name, field, in_place) if is_input else _output_row(name, field))
    return "\n".join(rows) + "\n"


def _row(name: str, field: FieldInfo, in_place: str) -> str:
    default = "**required**" if field.is_required() else _code(field.default)
    if name == "region":
        default = "configured"
    change = "replaces" if has(field, REPLACES) else in_place
    return f"| `{name}` | {_type(field.annotation)} | {default} | {change} | {field.description} |"


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
    if isinstance(annotation, type) and issubclass(annotation, Kind):
        return "map"
    return str(getattr(annotation, "__name__", annotation))


PARTS: dict[str, Callable[[], str]] = {
    "CiBucketBinding": lambda: table(BindingInputs, BindingState),
    "AsrBucketBinding": lambda: table(BindingInputs, AsrBindingState),
    "NoiseReductionTemplate": lambda: table(TemplateInputs, TemplateState, in_place="updates"),
    "NoiseReductionJob": lambda: table(JobInputs, JobState),
    "assumptions": lambda: render_markdown().rstrip("\n") + "\n",
}
"""The generated parts by name."""


def current(text: str) -> str:
    """Return ``text`` with its generated parts as the code has them now."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}{part[4]}", text)


def main(arguments: list[str]) -> int:
    """Write the README, or only say whether it is current."""
    text = README.read_text(encoding="utf-8")
    if text == current(text):
        return 0
    if "--check" in arguments:
        print("README.md is not current: run python tools/reference.py", file=sys.stderr)
        return 1
    README.write_text(current(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
