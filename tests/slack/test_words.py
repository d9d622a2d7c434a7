"""One word and one sentence per meaning, and none is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.errors import Happened, Problem
from bot.domain.lines import Line, LineKind, line
from bot.domain.people import Account
from bot.domain.policy import Refusal
from bot.domain.request import State
from bot.domain.run import Step, StepState
from bot.slack import texts, thread, words
from tests.slack import given

ANNA = Account("", "T1", "UANNA")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_every_state_step_and_system_has_its_own_word() -> None:
    for table, kinds in (
        (words.STATE, State),
        (words.STEP, Step),
        (words.STEP_RUNNING, Step),
        (words.STEP_DONE, Step),
        (words.SIGN, StepState),
        (texts.REFUSED, Refusal),
        (thread.TEMPLATES, LineKind),
    ):
        assert set(table) == set(kinds)
        assert len(set(table.values())) == len(table)


def test_the_six_ends_that_people_confuse_are_six_words() -> None:
    ends = (State.EXPIRED, State.DENIED, State.WITHDRAWN, State.SUPERSEDED, State.FAILED, State.UNKNOWN)
    assert [words.STATE[state] for state in ends] == [
        "Expired",
        "Denied",
        "Withdrawn",
        "Superseded",
        "Failed",
        "Unknown",
    ]


@pytest.mark.parametrize("reason", Refusal)
def test_a_refusal_says_what_was_not_done(reason: Refusal) -> None:
    assert any(word in texts.refused(reason) for word in ("Nothing", "Nobody"))


def test_a_late_click_reads_who_decided_and_when() -> None:
    said = texts.already_decided(State.DENIED, ANNA, NOON)
    assert "*Denied* by <@UANNA> at <!date^" in said
    assert "Your click changed nothing." in said


def test_a_stale_click_reads_both_revisions() -> None:
    assert "revision 1 and now it is 2" in texts.plan_changed(1, 2)


def test_a_cloud_problem_reads_what_happened_and_its_reference() -> None:
    trouble = Problem(
        happened=Happened.NO, is_retryable=False, what="Refused <b>.", cure="Ask Bob.", request_id="req-1"
    )
    assert texts.problem(trouble) == "Refused &lt;b&gt;. Ask Bob. Reference: request req-1."


@pytest.mark.parametrize("kind", LineKind)
def test_a_line_without_its_facts_still_reads(kind: LineKind) -> None:
    assert "{" not in thread.sentence(Line(kind=kind))


def test_a_line_survives_the_database_and_names_its_person() -> None:
    said = line(LineKind.APPROVED, account=str(ANNA), plan="7F3A-91", given=1, needed=2)
    assert thread.sentence(Line.from_data(said.as_data())) == "<@UANNA> approved plan `7F3A-91`: 1 of 2."


def test_a_reason_in_a_line_is_not_live() -> None:
    said = thread.sentence(line(LineKind.DENIED, account="nonsense", reason="<!channel> {account} *x*"))
    assert said == "*Denied* by the bot: &lt;!channel&gt; {account} ∗x∗"


def test_a_planned_start_is_a_time() -> None:
    assert "<!date^" in thread.sentence(line(LineKind.QUORUM, start_at=NOON.isoformat()))


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (432, "7:12"), (4032, "1:07:12")])
def test_a_span_reads_like_a_clock(seconds: int, shown: str) -> None:
    assert words.minutes(timedelta(seconds=seconds)) == shown


def test_what_was_asked_for_says_whether_it_starts() -> None:
    assert "Nothing starts before it is approved." in texts.requested("C1", given.request())
    alone = texts.requested("C1", given.request(break_glass=True))
    assert "is queued, under your name alone. The card is on its way to <#C1>." in alone
    assert "you owe a written review" in alone
