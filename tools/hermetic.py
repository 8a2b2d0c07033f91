"""Runs of the Pulumi engine without a trace on this machine, and without a setting of its user.

Shared by the demo, the comparison and the tests.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

# The user's own settings, and proxies, which would stand between the engine and its plugins or the emulator.
_FOREIGN = re.compile(r"(PULUMI|TENCENTCLOUD|COS|CI_AUDIO)_.*|(HTTPS?|ALL|GRPC)_PROXY", re.IGNORECASE)


def engine_variables(folder: Path) -> dict[str, str]:
    """Return the environment of an engine that keeps everything in ``folder`` and asks nobody.

    Makes the folders the engine wants to find: ``home`` and ``backend``, the latter for stacks.
    """
    home, backend = folder / "home", folder / "backend"
    for made in (home, backend):
        made.mkdir(parents=True, exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(folder / "state"),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_CREDENTIAL_STORE": "plaintext",
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "true",
        # The engine is written in Go and lives for seconds: collecting garbage less often saves a tenth of its work.
        "GOGC": "400",
    }


def foreign_names(names: Mapping[str, str]) -> list[str]:
    """Return which variables of an environment must not reach the engine."""
    return [name for name in names if _FOREIGN.fullmatch(name)]


def isolate(folder: Path, engine: Path, settings: Mapping[str, str]) -> None:
    """Make this process's environment that of a hermetic engine, for the rest of its life.

    Args:
        folder: for all that the engine keeps.
        engine: the folder that holds ``pulumi``.
        settings: the package's own, such as the endpoint.
    """
    for name in foreign_names(os.environ):
        del os.environ[name]
    os.environ |= {
        **engine_variables(folder),
        **settings,
        "PATH": f"{engine}{os.pathsep}{os.environ['PATH']}",
    }
