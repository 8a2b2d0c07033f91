"""How commands speak: in colour at a terminal, plain elsewhere, progress apart from results, failures in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import Progress

PLAIN_WIDTH = 200
"""The width of what is not printed at a terminal, in characters."""


class CouldNotTellError(click.ClickException):
    """A question has no answer; the command exits with 2."""

    exit_code = 2


def console() -> Console:
    """Return where results go."""
    result = Console(highlight=False, markup=False, soft_wrap=False)
    return result if result.is_terminal else Console(highlight=False, markup=False, width=PLAIN_WIDTH)


@contextmanager
def progress(total: int, of_what: str) -> Iterator[Callable[[], None]]:
    """Yield the function that says that one more is done; shown at a terminal only, on the standard error."""
    shown = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with shown:
        task = shown.add_task(of_what, total=total)
        yield lambda: shown.advance(task)
