"""From settings to the context of one operation: what a process has is put together here, and nowhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.lifecycle.journal import FileJournal
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.types import Context
from pulumi_ci_audio.provider.engine_call import EngineCall


def context_of(
    call: EngineCall | None,
    settings: Settings,
    memory: Memory,
    *,
    is_cancelled: Callable[[], bool],
    engine_is_alive: Callable[[], bool],
    redact: Callable[[str], str],
) -> Context:
    """Return the context of the operation that answers ``call``.

    Args:
        call: the engine's call; ``None`` where it cannot be seen.
        settings: of the provider.
        memory: of this process.
        is_cancelled: returns whether the provider was told to end.
        engine_is_alive: returns whether the engine is there, where the call cannot be seen.
        redact: returns a text without the values that are secret in this operation.

    Raises:
        SettingsError: a setting makes no sense.
    """
    waiter = Waiter(
        now=time.monotonic,
        sleep=time.sleep,
        is_cancelled=lambda: is_cancelled() or (call is not None and not call.is_connected()),
    )
    return Context(
        client=Client.from_settings(settings, waiter),
        waiter=waiter,
        report=(lambda message: call.report(redact(message))) if call else _ignore,
        warn=(lambda message: call.warn(redact(message))) if call else _ignore,
        engine_is_alive=call.is_awaited if call else engine_is_alive,
        timeout_seconds=call.timeout_seconds if call else None,
        memory=memory,
        journal=FileJournal.of_user(os.environ),
        unix_time=time.time,
        settle_seconds=settings.settle_seconds,
        in_flight_seconds=settings.connect_timeout_seconds + settings.read_timeout_seconds,
        urn=call.urn if call else "",
    )


def _ignore(_message: str) -> None:
    return
