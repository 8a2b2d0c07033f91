"""How commands speak: in colour at a terminal, plain elsewhere, progress apart from results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EPIPE
from typing import NoReturn

from rich.console import Console
from rich.progress import Progress

PLAIN_WIDTH = 200
"""The width of what is not printed at a terminal, in characters."""


class _Results(Console):
    def on_broken_pipe(self) -> NoReturn:
        # The library would exit with 1, which means something else here.
        raise BrokenPipeError(EPIPE, "nobody reads")


def console() -> Console:
    """Return where results go."""
    result = _Results(highlight=False, markup=False, soft_wrap=False)
    return result if result.is_terminal else _Results(highlight=False, markup=False, width=PLAIN_WIDTH)


@contextmanager
def progress(total: int, of_what: str) -> Iterator[Callable[[], None]]:
    """Yield the function that says that one more is done; shown at a terminal only, on the standard error."""
    shown = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with shown:
        task = shown.add_task(of_what, total=total)
        yield lambda: shown.advance(task)
