"""Which engine is wanted, and whether one that is there will do."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

VERSION = "3.259.0"
"""The version installed; ``go.mod`` pins the same."""

MINIMUM = (3, 216, 0)
"""The oldest engine taken from ``PATH``: the release of the oldest Python SDK that pyproject.toml allows."""

LAUNCHER = "pulumi-resource-pulumi-python"
"""The engine starts dynamic providers by this name."""

# The releases bring a longer launcher that also looks for a virtual environment.
LAUNCHER_TEXT = """\
#!/bin/sh
exec "${PULUMI_PYTHON_CMD:-python3}" -u -m pulumi.dynamic "$@"
"""

_ANSWER_SECONDS = 60

Version = tuple[int, ...]


def is_engine(folder: Path) -> bool:
    """Return whether a folder holds a launcher and an engine that runs."""
    return os.access(folder / LAUNCHER, os.X_OK) and engine_version(folder / "pulumi") is not None


def engine_version(pulumi: Path) -> Version | None:
    """Return the version an engine reports, ``None`` if it does not run."""
    return reported_version([pulumi, "version"], PULUMI_SKIP_UPDATE_CHECK="true")


def reported_version(command: list[str | Path], **variables: str) -> Version | None:
    """Return the version that a command prints, ``None`` if it does not run or prints none."""
    try:
        answer = subprocess.run(
            command,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    return None if found is None else tuple(int(number or 0) for number in found.groups())


def dotted(version: Version) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))


def system() -> str:
    """Return the name of this operating system in the names of releases."""
    return platform.system().lower()


def machine() -> str:
    """Return the name of this processor as Go has it."""
    name = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)
