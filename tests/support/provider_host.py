"""A provider's process as the engine sees it, of either family, and an engine that remembers.

The engine here keeps a resource's state and decides what to call as the real one does, without programs, previews or
files. So a run takes a fraction of the time, and any supported SDK can be driven.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import grpc
from google.protobuf import empty_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2
from typing_extensions import Self

from tests.support.families import TYPES, Family

Properties = Mapping[str, Any]
"""As the engine's wire has them, but without the provider."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine's protocol writes a value that is not known yet."""


@dataclass(frozen=True)
class CallError(Exception):
    """A call failed: what the engine would print, and the resource it would keep all the same."""

    message: str
    details: str
    kept: provider_pb2.ErrorResourceInitFailed | None = None

    def __str__(self) -> str:
        return self.message


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, logged: list[engine_pb2.LogRequest]) -> None:
        self._logged = logged

    def Log(  # noqa: N802  the protocol's name
        self, request: engine_pb2.LogRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        self._logged.append(request)
        return empty_pb2.Empty()


_COMMANDS: dict[Family, Sequence[str]] = {
    "dynamic": (sys.executable, "-u", "-m", "pulumi.dynamic"),
    "native": (str(Path(sys.executable).with_name("pulumi-resource-ci-audio")),),
}


class Host:
    """One process of a provider, as it lives for one operation of the engine.

    Args:
        environment: what its environment has besides this process's.
        configuration: of the stack, or of the plugin's provider.
        command: starts it; its last argument is added here.
        family: whose provider it is.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        configuration: Properties | None = None,
        command: Sequence[str] | None = None,
        family: Family = "dynamic",
    ) -> None:
        self.family = family
        self.logged: list[engine_pb2.LogRequest] = []
        """What was reported to the engine."""
        self.engine = grpc.server(ThreadPoolExecutor(2))
        engine_pb2_grpc.add_EngineServicer_to_server(_Engine(self.logged), self.engine)
        port = self.engine.add_insecure_port("127.0.0.1:0")
        self.engine.start()
        self.process = subprocess.Popen(
            [*(command or _COMMANDS[family]), f"127.0.0.1:{port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment, "PULUMI_PROJECT": "recordings"},
        )
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self._output.readline())}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self._call("Configure", provider_pb2.ConfigureRequest(args=_struct(configuration or {})))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def _output(self) -> IO[bytes]:
        assert self.process.stdout is not None
        return self.process.stdout

    @property
    def _errors(self) -> IO[bytes]:
        assert self.process.stderr is not None
        return self.process.stderr

    def kill(self) -> None:
        """End the process at once; a call under way fails."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._channel.close()
        self.engine.stop(None)
        self._output.close()
        self._errors.close()

    def end(self) -> str:
        """Let the process end as Ctrl-C does, and return what it wrote to its error output."""
        self.process.send_signal(signal.SIGINT)
        return self._errors.read().decode()

    def kill_engine(self) -> None:
        """End the engine as a kill does: its connections break, and the host lives on."""
        self._channel.close()
        self.engine.stop(None).wait()

    def check(
        self, kind: str, inputs: Properties, old: Properties | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the checked inputs and the failures, by property."""
        request = provider_pb2.CheckRequest(
            urn=urn(kind, self.family), olds=self._properties(kind, old or {}), news=self._properties(kind, inputs)
        )
        response = self._call("Check", request)
        return _plain(response.inputs), {failure.property: failure.reason for failure in response.failures}

    def diff(self, kind: str, resource: Resource, inputs: Properties) -> provider_pb2.DiffResponse:
        """Return what a change to ``inputs`` would do."""
        request = provider_pb2.DiffRequest(
            id=resource.id,
            urn=urn(kind, self.family),
            olds=self._properties(kind, resource.state),
            old_inputs=self._properties(kind, resource.inputs),
            news=self._properties(kind, inputs),
        )
        response: provider_pb2.DiffResponse = self._call("Diff", request)
        return response

    def create(self, kind: str, inputs: Properties, timeout: float = 0) -> Resource:
        """Create a resource; ``timeout`` is the program's own, in seconds."""
        request = provider_pb2.CreateRequest(
            urn=urn(kind, self.family), properties=self._properties(kind, inputs), timeout=timeout
        )
        response = self._call("Create", request)
        return Resource(response.id, _plain(response.properties), inputs)

    def read(self, kind: str, id_: str, state: Properties) -> Resource | None:
        """Return the resource as it is, or ``None`` where it is gone."""
        response = self._call(
            "Read",
            provider_pb2.ReadRequest(id=id_, urn=urn(kind, self.family), properties=self._properties(kind, state)),
        )
        return Resource(response.id, _plain(response.properties), _plain(response.inputs)) if response.id else None

    def update(self, kind: str, resource: Resource, inputs: Properties) -> Resource:
        """Return the resource with ``inputs``."""
        request = provider_pb2.UpdateRequest(
            id=resource.id,
            urn=urn(kind, self.family),
            olds=self._properties(kind, resource.state),
            news=self._properties(kind, inputs),
        )
        return Resource(resource.id, _plain(self._call("Update", request).properties), inputs)

    def delete(self, kind: str, resource: Resource) -> None:
        """Delete a resource."""
        request = provider_pb2.DeleteRequest(
            id=resource.id, urn=urn(kind, self.family), properties=self._properties(kind, resource.state)
        )
        self._call("Delete", request)

    def _properties(self, kind: str, properties: Properties) -> Struct:
        if self.family == "native":
            return _struct(properties)
        if kind not in _pickled:
            from pulumi_ci_audio.provider import dynamic  # noqa: PLC0415  the host's interpreter may be another one

            _pickled[kind] = serialize_provider(getattr(dynamic, f"{kind}Provider")())
        return _struct({"__provider": _pickled[kind], **properties})

    def _call(self, name: str, request: Message) -> Any:
        try:
            return getattr(self.stub, name)(request)
        except grpc.RpcError as error:
            raise _failure(error) from error


@dataclass
class Resource:
    """A resource as the engine's state holds it."""

    id: str
    state: dict[str, Any]
    inputs: Properties
    is_incomplete: bool = False


@dataclass
class State:
    """What an engine remembers of one resource between its runs."""

    kind: str
    resource: Resource | None = None

    def refresh(self, host: Host) -> None:
        """Look at the resource as it is, which forgets that it is incomplete."""
        if self.resource is not None:
            found = host.read(self.kind, self.resource.id, self.resource.state)
            self.resource = None if found is None else Resource(found.id, found.state, self.resource.inputs)

    def up(self, host: Host, inputs: Properties, *, replace: bool = False) -> None:
        """Bring the resource to what ``inputs`` say, with the calls that the real engine makes.

        ``replace`` makes a new one of it whatever they say.
        """
        checked, failures = host.check(self.kind, inputs, self.resource.inputs if self.resource else None)
        if failures:
            raise CallError(str(failures), "")
        try:
            if self.resource is None:
                self.resource = host.create(self.kind, checked)
                return
            diff = host.diff(self.kind, self.resource, checked)
            if diff.replaces or replace:
                host.delete(self.kind, self.resource)
                self.resource = None
                self.resource = host.create(self.kind, checked)
            elif diff.changes == provider_pb2.DiffResponse.DIFF_SOME or self.resource.is_incomplete:
                self.resource = host.update(self.kind, self.resource, checked)
        except CallError as failure:
            if failure.kept is not None:
                kept = _plain(failure.kept.properties)
                self.resource = Resource(failure.kept.id, kept, checked, is_incomplete=True)
            raise


def urn(kind: str, family: Family = "dynamic") -> str:
    """Return the URN of the one resource of a kind."""
    return f"urn:pulumi:dev::recordings::{TYPES[family]}{kind}::resource"


_pickled: dict[str, str] = {}


def _struct(properties: Properties) -> Struct:
    message = Struct()
    message.update(properties)
    return message


def _plain(message: Struct) -> dict[str, Any]:
    return {name: value for name, value in MessageToDict(message).items() if name != "__provider"}


def _failure(error: grpc.RpcError) -> CallError:
    details = error.details() or ""
    # The type stubs know one pair where there is a tuple of them.
    metadata = cast("Iterable[tuple[str, bytes]]", error.trailing_metadata() or ())
    for key, value in metadata:
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            kept = None
            for detail in status.details:
                kept = provider_pb2.ErrorResourceInitFailed()
                detail.Unpack(kept)
            return CallError(status.message, details, kept)
    return CallError(details or str(error), details)
