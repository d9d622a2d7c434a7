"""What the use cases answer, as a person at the prompt reads it, and the exit status that goes with it."""

from __future__ import annotations

from typing import assert_never

from bot.cli.say import harmless
from bot.domain.errors import Problem
from bot.domain.policy import Refusal, account_key
from bot.domain.preflight import Finding
from bot.domain.request import Request
from bot.evidence import stamp, who
from bot.operators import this_operator
from bot.service.outcomes import (
    Acting,
    AlreadyApproved,
    AlreadyDecided,
    AlreadyOpen,
    Approved,
    Approving,
    Blocked,
    Busy,
    CloudAway,
    Done,
    Expired,
    Invalid,
    Missing,
    NothingToAnswer,
    Opened,
    Opening,
    PlanChanged,
    Refused,
    RoomAway,
    TooLate,
    Unacknowledged,
)
from bot.slack.texts import REFUSED
from bot.slack.words import STATE

# The sentences of Slack's answers hold here too, but for those that speak of Slack.
REFUSED_HERE = {
    Refusal.NOT_APPROVER: "You are not an approver of this group. Nothing was counted. "
    "`failover-bot policy explain` says who is.",
    Refusal.REVIEW_OWED: "You still owe the review of your last break-glass. Nothing was started. "
    "Write it first: `failover-bot review REQUEST --text …`; `failover-bot status` lists the request.",
    Refusal.STEP_UP_NEEDED: "This needs your second factor, and the bot has no page for it: PUBLIC_URL and STEP_UP_KEY "
    "are not set here. Nothing was counted.",
}


def opening(outcome: Opening) -> tuple[str, int]:
    match outcome:
        case Opened(request=request, link=link):
            return _opened(request, link), 0
        case AlreadyOpen(request=request):
            state = STATE[request.state]
            return f"Request {request.id} of this group is open already ({state}). No second one was made.", 1
        case Invalid(errors=errors):
            return " ".join((*errors.values(), "Nothing was requested.")), 1
        case RoomAway(channel=channel, cure=cure):
            return f"The channel {channel} can't be written to. Nothing was requested. {cure}", 1
        case Blocked() | Refused() | CloudAway():
            return _obstacle(outcome, "Nothing was requested."), 1
        case _:
            assert_never(outcome)


def _opened(request: Request, link: str) -> str:
    plan = f"{request.id}, plan {request.plan.code}"
    if link:
        return f"Break-glass: {plan} begins with your second factor; nothing was started yet. {_confirm_at(link)}"
    if request.break_glass:
        return f"Break-glass: {plan} is approved by you alone and queued. Everybody is told, and you owe a review."
    return f"Requested: {plan}. Approvers decide until {stamp(request.expires_at)}."


def approving(outcome: Approving) -> tuple[str, int]:
    match outcome:
        case Approved(request=request, given=given, needed=needed):
            then = (
                "That was the last one: the run is queued."
                if given >= needed
                else "Nothing starts before all are there."
            )
            return f"Approved ({given} of {needed}) for plan {request.plan.code}. {then}", 0
        case AlreadyApproved(given=given, needed=needed):
            return f"You have approved this already ({given} of {needed}). It counts once.", 1
        case Unacknowledged(findings=findings):
            accepts = " ".join(f"--accept {finding.check}" for finding in findings)
            return f"{_sentences(findings)} Nothing was counted. Accept each warning by name: {accepts}", 1
        case Busy():
            return "Somebody else decided at this very moment. Nothing was counted. Try again.", 1
        case Blocked() | Refused() | CloudAway():
            return _obstacle(outcome, "Nothing was counted."), 1
        case _:
            return _stale(outcome), 1


def acting(outcome: Acting, done: str, *, nothing: str = "") -> tuple[str, int]:
    """`nothing`: what is said when there was nothing to do it with."""
    match outcome:
        case Done(request=request):
            return f"{done} Request {request.id} is now: {STATE[request.state]}.", 0
        case TooLate() | NothingToAnswer() if nothing:
            return nothing, 1
        case TooLate(request=request) | NothingToAnswer(request=request):
            return f"Too late: request {request.id} is {STATE[request.state]} by now. Nothing was changed.", 1
        case Refused():
            return _obstacle(outcome, "Nothing was changed."), 1
        case _:
            return _stale(outcome), 1


def _stale(outcome: AlreadyDecided | Expired | PlanChanged | Missing) -> str:
    match outcome:
        case AlreadyDecided(state=state, by=by, at=at):
            whose = f" by {who(by)}" if by else ""
            return f"Already decided: {STATE[state]}{whose}{f' at {stamp(at)}' if at else ''}. Nothing was changed."
        case Expired(at=at):
            return f"This request expired at {stamp(at)}. Nothing was changed. Make a new one."
        case PlanChanged(clicked=clicked, request=request):
            return (
                f"The plan has changed: you decided about revision {clicked} and now it is {request.revision}, "
                f"plan {request.plan.code}. Nothing was counted. Look at it again."
            )
        case Missing():
            return "There is no such request. Nothing was changed. `failover-bot status` lists the latest ones."
        case _:
            assert_never(outcome)


def _obstacle(outcome: Blocked | Refused | CloudAway, not_done: str) -> str:
    match outcome:
        case Blocked(findings=findings):
            return f"Blocked, because: {_sentences(tuple(f for f in findings if f.is_blocker))} {not_done}"
        case Refused(reason=Refusal.NOBODY_KNOWS):
            return (
                f"You are {account_key(this_operator())}, and the policy knows no such operator. {not_done} "
                "Ask its owner to add you to its table of people."
            )
        case Refused(reason=Refusal.STEP_UP_NEEDED, link=link) if link:
            return f"This needs your second factor. Nothing was counted yet. {_confirm_at(link)}"
        case Refused(reason=reason):
            return REFUSED_HERE.get(reason) or REFUSED[reason]
        case CloudAway(problem=problem):
            return f"{told(problem)} {not_done}"
        case _:
            assert_never(outcome)


def _confirm_at(link: str) -> str:
    return f"Confirm at {link} within ten minutes."


def told(problem: Problem) -> str:
    return harmless(problem.sentence)


def _sentences(findings: tuple[Finding, ...]) -> str:
    return harmless(" ".join(f"{finding.sentence} {finding.cure}" for finding in findings))
