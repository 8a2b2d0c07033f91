"""What every class of a resource is, whatever its kind and whatever provider serves it.

Python's names are snake_case; state, diffs and events have the same properties in camelCase. Outputs, defaults and
the documentation of arguments come from the models of a kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass
from inspect import get_annotations
from typing import Any, ClassVar, TypeVar

import pulumi
from pydantic.alias_generators import to_camel, to_snake

from pulumi_ci_audio.lifecycle.kinds import KINDS, Kind
from pulumi_ci_audio.lifecycle.models import FILLED_IN, HIDDEN, has

T = TypeVar("T")


class AudioResource(pulumi.CustomResource, ABC):
    """A resource whose properties are those of its kind's models. A class has the name of its kind."""

    kind: ClassVar[Kind]
    settled_by: ClassVar[str] = ""
    """An output that always has a value once the outputs are known: while it is known, one without a value has none."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.__name__ not in KINDS:
            return
        cls.kind = KINDS[cls.__name__]
        outputs = cls.kind.state.model_fields
        # The SDK reads a class's own annotations only, and without them numbers come back as floats.
        cls.__annotations__ = {
            name: hint
            for base in reversed(cls.__mro__)
            if issubclass(base, AudioResource)
            for name, hint in get_annotations(base, eval_str=True).items()
            if name in outputs
        }
        cls.__doc__ = f"{cls.kind.description}\n\n{_arguments_text(cls.kind)}"

    def __init__(self, resource_name: str, arguments: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        self._arguments = arguments
        fields = self.kind.inputs.model_fields
        given = {name: arguments[name] for name in fields if arguments.get(name) is not None}
        if "keeps_old" in fields and opts and (opts.retain_on_delete or opts.delete_before_replace is False):
            given["__keepsOld"] = True
        if self.kind.delete_before_replace:
            opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(delete_before_replace=True), opts)
        self._register(resource_name, self._outputs() | given, opts)
        if self.settled_by and pulumi.runtime.is_dry_run():
            self._settle_outputs()

    def _settle_outputs(self) -> None:
        """Let an output that has no value be known to have none; in a preview the SDK takes it for unknown."""
        settled: pulumi.Output[Any] = getattr(self, self.settled_by)
        for name, field in self.kind.state.model_fields.items():
            if not has(field, HIDDEN) and field.default is None and name != self.settled_by:
                setattr(self, name, _known_with(getattr(self, name), settled))

    @classmethod
    def _outputs(cls) -> dict[str, Any]:
        """Return every property, without a value: what is not named to the SDK, it does not resolve."""
        fields = cls.kind.state.model_fields
        return {name: None for name, field in fields.items() if not has(field, HIDDEN)}

    @abstractmethod
    def _register(self, name: str, properties: dict[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Register the resource with the engine, under the token of its family."""

    def translate_input_property(self, prop: str) -> str:
        """Return the engine's name of a property."""
        return prop if prop.startswith("__") else to_camel(prop)

    def translate_output_property(self, prop: str) -> str:
        """Return Python's name of a property."""
        return prop if prop.startswith("__") else to_snake(prop)


@dataclass(frozen=True)
class _Asked(Awaitable[T]):
    """Asks when it is awaited, so that nothing is left over where an engine ends the program before."""

    ask: Callable[[], Coroutine[Any, Any, T]]

    def __await__(self) -> Generator[Any, Any, T]:
        return self.ask().__await__()


def _known_with(output: pulumi.Output[Any], settled: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """Return ``output``, known too while ``settled`` is."""

    async def is_known() -> bool:
        return await output.is_known() or await settled.is_known()

    return pulumi.Output(
        _Asked(output.resources),
        _Asked(lambda: output.future(with_unknowns=True)),
        _Asked(is_known),
        _Asked(output.is_secret),
    )


def _arguments_text(kind: Kind) -> str:
    lines = ["Args:", "    resource_name: the resource's name in the program."]
    for name, field in kind.inputs.model_fields.items():
        if not has(field, HIDDEN) and not has(field, FILLED_IN):
            lines.append(f"    {name}: {field.description}")
    return "\n".join([*lines, "    opts: Pulumi's options."])
