"""The command ``doctor``: what is set up, what is missing, and what to do about it. Nothing is changed."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import click
from rich.text import Text

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import ApiError, CiAudioError, SettingsError, WaitCancelledError
from pulumi_ci_audio.api.records import ON
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.cli import contact, machine
from pulumi_ci_audio.cli.failure import CouldNotTellError
from pulumi_ci_audio.cli.permissions import READS, WRITES, Answer, Permission, ask, needs_bucket
from pulumi_ci_audio.cli.stack import Configuration
from pulumi_ci_audio.cli.survey import Listed, listed
from pulumi_ci_audio.cli.terminal import console
from pulumi_ci_audio.lifecycle.errors import explain


class Mark(Enum):
    """How a line is to be taken: its word, its colour, and the status that the command exits with at least."""

    OK = ("ok", "green", 0)
    NOTE = ("note", "cyan", 0)
    MEND = ("mend", "yellow", 1)
    UNKNOWN = ("?", "red", 2)


_FAMILIES = {"tencentcloud": "pulumi_ci_audio", "ci-audio": "pulumi_ci_audio.native"}
"""Whose classes read the configuration of a namespace."""


@dataclass(frozen=True)
class Line:
    """What was found out about one subject, and what to do about it."""

    mark: Mark
    subject: str
    text: str


@click.command(
    epilog="Exit code: 0 all is well, 1 something must be mended, 2 something could not be told. "
    "Example: pulumi-ci-audio doctor --region ap-chongqing --bucket recordings-1250000000"
)
@click.option("--region", help="The region to ask; TENCENTCLOUD_REGION or COS_REGION if left out.")
@click.option("--stack", help="Use the configuration of this stack too. Run it in the project's folder.")
@click.option("--bucket", help="The bucket to try permissions on; the first one of the region if left out.")
def doctor(*, region: str | None, stack: str | None, bucket: str | None) -> None:
    """Check engine, SDK, plugin, credentials, endpoint, clock and permissions, and say what to do.

    Requests are sent that only read.
    """
    cancelled = threading.Event()
    out, status = console(), 0
    try:
        for line in _lines(region, stack, bucket, cancelled):
            word, colour, code = line.mark.value
            status = max(status, code)
            out.print(Text(f"{word:5}", style=colour), Text(f"{line.subject:12}{line.text}"), soft_wrap=True)
    except (KeyboardInterrupt, WaitCancelledError):
        cancelled.set()
        raise CouldNotTellError("interrupted") from None
    sys.exit(status)


def _lines(region: str | None, stack: str | None, bucket: str | None, cancelled: threading.Event) -> Iterator[Line]:
    for part in machine.parts(os.environ.get("PATH")):
        missing = Mark.NOTE if part.is_optional else Mark.MEND
        yield Line(Mark.OK if part.found else missing, part.name, part.found or part.advice)
    try:
        configuration = contact.configuration_of(stack)
        settings = contact.settings_of_terminal(configuration)
        where = contact.checked_region(region, settings)
        named = contact.checked_bucket(where, bucket) if bucket else None
        endpoint, client = settings.endpoint, contact.client_of(settings, cancelled)
        settings.settle_seconds  # noqa: B018  a deployment would complain about it
    except SettingsError as error:
        yield Line(Mark.MEND, "settings", f"{error}; the rest cannot be checked")
        return
    yield from _configuration(configuration)
    yield Line(Mark.OK, "region", where)
    has_credentials = True
    try:
        yield Line(Mark.OK, "credentials", f"from {settings.credentials()().origin}")
    except SettingsError as error:
        yield Line(Mark.MEND, "credentials", str(error))
        has_credentials = False
    try:
        yield from _contact(settings, where, endpoint)
    except CiAudioError as error:
        yield Line(Mark.UNKNOWN, "endpoint", str(error))
        return
    if has_credentials:
        yield from _permissions(client, where, named)


def _configuration(configuration: Configuration) -> Iterator[Line]:
    for key in configuration.plain:
        command = f"`pulumi config set --secret {key}`"
        text = (
            f"holds {key} in plain text, with which pulumi_ci_audio deploys nothing: rotate the key, and run {command}"
        )
        yield Line(Mark.MEND, "stack", f"{text} with the new one")
    for key, other in configuration.seen_by_one_family():
        text = f"{key} is for the classes of {_FAMILIES[key.partition(':')[0]]}"
        yield Line(Mark.NOTE, "stack", f"{text}; those of {_FAMILIES[other.partition(':')[0]]} need {other}")


def _contact(settings: Settings, region: str, endpoint: str | None) -> Iterator[Line]:
    seen = contact.reach(settings, region)
    place = f"{endpoint} ({settings.endpoint_source})" if endpoint else f"the cloud, region {region}"
    if seen.is_service:
        yield Line(Mark.OK, "endpoint", f"{place} answers")
    else:
        text = f"{place} answers without the service's mark, HTTP {seen.status}: a proxy or a wrong endpoint?"
        yield Line(Mark.MEND, "endpoint", text)
    if seen.skew is None:
        yield Line(Mark.UNKNOWN, "clock", "the answer has no date; compare this machine's clock with another")
        return
    seconds = f"{abs(seen.skew):.0f} s {'ahead of' if seen.skew > 0 else 'behind'} the service's"
    if abs(seen.skew) > contact.CLOCK_SECONDS:
        yield Line(Mark.MEND, "clock", f"this machine's is {seconds}: correct it, or signatures are refused")
    else:
        yield Line(Mark.OK, "clock", f"this machine's is {seconds}")


def _permissions(client: Client, region: str, named: Bucket | None) -> Iterator[Line]:
    try:
        known = listed(client, region)
        first = min(known.smart_audio or known.bound, default=None)
        bucket = named or (Bucket(region, first) if first else None)
        is_bound: bool | None = True
        if named is not None and named.name not in known.bound:
            is_bound, line = _look_at(client, named, known)
            bucket = named if is_bound is not None else None
            yield from [line] if line else []
        there: list[str] = []
        for operation in READS:
            if bucket is None and needs_bucket(operation):
                continue
            answer = ask(client, operation, bucket or Bucket(region, ""), is_bound=bool(is_bound))
            if answer.permission is Permission.THERE:
                there.append(operation.action)
            else:
                yield _permission(answer)
    except CiAudioError as error:
        is_refused = isinstance(error, ApiError) and error.is_signature_refused
        mark, subject = (Mark.MEND, "credentials") if is_refused else (Mark.UNKNOWN, "permissions")
        yield Line(mark, subject, explain(error))
        return
    where = f" (asked of bucket {bucket})" if bucket else ""
    if there:
        yield Line(Mark.OK, "permissions", f"{_listed(there)}{where}")
    if bucket is None and named is None:
        text = "the region has no bound bucket to try the others on: name one with --bucket"
        yield Line(Mark.NOTE, "permissions", text)
    text = f"not tried, since they change something; grant {_listed(operation.action for operation in WRITES)}"
    yield Line(Mark.NOTE, "permissions", text)


def _look_at(client: Client, bucket: Bucket, known: Listed) -> tuple[bool | None, Line | None]:
    """Return whether a bucket is bound, ``None`` where there is none, and what to say about it."""
    try:
        status = client.describe_ci_bucket(bucket)
    except ApiError as error:
        if error.is_bucket_gone:
            text = f"there is no bucket {bucket}{known.nearest(bucket.name)}; create it, or correct its name or region"
            return None, Line(Mark.MEND, "bucket", text)
        # Whatever it is, the look at its permission tells.
        return True, None
    if status == ON:
        return True, None
    return False, Line(Mark.NOTE, "bucket", f"{bucket} is not bound to CI: a CiBucketBinding binds it")


def _permission(answer: Answer) -> Line:
    mark = Mark.MEND if answer.permission is Permission.MISSING else Mark.UNKNOWN
    return Line(mark, "permissions", f"{answer.operation.action}: {answer.text}")


def _listed(actions: Iterable[str]) -> str:
    return ", ".join(sorted({action for joined in actions for action in joined.split(" and ")}))
