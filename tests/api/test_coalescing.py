"""Many questions, few requests: nobody gets a stale answer, and nobody is left without one."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulumi_ci_audio.api.buckets import Bucket
from pulumi_ci_audio.api.coalescing import (
    Coalescer,
    Gatherer,
    Listing,
    RefusedTogetherError,
    Sharing,
    coalescer_of,
    first_batch,
)
from pulumi_ci_audio.api.errors import ApiError, NoAnswerError, WaitCancelledError
from pulumi_ci_audio.api.waiting import Waiter
from tests.support.clock import FakeClock

PATIENCE_SECONDS = 10
PLACE = Bucket("ap-chongqing", "recordings-1250000000")
DENIED = ApiError(
    "list the buckets",
    action="ci:DescribeCIBuckets",
    any_resource=True,
    status=403,
    code="AccessDenied",
    message="no",
    request_id="r",
    is_from_service=True,
)


class Service:
    """Answers with upper case, and remembers what it was asked; what it does not know is asked for alone."""

    def __init__(self, *troubles, unknown=""):
        self.requests = []
        self.alone = []
        self.troubles = list(troubles)
        self.unknown = unknown

    def send(self, keys):
        self.requests.append("".join(keys))
        if self.troubles and (trouble := self.troubles.pop(0)) is not None:
            raise trouble
        return {key: key.upper() for key in keys if key not in self.unknown}

    def ask(self, gatherer, key, *, waiter=None, send=None):
        def alone():
            self.alone.append(key)
            return f"{key} alone"

        return gatherer.ask(key, send or self.send, alone, waiter or FakeClock().waiter())

    def ask_each(self, gatherer, keys):
        return [self.ask(gatherer, key) for key in keys]


def gatherer_of(most=50, pause_seconds=0.0):
    return Gatherer(most=most, pause_seconds=pause_seconds, tick_seconds=0.01)


class TestSharing:
    def test_what_was_asked_before_a_request_is_answered_by_it(self):
        service, gatherer = Service(), gatherer_of()
        answers = service.ask_each(gatherer, "abc")

        assert [answer() for answer in answers] == ["A", "B", "C"]
        assert service.requests == ["abc"]

    def test_what_is_asked_while_a_request_is_under_way_is_answered_by_the_next(self):
        service, gatherer, late = Service(), gatherer_of(), []

        def send(keys):
            if not late:
                late.extend(service.ask_each(gatherer, "ab"))
            return service.send(keys)

        assert service.ask(gatherer, "a", send=send)() == "A"
        assert service.requests == ["a"]
        assert [answer() for answer in late] == ["A", "B"]
        assert service.requests == ["a", "ab"]

    def test_the_same_question_of_many_is_one(self):
        service, gatherer = Service(), gatherer_of()
        answers = service.ask_each(gatherer, "aba")

        assert [answer() for answer in answers] == ["A", "B", "A"]
        assert service.requests == ["ab"]

    def test_a_request_names_no_more_than_it_may(self):
        service, gatherer = Service(), gatherer_of(most=2)
        answers = service.ask_each(gatherer, "abcde")

        assert [answer() for answer in reversed(answers)] == ["E", "D", "C", "B", "A"]
        assert service.requests == ["ab", "cd", "e"]

    @given(st.lists(st.sampled_from("abcdef")), st.integers(1, 7))
    def test_batches_hold_every_key_once_in_the_order_of_asking(self, keys, most):
        rest, batches = list(keys), []
        while rest:
            batches.append(first_batch(rest, most))
            rest = [key for key in rest if key not in batches[-1]]

        assert all(1 <= len(batch) <= most for batch in batches)
        assert [key for batch in batches for key in batch] == list(dict.fromkeys(keys))

    def test_the_first_who_asks_waits_a_moment_for_others(self):
        service, gatherer, clock = Service(), gatherer_of(pause_seconds=0.005), FakeClock()
        first = service.ask(gatherer, "a", waiter=clock.waiter())
        clock.after(0.004, lambda: others.extend(service.ask_each(gatherer, "bc")))
        others = []

        assert first() == "A"
        assert service.requests == ["abc"]
        assert clock.slept == pytest.approx([0.005])

    def test_nobody_waits_for_others_where_no_more_can_be_named(self):
        service, gatherer, clock = Service(), gatherer_of(most=2, pause_seconds=0.005), FakeClock()
        answers = [service.ask(gatherer, key, waiter=clock.waiter()) for key in "ab"]

        assert [answer() for answer in answers] == ["A", "B"]
        assert clock.slept == []

    def test_what_a_request_does_not_tell_is_asked_for_alone(self):
        service, gatherer = Service(unknown="b"), gatherer_of()

        assert [answer() for answer in service.ask_each(gatherer, "abc")] == ["A", "b alone", "C"]
        assert (service.requests, service.alone) == (["abc"], ["b"])


class TestNeverStale:
    """Each thread changes the world, then looks at what others look at too: it must see its own change."""

    @settings(max_examples=15, deadline=None)
    @given(st.integers(0, 2**32), st.integers(2, 12), st.integers(1, 4), st.sampled_from([0.0, 0.001]))
    def test_an_answer_is_as_young_as_its_question(self, seed, threads, most, pause_seconds):
        chance, lock = random.Random(seed), threading.Lock()  # noqa: S311  how long a request takes, no secret
        gatherer = Gatherer(most=most, pause_seconds=pause_seconds, tick_seconds=0.001)
        versions, requests = [0], []

        def send(keys):
            seen = versions[-1]
            with lock:
                requests.append(keys)
                rest = chance.random() / 1000
            time.sleep(rest)
            return dict.fromkeys(keys, seen)

        def live(number):
            waiter = Waiter(now=time.monotonic, sleep=time.sleep)
            for turn in range(8):
                with lock:
                    versions.append(versions[-1] + 1)
                    changed = versions[-1]
                if gatherer.ask((number + turn) % 3, send, lambda: -1, waiter)() < changed:
                    return False
            return True

        with ThreadPoolExecutor(threads) as pool:
            assert all(pool.map(live, range(threads)))
        assert all(1 <= len(keys) <= most for keys in requests)
        assert len(requests) <= threads * 8

    def test_no_thread_is_left_behind(self):
        service, gatherer, before = Service(), gatherer_of(pause_seconds=0.001), threading.enumerate()
        waiter = Waiter(now=time.monotonic, sleep=time.sleep)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda key: service.ask(gatherer, key, waiter=waiter)(), "abcdefgh"))

        assert answers == list("ABCDEFGH")
        assert threading.enumerate() == before


class TestErrors:
    def test_an_error_reaches_everybody_who_asked(self):
        service, gatherer = Service(NoAnswerError("the connection broke")), gatherer_of()
        errors = []
        for answer in service.ask_each(gatherer, "abc"):
            with pytest.raises(NoAnswerError, match="the connection broke") as caught:
                answer()
            errors.append(caught.value)

        assert service.requests == ["abc"]
        assert len({id(error) for error in errors}) == 3

    def test_what_one_adds_to_an_error_the_others_do_not_read(self):
        service, gatherer = Service(DENIED), gatherer_of()
        first, second = service.ask_each(gatherer, "ab")
        with pytest.raises(ApiError) as caught:
            first()
        caught.value.add("tried 4 times")
        with pytest.raises(ApiError) as other:
            second()

        assert "tried" in str(caught.value)
        assert (str(other.value), other.value.action, other.value.is_denied) == (str(DENIED), DENIED.action, True)

    def test_a_fault_of_our_own_reaches_everybody_too(self):
        service, gatherer = Service(ZeroDivisionError("oh")), gatherer_of()
        for answer in service.ask_each(gatherer, "ab"):
            with pytest.raises(ZeroDivisionError):
                answer()

    def test_the_next_request_is_sent_all_the_same(self):
        service, gatherer = Service(NoAnswerError("broke")), gatherer_of()
        with pytest.raises(NoAnswerError):
            service.ask(gatherer, "a")()

        assert service.ask(gatherer, "a")() == "A"


class TestRefusedTogether:
    def test_each_asks_alone(self):
        service, gatherer = Service(RefusedTogetherError(is_final=False)), gatherer_of()

        assert [answer() for answer in service.ask_each(gatherer, "ab")] == ["a alone", "b alone"]

    def test_it_is_not_tried_again_once_a_lone_question_was_answered(self):
        service, gatherer = Service(RefusedTogetherError(is_final=False)), gatherer_of()
        service.ask(gatherer, "a")()

        assert service.ask(gatherer, "b")() == "b alone"
        assert service.requests == ["a"]

    @pytest.mark.parametrize("is_final", [True, False])
    def test_a_lone_question_that_is_refused_too_says_nothing_of_lists(self, is_final):
        service, gatherer = Service(RefusedTogetherError(is_final=is_final)), gatherer_of()

        def alone():
            raise DENIED

        with pytest.raises(ApiError):
            gatherer.ask("a", service.send, alone, FakeClock().waiter())()

        assert service.ask(gatherer, "b")() == ("b alone" if is_final else "B")


class TestCancellation:
    def cancelled(self):
        return FakeClock().waiter(is_cancelled=lambda: True)

    def test_one_that_is_cancelled_while_it_waits_for_others_leaves_them_a_request(self):
        service, gatherer = Service(), gatherer_of(pause_seconds=0.005)
        first = service.ask(gatherer, "a", waiter=self.cancelled())
        second = service.ask(gatherer, "b")
        with pytest.raises(WaitCancelledError):
            first()

        assert second() == "B"
        assert service.requests == ["b"]

    @pytest.mark.parametrize("end", [WaitCancelledError("interrupted"), KeyboardInterrupt()], ids=["wait", "thread"])
    def test_one_that_is_cancelled_while_it_sends_leaves_them_another_request(self, end):
        service, gatherer = Service(end), gatherer_of()
        first, second, third = service.ask_each(gatherer, "abc")
        with pytest.raises(type(end)):
            first()

        assert [second(), third()] == ["B", "C"]
        assert service.requests == ["abc", "bc"]

    def test_one_that_is_cancelled_while_another_sends_leaves_at_once_and_alone(self):
        service, gatherer = Service(), gatherer_of()
        is_sending, is_over = threading.Event(), threading.Event()
        flags = {"is cancelled": False}

        def send(keys):
            is_sending.set()
            assert is_over.wait(PATIENCE_SECONDS)
            return service.send(keys)

        with ThreadPoolExecutor(3) as pool:
            leader = pool.submit(service.ask(gatherer, "a", send=send))
            assert is_sending.wait(PATIENCE_SECONDS)
            waiter = FakeClock().waiter(is_cancelled=lambda: flags["is cancelled"])
            follower = pool.submit(service.ask(gatherer, "b", waiter=waiter))
            other = pool.submit(service.ask(gatherer, "c"))
            flags["is cancelled"] = True
            with pytest.raises(WaitCancelledError):
                follower.result(PATIENCE_SECONDS)
            assert not leader.done()
            is_over.set()

            assert (leader.result(PATIENCE_SECONDS), other.result(PATIENCE_SECONDS)) == ("A", "C")
        assert service.requests == ["a", "c"]


class TestListing:
    def listing(self, asked, seconds=5.0):
        made = Listing(seconds)
        for _ in range(asked):
            made.count()
        return made

    def test_one_question_is_not_worth_a_list(self):
        assert self.listing(1).worth() == 0
        assert self.listing(2).worth() == 2

    def test_a_long_list_is_worth_it_once_as_much_was_asked(self):
        listing = self.listing(9)
        listing.set_pages(10)

        assert listing.worth() == 0
        listing.count()
        listing.count()
        assert listing.worth() == 11

    def test_after_a_list_the_count_begins_anew(self):
        listing = self.listing(5)
        listing.tell({"a": "on"}, sent_at=0.0, sent_as=1)

        assert listing.worth() == 0

    def test_it_tells_until_its_time_is_over(self):
        listing = self.listing(2)
        assert not listing.is_recent(0.0)
        listing.tell({"a": "on"}, sent_at=100.0, sent_as=1)

        assert [listing.is_recent(now) for now in (100.0, 104.9, 105.0)] == [True, True, False]

    def test_it_may_be_told_to_keep_nothing(self):
        listing = self.listing(2, seconds=0.0)
        listing.tell({"a": "on"}, sent_at=100.0, sent_as=1)

        assert not listing.is_recent(100.0)

    def test_it_tells_nothing_of_a_bucket_that_was_written_to_later(self):
        listing = self.listing(2)
        listing.tell({"a": "on", "b": "on", "c": "on"}, sent_at=0.0, sent_as=7)

        assert listing.recall({"a": 6, "b": 8, "c": 0, "absent": 0}) == {"a": "on", "c": "on"}


class TestCoalescer:
    def test_writes_and_lists_have_one_order(self):
        coalescer = Coalescer()
        assert coalescer.written_as(PLACE) == 0
        before = coalescer.next()
        coalescer.write(PLACE)

        assert before < coalescer.written_as(PLACE) < coalescer.next()
        assert coalescer.written_as(Bucket("ap-shanghai", PLACE.name)) == 0

    def test_what_differs_has_gatherers_of_its_own(self):
        coalescer = Coalescer()

        assert coalescer.gatherer("a", 2) is coalescer.gatherer("a", 2)
        assert coalescer.gatherer("a", 2) is not coalescer.gatherer("b", 2)
        assert coalescer.listing("a") is coalescer.listing("a")
        assert coalescer.listing("a") is not coalescer.listing("b")

    def test_a_process_has_one_for_an_endpoint(self):
        coalescer_of.cache_clear()

        assert coalescer_of("http://127.0.0.1:1", Sharing()) is coalescer_of("http://127.0.0.1:1", Sharing())
        assert coalescer_of("http://127.0.0.1:1", Sharing()) is not coalescer_of("http://127.0.0.1:2", Sharing())
