"""The CI API and enough of COS, in one process, with real noise reduction.

For tests, demonstrations and trying things without an account. It is written from the documentation and from what
SDKs send; nothing of it was compared with the real service, and what the documentation leaves open is one table.

The tour, from the wire inwards:

- ``server``: sockets, HTTP/1.1, connections. Knows no route.
- ``app``: :class:`Emulator`, the WSGI application: control calls, faults, signature, route, operation.
- ``exchange``, ``documents``, ``shapes``: requests and answers; XML in and out; what requests may hold.
- ``hosts``, ``routes``, ``authentication``: where a request goes, and whether it may.
- ``operations``: a module for each topic. Parameters in, rules asked, document out.
- ``bindings``, ``jobs``, ``progression``, ``templates``: the rules, without HTTP.
- ``store``, ``records``, ``objects``: the state in memory, behind one lock; buckets as folders, objects as files.
- ``worker``, ``audio``: the thread that denoises, and how it does.
- ``control``, ``control_calls``, ``seeds``: what tests do behind the service's back.
- ``faults``, ``journal``, ``clock``: rules that spoil requests, the log of requests, time.
- ``assumptions``: what the documentation leaves open, and what is done about it.
- ``pytest_plugin``: the fixture ``ci_audio_emulator``.

Nothing here imports the package's own client: an element name wrong on both sides would keep every test green.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulumi_ci_audio.emulator.app import Emulator
    from pulumi_ci_audio.emulator.control import RunningEmulator
    from pulumi_ci_audio.emulator.server import EmulatorServer

__all__ = ["Emulator", "EmulatorServer", "RunningEmulator"]

_HOMES = {"Emulator": "app", "EmulatorServer": "server", "RunningEmulator": "control"}


def __getattr__(name: str) -> Any:
    # Loaded when asked for: pytest imports this package in every project that has it installed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  see above

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
