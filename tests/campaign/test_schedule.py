"""The draw itself: repeatable, and wide enough that every kind of trouble comes up."""

from __future__ import annotations

from tests.campaign.schedule import (
    ACTIONS,
    CHANGES,
    CREATE,
    FORCE,
    REQUESTS,
    SETTLE_SECONDS,
    SUBMIT,
    VICTIMS,
    draw,
)

SCHEDULES = [draw(seed) for seed in range(1500)]
STEPS = [step for schedule in SCHEDULES for step in schedule.steps]
FAULTS = [fault for step in STEPS for fault in step.faults]


def test_the_same_seed_draws_the_same_schedule() -> None:
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_every_request_action_moment_and_victim_comes_up() -> None:
    assert {fault.request for fault in FAULTS} == set(REQUESTS)
    assert {fault.action for fault in FAULTS} == set(ACTIONS)
    assert {fault.effect for fault in FAULTS if fault.request == SUBMIT} == {"before", "after"}
    assert {step.kill.victim for step in STEPS if step.kill} == set(VICTIMS)
    assert {step.kill.request for step in STEPS if step.kill} == set(REQUESTS)
    assert {step.kill is None for step in STEPS} == {True, False}


def test_every_answer_of_a_proxy_comes_after_the_service_accepted() -> None:
    lost = {fault.action for fault in FAULTS if fault.request == SUBMIT and fault.effect == "after"}
    marked = {"400", "403", "expired credential"}
    lists_only = {"not activated", "empty placeholder", "empty page"}

    assert lost == set(ACTIONS) - marked - lists_only


def test_every_change_and_both_ends_of_a_job_come_up() -> None:
    assert {step.change for step in STEPS} == {CREATE, *CHANGES}
    assert {step.fails for step in STEPS} == {True, False}
    assert any(step.change == FORCE and any(fault.request == SUBMIT for fault in step.faults) for step in STEPS)


def test_both_clocks_every_lag_and_a_parent_come_up() -> None:
    lags = [schedule.lag_seconds for schedule in SCHEDULES]

    assert {step.clock_jumps for step in STEPS} == {True, False}
    assert {bool(schedule.result_seconds) for schedule in SCHEDULES} == {True, False}
    assert {schedule.has_parent for schedule in SCHEDULES} == {True, False}
    assert 0.0 in lags
    assert any(0.0 < lag < SETTLE_SECONDS for lag in lags)
    assert any(lag > SETTLE_SECONDS for lag in lags)


def test_a_job_that_fails_does_so_while_nobody_waits() -> None:
    assert all(step.kill for step in STEPS if step.fails)
