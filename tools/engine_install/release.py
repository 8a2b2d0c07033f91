"""The engine from an official release."""

from __future__ import annotations

import http.client
import queue
import shutil
import tarfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tools.engine_install.errors import UnavailableError
from tools.engine_install.messages import say
from tools.engine_install.probe import VERSION, machine, system

RELEASES = "https://get.pulumi.com/releases/sdk"

PATIENCE_SECONDS = 10.0
"""Without an answer for so long a server counts as out of reach."""

_LIMIT_SECONDS = 300.0


def unpack_release(folder: Path, scratch: Path, *, releases: str, patience: float) -> None:
    """Download a release and put its parts for Python programs into ``folder``.

    Args:
        folder: for the engine.
        scratch: for the archive.
        releases: the address below which releases are.
        patience: for how many seconds a server may be silent.

    Raises:
        UnavailableError: it cannot be had, or not unpacked.
    """
    name = {"amd64": "x64"}.get(machine(), machine())
    url = f"{releases}/pulumi-v{VERSION}-{system()}-{name}.tar.gz"
    say(f"downloading {url} (about a minute; given up after {patience:g} s of silence)")
    archive = scratch / "release.tar.gz"
    with archive.open("wb") as file:
        for block in _download(url, patience=patience):
            file.write(block)
    try:
        _unpack(archive, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UnavailableError(f"the archive cannot be unpacked: {error}") from error


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as members:
        for member in members:
            name = Path(member.name).name
            content = members.extractfile(member) if member.isfile() else None
            # The other languages' parts would fill 300 MB for nothing.
            if content is not None and (name == "pulumi" or "python" in name):
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)
                (folder / name).chmod(0o755)


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
    deadline = time.monotonic() + _LIMIT_SECONDS
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
            raise UnavailableError(f"not complete after {_LIMIT_SECONDS:g} s")
        yield item
