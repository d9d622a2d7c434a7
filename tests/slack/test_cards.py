"""The decision card line by line, and what each message says in the states that matter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.facts import Job, JobId, JobStatus, Site
from bot.domain.plan import Options
from bot.domain.policy import Audience, Quorum, Role
from bot.domain.request import State
from bot.domain.run import AttemptOutcome, HardStopAnswer, Question, Run, Step, StepProgress, StepState
from bot.ports import History
from bot.slack.blocks import Block, View
from bot.slack.cards import (
    Message,
    decision_card,
    end_card,
    incident_message,
    login_message,
    progress_card,
    question_message,
    reminder_message,
)
from bot.slack.ids import ActionId, CallbackId, decode_target
from bot.slack.modals import (
    Form,
    approve_view,
    choose_project,
    deny_view,
    details_view,
    form_errors,
    hard_stop_view,
    request_form,
)
from bot.slack.words import STATE
from tests.slack import given

HISTORY = History(outages=tuple(timedelta(minutes=m) for m in (17, 18, 19, 26)), reversals=(timedelta(minutes=9),) * 3)


def told(of: Message | View) -> list[str]:
    """Every line a person reads, top to bottom."""
    blocks = of.blocks if isinstance(of, Message) else of["blocks"]
    return [line for block in blocks for text in _texts(block) for line in text.split("\n")]


def _texts(block: Block) -> Iterator[str]:
    match block:
        case {"type": "context", "elements": elements}:
            yield from (element["text"] for element in elements)
        case {"type": "header" | "section", "text": text}:
            yield text["text"]
        case {"type": "input", "label": label}:
            yield label["text"]


def buttons(message: Message) -> dict[str, str]:
    rows = (block["elements"] for block in message.blocks if block["type"] == "actions")
    return {element["action_id"]: element.get("value", "") for row in rows for element in row}


def test_the_card_has_its_twelve_lines_in_order() -> None:
    lines = told(decision_card(given.scene(approvals=(given.approval(),), history=HISTORY)))
    beginnings = (
        "⚠ PRODUCTION · Switch over “pg-erp”",
        "*eu-de-01 → eu-de-02* (active now → after) · `priority_station: target`",
        "Planned switchover: servers will be stopped, no data loss expected while the pairs are in sync.",
        "*READY* · checked <!date^",
        "Replication: 5/5 pairs active, 100 %, no fault",
        "Servers: 5 (3 running, will be stopped; 2 off) · 1 Windows, 2 Linux",
        "Outage estimate: ~18 min (median of the last 4; worst 26 min)",
        "IP, EIP and MAC addresses move with the servers; DNS is not touched.",
        "Logins: 1 Windows server",
        "Failing back is a second switchover with a similar outage. Cancelling is free until",
        "Requested by <@UREQ>",
        "Why: The zone loses power tonight.",
        "*1 of 2* · expires <!date^",
    )
    assert [line.startswith(start) for line, start in zip(lines, beginnings, strict=False)] == [True] * 13
    assert f"plan `{given.plan().code}`" in lines[12]


def test_a_drill_is_a_word_and_a_sign_of_its_own() -> None:
    assert told(decision_card(given.scene(given.request(environment="DRILL"))))[0].startswith("◇ DRILL · Switch over")


def test_a_failback_says_so() -> None:
    lines = told(decision_card(given.scene(given.request(to=Site.SOURCE))))
    assert "Switch back" in lines[0]
    assert lines[1].startswith("*eu-de-02 → eu-de-01*")


def test_without_history_no_number_is_invented() -> None:
    assert "Outage estimate: no history yet" in told(decision_card(given.scene()))


def test_a_ready_card_has_five_buttons_that_carry_ids_only() -> None:
    pressed = buttons(decision_card(given.scene()))
    assert list(pressed) == [
        ActionId.APPROVE,
        ActionId.DENY,
        ActionId.DETAILS,
        ActionId.CHECK_AGAIN,
        ActionId.WITHDRAW,
    ]
    assert set(pressed.values()) == {"req-1:1"}
    assert decode_target("req-1:1")


def test_a_blocked_card_has_no_approve_button_and_says_the_reason_and_the_cure() -> None:
    message = decision_card(given.scene(given.request(findings=(given.BLOCKER, given.WARNING))))
    assert ActionId.APPROVE not in buttons(message)
    assert told(message)[3].startswith("*BLOCKED:* A pair is broken. Repair it. · checked")


def test_warnings_are_counted_and_told() -> None:
    lines = told(decision_card(given.scene(given.request(findings=(given.WARNING,)))))
    assert lines[3].startswith("*1 warning:* 2 Windows servers. Read the guidance.")


def test_those_who_decide_are_pinged_and_backups_are_not() -> None:
    lines = told(decision_card(given.scene(on_call={"night": frozenset({"UNIGHT"})})))
    assert "Can decide: 1 of <@UANNA> and 1 of <!subteam^S1>, <@UNIGHT>" in lines
    assert "UZ" not in "".join(lines)


@pytest.mark.parametrize("state", State)
def test_the_card_shows_the_state_of_the_row(state: State) -> None:
    message = decision_card(given.scene(given.request(state)))
    if state is State.PENDING:
        assert "*0 of 2*" in told(message)[12]
    else:
        assert f"*{STATE[state]}*" in "\n".join(told(message)[12:])
    assert STATE[state] in message.text
    assert (ActionId.APPROVE in buttons(message)) == (state is State.PENDING)


@pytest.mark.parametrize("state", [State.DENIED, State.WITHDRAWN, State.SUPERSEDED])
def test_a_closed_card_says_by_whom_and_why(state: State) -> None:
    lines = told(decision_card(given.scene(given.request(state))))
    assert lines[12].startswith(f"*{STATE[state]}* by <@UANNA> <!date^")
    assert lines[13] == "Reason: Because."


def test_break_glass_wears_its_badge_to_the_end() -> None:
    for state in (State.APPROVED, State.RUNNING, State.VERIFIED):
        message = decision_card(given.scene(given.request(state, break_glass=True)))
        assert "BREAK-GLASS" in told(message)[0]
        assert "*break-glass* by <@UREQ>, alone" in "\n".join(told(message))
    ended = end_card(given.scene(given.request(State.VERIFIED, break_glass=True), run=given.run()))
    assert told(ended)[0].startswith("BREAK-GLASS · VERIFIED")


def test_the_old_card_of_a_changed_plan_links_to_the_new_one_and_has_no_buttons() -> None:
    changed = given.request(revision=2, plan_change=("+ srv-9 added since the request",))
    message = decision_card(given.scene(changed, key="1", card_url="https://example.slack.com/p1"))
    assert "<https://example.slack.com/p1|Revision 2> replaces it." in told(message)[1]
    assert buttons(message) == {}


def test_the_new_card_of_a_changed_plan_shows_the_difference() -> None:
    changed = given.request(revision=2, plan_change=("+ srv-9 added since the request",))
    assert "Revision 2. Changed: + srv-9 added since the request" in told(decision_card(given.scene(changed, key="2")))


def test_progress_reads_step_by_step_with_the_point_of_no_return_between() -> None:
    scene = given.scene(given.request(State.RUNNING), run=given.run(), history=HISTORY, attempt=given.attempt())
    lines = told(progress_card(scene))
    assert [line.split(" · ")[0] for line in lines[1:8]] == [
        "✓ *1 Checked again*",
        "✓ *2 Stopped*",
        "── point of no return ──",
        "▶ *3 Reversing*",
        "○ *4 Verify*",
        "– *5 Start: skipped*",
        "○ *6 Confirm service*",
    ]
    assert "2 of 5 sub-jobs · 7:12 of about 9 min" in lines[4]


@pytest.mark.parametrize(
    ("state", "word"),
    [(State.CANCELLED, "broken off"), (State.NEEDS_PERSON, "not known"), (State.UNKNOWN, "not known")],
)
def test_a_step_that_was_under_way_at_the_end_is_not_shown_as_going_on(state: State, word: str) -> None:
    unclear = given.attempt(AttemptOutcome.UNCLEAR)
    message = progress_card(given.scene(given.request(state), run=given.run(), attempt=unclear))
    assert f"– *3 Reverse: {word}*" in told(message)
    assert "▶" not in " ".join(told(message))
    assert "Reversing" not in message.text
    assert "I am reading" not in " ".join(told(message)), "nobody reads until a person presses the button"


def test_a_failed_reversal_counts_what_failed_and_not_what_is_over() -> None:
    leaves = [Job(id=JobId(name), type="reverse", status=status) for name, status in (("a", "SUCCESS"), ("b", "FAIL"))]
    job = Job(id=JobId("job-1"), type="reverse", status=JobStatus.FAIL, sub_jobs=tuple(leaves))
    failed = StepProgress(step=Step.REVERSE, state=StepState.FAILED, done=2, total=2, ended_at=given.NOON)
    scene = given.scene(given.request(State.FAILED), run=given.run(job=job).with_step(failed))
    [line] = [line for line in told(progress_card(scene)) if "3 Reverse" in line]
    assert "1 of 2 sub-jobs failed" in line


def test_cancel_disappears_at_the_point_of_no_return() -> None:
    running = given.request(State.RUNNING)
    fresh = Run(request_id=running.id, revision=1)
    assert ActionId.CANCEL in buttons(progress_card(given.scene(running, run=fresh)))
    assert buttons(progress_card(given.scene(running, run=fresh, attempt=given.attempt(None)))) == {}
    assert buttons(progress_card(given.scene(running, run=given.run()))) == {}
    assert buttons(progress_card(given.scene(given.request(State.VERIFIED), run=fresh))) == {}


def test_stale_and_lost_answers_are_said() -> None:
    stale = given.run(stale_reason="timeout", observed_at=given.NOON + timedelta(minutes=5, seconds=42))
    scene = given.scene(given.request(State.RUNNING), run=stale, attempt=given.attempt(AttemptOutcome.UNCLEAR))
    lines = told(progress_card(scene))
    assert "Sent, but the answer was lost. I am reading the group's status and will not send it again." in lines
    assert "Last answer 90 s ago: timeout" in lines


def test_a_question_offers_its_answers_and_afterwards_says_who_answered() -> None:
    running = given.request(State.RUNNING)
    asked = given.scene(
        running, run=given.run(question=Question.HARD_STOP, question_subjects=("srv-1",)), key="hard_stop"
    )
    assert list(buttons(question_message(asked))) == [ActionId.HARD_STOP]
    lost = given.scene(running, run=given.run(question=Question.LOOK_AGAIN), key="look_again")
    assert list(buttons(question_message(lost))) == [ActionId.LOOK_AGAIN, ActionId.CLOSE]
    answered = given.scene(
        running, run=given.run(hard_stop=HardStopAnswer.FORCE, answered_by=given.BOB), key="hard_stop"
    )
    assert question_message(answered).text == "Answered: force the servers off, by <@UBOB>."


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (State.VERIFIED, "VERIFIED"),
        (State.UNVERIFIED, "FINISHED, NOT VERIFIED"),
        (State.PARTLY, "PARTLY: 4 of 5 running"),
        (State.FAILED, "FAILED"),
        (State.CANCELLED, "CANCELLED"),
        (State.UNKNOWN, "UNKNOWN"),
        (State.NEEDS_PERSON, "NEEDS A PERSON"),
    ],
)
def test_an_end_is_a_word(state: State, word: str) -> None:
    scene = given.scene(given.request(state), run=given.run(running_count=4, server_count=5))
    assert told(end_card(scene))[0] == f"{word} · pg-erp"
    assert word in incident_message(replace(scene, key="ended")).text


@pytest.mark.parametrize(
    ("state", "outcome", "claim"),
    [
        (State.VERIFIED, AttemptOutcome.ACCEPTED, "*eu-de-02* (moved from eu-de-01)"),
        (State.UNVERIFIED, AttemptOutcome.ACCEPTED, "not verified: eu-de-02 was ordered"),
        (State.FAILED, AttemptOutcome.REJECTED, "*eu-de-01*, where it was"),
        (State.FAILED, AttemptOutcome.ACCEPTED, "unknown: eu-de-01 or eu-de-02"),
        (State.UNKNOWN, AttemptOutcome.UNCLEAR, "unknown: eu-de-01 or eu-de-02"),
        (State.CANCELLED, None, "*eu-de-01*, where it was"),
    ],
)
def test_no_zone_is_claimed_that_was_not_seen(state: State, outcome: AttemptOutcome | None, claim: str) -> None:
    attempt = given.attempt(outcome) if outcome else None
    assert told(end_card(given.scene(given.request(state), run=given.run(), attempt=attempt)))[1].startswith(
        f"*Production:* {claim}"
    )


def test_the_end_card_names_the_clocks_the_skipped_steps_and_the_audit() -> None:
    steps = (StepProgress(step=Step.STOP, state=StepState.DONE, started_at=given.NOON, ended_at=given.NOON),)
    run = given.run().with_step(steps[0])
    lines = told(end_card(given.scene(given.request(State.VERIFIED), run=run, attempt=given.attempt())))
    assert "service not confirmed" in lines[2]
    assert "*Skipped:* Start (left off by the requester)" in lines
    assert lines[-1].startswith("Audit reference `req-1`")


def test_the_end_card_offers_what_comes_next() -> None:
    verified = given.scene(given.request(State.VERIFIED), run=given.run())
    assert list(buttons(end_card(verified))) == [ActionId.CONFIRM, ActionId.SHOW_LOGIN, ActionId.FAIL_BACK]
    confirmed = given.scene(given.request(State.VERIFIED), run=given.run(confirmed_at=given.NOON))
    assert ActionId.CONFIRM not in buttons(end_card(confirmed))
    assert buttons(end_card(given.scene(given.request(State.FAILED), run=given.run()))) == {}
    owed = given.scene(given.request(State.FAILED, break_glass=True), run=given.run())
    assert list(buttons(end_card(owed))) == [ActionId.REVIEW]


def test_a_reminder_pings_those_it_was_written_for() -> None:
    scene = given.scene(data={"users": ["UBOB"], "usergroups": []})
    assert told(reminder_message(scene))[0].startswith("<@UBOB>: *pg-erp* still needs 2 of 2 approvals.")


def test_the_login_guidance_names_each_server_and_what_it_is() -> None:
    text = "\n".join(told(login_message(given.scene(given.request(State.VERIFIED)))))
    assert "*srv-1, srv-4* · Linux, password" in text
    assert "If Cloudbase-Init is installed" in text


def test_the_form_shows_the_direction_and_asks_what_the_rule_asks() -> None:
    form = Form(project=given.request().project, group=given.snapshot().group, rule=given.RULE)
    lines = told(request_form(form))
    assert "PRODUCTION · Switch over: *eu-de-01 → eu-de-02* (active now → after)" in lines
    assert "Type “pg-erp” to confirm" in lines
    ticket = next(block for block in request_form(form)["blocks"] if block.get("block_id") == "ticket")
    assert not ticket["optional"]
    assert "CHG-" in ticket["hint"]["text"]


def test_the_form_opens_without_a_list_and_asks_for_the_id() -> None:
    form = Form(project=given.request().project, must_type_id=True, list_trouble="Timeout.", list_read_at=given.NOON)
    field = request_form(form)["blocks"][0]
    assert field["element"]["type"] == "plain_text_input"
    assert "Timeout. List from 2026-11-22 12:00 UTC." in field["hint"]["text"]
    assert list(form_errors(form, [given.BLOCKER])) == ["group_id"]


def test_break_glass_says_what_it_is() -> None:
    view = request_form(Form(project=given.request().project, group=given.snapshot().group, break_glass=True))
    assert view["callback_id"] == CallbackId.BREAK_GLASS
    assert told(view)[0].startswith("*BREAK-GLASS.* This starts without approvals")
    assert "Type “pg-erp” to confirm" in told(view)


def test_the_second_step_repeats_the_card_and_asks_to_tick_each_warning() -> None:
    findings = tuple(replace(given.WARNING, check=f"check-{n}", sentence=f"Warning {n}.") for n in range(12))
    card, view = (
        given.scene(given.request(findings=findings)),
        approve_view(given.scene(given.request(findings=findings))),
    )
    lines, shown = told(decision_card(card)), told(view)
    assert shown[:4] == [f"*{lines[0]}*", lines[1], lines[5], lines[6]]
    boxes = [block for block in view["blocks"] if block["type"] == "input"]
    values = [choice["value"] for box in boxes for choice in box["element"]["options"]]
    assert values == [finding.check for finding in findings]
    assert [box["block_id"] for box in boxes] == ["acknowledge", "acknowledge_1"]
    assert decode_target(view["private_metadata"])


def test_a_denial_needs_a_reason_and_force_is_never_preselected() -> None:
    assert [b["optional"] for b in deny_view(given.request())["blocks"] if b["type"] == "input"] == [False]
    asked = hard_stop_view(given.request(), given.run(question_subjects=("srv-1",)))
    assert "initial_option" not in asked["blocks"][-1]["element"]


def test_details_of_500_servers_say_how_many_are_left_out() -> None:
    lines = told(details_view(given.request(servers=500)))
    assert "Servers (500)" in lines
    assert any(line.startswith("• *srv-0* Some OS · ") for line in lines)


def test_details_say_codes_as_words() -> None:
    lines = told(details_view(given.request()))
    assert any("Windows with or without Cloudbase-Init, password, wave 1" in line for line in lines)
    assert not any("key_pair" in line or "_failover" in line for line in lines)


def test_more_projects_than_slack_can_offer_are_counted() -> None:
    assert told(choose_project([given.request().project] * 120))[-1] == "… (20 more projects)"


def test_other_lists_than_the_pinged_ones_stay_out_of_the_quorum_line() -> None:
    rule = replace(given.RULE, roles=(Role(name="any", need=2, who=Audience(users=frozenset({"UANNA"}))),))
    lines = told(decision_card(given.scene(rule=rule, quorum=Quorum(roles=(("any", 1, 2),)))))
    assert lines[12].startswith("*1 of 2*")
    assert "any 1 of 2" not in lines


def test_a_request_that_stops_nothing_says_so() -> None:
    lines = told(decision_card(given.scene(given.request(options=Options(stop_servers=False, start_servers=False)))))
    assert lines[2].startswith("Planned switchover: servers must be stopped already")
    assert "Servers stay off afterwards." in lines[2]
