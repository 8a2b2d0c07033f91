import re
from pathlib import Path

import pytest

import pulumi_ci_audio.emulator
from pulumi_ci_audio.emulator.app import Emulator
from pulumi_ci_audio.emulator.assumptions import ASSUMPTIONS, choose, describe

SOURCES = {
    path: path.read_text()
    for path in Path(pulumi_ci_audio.emulator.__file__).parent.rglob("*.py")
    if path.name != "assumptions.py"
}


def test_every_question_has_one_row_with_everything_in_it():
    assert len({row.key for row in ASSUMPTIONS}) == len(ASSUMPTIONS)
    for row in ASSUMPTIONS:
        assert row.question.endswith(".")
        assert row.chosen
        assert row.source
        assert row.chosen not in row.alternatives


@pytest.mark.parametrize("row", [row for row in ASSUMPTIONS if row.alternatives], ids=lambda row: row.key)
def test_every_row_that_can_be_overridden_is_looked_at(row):
    assert any(f'assumed("{row.key}")' in text for text in SOURCES.values())


def test_every_question_the_code_asks_is_in_the_table():
    asked = {key for text in SOURCES.values() for key in re.findall(r'assumed\("(\w+)"\)', text)}

    assert asked <= {row.key for row in ASSUMPTIONS}


def test_an_override_is_shown(make_cloud):
    cloud = make_cloud(assumptions={"bind_when_bound": "refuse"})

    row = next(row for row in cloud.control.assumptions() if row["key"] == "bind_when_bound")

    assert (row["chosen"], row["alternatives"]) == ("refuse", ["accept"])


@pytest.mark.parametrize("overrides", [{"nonsense": "x"}, {"bind_when_bound": "perhaps"}, {"throttling": "418"}])
def test_unknown_overrides_are_refused(tmp_path, overrides):
    with pytest.raises(ValueError, match=next(iter(overrides))):
        Emulator(data=tmp_path, assumptions=overrides)


def test_the_table_is_described_with_a_row_for_each():
    assert len(describe(choose())) == len(ASSUMPTIONS)
