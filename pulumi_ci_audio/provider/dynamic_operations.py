"""What Pulumi's dynamic providers do, for whichever kind: engine values in, engine values out, over its lifecycle."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    UpdateResult,
)
from pydantic.alias_generators import to_snake

from pulumi_ci_audio.api.configuration_keys import CONFIGURATION_KEYS
from pulumi_ci_audio.api.errors import CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.settings import Settings
from pulumi_ci_audio.lifecycle import checking
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError, explain
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.models import stored_name
from pulumi_ci_audio.lifecycle.types import Context, Lifecycle
from pulumi_ci_audio.provider.conversion import (
    CONFIGURED,
    PROVIDER,
    SECRETS,
    to_engine,
    to_plain,
    with_secrets,
    without_secrets,
)
from pulumi_ci_audio.provider.dynamic_host import engine_is_alive, find_call, is_interrupted
from pulumi_ci_audio.provider.engine_call import EngineCall
from pulumi_ci_audio.provider.identity import check_as, state_of
from pulumi_ci_audio.provider.wire import to_struct

_MEMORY = Memory()
_CONFIGURATION: dict[str, str] = {}


@dataclass(frozen=True)
class DynamicOperations:
    """Drives one lifecycle for Pulumi's dynamic host.

    Attributes:
        lifecycle: of the kind.
    """

    lifecycle: Lifecycle[Any, Any]

    def configure(self, req: ConfigureRequest) -> None:
        """Remember the stack's configuration for the life of this process, beside the provider and not in it."""
        for key in CONFIGURATION_KEYS:
            if (value := req.config.get(key)) is not None:
                _CONFIGURATION[key] = str(value)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Return the inputs with defaults, and a failure for each property that is refused."""
        with self._operation() as call:
            olds, inputs = to_plain(_olds), to_plain(news)
            secrets = _secrets(inputs)
            unseen = [key for key in inputs.get(CONFIGURED) or [] if key not in _CONFIGURATION]
            region = Settings.of_process(_CONFIGURATION).region
            checked = check_as(call.urn if call else "", self.lifecycle, _MEMORY, olds, inputs, region)
            failures = [_unprinted(failure, secrets) for failure in checked.failures]
            failures += [CheckFailure("", _unseen(unseen))] if unseen else []
            if not failures:
                self.lifecycle.claim(_MEMORY, checked.inputs)
            return CheckResult(to_engine(with_secrets(checked.inputs, secrets)), failures)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Return what a deployment would do, from the recorded state alone."""
        with self._operation() as call:
            diff = self.lifecycle.diff(self._state(_olds), self._inputs(_news))
            if call is not None and diff.reason:
                call.report(diff.reason)
            return DiffResult(
                changes=diff.has_changes,
                replaces=list(diff.replaces),
                delete_before_replace=self.lifecycle.delete_before_replace,
            )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create the resource; what exists is kept even where the operation fails."""
        with self._operation(props) as call:
            created = self.lifecycle.create(_context(call, props), self._inputs(props))
            return CreateResult(str(created.id), with_secrets(created.state, _secrets(props)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Return the resource as it is; an empty id says that it is gone."""
        with self._operation(props) as call:
            plain = to_plain(props)
            # What a program only reads comes with its inputs, as far as it gives them.
            state = state_of(self.lifecycle, plain) if self._outputs() & plain.keys() else None
            found = self.lifecycle.read(_context(call, props), self.lifecycle.parse_id(id_), state)
            if found is None:
                return ReadResult("", {})
            secrets = _secrets(props)
            return ReadResult(id_, with_secrets(found.state, secrets), with_secrets(found.inputs, secrets))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change the resource in place."""
        with self._operation(_news) as call:
            id_, state, inputs = self.lifecycle.parse_id(_id), self._state(_olds), self._inputs(_news)
            updated = self.lifecycle.update(_context(call, _news), id_, state, inputs)
            return UpdateResult(with_secrets(updated, _secrets(_news)))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete the resource."""
        with self._operation(_props) as call:
            self.lifecycle.delete(_context(call, _props), self.lifecycle.parse_id(_id), self._state(_props))

    def _outputs(self) -> set[str]:
        """Return the stored names of the outputs."""
        inputs = self.lifecycle.inputs_model.model_fields
        fields = self.lifecycle.state_model.model_fields
        return {stored_name(name, field) for name, field in fields.items() if name not in inputs}

    def _inputs(self, properties: dict[str, Any]) -> Any:
        return self.lifecycle.inputs_model.parse(to_plain(properties))

    def _state(self, properties: dict[str, Any]) -> Any:
        return state_of(self.lifecycle, to_plain(properties))

    @contextmanager
    def _operation(self, properties: Mapping[str, Any] | None = None) -> Iterator[EngineCall | None]:
        """Yield the engine's call, and turn what a lifecycle raises into one line for the engine.

        ``properties`` are those the engine asks with; they say what is secret of a resource that is kept.

        Nothing but an ``Exception`` may leave: the host would never answer the call, and the engine would wait for
        ever.
        """
        call = find_call()
        properties = properties or {}
        try:
            yield call
        except ResourceInitFailedError as error:
            message, id_ = without_secrets(str(error), properties), str(error.id)
            state = with_secrets(error.state, _secrets(properties))
            _end(call, message, lambda open_call: open_call.keep(message, id_, _with_provider(open_call, state)))
        except (ResourceError, WaitCancelledError, ValueError) as error:
            message = without_secrets(str(error), properties)
            _end(call, message, lambda open_call: open_call.fail(message))
        except CiAudioError as error:
            message = without_secrets(explain(error), properties)
            _end(call, message, lambda open_call: open_call.fail(message))
        except BaseException as error:
            if isinstance(error, Exception):
                raise
            raise RuntimeError(f"{self.lifecycle.kind}: {type(error).__name__}") from error


def _context(call: EngineCall | None, properties: Mapping[str, Any]) -> Context:
    # The libraries for HTTP and XML load slowly, and a preview needs neither.
    from pulumi_ci_audio.provider.composition import context_of  # noqa: PLC0415

    return context_of(
        call,
        Settings.of_process(_CONFIGURATION),
        _MEMORY,
        is_cancelled=is_interrupted,
        engine_is_alive=engine_is_alive,
        redact=lambda message: without_secrets(message, properties),
    )


def _with_provider(call: EngineCall, state: Mapping[str, Any]) -> Struct:
    # The host adds the serialised provider to what a provider returns; without it nothing could be deleted.
    asked = call.request.properties if hasattr(call.request, "properties") else call.request.news
    return to_struct({**state, PROVIDER: asked[PROVIDER]})


def _end(call: EngineCall | None, message: str, tell: Callable[[EngineCall], None]) -> None:
    if call is not None:
        try:
            tell(call)
        except Exception as error:  # noqa: BLE001  a private hook: without it the ordinary error is shown
            print(f"pulumi-ci-audio: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
    if is_interrupted() or (call is not None and not call.is_connected()):
        # The engine is being interrupted too and does not print what it is told.
        print(message, file=sys.stderr, flush=True)  # noqa: T201
    raise RuntimeError(message) from None


def _secrets(properties: Mapping[str, Any]) -> list[str]:
    return list(properties.get(SECRETS) or [])


def _unprinted(failure: checking.CheckFailure, secrets: list[str]) -> CheckFailure:
    """Return the failure so that the engine prints no secret: it prints the value of the property that is named."""
    if failure.property in secrets:
        return CheckFailure("", f"{to_snake(failure.property)} {failure.reason}")
    return CheckFailure(failure.property, failure.reason)


def _unseen(keys: list[str]) -> str:
    return (
        f"the provider of this resource does not see the stack configuration ({', '.join(keys)}), and could reach "
        'another account or endpoint: give its pulumi.ProviderResource("pulumi-python", …) the same keys as inputs, '
        "secret ones as secrets, or leave the option `provider` out"
    )
