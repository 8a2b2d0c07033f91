"""The group of commands. Each is loaded when it is asked for: what one needs costs the others nothing."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

COMMANDS = ("doctor", "emulator", "status")
"""The commands, each in the module of its name."""


class _Group(click.Group):
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
    epilog='Completion in bash: eval "$(_PULUMI_CI_AUDIO_COMPLETE=bash_source pulumi-ci-audio)". '
    "zsh_source and fish_source do the same for zsh and fish. Example: pulumi-ci-audio status --region ap-chongqing",
)
@click.version_option(package_name="pulumi-ci-audio")
def main() -> None:
    """Tencent Cloud Infinite (CI) audio: tools around the Pulumi resources."""
