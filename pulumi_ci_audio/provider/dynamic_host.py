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
from functools import lru_cache
from types import FrameType

from pulumi.runtime.proto import ResourceProviderServicer

from pulumi_ci_audio.provider.engine import Engine
from pulumi_ci_audio.provider.engine_call import EngineCall

_METHODS = frozenset({"Check", "Diff", "Create", "Read", "Update", "Delete"})
_PARENT = os.getppid()


def find_call() -> EngineCall | None:
    """Return the engine's call that this thread answers, or ``None`` outside of the dynamic host.

    Inside the host, a call that is not found is reported on the error output, once.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  see the module
    while frame is not None:
        names = frame.f_locals
        if frame.f_code.co_name in _METHODS and isinstance(names.get("self"), ResourceProviderServicer):
            return EngineCall(names["request"], names["context"], _engine())
        frame = frame.f_back
    if _is_dynamic_host():
        _warn_once()
    return None


def engine_is_alive() -> bool:
    """Return whether the engine seems to be there, for an operation whose call was not found.

    A killed engine leaves its provider to another parent.
    """
    engine = _engine()
    return engine is None or (os.getppid() == _PARENT and engine.answers())


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
_engines: dict[str, Engine] = {}


def _engine() -> Engine | None:
    """Return the engine, or ``None`` outside of the dynamic host, whose first argument is its address."""
    if not _is_dynamic_host() or len(sys.argv) <= 1:
        return None
    address = sys.argv[1]
    with _lock:
        if address not in _engines:
            _engines[address] = Engine(address)
        return _engines[address]
