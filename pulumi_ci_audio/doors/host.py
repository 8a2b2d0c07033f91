"""The few private hooks of the dynamic host, each guarded: where one finds nothing, its effect is simply missing.

The host calls a provider's methods from a servicer whose frame holds ``request`` and ``context``. From there come the
resource's URN and timeout, a clean one-line error instead of a traceback, a resource that is kept although its
creation failed, and whether the engine is still there. Tested on the oldest and the newest supported SDK.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, status_pb2

_UNKNOWN = 2
"""The gRPC status the host ends a failed call with; details under any other status are dropped by the engine."""

_PING_SECONDS = 5.0
_FRAMES_AT_MOST = 30


@dataclass(frozen=True)
class Call:
    """The engine's call that is being answered.

    Attributes:
        request: the protocol's message.
        context: the servicer's context, which carries what the engine is told besides the answer.
    """

    request: Any
    context: Any

    @classmethod
    def current(cls) -> Call | None:
        """Return the call that this thread answers, or ``None`` outside of the dynamic host."""
        frame = sys._getframe(1)  # noqa: SLF001  the host passes neither request nor context on
        for _ in range(_FRAMES_AT_MOST):
            names = frame.f_locals
            if hasattr(names.get("context"), "set_trailing_metadata") and hasattr(names.get("request"), "DESCRIPTOR"):
                return cls(names["request"], names["context"])
            if frame.f_back is None:
                return None
            frame = frame.f_back
        return None

    @property
    def urn(self) -> str:
        """The URN of the resource."""
        return str(getattr(self.request, "urn", ""))

    @property
    def timeout_seconds(self) -> float | None:
        """The bound that the program set with ``custom_timeouts``."""
        return float(getattr(self.request, "timeout", 0)) or None

    def is_open(self) -> bool:
        """Return whether the engine's connection still stands; a killed engine leaves its provider running."""
        return bool(self.context.is_active())

    def is_wanted(self) -> bool:
        """Return whether the engine still waits for the answer, having asked it."""
        return self.is_open() and _engine_answers()

    def fail(self, message: str) -> None:
        """Tell the engine ``message`` instead of the traceback that the host is about to send."""
        self._end_with(status_pb2.Status(code=_UNKNOWN, message=message))

    def keep(self, message: str, id: str, state: Mapping[str, Any]) -> None:  # noqa: A002  Pulumi's word
        """Tell the engine that the resource exists although the call fails."""
        properties = Struct()
        properties.update(dict(state))
        # The host adds the serialised provider to what a provider returns; without it nothing could be deleted.
        asked = self.request.properties if hasattr(self.request, "properties") else self.request.news
        properties["__provider"] = asked["__provider"]
        status = status_pb2.Status(code=_UNKNOWN, message=message)
        status.details.add().Pack(provider_pb2.ErrorResourceInitFailed(id=id, properties=properties, reasons=[message]))
        self._end_with(status)

    def _end_with(self, status: Any) -> None:
        self.context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))

    def report(self, message: str) -> None:
        """Show ``message`` on the resource's row until the next one comes."""
        _log(message, self.urn)


_lock = threading.Lock()
_stubs: dict[str, Any] = {}


def _engine() -> Any:
    """Return the engine's own service; its address is the first argument of the dynamic host."""
    address = next((argument for argument in sys.argv[1:] if ":" in argument), None)
    if address is None:
        return None
    with _lock:
        if address not in _stubs:
            _stubs[address] = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))
        return _stubs[address]


def _log(message: str, urn: str) -> bool | None:
    """Return whether the engine took the message; ``None`` where there is no engine to ask."""
    engine = _engine()
    if engine is None:
        return None
    severity = engine_pb2.INFO if message else engine_pb2.DEBUG
    request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=True)
    try:
        engine.Log(request, timeout=_PING_SECONDS)
    except grpc.RpcError:
        return False
    return True


def _engine_answers() -> bool:
    return _log("", "") is not False


def is_ending() -> bool:
    """Return whether the host was interrupted: its main thread has ended, and it waits for the workers."""
    return not threading.main_thread().is_alive()
