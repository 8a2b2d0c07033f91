"""The command line, ``pulumi-ci-audio``. Its commands import what they need when they run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import click
except ModuleNotFoundError:  # the extras are optional, the script's entry point is not
    sys.exit("pulumi-ci-audio needs click: pip install 'pulumi-ci-audio[cli]'")

if TYPE_CHECKING:
    from types import FrameType


@click.group()
@click.version_option(package_name="pulumi-ci-audio")
def main() -> None:
    """Tencent Cloud Infinite (CI) audio: tools around the Pulumi resources."""


def _switches(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the assumptions given as ``key=value``."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"{value!r} is not key=value")
    return dict(value.split("=", 1) for value in values)


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=9350, show_default=True, help="0 picks a free one.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the buckets.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--secret-id", default="emulator", show_default=True, help="The SecretId requests are signed with.")
@click.option("--secret-key", default="emulator", show_default=True, help="Its key.")
@click.option("--job-seconds", type=click.FloatRange(0), default=0, show_default=True, help="Least length of a job.")
@click.option("--unbind-seconds", type=click.FloatRange(0), default=0, show_default=True, help="Length of unbinding.")
@click.option(
    "--queue-concurrency", type=click.IntRange(1), default=10, show_default=True, help="Jobs that run at once."
)
@click.option(
    "--list-lag-seconds",
    type=click.FloatRange(0),
    default=0,
    show_default=True,
    help="How long a new job is missing from lists.",
)
@click.option(
    "--assume",
    "assumptions",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_switches,
    help="Another choice where the documentation leaves one; GET /_emulator/assumptions lists them.",
)
def emulator(
    *,
    port: int,
    data: Path,
    host: str,
    secret_id: str,
    secret_key: str,
    job_seconds: float,
    unbind_seconds: float,
    queue_concurrency: int,
    list_lag_seconds: float,
    assumptions: dict[str, str],
) -> None:
    """Serve the CI API and enough of COS from a folder, until SIGTERM or Ctrl-C."""
    import signal  # noqa: PLC0415  only this command serves
    import threading  # noqa: PLC0415  only this command serves

    try:
        from pulumi_ci_audio.emulator.app import Emulator  # noqa: PLC0415  its libraries are an extra
        from pulumi_ci_audio.emulator.server import EmulatorServer  # noqa: PLC0415  its libraries are an extra
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the emulator needs {error.name}: pip install 'pulumi-ci-audio[emulator]'"
        ) from error
    try:
        application = Emulator(
            data=data,
            secret_id=secret_id,
            secret_key=secret_key,
            job_seconds=job_seconds,
            unbind_seconds=unbind_seconds,
            queue_concurrency=queue_concurrency,
            list_lag_seconds=list_lag_seconds,
            assumptions=assumptions,
        )
        server = EmulatorServer(application, host=host, port=port)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with server:
        click.echo(f"emulator listening on {server.url}")
        ended.wait()
    application.close()
