from pulumi_ci_audio.emulator.assumptions import ASSUMPTIONS
from tools.assumption_table import render_markdown


def test_table_has_a_row_for_each_assumption() -> None:
    lines = render_markdown().splitlines()

    assert len(lines) == len(ASSUMPTIONS) + 2
    assert all(line.count("|") - line.count("\\|") == 6 for line in lines)
