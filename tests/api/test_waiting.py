"""Waits are polite, bounded and can be called off, as told by a clock that only sleeping moves."""

from itertools import islice, pairwise

import pytest

from pulumi_ci_audio.api.errors import WaitCancelledError
from pulumi_ci_audio.api.waiting import TICK_SECONDS, Backoff
from tests.support.clock import FakeClock


def pauses(chance, number=40, **options):
    return list(islice(Backoff(**options).pauses(lambda: chance), number))


class TestBackoff:
    def test_pauses_grow_by_the_factor_up_to_ten_seconds(self):
        actual = pauses(0.0)

        assert actual[:4] == pytest.approx([0.5, 0.8, 1.28, 2.048])
        assert actual == sorted(actual)
        assert actual[-1] == 10.0

    def test_chance_shortens_a_pause_by_its_share_at_most(self):
        assert pauses(1.0) == pytest.approx([0.8 * pause for pause in pauses(0.0)])

    def test_chance_is_asked_for_every_pause(self):
        chances = iter([0.0, 1.0, 0.5])
        actual = list(islice(Backoff(factor=1.0).pauses(lambda: next(chances)), 3))

        assert actual == pytest.approx([0.5, 0.4, 0.45])

    def test_first_pause_is_no_longer_than_the_longest(self):
        assert pauses(0.0, 2, first_seconds=30.0, longest_seconds=3.0) == [3.0, 3.0]


class TestPause:
    def test_pause_lasts_as_long_as_asked(self):
        clock = FakeClock()

        clock.waiter().pause(3.2)

        assert clock.time == pytest.approx(1003.2)

    def test_no_sleep_is_longer_than_a_tick(self):
        clock = FakeClock()

        clock.waiter().pause(3.2)

        assert max(clock.slept) == TICK_SECONDS

    @pytest.mark.parametrize("seconds", [0.0, -1.0])
    def test_pause_of_nothing_does_not_sleep(self, seconds):
        clock = FakeClock()

        clock.waiter(is_cancelled=lambda: True).pause(seconds)

        assert clock.slept == []

    def test_pause_that_is_cancelled_ends_within_a_tick(self):
        clock = FakeClock()
        waiter = clock.waiter(is_cancelled=lambda: clock.time >= 1002.3)

        with pytest.raises(WaitCancelledError):
            waiter.pause(60)

        assert 1002.3 <= clock.time <= 1002.3 + TICK_SECONDS


class TestLooks:
    def looks(self, timeout_seconds, **options):
        clock = FakeClock()
        return list(clock.waiter(chance=lambda: 0.0, **options).polls(timeout_seconds)), clock

    def test_first_look_is_at_once(self):
        clock = FakeClock()

        assert next(clock.waiter().polls(300)) == 0.0
        assert clock.slept == []

    def test_looks_follow_the_pauses_and_the_last_is_when_time_is_up(self):
        looks, _ = self.looks(4.0)

        assert looks == pytest.approx([0.0, 0.5, 1.3, 2.58, 4.0])

    def test_last_look_is_not_later_than_the_timeout(self):
        looks, clock = self.looks(300.0)

        assert looks[-1] == pytest.approx(300.0)
        assert clock.time == pytest.approx(1300.0)

    def test_pauses_between_looks_reach_ten_seconds_and_no_more(self):
        looks, _ = self.looks(300.0)
        between = [later - earlier for earlier, later in pairwise(looks)]

        assert max(between) == pytest.approx(10.0)

    @pytest.mark.parametrize("timeout_seconds", [0.0, -5.0])
    def test_wait_without_time_looks_once(self, timeout_seconds):
        looks, clock = self.looks(timeout_seconds)

        assert (looks, clock.slept) == ([0.0], [])

    def test_time_that_a_look_takes_counts(self):
        clock = FakeClock()
        looks = []
        for waited in clock.waiter(chance=lambda: 0.0).polls(4.0):
            looks.append(waited)
            clock.time += 3.0

        assert looks == pytest.approx([0.0, 3.5, 6.5])

    def test_wait_that_is_cancelled_ends_within_a_tick(self):
        clock = FakeClock()
        waiter = clock.waiter(is_cancelled=lambda: clock.time >= 1100.0)

        with pytest.raises(WaitCancelledError):
            list(waiter.polls(300))

        assert 1100.0 <= clock.time <= 1100.0 + TICK_SECONDS

    def test_wait_that_is_cancelled_before_it_begins_still_looks_once(self):
        clock = FakeClock()
        looks = clock.waiter(is_cancelled=lambda: True).polls(300)

        assert next(looks) == 0.0
        with pytest.raises(WaitCancelledError):
            next(looks)
        assert clock.slept == []
