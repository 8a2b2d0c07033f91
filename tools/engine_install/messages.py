"""What a user is told meanwhile; standard output is for the result alone."""

from __future__ import annotations

import sys

HEARTBEAT_SECONDS = 20.0
"""How often something that takes long says that it still runs."""


def say(message: str) -> None:
    """Print a line on standard error."""
    print(f"engine: {message}", file=sys.stderr, flush=True)
