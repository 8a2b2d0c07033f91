"""Requests to one host are spaced, for all threads together, and further apart while the service throttles."""

import threading

import pytest

from pulumi_ci_audio.api.errors import WaitCancelledError
from pulumi_ci_audio.api.limiter import FIRST_SPACE_SECONDS, LONGEST_SPACE_SECONDS, Limiter, limiter_of
from tests.support.clock import FakeClock


def begun(limiter, clock, number, host="h"):
    """Return when ``number`` requests begin that are made one after the other, without answers."""
    begins = []
    for _ in range(number):
        limiter.admit(host, clock.waiter())
        begins.append(clock.time)
    return [begin - begins[0] for begin in begins]


def test_without_a_rate_nothing_waits():
    assert begun(Limiter(), FakeClock(), 100) == [0.0] * 100


def test_rate_spaces_the_requests_evenly():
    assert begun(Limiter(10), FakeClock(), 4) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_hosts_do_not_wait_for_each_other():
    limiter, clock = Limiter(1), FakeClock()
    limiter.admit("a", clock.waiter())
    limiter.admit("b", clock.waiter())

    assert clock.slept == []


def test_throttling_spaces_the_requests_of_everybody():
    limiter, clock = Limiter(), FakeClock()
    limiter.slow_down("h", clock.now())

    assert begun(limiter, clock, 3) == pytest.approx([0.0, FIRST_SPACE_SECONDS, 2 * FIRST_SPACE_SECONDS])
    assert clock.time == pytest.approx(1000 + 3 * FIRST_SPACE_SECONDS)


def test_throttling_that_goes_on_slows_down_further_up_to_a_bound():
    limiter, clock = Limiter(), FakeClock()
    spaces = []
    for _ in range(20):
        limiter.slow_down("h", clock.now())
        before = clock.time
        limiter.admit("h", clock.waiter())
        spaces.append(clock.time - before)

    assert spaces[:3] == pytest.approx([0.1, 0.2, 0.4])
    assert spaces[-1] == pytest.approx(LONGEST_SPACE_SECONDS)


def test_pause_that_the_service_asks_for_holds_for_every_request():
    limiter, clock = Limiter(), FakeClock()
    limiter.slow_down("h", clock.now(), pause=7.0)
    limiter.admit("h", clock.waiter())

    assert clock.time == pytest.approx(1007.0)


def test_good_answers_bring_the_old_pace_back():
    limiter, clock = Limiter(), FakeClock()
    for _ in range(5):
        limiter.slow_down("h", clock.now())
    for _ in range(50):
        limiter.speed_up("h")
    limiter.admit("h", clock.waiter())
    slept = len(clock.slept)
    begun(limiter, clock, 10)

    assert len(clock.slept) == slept


def test_good_answers_do_not_undercut_the_rate():
    limiter, clock = Limiter(10), FakeClock()
    for _ in range(50):
        limiter.speed_up("h")

    assert begun(limiter, clock, 3) == pytest.approx([0.0, 0.1, 0.2])


def test_waiting_ends_when_it_is_cancelled():
    limiter, clock = Limiter(1), FakeClock()
    limiter.admit("h", clock.waiter())

    with pytest.raises(WaitCancelledError):
        limiter.admit("h", clock.waiter(is_cancelled=lambda: True))


def test_threads_get_places_of_their_own():
    limiter, lock, begins = Limiter(100), threading.Lock(), []

    def admit():
        clock = FakeClock()
        limiter.admit("h", clock.waiter())
        with lock:
            begins.append(round(clock.time - 1000, 3))

    threads = [threading.Thread(target=admit) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(begins) == [round(0.01 * place, 3) for place in range(20)]


def test_process_shares_one_limiter_per_rate():
    assert limiter_of(5.0) is limiter_of(5.0)
    assert limiter_of(5.0) is not limiter_of(None)
