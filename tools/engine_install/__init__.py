"""Finds the Pulumi engine, or installs it.

Uses Python's standard library only: it has to work on a machine that has nothing yet. Linux and macOS.
"""

from tools.engine_install.errors import EngineError
from tools.engine_install.find import find_or_install

__all__ = ["EngineError", "find_or_install"]
