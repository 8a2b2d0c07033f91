"""The engine as a provider reaches it: rows of its display, and whether it is still there."""

from __future__ import annotations

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SECONDS = 5.0


class Engine:
    """The engine's own service.

    Args:
        address: where it listens.
    """

    def __init__(self, address: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._stub = engine_pb2_grpc.EngineStub(self._channel)

    def is_reachable(self, seconds: float) -> bool:
        """Return whether a connection comes about within ``seconds``."""
        try:
            grpc.channel_ready_future(self._channel).result(timeout=seconds)
        except grpc.FutureTimeoutError:
            return False
        return True

    def report(self, urn: str, message: str) -> None:
        """Show ``message`` on the row of the resource until the next one comes."""
        self._log(engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True))

    def warn(self, urn: str, message: str) -> None:
        """Show ``message`` beside the resource for good, as a warning."""
        self._log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))

    def answers(self) -> bool:
        """Return whether the engine takes a message."""
        return self._log(engine_pb2.LogRequest(severity=engine_pb2.DEBUG, ephemeral=True))

    def _log(self, request: engine_pb2.LogRequest) -> bool:
        try:
            self._stub.Log(request, timeout=_SECONDS)
        except grpc.RpcError:
            return False
        return True
