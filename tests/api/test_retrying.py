"""A request is sent again as often as its operation and its failure allow, politely, and no further."""

from itertools import pairwise

import pytest

from pulumi_ci_audio.api.errors import (
    ApiError,
    DecodeError,
    NoAnswerError,
    NotConnectedError,
    SettingsError,
    WaitCancelledError,
)
from pulumi_ci_audio.api.operations import Repeat
from pulumi_ci_audio.api.retrying import (
    ATTEMPTS,
    BUDGET_SECONDS,
    LONGEST_RETRY_AFTER_SECONDS,
    POLICY,
    SHORTEST_PAUSE_SECONDS,
    Outcome,
    attempt,
)
from tests.support.clock import FakeClock


def refused(status, code="", *, is_from_service=True, retry_after=None):
    return ApiError(
        "try",
        action="a",
        any_resource=False,
        status=status,
        code=code,
        message="",
        request_id="",
        is_from_service=is_from_service,
        retry_after=retry_after,
    )


FAILURES = {
    "429": (refused(429), ATTEMPTS, ATTEMPTS),
    "503 SlowDown": (refused(503, "SlowDown"), ATTEMPTS, ATTEMPTS),
    "no connection": (NotConnectedError("refused"), ATTEMPTS, ATTEMPTS),
    "429 of a proxy": (refused(429, is_from_service=False), ATTEMPTS, 1),
    "503 of a proxy": (refused(503, "SlowDown", is_from_service=False), ATTEMPTS, 1),
    "403 of a proxy": (refused(403, is_from_service=False), 1, 1),
    "queue full": (refused(403, "QueueSaturated"), 1, 1),
    "500": (refused(500), ATTEMPTS, 1),
    "503": (refused(503), ATTEMPTS, 1),
    "InternalError": (refused(400, "InternalError"), ATTEMPTS, 1),
    "reset or timeout": (NoAnswerError("reset"), ATTEMPTS, 1),
    "unreadable": (DecodeError("broken"), ATTEMPTS, 1),
    "301": (refused(301), 1, 1),
    "400": (refused(400, "InvalidArgument"), 1, 1),
    "401": (refused(401, "AccessDenied"), 1, 1),
    "403": (refused(403), 1, 1),
    "404": (refused(404), 1, 1),
    "settings": (SettingsError("no credentials"), 1, 1),
    "called off": (WaitCancelledError("interrupted"), 1, 1),
    "another error": (ValueError("a bug"), 1, 1),
    "interrupt": (KeyboardInterrupt(), 1, 1),
}


class TestRepetition:
    def failing(self, error, *, times=None, clock=None, seconds=0.0):
        tried = []

        def once():
            tried.append(1)
            if clock:
                clock.time += seconds
            if times is None or len(tried) <= times:
                raise error
            return "answer"

        return once, tried

    @pytest.mark.parametrize("repeat", list(Repeat), ids=lambda repeat: repeat.name)
    @pytest.mark.parametrize("name", FAILURES)
    def test_failure_is_tried_as_often_as_its_kind_allows(self, name, repeat):
        error, safely, if_not_accepted = FAILURES[name]
        expected = {
            Repeat.SAFELY: safely,
            Repeat.IF_NOT_ACCEPTED: if_not_accepted,
            Repeat.NEVER: 1,
        }
        once, tried = self.failing(error)

        with pytest.raises(type(error)) as caught:
            attempt(once, repeat=repeat, waiter=FakeClock().waiter())

        assert caught.value is error
        assert len(tried) == expected[repeat]

    @pytest.mark.parametrize("times", range(ATTEMPTS))
    def test_first_good_answer_ends_the_repetition(self, times):
        once, tried = self.failing(NoAnswerError("reset"), times=times)

        assert attempt(once, repeat=Repeat.SAFELY, waiter=FakeClock().waiter()) == "answer"
        assert len(tried) == times + 1

    def test_unknown_outcome_after_a_refused_attempt_ends_the_repetition(self):
        errors = iter([refused(429), NoAnswerError("reset"), AssertionError("sent again")])

        def once():
            raise next(errors)

        with pytest.raises(NoAnswerError):
            attempt(once, repeat=Repeat.IF_NOT_ACCEPTED, waiter=FakeClock().waiter())

    def pauses(self, error, *, chance=1.0):
        clock = FakeClock()
        starts = []

        def once():
            starts.append(clock.time)
            raise error

        with pytest.raises(type(error)):
            attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter(chance=lambda: chance))
        return [later - earlier for earlier, later in pairwise(starts)]

    @pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
    def test_pauses_double_and_chance_takes_any_part_of_them(self, chance):
        expected = [max(SHORTEST_PAUSE_SECONDS, chance * longest) for longest in (0.5, 1.0, 2.0)]

        assert self.pauses(NoAnswerError("reset"), chance=chance) == pytest.approx(expected)

    def test_service_that_is_too_busy_is_given_more_time(self):
        assert self.pauses(refused(429)) == pytest.approx([1.0, 2.0, 4.0])

    def test_no_pause_is_longer_than_the_longest(self):
        policy = POLICY[Repeat.SAFELY, Outcome.LOST]

        assert max(policy.pause(attempt, 1.0) for attempt in range(1, 100)) == policy.longest_seconds

    def test_pause_that_the_service_asks_for_is_kept(self):
        assert self.pauses(refused(429, retry_after=7.0), chance=0.0) == pytest.approx(
            [7.0 + SHORTEST_PAUSE_SECONDS] * 3
        )

    def test_pause_that_the_service_asks_for_is_bounded(self):
        pauses = self.pauses(refused(503, "SlowDown", retry_after=86_400.0), chance=0.0)

        assert pauses == pytest.approx([LONGEST_RETRY_AFTER_SECONDS + SHORTEST_PAUSE_SECONDS] * len(pauses))
        assert 0 < sum(pauses) <= BUDGET_SECONDS

    def test_error_says_how_often_it_was_tried_and_for_how_long(self):
        clock = FakeClock()
        once, _ = self.failing(NoAnswerError("reset"), clock=clock, seconds=3.0)

        with pytest.raises(NoAnswerError) as caught:
            attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter(chance=lambda: 0.0))

        assert str(caught.value) == "reset (tried 4 times in 12 s)"

    def test_error_of_the_only_attempt_says_nothing_of_it(self):
        once, _ = self.failing(refused(400, "InvalidArgument"))

        with pytest.raises(ApiError) as caught:
            attempt(once, repeat=Repeat.SAFELY, waiter=FakeClock().waiter())

        assert "tried" not in str(caught.value)

    def test_no_attempt_is_begun_after_the_budget_is_spent(self):
        clock = FakeClock()
        once, tried = self.failing(NoAnswerError("timeout"), clock=clock, seconds=BUDGET_SECONDS / 2)

        with pytest.raises(NoAnswerError):
            attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter())

        assert len(tried) == 2

    def test_no_pause_is_begun_that_ends_after_the_budget(self):
        clock = FakeClock()
        once, tried = self.failing(refused(429, retry_after=20.0), clock=clock, seconds=BUDGET_SECONDS / 2)

        with pytest.raises(ApiError):
            attempt(once, repeat=Repeat.SAFELY, waiter=clock.waiter())

        assert len(tried) == 2
        assert sum(clock.slept) < BUDGET_SECONDS / 2

    def test_table_sends_nothing_again_that_costs_money(self):
        assert {repeat for repeat, _ in POLICY} == {Repeat.SAFELY, Repeat.IF_NOT_ACCEPTED}
        assert (Repeat.IF_NOT_ACCEPTED, Outcome.LOST) not in POLICY

    def test_call_off_ends_the_pause_between_two_attempts(self):
        once, tried = self.failing(NoAnswerError("reset"))

        with pytest.raises(WaitCancelledError):
            attempt(once, repeat=Repeat.SAFELY, waiter=FakeClock().waiter(is_cancelled=lambda: True))

        assert len(tried) == 1
