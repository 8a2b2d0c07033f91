"""The command: prints the engine's folder, and tells everything else on standard error."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence

from tools.engine_install.errors import EngineError
from tools.engine_install.find import find_or_install
from tools.engine_install.messages import say
from tools.engine_install.release import PATIENCE_SECONDS, RELEASES

_INTERRUPTED, _TERMINATED = 130, 143  # as shells report SIGINT and SIGTERM


def main(arguments: Sequence[str] | None = None) -> int:
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
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; nothing half-done is kept, the next run starts anew")
        return _INTERRUPTED
    print(folder)
    return 0


def _terminate(_signal: int, _frame: object) -> None:
    sys.exit(_TERMINATED)
