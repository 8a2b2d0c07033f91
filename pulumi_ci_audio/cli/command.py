"""The group of commands. Each is loaded when it is asked for: what one needs costs the others nothing."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from errno import EPIPE
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import click

from pulumi_ci_audio.cli.failure import CouldNotTellError

COMMANDS = ("doctor", "emulator", "status")
"""The commands, each in the module of its name."""


class _Group(click.Group):
    def invoke(self, ctx: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # Names may hold what the terminal's encoding lacks.
                stream.reconfigure(errors="backslashreplace")
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except OSError as error:
            if error.errno != EPIPE:
                raise CouldNotTellError(f"could not print: {error.strerror or error}") from None
            # Who reads has seen enough: what the rest came to was not told.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  flushed when the process ends
            ctx.exit(CouldNotTellError.exit_code)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  the signature is click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            try:
                module = import_module(f"pulumi_ci_audio.cli.{cmd_name}")
            except ModuleNotFoundError as error:
                needs = f"{cmd_name} needs {error.name}: pip install 'pulumi-ci-audio[cli]'"
                raise click.ClickException(needs) from error
            command: click.Command = getattr(module, cmd_name)
            return command
        if not ctx.resilient_parsing:
            nearest = get_close_matches(cmd_name, COMMANDS, n=1)
            hint = f"Did you mean {nearest[0]!r}?" if nearest else f"There are {', '.join(COMMANDS)}."
            ctx.fail(f"No such command {cmd_name!r}. {hint}")
        return None


@click.group(
    cls=_Group,
    epilog="Completion in bash; zsh_source and fish_source do the same for zsh and fish:\n\n\b\n"
    'eval "$(_PULUMI_CI_AUDIO_COMPLETE=bash_source pulumi-ci-audio)"\n\n'
    "Example: pulumi-ci-audio status --region ap-chongqing",
)
@click.version_option(package_name="pulumi-ci-audio")
def main() -> None:
    """Tencent Cloud Infinite (CI) audio: tools around the Pulumi resources."""
