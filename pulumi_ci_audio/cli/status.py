"""The command ``status``: how buckets stand, as a table or as JSON."""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pulumi_ci_audio.api.errors import CiAudioError, WaitCancelledError
from pulumi_ci_audio.cli import contact
from pulumi_ci_audio.cli.failure import CouldNotTellError
from pulumi_ci_audio.cli.survey import Listed, Standing, Verdict, listed, survey, verdict_of
from pulumi_ci_audio.cli.terminal import console, progress

_STYLES = {Verdict.ON: "green", Verdict.OFF_OR_BLOCKED: "yellow", Verdict.UNKNOWN: "red"}


@click.command(
    epilog="Exit code: 0 everything is on, 1 something is off or blocked, 2 something could not be told. "
    "Unfinished jobs and batch jobs are shown, and are no fault. "
    "Example: pulumi-ci-audio status --region ap-chongqing --prefix rec"
)
@click.argument("buckets", metavar="[BUCKET]...", nargs=-1)
@click.option("--region", help="Where the buckets are; TENCENTCLOUD_REGION or COS_REGION if left out.")
@click.option("--stack", help="Use the configuration of this stack too. Run it in the project's folder.")
@click.option("--prefix", default="", help="Only buckets whose names begin so.")
@click.option("--quick", is_flag=True, default=False, help="Only CI and Smart Audio, as lists of the region say.")
@click.option("--json", "as_json", is_flag=True, default=False, help="Print JSON.")
def status(
    *, buckets: tuple[str, ...], region: str | None, stack: str | None, prefix: str, quick: bool, as_json: bool
) -> None:
    """Show how buckets stand: CI, Smart Audio, what blocks switching them off, and unfinished work.

    Without BUCKET, every bucket of the region that is bound is shown. Nothing is changed.
    """
    cancelled = threading.Event()
    standings: list[Standing] = []
    try:
        settings = contact.settings_of_terminal(contact.configuration_of(stack))
        where = contact.checked_region(region, settings)
        wanted = [contact.checked_bucket(where, name).name for name in buckets]
        settings.credentials()()
        contact.reach(settings, where)
        client = contact.client_of(settings, cancelled)
        known = listed(client, where)
        names = _names(known, wanted, prefix)
        with progress(len(names), "buckets") as advance:
            for standing in survey(client, known, names, is_quick=quick):
                standings.append(standing)
                advance()
    except CiAudioError as error:
        raise CouldNotTellError(f"{error}; `pulumi-ci-audio doctor` finds out more") from error
    except (KeyboardInterrupt, WaitCancelledError):
        cancelled.set()
        raise CouldNotTellError(f"interrupted when {len(standings)} buckets were told") from None
    standings.sort(key=lambda standing: standing.bucket)
    if as_json:
        click.echo(json.dumps([_plain(standing) for standing in standings], indent=2))
    else:
        _print(console(), standings, f"region {where}" + (f" with the prefix {prefix}" if prefix else ""))
    sys.exit(int(verdict_of(standings)))


def _names(known: Listed, wanted: list[str], prefix: str) -> list[str]:
    if known.refusals and not wanted:
        raise CouldNotTellError(f"{'; '.join(known.refusals)}; or name the buckets to look at")
    return list(dict.fromkeys(wanted)) or sorted(name for name in known.names if name.startswith(prefix))


def _plain(standing: Standing) -> dict[str, Any]:
    plain = asdict(standing)
    plain["smartAudio"] = plain.pop("smart_audio")
    return plain


def _print(out: Console, standings: list[Standing], where: str) -> None:
    if not standings:
        out.print(f"no bucket of {where} is bound to CI")
        return
    table = Table("bucket", "CI", "Smart Audio", "blockers", "jobs", "batches", box=None, pad_edge=False)
    for standing in standings:
        asked_for = (standing.blockers, standing.jobs, standing.batches)
        numbers = ["-" if found is None else str(len(found)) for found in asked_for]
        cells = [standing.bucket, standing.ci, standing.smart_audio, *numbers]
        table.add_row(*map(Text, cells), style=_STYLES[standing.verdict])
    table.columns[0].no_wrap = True
    out.print(table)
    for standing in standings:
        for blocker in (*(standing.blockers or ()), *(standing.jobs or ()), *(standing.batches or ())):
            out.print(Text(f"{standing.bucket}: {blocker}"), soft_wrap=True)
        for reason in standing.unanswered:
            out.print(Text(f"{standing.bucket}: could not tell: {reason}", style="red"), soft_wrap=True)
    told = [sum(1 for standing in standings if standing.verdict is verdict) for verdict in Verdict]
    out.print(f"{len(standings)} in {where}: {told[0]} on, {told[1]} off or blocked, {told[2]} not told")
