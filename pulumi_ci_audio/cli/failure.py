"""How commands fail: in one line, by a status that says what it means."""

from __future__ import annotations

import click


class CouldNotTellError(click.ClickException):
    """A question has no answer; the command exits with 2."""

    exit_code = 2
