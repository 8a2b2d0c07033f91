"""The ways to an engine, in the order in which they are tried."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tools.engine_install.build import build
from tools.engine_install.errors import EngineError, UnavailableError
from tools.engine_install.messages import say
from tools.engine_install.place import Fill, cache, cache_locked, install
from tools.engine_install.probe import LAUNCHER, MINIMUM, VERSION, dotted, engine_version, is_engine, machine, system
from tools.engine_install.release import PATIENCE_SECONDS, RELEASES, unpack_release


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
    place = cache() / f"v{VERSION}-{system()}-{machine()}"
    if is_engine(place):
        return place
    ways: dict[str, Fill] = {
        f"official release below {releases}": lambda folder, scratch: unpack_release(
            folder, scratch, releases=releases, patience=patience
        ),
        "build with Go": build,
    }
    with cache_locked():
        if is_engine(place):  # by the process that had the lock before
            return place
        for name, fill in ways.items():
            try:
                install(place, fill)
            except UnavailableError as failure:
                say(f"{name}: {failure}")
                failures.append(f"{name}: {failure}")
            else:
                say(f"installed v{VERSION} in {place}")
                return place
    tried = "\n".join(f"  - {failure}" for failure in failures)
    raise EngineError(
        f"no Pulumi engine is here, and none could be installed. Tried:\n{tried}\n"
        f"Install Pulumi v{dotted(MINIMUM)} or newer (https://www.pulumi.com/docs/install/) so that `pulumi` is on "
        "PATH, or run this again where one of the above works."
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
        raise UnavailableError(f"{pulumi} is v{dotted(version)}, older than v{dotted(MINIMUM)}")
    if os.access(pulumi.parent / LAUNCHER, os.X_OK):
        return pulumi.parent
    place = cache() / f"path-{hashlib.sha256(os.fsencode(pulumi)).hexdigest()[:16]}"
    if not is_engine(place):
        with cache_locked():
            if not is_engine(place):
                install(place, lambda folder, _: (folder / "pulumi").symlink_to(pulumi))
    return place
