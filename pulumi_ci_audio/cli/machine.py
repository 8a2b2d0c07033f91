"""What of Pulumi is on this machine: the engine, its SDK and the resource plugin."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PLUGIN = "pulumi-resource-ci-audio"
_ENGINE_SECONDS = 10


@dataclass(frozen=True)
class Part:
    """One part that a deployment needs.

    Attributes:
        name: what it is.
        found: its version and where it is; empty where it is missing or too old.
        advice: what to do where it is missing.
        is_optional: whether some programs do without it.
    """

    name: str
    found: str
    advice: str = ""
    is_optional: bool = False


def oldest_version() -> tuple[int, ...]:
    """Return the oldest version of Pulumi that this package allows."""
    required = "\n".join(metadata.requires("pulumi-ci-audio") or ())
    found = re.search(r"^pulumi\b(?!-).*?>=([\d.]+)", required, re.MULTILINE)
    assert found is not None
    return _numbers(found[1])


def parts(path: str | None) -> list[Part]:
    """Return the parts.

    Args:
        path: the folders to look in; those of the environment where it is ``None``.
    """
    return [_engine(path), Part("SDK", f"pulumi {metadata.version('pulumi')} for Python"), _plugin(path)]


def _engine(path: str | None) -> Part:
    oldest = ".".join(map(str, oldest_version()))
    install = f"install Pulumi {oldest} or newer: https://www.pulumi.com/docs/install/"
    pulumi = shutil.which("pulumi", path=path)
    if pulumi is None:
        return Part("engine", "", f"there is no `pulumi` on PATH; {install}")
    try:
        ran = subprocess.run(  # noqa: S603  the user's own engine
            [pulumi, "version"], capture_output=True, text=True, timeout=_ENGINE_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return Part("engine", "", f"{pulumi} does not say its version; {install}")
    version = ran.stdout.strip().removeprefix("v")
    if _numbers(version) < oldest_version():
        return Part("engine", "", f"{pulumi} is {version}; {install}")
    return Part("engine", f"pulumi {version} in {Path(pulumi).parent}")


def _plugin(path: str | None) -> Part:
    beside = shutil.which(PLUGIN, path=str(Path(sys.executable).parent))
    found = shutil.which(PLUGIN, path=path)
    if found:
        return Part("plugin", found)
    where = str(Path(beside).parent) if beside else "the virtual environment's bin"
    return Part(
        "plugin",
        "",
        f"{PLUGIN} is not on PATH, which only `pulumi_ci_audio.native` and other languages need; activate the virtual "
        f"environment, or name {where} under plugins in Pulumi.yaml",
        is_optional=True,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
