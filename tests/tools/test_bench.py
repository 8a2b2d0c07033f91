"""`make bench` with an effort so small that its numbers mean nothing: every pair can still be measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.tool_runs import run_tool
from tools.bench import Effort, Pair

NUMBER = r"\d[\d.e+-]*"


@pytest.mark.engine
def test_bench_prints_a_row_for_every_pair(engine_on_path: Path) -> None:
    status, output, errors = run_tool("bench", "--quick", "--table", "pairs")

    assert status == 0, output + errors
    header, ruler, *rows = [line for line in output.splitlines() if line.startswith("|")]
    assert header.count("|") == ruler.count("|")
    assert [re.split(r"[,:]", row)[0] for row in rows] == [
        "| GET of an object",
        "| GET of an object",
        "| `pulumi up`",
        "| `pulumi refresh`",
        "| `import pulumi_ci_audio.resources`",
        "| a signed GET of `/asrbucket`",
        "| a clip of 12 s",
    ]
    for row in rows:
        assert re.search(rf"\| {NUMBER} \S+ \| {NUMBER} \S+ \| {NUMBER} \| {NUMBER} to {NUMBER} \|$", row), row


@pytest.mark.campaign
@pytest.mark.engine
def test_bench_measures_stacks_and_recordings(engine_on_path: Path) -> None:
    status, output, errors = run_tool("bench", "--quick", "--table", "stacks", "--table", "recordings")

    assert status == 0, output + errors
    stacks, recordings = output.split("| recordings |")
    measured = [line for line in stacks.splitlines() if line.startswith("| ") and re.search(NUMBER, line)]
    assert len(measured) == 9
    counted = [line for line in recordings.splitlines() if re.match(rf"\| {NUMBER} \| {NUMBER} requests", line)]
    assert len(counted) == 2


def test_row_holds_medians_and_the_spread_of_the_ratio() -> None:
    ours, baseline = iter([99.0, 2.0, 4.0, 9.0]), iter([1.0, 2.0, 2.0, 3.0])
    pair = Pair("this / that", "s", lambda: next(ours), lambda: next(baseline))

    assert pair.row(Effort(rounds=3, warm_ups=1)) == "| this / that | 4 s | 2 s | 2.00 | 1.00 to 3.00 |"
