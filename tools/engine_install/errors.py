"""What can go wrong on the way to an engine."""

from __future__ import annotations


class UnavailableError(Exception):
    """One way to an engine does not work here; the text says why."""


class EngineError(Exception):
    """No way works; the text says what was tried and what to do."""
