"""Pulumi's dynamic providers, one class per kind, each a thin coat over its lifecycle.

The module path and the class names are written into users' stacks, and instances are pickled by reference: never
rename them, and never give one an attribute before ``configure``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from pulumi_ci_audio.api.client import Client
from pulumi_ci_audio.api.errors import CiAudioError
from pulumi_ci_audio.api.settings import CONFIGURATION_KEYS, Settings
from pulumi_ci_audio.api.transport import transport_to
from pulumi_ci_audio.api.waiting import Waiter
from pulumi_ci_audio.doors.host import Call, is_ending
from pulumi_ci_audio.doors.journal import FileJournal
from pulumi_ci_audio.lifecycle.bucket import AsrBinding, BucketBinding
from pulumi_ci_audio.lifecycle.job import Job
from pulumi_ci_audio.lifecycle.process import Memory
from pulumi_ci_audio.lifecycle.protocol import UNKNOWN, Context, KeptError, Lifecycle, ResourceError, explain
from pulumi_ci_audio.lifecycle.template import JobTemplate

PROVIDER = "__provider"
PLAIN_SECRETS = "__plainSecrets"
"""A hidden input: the keys of the stack configuration that hold a credential in plain text."""

_MEMORY = Memory()
_CONFIGURATION: dict[str, str] = {}


class LifecycleProvider(ResourceProvider):
    """Drives one lifecycle for Pulumi's dynamic host."""

    serialize_as_secret_always = False
    lifecycle: ClassVar[Lifecycle]

    def configure(self, req: ConfigureRequest) -> None:
        """Remember the stack's configuration for the life of this process, beside the provider and not in it."""
        for key in CONFIGURATION_KEYS:
            if (value := req.config.get(key)) is not None:
                _CONFIGURATION[key] = str(value)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Return the inputs with defaults, and a failure per property that cannot be."""
        with _clean_errors(self.lifecycle.kind):
            inputs = _plain(news)
            plain_secrets = inputs.pop(PLAIN_SECRETS, None) or []
            olds = _plain(_olds)
            call = Call.current()
            region = _MEMORY.region_of(call.urn, olds.get("region")) if call else None
            checked = self.lifecycle.check(olds, inputs, region or Settings.of_process(_CONFIGURATION).region)
            failures = [CheckFailure(failure.property, failure.reason) for failure in checked.failures]
            failures += [CheckFailure("", _plain_secret(key)) for key in plain_secrets]
            return CheckResult(_wire(checked.inputs), failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Return what a deployment would do, from the recorded state alone."""
        with _clean_errors(self.lifecycle.kind):
            diff = self.lifecycle.diff(_plain(_olds), _plain(_news))
            return DiffResult(
                changes=diff.has_changes,
                replaces=list(diff.replaces),
                delete_before_replace=diff.delete_before_replace,
            )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource; what exists is kept even where the operation fails."""
        with _clean_errors(self.lifecycle.kind):
            created = self.lifecycle.create(_context(), _plain(props))
            return CreateResult(created.id, created.state)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return the resource as it is; an empty id says that it is gone."""
        with _clean_errors(self.lifecycle.kind):
            observed = self.lifecycle.read(_context(), id_, _plain(props))
            if observed is None:
                return ReadResult("", {})
            return ReadResult(id_, observed.state, observed.inputs)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        with _clean_errors(self.lifecycle.kind):
            return UpdateResult(self.lifecycle.update(_context(), _id, _plain(_olds), _plain(_news)))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Take the resource away."""
        with _clean_errors(self.lifecycle.kind):
            self.lifecycle.delete(_context(), _id, _plain(_props))


class CiBucketBindingProvider(LifecycleProvider):
    """Drives ``CiBucketBinding``. Its module path and name are state: never rename it."""

    lifecycle = BucketBinding()


class AsrBucketBindingProvider(LifecycleProvider):
    """Drives ``AsrBucketBinding``. Its module path and name are state: never rename it."""

    lifecycle = AsrBinding()


class NoiseReductionTemplateProvider(LifecycleProvider):
    """Drives ``NoiseReductionTemplate``. Its module path and name are state: never rename it."""

    lifecycle = JobTemplate()


class NoiseReductionJobProvider(LifecycleProvider):
    """Drives ``NoiseReductionJob``. Its module path and name are state: never rename it."""

    lifecycle = Job()


def _context() -> Context:
    settings = Settings.of_process(_CONFIGURATION)
    found = cache(settings.credentials)  # once an operation: a role keeps what it was given, and a file is read once
    call = Call.current()
    waiter = Waiter(
        now=time.monotonic,
        sleep=time.sleep,
        is_called_off=lambda: is_ending() or (call is not None and not call.is_open()),
    )
    return Context(
        client=Client(
            transport=transport_to(settings.endpoint, settings.connect_timeout_seconds, settings.read_timeout_seconds),
            credentials=lambda: found()(),  # noqa: PLW0108  found at the first request, not before
            waiter=waiter,
        ),
        waiter=waiter,
        report=call.report if call else _ignore,
        engine_is_there=call.is_wanted if call else lambda: True,
        timeout_seconds=call.timeout_seconds if call else None,
        memory=_MEMORY,
        journal=FileJournal.of_user(os.environ),
        settle_seconds=settings.settle_seconds,
        in_flight_seconds=settings.connect_timeout_seconds + settings.read_timeout_seconds,
    )


@contextmanager
def _clean_errors(kind: str) -> Iterator[None]:
    """Turn what a lifecycle raises into one line for the engine.

    Nothing but an ``Exception`` may leave: the host would never answer the call, and the engine would wait forever.
    """
    try:
        yield
    except KeptError as error:
        message, id_, state = str(error), error.id, error.state
        _end(message, lambda call: call.keep(message, id_, state))
    except ResourceError as error:
        message = str(error)
        _end(message, lambda call: call.fail(message))
    except CiAudioError as error:
        message = explain(error)
        _end(message, lambda call: call.fail(message))
    except BaseException as error:
        if isinstance(error, Exception):
            raise
        raise RuntimeError(f"{kind}: {type(error).__name__}") from error


def _end(message: str, tell: Callable[[Call], None]) -> None:
    call = Call.current()
    if call is not None:
        try:
            tell(call)
        except Exception as error:  # noqa: BLE001  a private hook: without it the ordinary error is shown
            print(f"pulumi-ci-audio: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
    if is_ending() or (call is not None and not call.is_open()):
        # The engine is being interrupted too and does not print what it is told.
        print(message, file=sys.stderr, flush=True)  # noqa: T201
    raise RuntimeError(message) from None


def _ignore(_message: str) -> None:
    return


def _plain_secret(key: str) -> str:
    return (
        f"the stack configuration holds {key} in plain text, and Pulumi stores it so in the stack's state: "
        f"run `pulumi config set --secret {key}`"
    )


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _known(value) for name, value in properties.items() if name != PROVIDER}


def _known(value: Any) -> Any:
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, dict):
        return {name: _known(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_known(item) for item in value]
    return value


def _wire(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _unknown_again(value) for name, value in inputs.items()}


def _unknown_again(value: Any) -> Any:
    if value is UNKNOWN:
        return Unknown()  # type: ignore[no-untyped-call]  # the SDK leaves its constructor untyped
    if isinstance(value, dict):
        return {name: _unknown_again(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unknown_again(item) for item in value]
    return value
