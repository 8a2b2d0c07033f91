"""The command line, ``pulumi-ci-audio``. Its commands import what they need when they run."""

from __future__ import annotations

import sys

try:
    from pulumi_ci_audio.cli.command import main
except ModuleNotFoundError as error:  # the extras are optional, the script's entry point is not
    if error.name != "click":
        raise
    sys.exit("pulumi-ci-audio needs click: pip install 'pulumi-ci-audio[cli]'")

__all__ = ["main"]
