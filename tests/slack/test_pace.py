"""Slack's pace is kept per channel, its orders to wait are obeyed, and what matters passes what doesn't."""

from __future__ import annotations

from bot.slack.pace import Pace


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def post(pace: Pace, channel: str = "C1", *, is_urgent: bool = False, patience: float = 3.0) -> float:
    return pace.wait_for_post(channel, is_urgent=is_urgent, patience=patience)


def test_a_few_messages_go_at_once_and_the_rest_one_a_second() -> None:
    pace = Pace(Watch())
    assert [post(pace) for _ in range(6)] == [0, 0, 0, 0, 1, 2]


def test_a_turn_that_is_too_far_away_is_not_taken() -> None:
    pace = Pace(Watch())
    waits = [post(pace, patience=0.5) for _ in range(6)]
    assert waits == [0, 0, 0, 0, 1, 1]


def test_a_decision_passes_the_lines_that_wait() -> None:
    pace = Pace(Watch())
    for _ in range(5):
        post(pace, patience=0.5)
    assert post(pace, is_urgent=True) == 0


def test_channels_do_not_hold_up_each_other() -> None:
    pace = Pace(Watch())
    for _ in range(6):
        post(pace)
    assert post(pace, "C2") == 0


def test_an_order_to_wait_concerns_one_method_in_one_channel() -> None:
    watch = Watch()
    pace = Pace(watch)
    pace.block("chat.postMessage", "C1", 30)
    assert post(pace) == 30
    assert post(pace, "C2") == 0
    assert pace.wait_for_edit("C1", is_progress=False, patience=3) == 0
    watch.now += 30
    assert post(pace) == 0


def test_progress_edits_leave_room_for_decisions() -> None:
    pace = Pace(Watch())
    assert [pace.wait_for_edit(f"C{n}", is_progress=True, patience=3) for n in range(3)] == [0, 1.5, 3]
    assert pace.wait_for_edit("C1", is_progress=False, patience=3) == 0


def test_the_memory_of_channels_does_not_grow_for_ever() -> None:
    watch = Watch()
    pace = Pace(watch)
    for number in range(3000):
        watch.now += 10
        post(pace, f"C{number}")
        pace.block("chat.update", f"C{number}", 1)
    assert len(pace._spent) + len(pace._blocked) < 2100
