"""Install the package as users do, on every Python and at both ends of its dependencies: ``make test-matrix``.

A wheel and an sdist are built, installed into new environments away from the checkout, with and without the extras, and
tried: the requirements must fit together, and with the extras a recording must be cleaned against the emulator. A
Python is taken from PATH, from pyenv, or from ``uv``, which downloads what the machine lacks. The versions may be given
as arguments.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
RECORDING = ROOT / "tests" / "data" / "audio" / "speech-noisy.mp3"
MOST_BYTES = 1_000_000
"""Of the package's own code, unpacked."""

_BARE = """
import pulumi_ci_audio, pulumi_ci_audio.native, sys
assert "site-packages" in pulumi_ci_audio.__file__, pulumi_ci_audio.__file__
for name in pulumi_ci_audio.__all__:
    getattr(pulumi_ci_audio, name)
"""
_FULL = (
    _BARE
    + """
import os, pathlib
from pulumi_ci_audio.cli import main
from pulumi_ci_audio.emulator import Emulator, EmulatorServer, RunningEmulator
from pulumi_ci_audio.provider import dynamic

BUCKET = {"bucket": "recordings-1250000000", "region": "ap-chongqing"}
JOB = {**BUCKET, "inputObject": "raw/voice.mp3", "outputObject": "clean/voice.wav", "__owner": "urn"}

def create(provider, properties):
    checked = provider.check({}, properties)
    assert not checked.failures, checked.failures
    return provider.create(checked.inputs).outs

emulator = Emulator(data=pathlib.Path("cloud"))
with EmulatorServer(emulator) as server:
    cloud = RunningEmulator(server, emulator)
    cloud.put_bucket(BUCKET["region"], BUCKET["bucket"])
    cloud.put_object(BUCKET["region"], BUCKET["bucket"], JOB["inputObject"], pathlib.Path(sys.argv[1]).read_bytes())
    os.environ.update(cloud.environment())
    assert create(dynamic.CiBucketBindingProvider(), BUCKET)["status"] == "on"
    assert create(dynamic.AsrBucketBindingProvider(), BUCKET)["status"] == "on"
    job = create(dynamic.NoiseReductionJobProvider(), JOB)
    assert job["state"] == "Success" and job["outputSize"] > 300_000, job
    try:
        main(["status", BUCKET["bucket"]])
    except SystemExit as ended:
        assert ended.code == 0, ended.code
emulator.close()
"""
)


@dataclass(frozen=True)
class Case:
    """One environment.

    Attributes:
        python: its version.
        is_lowest: whether the oldest dependencies are taken, otherwise the newest.
        extras: as they are written after the package's name.
        package: what is installed.
    """

    python: str
    is_lowest: bool
    extras: str
    package: Path

    def __str__(self) -> str:
        """Return its row."""
        ends = "lowest" if self.is_lowest else "highest"
        return f"{self.python:5} {ends:8} {self.extras or 'no extras':15} {self.package.suffix.strip('.'):4}"


def find_python(version: str) -> str:
    """Return the path of a Python of this machine, or the version itself, for ``uv`` to find."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python{version}")))]
    for path in filter(None, found):
        # A shim of pyenv is there for versions that are not chosen, too.
        asked = subprocess.run([path, "-c", "import sys; print(sys.version)"], capture_output=True, check=False)
        if asked.returncode == 0:
            return path
    return version


def cases(wheel: Path, sdist: Path, pythons: Sequence[str]) -> list[Case]:
    """Return every environment: all combinations with the wheel, and the sdist once for each Python."""
    with_wheel = [
        Case(python, is_lowest, extras, wheel)
        for python, is_lowest, extras in product(pythons, (True, False), ("", "[cli,emulator]"))
    ]
    return with_wheel + [Case(python, False, "[cli,emulator]", sdist) for python in pythons]


def own_bytes(wheel: Path) -> int:
    """Return the size of the package's own files, unpacked."""
    with zipfile.ZipFile(wheel) as archive:
        return sum(item.file_size for item in archive.infolist() if item.filename.startswith("pulumi_ci_audio/"))


def try_case(case: Case, folder: Path) -> str:
    """Install and try one case in an empty folder, and return what went wrong; empty where nothing did."""
    folder.mkdir()
    python = folder / "venv" / "bin" / "python"
    constraint = ["--constraint", str(ROOT / "tests" / "lowest.txt")] if case.is_lowest else []
    steps = [
        _uv("venv", "--quiet", "--python", find_python(case.python), str(folder / "venv")),
        _uv("pip", "install", "--quiet", "--python", str(python), *constraint, f"{case.package}{case.extras}"),
        _uv("pip", "check", "--quiet", "--python", str(python)),
        [str(python), "-c", _FULL if case.extras else _BARE, str(RECORDING)],
    ]
    if subprocess.run(_uv("python", "find", find_python(case.python)), capture_output=True, check=False).returncode:
        fetched = subprocess.run(_uv("python", "install", case.python), capture_output=True, check=False)
        if fetched.returncode:
            return f"not tried: there is no Python {case.python} on this machine, and uv cannot fetch one"
    for step in steps:
        ended = subprocess.run(step, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            return (ended.stdout + ended.stderr).strip()
    if not case.extras:
        command = folder / "venv" / "bin" / "pulumi-ci-audio"
        ended = subprocess.run([str(command)], cwd=folder, capture_output=True, text=True, check=False)
        if "pip install 'pulumi-ci-audio[cli]'" not in ended.stderr or "Traceback" in ended.stderr:
            return f"without the extra the command says: {ended.stderr}"
    return ""


def main(pythons: Sequence[str]) -> int:
    """Try every case, print its row, and return the status to exit with."""
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        subprocess.run(_uv("build", "--quiet", "--out-dir", str(folder / "dist"), str(ROOT)), check=True)
        (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
        size = own_bytes(wheel)
        print(f"own code {size / 1000:.0f} kB, wheel {wheel.stat().st_size / 1000:.0f} kB")
        failed += size > MOST_BYTES
        for number, case in enumerate(cases(wheel, sdist, pythons)):
            start = time.monotonic()
            wrong = try_case(case, folder / str(number))
            failed += bool(wrong)
            print(f"{case} {'FAILED' if wrong else 'ok':6} {time.monotonic() - start:5.1f} s", flush=True)
            if wrong:
                print(wrong)
    return 1 if failed else 0


def _uv(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "uv", *arguments]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PYTHONS))
