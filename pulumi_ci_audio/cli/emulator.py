"""The command ``emulator``: serve the API from a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from errno import EADDRINUSE
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pulumi_ci_audio.emulator.state.settings import Settings

if TYPE_CHECKING:
    import ssl
    from types import FrameType

Command = TypeVar("Command", bound=Callable[..., object])


def _assumptions(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the assumptions given as ``key=value``."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not key=value")
    return dict(value.split("=", 1) for value in values)


def _given(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return the value: an empty one, as of a variable that is not set, would mean every address."""
    if not value:
        raise click.BadParameter("must not be empty")
    return value


def _setting_options(command: Command) -> Command:
    """Give a command an option for each of the emulator's settings."""
    for row in reversed(fields(Settings)):
        option = click.option(
            f"--{row.name.replace('_', '-')}",
            type=click.IntRange(1) if isinstance(row.default, int) else click.FloatRange(0),
            default=row.default,
            show_default=True,
            help=row.metadata["description"],
        )
        command = option(command)
    return command


def _tls(authority_file: Path) -> ssl.SSLContext:
    """Return what to speak TLS with, and leave the certificate of its authority where clients find it."""
    try:
        from pulumi_ci_audio.emulator.http.certificates import Authority  # noqa: PLC0415  its library is an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(f"--tls needs {error.name}: pip install 'pulumi-ci-audio[emulator]'") from error
    authority = Authority()
    authority_file.write_bytes(authority.certificate)
    return authority.context


@click.command(epilog="Example: pulumi-ci-audio emulator --port 9350 --data ./cloud")
@click.option("--port", type=click.IntRange(0, 65535), default=9350, show_default=True, help="0 picks a free one.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the buckets, and of what is remembered of them.",
)
@click.option("--host", default="127.0.0.1", show_default=True, callback=_given, help="Address to listen on.")
@click.option("--secret-id", default="emulator", show_default=True, help="The SecretId requests are signed with.")
@click.option("--secret-key", default="emulator", show_default=True, help="Its key.")
@_setting_options
@click.option("--tls", is_flag=True, default=False, help="Speak https too; the next line names whom to trust.")
@click.option(
    "--send-callbacks", is_flag=True, default=False, help="Send callbacks of jobs, to addresses of this machine only."
)
@click.option(
    "--assume",
    "assumptions",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_assumptions,
    help="Another choice where the documentation leaves one; GET /_emulator/assumptions lists them.",
)
def emulator(
    *,
    port: int,
    data: Path,
    host: str,
    secret_id: str,
    secret_key: str,
    tls: bool,
    send_callbacks: bool,
    assumptions: dict[str, str],
    **settings: float,
) -> None:
    """Serve the CI API and enough of COS from a folder, until SIGTERM or Ctrl-C.

    Buckets, bindings, jobs, templates and queues stay in the folder, and the next start goes on with them.
    Faults, logs, uploads in parts and the options below are those of one run.
    """
    import signal  # noqa: PLC0415  only this command serves
    import threading  # noqa: PLC0415  only this command serves

    try:
        from pulumi_ci_audio.emulator.app import Emulator  # noqa: PLC0415  its libraries are an extra
        from pulumi_ci_audio.emulator.http.server import EmulatorServer  # noqa: PLC0415  its libraries are an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the emulator needs {error.name}: pip install 'pulumi-ci-audio[emulator]'"
        ) from error
    authority_file = data / "emulator-ca.pem"
    try:
        application = Emulator(
            data=data,
            secret_id=secret_id,
            secret_key=secret_key,
            settings=Settings().changed(settings),
            assumptions=assumptions,
            listens_on=host,
            sends_callbacks=send_callbacks,
            keeps_state=True,
        )
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    try:
        server = EmulatorServer(application, host=host, port=port, tls=_tls(authority_file) if tls else None)
    except OSError as error:
        advice = (
            "choose another --port, or 0 for a free one" if error.errno == EADDRINUSE else "check --host and --port"
        )
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}; {advice}") from error
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with server:
        click.echo(f"emulator listening on {server.url}")
        if tls:
            click.echo(f"certificate authority in {authority_file}")
        ended.wait()
    application.close()
