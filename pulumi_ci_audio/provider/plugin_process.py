"""The process of the resource plugin: started by the engine with its address, and gone when the engine is.

The engine reads the port from the first line of the standard output.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from pulumi_ci_audio.provider.engine import Engine
from pulumi_ci_audio.provider.plugin import Plugin

_LARGEST_MESSAGE = 400 * 1024 * 1024  # as everywhere in Pulumi
_OPTIONS = (
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE),
    # Otherwise a second plugin could listen on the same port.
    ("grpc.so_reuseport", 0),
)
_THREADS = 10_000  # made as they are needed: the engine decides how many operations run at once
_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None, connect_seconds: float = 10.0) -> int:
    """Serve the engine until it ends, and return the status to exit with.

    Args:
        arguments: of the command line; the first that is no option is the engine's address. Without one, the engine
            attaches itself later.
        connect_seconds: how long the engine may take to answer.
    """
    given = sys.argv[1:] if arguments is None else arguments
    address = next((argument for argument in given if not argument.startswith("-") and ":" in argument), None)
    parent = os.getppid()
    engine = Engine(address) if address else None
    plugin = Plugin(engine, metadata.version("pulumi-ci-audio"))
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    try:
        port = server.add_insecure_port("127.0.0.1:0")
    except RuntimeError as error:
        return _fail(f"no port to listen on: {error}")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    try:
        if engine is not None and not engine.is_reachable(connect_seconds):
            return _fail(f"the engine at {address} did not answer within {connect_seconds:g} s")
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        pass
    # Whoever asked is gone: what waits ends, and what was just sent may still be noted.
    plugin.cancel()
    server.stop(_GRACE_SECONDS).wait()
    return 0


def run() -> None:
    """Be the console script. The process ends even where a thread of a library hangs."""
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _fail(message: str) -> int:
    print(f"pulumi-resource-ci-audio: {message}", file=sys.stderr)  # noqa: T201  there is no engine to tell
    return 1
