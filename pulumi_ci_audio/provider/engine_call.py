"""One call of the engine: whose it is, whether it is still awaited, and how it ends when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, status_pb2

from pulumi_ci_audio.provider.engine import Engine

_UNKNOWN = 2
"""The gRPC status a failed call ends with; the engine drops details under any other status."""


@dataclass(frozen=True)
class EngineCall:
    """The engine's call that this thread answers.

    Attributes:
        request: the protocol's message.
        context: the servicer's context, which carries what the engine is told besides the answer.
        engine: who asked; ``None`` where it cannot be reached.
    """

    request: Any
    context: Any
    engine: Engine | None

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
        return self.is_connected() and (self.engine is None or self.engine.answers())

    def fail(self, message: str) -> None:
        """Tell the engine ``message``, as one line."""
        self._end_with(status_pb2.Status(code=_UNKNOWN, message=message))

    def keep(self, message: str, id: str, properties: Struct) -> None:  # noqa: A002  Pulumi's word
        """Tell the engine that the resource exists although the call fails.

        Args:
            message: why it failed.
            id: of the resource.
            properties: its state, as the engine is to store it.
        """
        kept = provider_pb2.ErrorResourceInitFailed(id=id, properties=properties, reasons=[message])
        status = status_pb2.Status(code=_UNKNOWN, message=message)
        status.details.add().Pack(kept)
        self._end_with(status)

    def report(self, message: str) -> None:
        """Show ``message`` on the resource's row until the next one comes."""
        if self.engine is not None:
            self.engine.report(self.urn, message)

    def warn(self, message: str) -> None:
        """Show ``message`` beside the resource for good, as a warning."""
        if self.engine is not None:
            self.engine.warn(self.urn, message)

    def _end_with(self, status: Any) -> None:
        self.context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
