"""The resource plugin: Pulumi's provider protocol over the lifecycles, for every language.

It answers the protocol itself rather than through the SDK's experimental provider, which cannot say that a value is
unknown or that a resource must be kept, and shows every error as a traceback.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial, wraps
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from pulumi_ci_audio.api.errors import CiAudioError, WaitCancelledError
from pulumi_ci_audio.api.settings import home_folder
from pulumi_ci_audio.lifecycle import previews
from pulumi_ci_audio.lifecycle.checking import check_properties, unknown_properties
from pulumi_ci_audio.lifecycle.errors import ResourceError, ResourceInitFailedError, explain
from pulumi_ci_audio.lifecycle.lifecycles import LIFECYCLES
from pulumi_ci_audio.lifecycle.memory import Memory
from pulumi_ci_audio.lifecycle.models import ResourceModel
from pulumi_ci_audio.lifecycle.queries import QUERIES
from pulumi_ci_audio.lifecycle.types import Context, Diff, Lifecycle
from pulumi_ci_audio.provider.composition import context_of
from pulumi_ci_audio.provider.configuration import ENGINES_OWN, RULES, SECRETS, ProviderInputs, settings_of
from pulumi_ci_audio.provider.conversion import redacted, secret_names
from pulumi_ci_audio.provider.engine import Engine
from pulumi_ci_audio.provider.engine_call import EngineCall
from pulumi_ci_audio.provider.identity import check_as, state_of
from pulumi_ci_audio.provider.schema import PACKAGE, function_token, resource_token, schema_text
from pulumi_ci_audio.provider.wire import Received, received, to_struct

_RESOURCES = {resource_token(kind): lifecycle for kind, lifecycle in LIFECYCLES.items()}
_FUNCTIONS = {function_token(name): query for name, query in QUERIES.items()}

Answer = TypeVar("Answer")
_PropertyDiff = provider_pb2.PropertyDiff


def _answered(method: Callable[[Plugin, EngineCall], Answer]) -> Callable[[Plugin, Any, Any], Answer]:
    """Return the method as the protocol calls it: whatever it raises reaches the engine as one line."""

    @wraps(method)
    def answer(plugin: Plugin, request: Any, context: grpc.ServicerContext) -> Answer:
        call = EngineCall(request, context, plugin.engine)
        try:
            return method(plugin, call)
        except ResourceInitFailedError as error:
            _keep(call, error)
        except (ResourceError, WaitCancelledError, ValueError) as error:
            _end(call, str(error))
        except CiAudioError as error:
            _end(call, explain(error))
        except BaseException as error:  # noqa: BLE001  an unanswered call would let the engine wait for ever
            traceback.print_exc()  # the engine keeps what a plugin writes here for its own log
            _end(call, f"{method.__name__} failed with {type(error).__name__}: {error}; this is a fault of the plugin")
        raise AssertionError("an ended call does not return")

    return answer


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one provider of a program.

    Args:
        engine: who asks; ``None`` until it attaches itself.
        version: of this package.
    """

    def __init__(self, engine: Engine | None, version: str) -> None:
        self.engine = engine
        self._version = version
        self._memory = Memory()
        self._cancelled = threading.Event()
        self._settings = settings_of(ProviderInputs(), os.environ, home_folder())

    def cancel(self) -> None:
        """End every wait that is under way, within a second."""
        self._cancelled.set()

    @_answered
    def Handshake(self, call: EngineCall) -> provider_pb2.ProviderHandshakeResponse:  # noqa: N802  the protocol's name
        """Say what this plugin understands."""
        if self.engine is None and call.request.engine_address:
            self.engine = Engine(call.request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @_answered
    def Attach(self, call: EngineCall) -> empty_pb2.Empty:  # noqa: N802
        """Learn the address of an engine that was started later."""
        self.engine = Engine(call.request.address)
        return empty_pb2.Empty()

    @_answered
    def GetPluginInfo(self, _call: EngineCall) -> plugin_pb2.PluginInfo:  # noqa: N802
        """Return the version."""
        return plugin_pb2.PluginInfo(version=self._version)

    @_answered
    def GetSchema(self, _call: EngineCall) -> provider_pb2.GetSchemaResponse:  # noqa: N802
        """Return what resources, functions and settings there are."""
        return provider_pb2.GetSchemaResponse(schema=schema_text(self._version))

    @_answered
    def CheckConfig(self, call: EngineCall) -> provider_pb2.CheckResponse:  # noqa: N802
        """Check the inputs of the provider, and mark as secret what must be."""
        news = received(call.request.news)
        given = {name: value for name, value in news.properties.items() if name not in ENGINES_OWN}
        model, failures = check_properties(ProviderInputs, {}, given, None, RULES)
        failures += unknown_properties(ProviderInputs, given)
        if (asked := news.properties.get("version")) and asked != self._version:
            call.warn(
                f"the program asks for version {asked} of {PACKAGE}, and the plugin that was found is {self._version}; "
                "install the same version of pulumi-ci-audio for both"
            )
        inputs = {**news.properties, **model.dump()}
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs, SECRETS | news.secrets),
            failures=[_unprinted(item.property, item.reason, SECRETS) for item in failures],
        )

    @_answered
    def DiffConfig(self, call: EngineCall) -> provider_pb2.DiffResponse:  # noqa: N802
        """Return which inputs of the provider changed; no change of them replaces a resource."""
        olds, news = received(call.request.olds).properties, received(call.request.news).properties
        changed = sorted(name for name in olds.keys() | news.keys() if olds.get(name) != news.get(name))
        return _diff_response(Diff(updates=tuple(changed)), olds, news)

    @_answered
    def Configure(self, call: EngineCall) -> provider_pb2.ConfigureResponse:  # noqa: N802
        """Remember the inputs of the provider for the life of this process."""
        given = received(call.request.args).properties
        self._settings = settings_of(ProviderInputs.parse(given), os.environ, home_folder())
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_answered
    def Check(self, call: EngineCall) -> provider_pb2.CheckResponse:  # noqa: N802
        """Return the inputs with defaults, and a failure for each property that is refused."""
        lifecycle, urn = _lifecycle(call), call.urn
        news = received(call.request.news)
        hidden: dict[str, Any] = {}
        if "owner" in lifecycle.inputs_model.model_fields:
            hidden["__owner"] = urn
        if "keeps_old" in lifecycle.inputs_model.model_fields:
            # Only the classes for Python say that the old one goes first where a replacement is forced.
            hidden["__keepsOld"] = True
        inputs = hidden | news.properties
        olds = received(call.request.olds).properties
        checked = check_as(urn, lifecycle, self._memory, olds, inputs, self._settings.region)
        failures = (*checked.failures, *unknown_properties(lifecycle.inputs_model, news.properties))
        if not failures:
            lifecycle.claim(self._memory, checked.inputs)
        return provider_pb2.CheckResponse(
            inputs=to_struct(checked.inputs.dump(), news.secrets),
            failures=[_unprinted(item.property, item.reason, news.secrets) for item in failures],
        )

    @_answered
    def Diff(self, call: EngineCall) -> provider_pb2.DiffResponse:  # noqa: N802
        """Return what a deployment would do, from the recorded state alone."""
        lifecycle = _lifecycle(call)
        olds, news = received(call.request.olds).properties, received(call.request.news).properties
        diff = lifecycle.diff(state_of(lifecycle, olds), lifecycle.inputs_model.parse(news))
        if diff.reason:
            call.report(diff.reason)
        old_inputs = received(call.request.old_inputs).properties
        response = _diff_response(diff, old_inputs, news)
        response.deleteBeforeReplace = lifecycle.delete_before_replace
        return response

    @_answered
    def Create(self, call: EngineCall) -> provider_pb2.CreateResponse:  # noqa: N802
        """Create the resource, or say what it will look like; what exists is kept even where this fails."""
        lifecycle, given = _lifecycle(call), received(call.request.properties)
        inputs = lifecycle.inputs_model.parse(given.properties)
        if call.request.preview:
            state = previews.created(lifecycle.state_model, inputs)
            secrets = secret_names(lifecycle.state_model, given.secrets)
            return provider_pb2.CreateResponse(properties=to_struct(state, secrets))
        result = lifecycle.create(self._context(call), inputs)
        return provider_pb2.CreateResponse(id=str(result.id), properties=_stored(result.state, given))

    @_answered
    def Read(self, call: EngineCall) -> provider_pb2.ReadResponse:  # noqa: N802
        """Return the resource as it is, known by its id alone where it is imported; an empty id says it is gone."""
        lifecycle, request = _lifecycle(call), call.request
        known, inputs = received(request.properties), received(request.inputs)
        given = Received(known.properties, known.secrets | inputs.secrets)
        # One that is imported, or only read, has no state yet; what a program says of it beside its id is no state.
        state = state_of(lifecycle, known.properties) if "bucket" in known.properties else None
        found = lifecycle.read(self._context(call), lifecycle.parse_id(request.id), state)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id, properties=_stored(found.state, given), inputs=_stored(found.inputs, given)
        )

    @_answered
    def Update(self, call: EngineCall) -> provider_pb2.UpdateResponse:  # noqa: N802
        """Change the resource in place, or say what it will look like."""
        lifecycle, given = _lifecycle(call), received(call.request.news)
        state = state_of(lifecycle, received(call.request.olds).properties)
        inputs = lifecycle.inputs_model.parse(given.properties)
        if call.request.preview:
            changed = previews.updated(state, inputs, lifecycle.diff(state, inputs))
            secrets = secret_names(lifecycle.state_model, given.secrets)
            return provider_pb2.UpdateResponse(properties=to_struct(changed, secrets))
        new = lifecycle.update(self._context(call), lifecycle.parse_id(call.request.id), state, inputs)
        return provider_pb2.UpdateResponse(properties=_stored(new, given))

    @_answered
    def Delete(self, call: EngineCall) -> empty_pb2.Empty:  # noqa: N802
        """Delete the resource."""
        lifecycle = _lifecycle(call)
        state = state_of(lifecycle, received(call.request.properties).properties)
        lifecycle.delete(self._context(call), lifecycle.parse_id(call.request.id), state)
        return empty_pb2.Empty()

    @_answered
    def Invoke(self, call: EngineCall) -> provider_pb2.InvokeResponse:  # noqa: N802
        """Answer a function."""
        if call.request.tok not in _FUNCTIONS:
            raise ValueError(f"{PACKAGE} has no function {call.request.tok}; it has {', '.join(sorted(_FUNCTIONS))}")
        query = _FUNCTIONS[call.request.tok]
        given = received(call.request.args)
        if failures := unknown_properties(query.arguments, given.properties):
            return provider_pb2.InvokeResponse(
                failures=[provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures]
            )
        context = self._context(call)
        result = query.answer(context.client, given.properties, self._settings.region)
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(query.dump(result)))
        return response

    @_answered
    def Cancel(self, _call: EngineCall) -> empty_pb2.Empty:  # noqa: N802
        """End the waits that are under way."""
        self.cancel()
        return empty_pb2.Empty()

    @_answered
    def Construct(self, _call: EngineCall) -> NoReturn:  # noqa: N802
        """Refuse: there are no components."""
        raise ValueError(f"{PACKAGE} has resources and functions, and no components")

    @_answered
    def Call(self, _call: EngineCall) -> NoReturn:  # noqa: N802
        """Refuse: no resource has methods."""
        raise ValueError(f"{PACKAGE} has resources and functions, and no methods")

    def _context(self, call: EngineCall) -> Context:
        return context_of(
            call,
            self._settings,
            self._memory,
            is_cancelled=self._cancelled.is_set,
            engine_is_alive=call.is_awaited,
            redact=partial(_redacted, call),
        )


def _lifecycle(call: EngineCall) -> Lifecycle[Any, Any]:
    """Return what the resource of the call means; the type of a child stands after its parents'."""
    token = call.urn.split("::")[2].rpartition("$")[2]
    if token not in _RESOURCES:
        near = get_close_matches(token, _RESOURCES, n=1) or sorted(_RESOURCES)
        raise ValueError(f"{PACKAGE} has no resource {token}; it has {', '.join(near)}")
    return _RESOURCES[token]


def _stored(model: ResourceModel, given: Received) -> Any:
    return to_struct(model.dump(), secret_names(type(model), given.secrets))


def _diff_response(diff: Diff, old_inputs: Mapping[str, Any], news: Mapping[str, Any]) -> provider_pb2.DiffResponse:
    """Return the diff as the engine takes it.

    A change that shows in outputs only is left without details: the engine would look for its new value among the
    inputs and show that it is deleted, where without details it compares the outputs that it has.
    """
    names = (*diff.updates, *diff.replaces)
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if diff.has_changes else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=diff.replaces,
        diffs=names,
        hasDetailedDiff=all(name in old_inputs or name in news for name in names),
    )
    for name in names if response.hasDetailedDiff else ():
        change = "ADD" if name not in old_inputs else "UPDATE" if name in news else "DELETE"
        kind = _PropertyDiff.Kind.Value(f"{change}_REPLACE" if name in diff.replaces else change)
        response.detailedDiff[name].CopyFrom(_PropertyDiff(kind=kind, inputDiff=True))
    return response


def _unprinted(name: str, reason: str, secrets: frozenset[str]) -> provider_pb2.CheckFailure:
    """Return the failure so that the engine prints no secret: it prints the value of the property that is named."""
    if name in secrets:
        return provider_pb2.CheckFailure(reason=f"{name} {reason}")
    return provider_pb2.CheckFailure(property=name, reason=reason)


def _secret_values(call: EngineCall) -> Received:
    """Return the properties of a call, as far as it has any."""
    for name in ("properties", "news", "args"):
        if hasattr(call.request, name):
            return received(getattr(call.request, name))
    return Received({}, frozenset())


def _redacted(call: EngineCall, message: str) -> str:
    given = _secret_values(call)
    return redacted(message, given.properties, given.secrets | SECRETS)


def _keep(call: EngineCall, error: ResourceInitFailedError) -> None:
    given, message = _secret_values(call), _redacted(call, str(error))
    kept = to_struct(error.state.dump(), secret_names(type(error.state), given.secrets))
    call.keep(message, str(error.id), kept)
    call.context.abort(grpc.StatusCode.UNKNOWN, message)


def _end(call: EngineCall, message: str) -> None:
    # Under any other status the engine would take the failure for one of the connection.
    call.context.abort(grpc.StatusCode.UNKNOWN, _redacted(call, message))
