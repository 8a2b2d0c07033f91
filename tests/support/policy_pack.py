"""The environment of a policy pack: its library needs another protobuf than the package, so it has one of its own."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from tools.engine_install.place import cache, cache_locked


def environment_of(pack: Path) -> Path:
    """Return a virtual environment with what a policy pack requires; it is made once on a machine."""
    requirements = pack / "requirements.txt"
    name = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    with cache_locked():
        folder = cache() / f"policy-{name}"
        if not (folder / "ready").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--requirement", str(requirements)], check=True)
            (folder / "ready").touch()
    return folder
