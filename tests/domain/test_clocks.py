"""The five clocks measure what was seen; whatever was not seen is said in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.clocks import ClockName, clocks, estimate, expected, outage, rough, spoken
from bot.domain.facts import JobId
from bot.domain.request import RequestId
from bot.domain.run import Attempt, AttemptOutcome, Run, Step, StepProgress, StepState

from .facts import NOW
from .requests import account, approval, request


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def step(which: Step, start: float, end: float, state: StepState = StepState.DONE) -> StepProgress:
    return StepProgress(step=which, state=state, started_at=at(start), ended_at=at(end))


RUN = (
    Run(request_id=RequestId("r-1"), revision=1, confirmed_at=at(30))
    .with_step(step(Step.STOP, 10, 14))
    .with_step(step(Step.VERIFY, 22, 23))
    .with_step(step(Step.START, 23, 26))
)
ATTEMPT = Attempt(
    request_id=RequestId("r-1"),
    group_status="protected",
    priority_station="source",
    group_updated_at="",
    executor="w",
    at=at(14.5),
    outcome=AttemptOutcome.ACCEPTED,
    job_id=JobId("j"),
    answered_at=at(15),
)
ASK = request()
APPROVALS = (approval(ASK, account("U2"), "a", at=at(2)), approval(ASK, account("U3"), "b", at=at(5)))


def told(run: Run | None = RUN, attempt: Attempt | None = ATTEMPT, approvals=APPROVALS, ask=ASK) -> dict[str, str]:
    return {clock.name: clock.text for clock in clocks(ask, approvals, run, attempt)}


def test_a_run_that_went_well_has_five_measured_clocks() -> None:
    assert told() == {
        ClockName.DECISION: "5 min",
        ClockName.DRAIN: "4 min",
        ClockName.REVERSAL: "8 min",
        ClockName.RESTART: "3 min",
        ClockName.SERVICE: "20 min",
    }


def test_nothing_that_was_not_seen_has_a_time() -> None:
    assert told(run=None, attempt=None, approvals=()) == {
        ClockName.DECISION: "not approved",
        ClockName.DRAIN: "not started",
        ClockName.REVERSAL: "not submitted",
        ClockName.RESTART: "not started",
        ClockName.SERVICE: "not measured, the bot stopped no server",
    }


def test_a_service_that_nobody_confirmed_is_not_confirmed() -> None:
    assert told(run=replace(RUN, confirmed_at=None))[ClockName.SERVICE] == "not confirmed"


def test_servers_that_were_stopped_before_make_no_outage_that_we_could_know() -> None:
    run = RUN.with_step(StepProgress(step=Step.STOP, state=StepState.SKIPPED))
    assert told(run=run)[ClockName.DRAIN] == "skipped"
    assert told(run=run)[ClockName.SERVICE].startswith("not measured")


def test_a_failed_verification_ends_no_clock() -> None:
    run = RUN.with_step(step(Step.VERIFY, 22, 27, StepState.FAILED))
    assert told(run=run)[ClockName.REVERSAL] == "not verified"
    assert told(run=RUN.with_step(step(Step.START, 23, 33, StepState.FAILED)))[ClockName.RESTART] == "not finished"


def test_an_order_whose_answer_was_lost_is_measured_from_its_sending() -> None:
    lost = replace(ATTEMPT, outcome=AttemptOutcome.UNCLEAR, job_id=None, answered_at=at(20))
    assert told(attempt=lost)[ClockName.REVERSAL] == "8 min 30 s"
    assert told(attempt=replace(ATTEMPT, outcome=AttemptOutcome.REJECTED))[ClockName.REVERSAL] == "not submitted"


def test_break_glass_has_no_decision_clock() -> None:
    assert told(ask=replace(ASK, break_glass=True), approvals=())[ClockName.DECISION] == "break-glass, no approval"


def test_history_remembers_the_outage_until_the_best_known_end() -> None:
    assert outage(RUN) == timedelta(minutes=20)
    assert outage(replace(RUN, confirmed_at=None)) == timedelta(minutes=16)
    assert outage(Run(request_id=RequestId("r-1"), revision=1)) is None


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ([], "no history yet"),
        ([18], "~18 min (one earlier run)"),
        ([17, 19, 26, 12], "~18 min (median of the last 4; worst 26 min)"),
        ([0.2, 0.4], "~1 min (median of the last 2; worst 1 min)"),
        ([10] * 10 + [500], "~10 min (median of the last 10; worst 10 min)"),
        ([60, 70], "~1 h 05 min (median of the last 2; worst 1 h 10 min)"),
    ],
)
def test_an_estimate_comes_from_history_or_is_none(minutes: list[float], words: str) -> None:
    assert estimate([timedelta(minutes=number) for number in minutes]) == words


def test_the_expected_span_is_the_median() -> None:
    assert expected([]) is None
    assert expected([timedelta(minutes=9), timedelta(minutes=11), timedelta(minutes=30)]) == timedelta(minutes=11)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (43, "43 s"), (59.7, "1 min"), (552, "9 min 12 s"), (540, "9 min"), (3900, "1 h 05 min")],
)
def test_a_measured_span_reads_as_it_was_measured(seconds: float, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words


def test_an_estimate_is_never_finer_than_a_minute() -> None:
    assert rough(timedelta(seconds=100)) == "2 min"
