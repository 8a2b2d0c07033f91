"""The first word with the service: whether it answers, and what its clock says. Nothing is signed or changed."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import SettingsError
from pulumi_ci_audio.api.operations import SMART_AUDIO
from pulumi_ci_audio.api.refusals import request_id_of, skew_of
from pulumi_ci_audio.api.settings import READ_TIMEOUT_VARIABLE, REGION_VARIABLES, Settings, home_folder
from pulumi_ci_audio.api.transport import Request, transport_to
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.cli.stack import Configuration, read_configuration, settings_with
from pulumi_ci_audio.lifecycle.validators import bucket_name, region_name

PATIENCE_SECONDS = 5.0
"""How long a command at a terminal waits for an answer, unless the environment says otherwise."""

CLOCK_SECONDS = 60
"""A clock that is wrong by more needs to be corrected: signatures begin this long before they are made."""


@dataclass(frozen=True)
class Contact:
    """What an answer shows of the service.

    Attributes:
        is_service: whether the answer carries the service's mark.
        status: of the answer.
        skew: how far this machine's clock is ahead, in seconds; ``None`` where the answer has no date.
    """

    is_service: bool
    status: int
    skew: float | None


def configuration_of(stack: str | None) -> Configuration:
    """Return the configuration of a stack; an empty one where none is named.

    Raises:
        SettingsError: it cannot be read.
    """
    return Configuration() if stack is None else read_configuration(stack)


def settings_of_terminal(configuration: Configuration) -> Settings:
    """Return the settings of the environment, with the patience of somebody who waits before a terminal.

    Args:
        configuration: of a stack, which goes first.

    Raises:
        SettingsError: the configuration makes no sense.
    """
    environment = {READ_TIMEOUT_VARIABLE: f"{PATIENCE_SECONDS:g}", **os.environ}
    return settings_with(configuration.values, environment, home_folder())


def client_of(settings: Settings, cancelled: threading.Event) -> Client:
    """Return a client whose pauses end when ``cancelled`` is set.

    Raises:
        SettingsError: a setting makes no sense.
    """
    return Client.from_settings(settings, Waiter(now=time.monotonic, sleep=time.sleep, is_cancelled=cancelled.is_set))


def checked_region(given: str | None, settings: Settings) -> str:
    """Return the region to ask.

    Raises:
        SettingsError: none is named, or it cannot be one.
    """
    region = given or settings.region
    if not region:
        raise SettingsError(f"no region: give --region, or set {REGION_VARIABLES[0]}")
    return _checked("the region", region, region_name)


def checked_bucket(region: str, name: str) -> Bucket:
    """Return the bucket called ``name``.

    Raises:
        SettingsError: it cannot be one's name.
    """
    return Bucket(region, _checked("the bucket", name, bucket_name))


def _checked(what: str, value: str, check: Callable[[str], str]) -> str:
    try:
        return check(value)
    except ValueError as error:
        raise SettingsError(f"{what} {value!r} {error}") from None


def reach(settings: Settings, region: str, unix_time: Callable[[], float] = time.time) -> Contact:
    """Ask the service of ``region`` for a list, without a signature, once.

    Raises:
        TransportError: nothing answers.
        SettingsError: a setting makes no sense.
    """
    transport = transport_to(
        settings.endpoint,
        settings.connect_timeout_seconds,
        settings.read_timeout_seconds,
        settings.ca_bundle,
        settings.endpoint_source,
    )
    operation = SMART_AUDIO.describe_buckets
    answer = transport.send(Request(operation.method, operation.host.of(region), operation.path))
    return Contact(bool(request_id_of(answer)), answer.status, skew_of(answer, unix_time()))
