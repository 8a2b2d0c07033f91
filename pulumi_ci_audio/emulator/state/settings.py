"""The settings of an emulator, each defined here and nowhere else.

From a row come the command's option, the argument of :class:`~pulumi_ci_audio.emulator.app.Emulator` and the name in
the control call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from pulumi_ci_audio.emulator.state.clock import is_seconds


def _seconds(text: str) -> Any:
    return field(default=0.0, metadata={"description": text, "is_valid": is_seconds, "must_be": "a number of seconds"})


def _count(default: int, text: str) -> Any:
    return field(
        default=default,
        metadata={
            "description": text,
            "is_valid": lambda value: type(value) is int and value >= 1,
            "must_be": "a whole number from 1",
        },
    )


@dataclass(frozen=True)
class Settings:
    """How long things take and how many run at once.

    Raises:
        ValueError: a value makes no sense.
    """

    job_seconds: float = _seconds("Least length of a job.")
    unbind_seconds: float = _seconds("Length of unbinding.")
    queue_concurrency: int = _count(10, "Jobs that run at once.")
    queue_size: int = _count(10_000, "Unfinished jobs that a queue holds.")
    list_lag_seconds: float = _seconds("How long a new job is missing from lists.")

    def __post_init__(self) -> None:
        for row in fields(self):
            value = getattr(self, row.name)
            if not row.metadata["is_valid"](value):
                raise ValueError(f"{row.name} must be {row.metadata['must_be']}, not {value!r}")

    def changed(self, changes: Mapping[str, Any]) -> Settings:
        """Return the settings with ``changes`` made.

        Raises:
            ValueError: there is no such setting, or a value makes no sense.
        """
        for name in changes:
            if name not in vars(self):
                raise ValueError(f"there is no setting {name!r}, only {', '.join(vars(self))}")
        return replace(self, **changes)
