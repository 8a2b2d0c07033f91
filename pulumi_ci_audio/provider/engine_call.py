"""The private hooks of the dynamic host, each guarded: where one finds nothing, its effect is missing, and said so.

The host passes neither the engine's request nor its context to a provider. Both stand in the frame of the host's
servicer, which calls the provider. From there come the resource's URN and timeout, a clean one-line error instead of
a traceback, a resource that is kept although its creation failed, and whether the engine is still there. gRPC has
captured the servicer's methods before a provider is loaded, so that neither subclassing nor patching could serve.
Tested on the oldest and the newest supported SDK.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import FrameType
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import ResourceProviderServicer, engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

from pulumi_ci_audio.provider.conversion import PROVIDER

_UNKNOWN = 2
"""The gRPC status the host ends a failed call with; the engine drops details under any other status."""

_PING_SECONDS = 5.0
_METHODS = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete"})
_PARENT = os.getppid()


@dataclass(frozen=True)
class EngineCall:
    """The engine's call that this thread answers.

    Attributes:
        request: the protocol's message.
        context: the servicer's context, which carries what the engine is told besides the answer.
    """

    request: Any
    context: Any

    @classmethod
    def find(cls) -> EngineCall | None:
        """Return the call, or ``None`` outside of the dynamic host.

        Inside the host, a call that is not found is reported on the error output, once.
        """
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  see the module
        while frame is not None:
            names = frame.f_locals
            if frame.f_code.co_name in _METHODS and isinstance(names.get("self"), ResourceProviderServicer):
                return cls(names["request"], names["context"])
            frame = frame.f_back
        if _is_dynamic_host():
            _warn_once()
        return None

    @property
    def urn(self) -> str:
        """The URN of the resource."""
        return str(getattr(self.request, "urn", ""))

    @property
    def timeout_seconds(self) -> float | None:
        """The bound that the program set with ``custom_timeouts``."""
        return float(getattr(self.request, "timeout", 0)) or None

    def is_connected(self) -> bool:
        """Return whether the engine's connection still stands; a killed engine leaves its provider running."""
        return bool(self.context.is_active())

    def is_awaited(self) -> bool:
        """Return whether the engine still waits for the answer, having asked it."""
        return self.is_connected() and engine_answers()

    def fail(self, message: str) -> None:
        """Tell the engine ``message`` instead of the traceback that the host is about to send."""
        self._end_with(status_pb2.Status(code=_UNKNOWN, message=message))

    def keep(self, message: str, id: str, state: Mapping[str, Any]) -> None:  # noqa: A002  Pulumi's word
        """Tell the engine that the resource exists although the call fails."""
        properties = Struct()
        properties.update(dict(state))
        # The host adds the serialised provider to what a provider returns; without it nothing could be deleted.
        asked = self.request.properties if hasattr(self.request, "properties") else self.request.news
        properties[PROVIDER] = asked[PROVIDER]
        status = status_pb2.Status(code=_UNKNOWN, message=message)
        status.details.add().Pack(provider_pb2.ErrorResourceInitFailed(id=id, properties=properties, reasons=[message]))
        self._end_with(status)

    def report(self, message: str) -> None:
        """Show ``message`` on the resource's row until the next one comes."""
        _log(message, self.urn)

    def warn(self, message: str) -> None:
        """Show ``message`` beside the resource for good, as a warning."""
        _log(message, self.urn, severity=engine_pb2.WARNING, ephemeral=False)

    def _end_with(self, status: Any) -> None:
        self.context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def engine_answers() -> bool:
    """Return whether the engine takes a message; true where there is none to ask."""
    return _log("", "", severity=engine_pb2.DEBUG) is not False


def engine_is_alive() -> bool:
    """Return whether the engine seems to be there, for an operation whose call was not found.

    A killed engine leaves its provider to another parent.
    """
    return not _is_dynamic_host() or (os.getppid() == _PARENT and engine_answers())


def is_interrupted() -> bool:
    """Return whether the host was interrupted: its main thread has ended, and it waits for the workers."""
    return not threading.main_thread().is_alive()


def _is_dynamic_host() -> bool:
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return spec is not None and spec.name == "pulumi.dynamic.__main__"


@lru_cache(maxsize=1)
def _warn_once() -> None:
    print(  # noqa: T201  the engine shows what its plugins write here
        "pulumi-ci-audio: this version of the Pulumi SDK hides the engine's call: errors carry a traceback, a job that "
        "fails or is interrupted is not kept in state (the next run looks for it), and custom_timeouts have no effect",
        file=sys.stderr,
        flush=True,
    )


_lock = threading.Lock()
_stubs: dict[str, Any] = {}


def _engine() -> Any:
    """Return the engine's own service, or ``None`` outside of the dynamic host, whose first argument is its address."""
    if not _is_dynamic_host() or len(sys.argv) <= 1:
        return None
    address = sys.argv[1]
    with _lock:
        if address not in _stubs:
            _stubs[address] = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
        return _stubs[address]


def _log(message: str, urn: str, *, severity: Any = engine_pb2.INFO, ephemeral: bool = True) -> bool | None:
    """Return whether the engine took the message; ``None`` where there is no engine to ask."""
    engine = _engine()
    if engine is None:
        return None
    request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=ephemeral)
    try:
        engine.Log(request, timeout=_PING_SECONDS)
    except grpc.RpcError:
        return False
    return True
