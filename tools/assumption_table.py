"""The emulator's table of assumptions, as the documentation shows it."""

from __future__ import annotations

from pulumi_ci_audio.emulator.assumptions import ASSUMPTIONS


def render_markdown() -> str:
    """Return the table in Markdown."""
    lines = ["| key | what is not known | assumed | can be | source |", "|---|---|---|---|---|"]
    for row in ASSUMPTIONS:
        cells = (f"`{row.key}`", row.question, row.chosen, ", ".join(row.alternatives) or "none", row.source)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"
