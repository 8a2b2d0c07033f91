"""The commands of the documents, as a reader would type them."""

from __future__ import annotations

import re
import shlex

from tests.support.places import ROOT

_FENCED = re.compile(r"^```(?:console|sh)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def commands_in(document: str, heading: str = "") -> list[str]:
    """Return the lines that a document tells its reader to type, without the prompt.

    Args:
        document: its path in the repository.
        heading: of the one section to look at; the whole document where there is none.
    """
    text = (ROOT / document).read_text(encoding="utf-8")
    if heading:
        _, found, text = text.partition(f"\n## {heading}\n")
        assert found, f"{document} has no section {heading!r}"
        text = text.partition("\n## ")[0]
    lines: list[str] = []
    for block in _FENCED.finditer(text):
        typed = block["text"].splitlines()
        if any(line.startswith("$ ") for line in typed):
            typed = [line.removeprefix("$ ") for line in typed if line.startswith("$ ")]
        lines += [line for line in typed if line.strip()]
    return lines


def arguments_of(command: str) -> list[str]:
    """Return the words of a command as a shell would split them; comments are none."""
    return shlex.split(command, comments=True)
