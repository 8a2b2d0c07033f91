"""A Python program run for an engine in a process of its own, as Pulumi's language host runs it.

The request of the engine comes on standard input. The one argument is the engine's address.
"""

from __future__ import annotations

import asyncio
import runpy
import sys
from pathlib import Path

import pulumi
from pulumi.runtime import run_in_stack
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import language_pb2
from pulumi.runtime.settings import Settings, configure


def run(request: language_pb2.RunRequest, engine: str) -> int:
    """Run the program that ``request`` is for, and return the status to exit with."""
    configure(
        Settings(
            project=request.project,
            stack=request.stack,
            monitor=request.monitor_address,
            engine=engine,
            parallel=request.parallel,
            dry_run=request.dryRun,
            organization=request.organization,
        )
    )
    set_all_config(dict(request.config), list(request.configSecretKeys))
    sys.path[0] = request.pwd

    def program() -> None:
        runpy.run_path(str(Path(request.pwd, "__main__.py")), run_name="__main__")

    try:
        asyncio.run(run_in_stack(program))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(language_pb2.RunRequest.FromString(sys.stdin.buffer.read()), sys.argv[1]))
