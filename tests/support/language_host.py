"""A stand-in for Pulumi's language host for Python, which is in no package registry.

It runs a program in a process of its own, as the true one does, and a policy pack in the pack's own environment. It
installs nothing. For ``pulumi import`` it returns the program in
Pulumi's own intermediate language: what the true host would write differs from this in spelling only.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

_RUNNER = Path(__file__).with_name("program_run.py")
_RESOURCE = re.compile(r'resource (?P<variable>\S+) "(?P<type>[^"]+)" \{(?P<body>.*?)\n\}', re.DOTALL)
_PROPERTY = re.compile(r"^\s+(?P<name>\w+) = (?P<value>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Declaration:
    """A resource of a generated program.

    Attributes:
        name: in the program.
        kind: the last part of its type.
        inputs: by their stored names.
    """

    name: str
    kind: str
    inputs: dict[str, Any]


def declarations_of(program: str) -> list[Declaration]:
    """Return the resources that a generated program declares."""
    return [
        Declaration(
            found["variable"],
            found["type"].rpartition(":")[2],
            {item["name"]: loads(item["value"]) for item in _PROPERTY.finditer(found["body"])},
        )
        for found in _RESOURCE.finditer(program)
    ]


def install(folder: Path) -> None:
    """Put the host into ``folder``, which is then to come first on ``PATH``."""
    folder.mkdir(parents=True, exist_ok=True)
    launcher = folder / "pulumi-language-python"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)


class _Host(language_pb2_grpc.LanguageRuntimeServicer):
    def __init__(self) -> None:
        self.plugins: list[subprocess.Popen[str]] = []

    def GetPluginInfo(self, _request: Any, _context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802  the protocol's name
        return plugin_pb2.PluginInfo(version="0.0.0")

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language_pb2.LanguageHandshakeResponse()

    def InstallDependencies(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return iter(())

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return language_pb2.GetRequiredPackagesResponse()

    def RunPlugin(self, request: Any, _context: Any) -> Any:  # noqa: N802  used for policy packs
        pack = Path(request.info.program_directory)
        command = [str(pack / "venv" / "bin" / "python"), "-u", "-m", "pulumi.policy", *request.args[:1], str(pack)]
        variables = dict(variable.split("=", 1) for variable in request.env)
        with subprocess.Popen(
            command, cwd=request.pwd, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True
        ) as process:
            self.plugins.append(process)
            assert process.stdout is not None
            for line in process.stdout:
                yield language_pb2.RunPluginResponse(stdout=line.encode())
        yield language_pb2.RunPluginResponse(exitcode=process.returncode)

    def Run(self, request: Any, _context: Any) -> Any:  # noqa: N802
        command = [os.environ.get("PULUMI_PYTHON_CMD", sys.executable), str(_RUNNER), sys.argv[-1]]
        ran = subprocess.run(command, input=request.SerializeToString(), cwd=request.pwd, check=False)
        return language_pb2.RunResponse(bail=ran.returncode != 0)

    def GenerateProgram(self, request: Any, _context: Any) -> Any:  # noqa: N802
        program = "\n".join(request.source.values())
        return language_pb2.GenerateProgramResponse(source={"__main__.py": program.encode()})

    def Cancel(self, _request: Any, _context: Any) -> empty_pb2.Empty:  # noqa: N802
        return empty_pb2.Empty()


if __name__ == "__main__":
    server, host = grpc.server(ThreadPoolExecutor(4)), _Host()
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)  # noqa: T201  the engine reads the port
    server.start()
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        sys.exit(0)
    finally:
        for plugin in host.plugins:
            plugin.kill()
