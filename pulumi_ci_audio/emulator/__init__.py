"""The CI API and enough of COS, in one process, with real noise reduction.

For tests, demonstrations and trying things without an account. It is written from the documentation and from what
SDKs send; nothing of it was compared with the real service, and what the documentation leaves open is one table.

The tour, from the wire inwards; each imports only what comes after it:

- ``running``, ``pytest_plugin``: an emulator on a port, and the fixture ``ci_audio_emulator``.
- ``app``: :class:`Emulator`, from a request to a response: control calls, log, faults, signature, route, operation.
- ``control``: what tests do behind the service's back: look, seed, inject faults, set results, let time pass.
- ``operations``: which request reaches which function, a module for each topic. Parameters in, rules asked, document
  out.
- ``audio``: the worker that carries jobs out, and how it denoises.
- ``rules``: what the service does, without HTTP: bindings, jobs and how they move, batches of them, queues, templates,
  workflows, uploads.
- ``state``: the records in memory, behind one lock; buckets as folders, objects as files; clock and settings.
- ``http``: sockets, TLS, requests and responses, XML, hosts, signatures. No rules.
- ``errors``, ``assumptions``: refusals, and what the documentation leaves open.

Nothing here imports the package's own client: an element name wrong on both sides would keep every test green.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_ci_audio.emulator.app import Emulator
    from pulumi_ci_audio.emulator.http.server import EmulatorServer
    from pulumi_ci_audio.emulator.running import RunningEmulator
    from pulumi_ci_audio.emulator.state.settings import Settings

__all__ = ["Emulator", "EmulatorServer", "RunningEmulator", "Settings"]

_HOMES = {
    "Emulator": "app",
    "EmulatorServer": "http.server",
    "RunningEmulator": "running",
    "Settings": "state.settings",
}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: pytest imports this package in every project that has it installed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  see above

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
