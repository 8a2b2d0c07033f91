"""What the demo prints: its own lines, and those of the engine as they come."""

from __future__ import annotations

import contextlib
import os
import re
import sys

HAS_COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
BOLD, GREEN, YELLOW, CYAN = "1", "32", "33", "1;36"

_ESCAPES = re.compile(r"\x1b\[[\d;]*m")


def say(text: str, style: str = "") -> None:
    """Print a line of our own."""
    print(f"    {styled(text, style)}", flush=True)


def show_engine_line(line: str) -> None:
    """Print a line of the engine's output, marked as such."""
    text = plain(line)
    if text.startswith("@ "):  # a sign of life
        return
    is_row = re.match(r" [-+~] ", text)
    if is_row and "error: " in line:  # a row repeats what stands below it under "Diagnostics"
        line = line.partition("error: ")[0].rstrip() + ("\x1b[0m" if HAS_COLOUR else "")
    with contextlib.suppress(BrokenPipeError):  # else nobody reads from the engine, which then waits for ever
        print(f"    | {line}".rstrip(), flush=True)


def styled(text: str, style: str) -> str:
    """Return ``text`` in a style, where the terminal has any."""
    return f"\x1b[{style}m{text}\x1b[0m" if style and HAS_COLOUR else text


def plain(line: str) -> str:
    """Return a line without its styles."""
    return _ESCAPES.sub("", line)
