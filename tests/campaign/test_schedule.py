"""The draw itself: repeatable, and wide enough that every kind of trouble comes up."""

from .schedule import ACTIONS, REQUESTS, VICTIMS, draw


def test_the_same_seed_draws_the_same_schedule():
    assert draw(7) == draw(7)
    assert draw(7) != draw(8)


def test_every_request_action_moment_and_victim_comes_up():
    schedules = [draw(seed) for seed in range(200)]
    faults = [fault for schedule in schedules for faults in schedule.faults for fault in faults]
    kills = [kill for schedule in schedules for kill in schedule.kills if kill]

    assert {fault.request for fault in faults} == set(REQUESTS)
    assert {fault.action for fault in faults} == set(ACTIONS)
    assert {(fault.request, fault.effect) for fault in faults if fault.request == "submit"} == {
        ("submit", "before"),
        ("submit", "after"),
    }
    assert {kill.victim for kill in kills} == set(VICTIMS)
    assert any(schedule.lag_seconds for schedule in schedules)
    assert any(not schedule.lag_seconds for schedule in schedules)
