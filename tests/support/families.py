"""The classes of whichever family the stack uses whose program runs now: one program, registered through either.

A program of a test takes its classes from here. ``Stack`` says which family they are of.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pulumi_ci_audio.resources import (
        AsrBucketBinding,
        CiBucketBinding,
        NoiseReductionBatch,
        NoiseReductionJob,
        NoiseReductionTemplate,
    )

    __all__ = [
        "AsrBucketBinding",
        "CiBucketBinding",
        "NoiseReductionBatch",
        "NoiseReductionJob",
        "NoiseReductionTemplate",
    ]

Family = Literal["dynamic", "native"]

MODULES: dict[Family, str] = {"dynamic": "pulumi_ci_audio.resources", "native": "pulumi_ci_audio.native"}
TYPES: dict[Family, str] = {"dynamic": "pulumi-python:dynamic/ci-audio:", "native": "ci-audio:index:"}
"""What the types of a family's resources begin with, in a stack's state."""

_running: ContextVar[Family] = ContextVar("family", default="dynamic")


@contextmanager
def registering(family: Family) -> Iterator[None]:
    """Let the classes of this module be those of ``family`` while a program runs."""
    token = _running.set(family)
    try:
        yield
    finally:
        _running.reset(token)


class _Class:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return getattr(import_module(MODULES[_running.get()]), self._name)(*arguments, **keywords)


def __getattr__(name: str) -> Any:
    if name not in import_module("pulumi_ci_audio").__all__:
        raise AttributeError(name)
    return _Class(name)
