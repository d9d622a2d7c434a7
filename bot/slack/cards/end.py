"""How a request ended: the end card in its thread, and the two messages that the incident channel gets."""

from __future__ import annotations

from typing import assert_never

from bot.domain.clocks import clocks, estimate
from bot.domain.facts import Site
from bot.domain.request import Request, State
from bot.domain.run import AttemptOutcome, HardStopAnswer, Run, StepState
from bot.slack.blocks import Block, actions, button, context, header, literal, section
from bot.slack.cards import lines
from bot.slack.cards.scene import Message, Scene
from bot.slack.escape import code, link, mention, mrkdwn, plain, when
from bot.slack.ids import ActionId, BlockId
from bot.slack.words import STATE, STEP

MOVED = frozenset({State.VERIFIED, State.PARTLY})
SHOWS_LOGIN = MOVED | {State.UNVERIFIED}


def end_card(scene: Scene) -> Message:
    request = scene.request
    word = outcome(request, scene.run)
    badge = "BREAK-GLASS · " if request.break_glass else ""
    title = f"{badge}{plain(word, 60)} · {plain(request.group.name, 80)}"
    told = [f"*Production:* {active_site(scene)}", f"*Clocks:* {_clocks(scene)}", *_exceptions(scene)]
    blocks = [
        header(title),
        section("\n".join(told)),
        section(f"*Next:* {next_step(scene)}"),
        context(f"Audit reference {code(request.id, 70)} · {lines.plan_code(request)}"),
        *actions(_end_buttons(scene), block_id=BlockId.DECIDE),
    ]
    return Message(text=f"{title}.", blocks=blocks)


def outcome(request: Request, run: Run | None) -> str:
    """The outcome in a word or two; plain text."""
    match request.state:
        case State.UNVERIFIED:
            return "FINISHED, NOT VERIFIED"
        case State.PARTLY:
            return f"PARTLY: {run.running_count} of {run.server_count} running" if run else "PARTLY"
        case _:
            return STATE[request.state].upper()


def active_site(scene: Scene) -> str:
    """Only what was seen: after a reversal that nobody could verify, no zone is claimed."""
    request = scene.request
    to_zone, from_zone = mrkdwn(request.to_zone, 60), mrkdwn(request.from_zone, 60)
    match request.state:
        case State.VERIFIED | State.PARTLY:
            return f"*{to_zone}* (moved from {from_zone})"
        case State.UNVERIFIED:
            return f"not verified: {to_zone} was ordered and the job is done, but it could not be seen there"
        case State.CANCELLED:
            return f"*{from_zone}*, where it was"
        case State.FAILED if _never_sent(scene):
            return f"*{from_zone}*, where it was: the reversal did not happen"
        case _:
            return f"unknown: {from_zone} or {to_zone}. Look at the group in the console"


def _never_sent(scene: Scene) -> bool:
    attempt = scene.view.attempt
    return attempt is None or attempt.outcome is AttemptOutcome.REJECTED


def _clocks(scene: Scene) -> str:
    """All five; one that was not measured says why, and no time is invented."""
    measured = clocks(scene.request, scene.view.approvals, scene.run, scene.view.attempt)
    return " · ".join(f"{clock.name} {clock.text}" for clock in measured)


def _exceptions(scene: Scene) -> list[str]:
    """What was skipped or forced, by whom and why."""
    run, request = scene.run, scene.request
    told = []
    if run:
        told += [
            f"*Skipped:* {STEP[p.step]}" + (f" ({mrkdwn(p.note, 200)})" if p.note else "")
            for p in run.steps
            if p.state is StepState.SKIPPED
        ]
        if run.hard_stop is HardStopAnswer.FORCE:
            told.append(f"*Forced off* by {mention(run.answered_by)}")
        if run.cancel_requested_by:
            told.append(f"*Cancel* asked by {mention(run.cancel_requested_by)}")
        if run.problem:
            told.append(f"*What went wrong:* {mrkdwn(run.problem.sentence, 900)}")
        if run.confirmed_at:
            told.append(f"*Service confirmed* by {mention(run.confirmed_by)} {when(run.confirmed_at)}")
    if request.break_glass:
        review = "the review is written" if request.review else "*the review is still owed*"
        told.append(f"*Break-glass* by {mention(request.requester)}, alone; {review}")
    if request.state is State.UNKNOWN and request.decision_reason:
        told.append(f"*Closed* by {mention(request.decided_by)}: {mrkdwn(request.decision_reason, 500)}")
    return told


def next_step(scene: Scene) -> str:
    request, run = scene.request, scene.run
    match request.state:
        case State.VERIFIED | State.PARTLY | State.UNVERIFIED:
            return _after_move(request, run)
        case State.CANCELLED:
            return "nothing; make a new request if it is still needed."
        case State.FAILED if _never_sent(scene):
            return "find out why in this thread, then make a new request if it is still needed."
        case State.FAILED:
            return "find out in the console where production is, and start its servers there; then make a new request."
        case State.NEEDS_PERSON:
            return "answer the question in this thread."
        case State.UNKNOWN:
            return "find out in the console where production is, start its servers there, and write it down here."
        case State.PENDING | State.APPROVED | State.RUNNING:
            return "nothing; this is under way."
        case State.DENIED | State.EXPIRED | State.WITHDRAWN | State.SUPERSEDED:
            return "nothing; nothing was started."
        case _:
            assert_never(request.state)


def _after_move(request: Request, run: Run | None) -> str:
    parts = []
    if request.state is State.UNVERIFIED:
        parts.append("find out in the console where production is, and start its servers there")
    if request.state is State.PARTLY:
        parts.append("start the missing servers by hand")
    if run is None or run.confirmed_at is None:
        parts.append("confirm the service once it works")
    if request.to is Site.TARGET:
        parts.append("fail back when the other site is well again")
    return "; ".join(parts) + "." if parts else "nothing."


def _end_buttons(scene: Scene) -> list[Block]:
    request, value, group = scene.request, scene.target, plain(scene.request.group.name, 30)
    made = []
    if request.state in SHOWS_LOGIN and (scene.run is None or scene.run.confirmed_at is None):
        says = f"Confirm that the service of {group} works"
        made.append(button("Confirm service", ActionId.CONFIRM, value, says=says, style="primary"))
    if request.state in SHOWS_LOGIN:
        made.append(button("Login guidance", ActionId.SHOW_LOGIN, value, says=f"Show how to log in to {group}"))
    if request.state in MOVED:
        label = "Fail back…" if request.to is Site.TARGET else "Fail over again…"
        made.append(button(label, ActionId.FAIL_BACK, value, says=f"Request the way back for {group}"))
    if request.break_glass and not request.review:
        made.append(button("Write review…", ActionId.REVIEW, value, says=f"Write the break-glass review of {group}"))
    return made


# ---------------------------------------------------------------------------------------- incidents


def incident_message(scene: Scene) -> Message:
    return _started(scene) if scene.key == "started" else _ended(scene)


def _started(scene: Scene) -> Message:
    request = scene.request
    told = [
        f"*{_title(request)}* has started: {lines.direction(request)}",
        f"{lines.servers(request)} · expected outage: {estimate(scene.view.history.outages)}",
        f"{lines.origin(request)} · {lines.plan_code(request)}{_follow(scene)}",
    ]
    text = f"{plain(_title(request), 140)} has started."
    return Message(text=text, blocks=[section("\n".join(told)), literal(lines.reason(request))])


def _ended(scene: Scene) -> Message:
    request = scene.request
    word = outcome(request, scene.run)
    told = [
        f"*{_title(request)}*: *{word}*",
        f"Production: {active_site(scene)}",
        f"Next: {next_step(scene)}{_follow(scene)}",
    ]
    if scene.run and scene.run.problem:
        told.insert(2, mrkdwn(scene.run.problem.sentence, 600))
    return Message(text=f"{plain(_title(request), 140)}: {word}.", blocks=[section("\n".join(told))])


def _title(request: Request) -> str:
    badge = "BREAK-GLASS · " if request.break_glass else ""
    group, environment = mrkdwn(request.group.name, 80), mrkdwn(request.environment, 30)
    return f"{badge}{environment} · {lines.verb(request.to)} “{group}”"


def _follow(scene: Scene) -> str:
    return f" · {link(scene.card_url, 'follow it')}" if scene.card_url else ""
