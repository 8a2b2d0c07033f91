"""Find the Pulumi engine, or install it, and print the folder that holds it.

Usage: ``python tools/engine.py``. The folder, alone on standard output, holds ``pulumi`` and the launcher of dynamic
providers; put it on ``PATH``. Everything else goes to standard error. The ways are tried in this order:

1. ``pulumi`` on ``PATH``, if it is new enough;
2. what an earlier run left in ``$XDG_CACHE_HOME/pulumi-ci-audio``;
3. the official release;
4. a build from the Go modules pinned in ``tools/engine_install``, with Go from ``PATH`` or from PyPI.

Needs Python's standard library only, on Linux or macOS.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python looks for modules beside a script, not where it was started.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from tools.engine_install.command import main

    sys.exit(main())
