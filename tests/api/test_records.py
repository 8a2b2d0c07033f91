"""Times of the API, read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_ci_audio.api.records import parse_time, render_time


def test_a_time_of_the_service_is_read():
    assert parse_time("2022-06-27T15:23:10+0800") == 1656314590


@pytest.mark.parametrize("text", [None, "", "-", "2022-06-27", "2022-06-27T15:23:10", "soon"])
def test_what_is_no_time_is_none(text):
    assert parse_time(text) is None


@given(st.integers(0, 4_000_000_000))
def test_a_time_that_was_written_is_read_back(seconds):
    assert parse_time(render_time(seconds)) == seconds
    assert render_time(seconds).endswith("+0800")
