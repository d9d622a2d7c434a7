"""What the second-factor page says about each way that a confirmation can end: plain text, one sentence each."""

from __future__ import annotations

from bot.domain.policy import Refusal
from bot.domain.preflight import Finding
from bot.service.confirming import Confirming, LinkOver, NotEnrolled, TooManyCodes, WrongCode
from bot.service.outcomes import (
    AlreadyApproved,
    AlreadyDecided,
    Approved,
    Blocked,
    Busy,
    CloudAway,
    Expired,
    Missing,
    PlanChanged,
    Refused,
    Unacknowledged,
)
from bot.slack.escape import utc
from bot.slack.texts import REFUSED
from bot.slack.words import STATE

LINK_OVER = (
    "This link does not hold any more: it was used, it expired, or the plan has changed. Nothing was counted. "
    "Click Approve in Slack again to get a new one."
)


def sentence(outcome: Confirming) -> str:
    match outcome:
        case LinkOver() | NotEnrolled() | WrongCode() | TooManyCodes():
            return _about_the_code(outcome)
        case Approved(request=request, given=given, needed=needed):
            then = "That was the last one: the run is queued." if given >= needed else "Others are still needed."
            return f"Approved ({given} of {needed}) for plan {request.plan.code}. {then} You can close this page."
        case AlreadyApproved(given=given, needed=needed):
            return f"You have approved this already ({given} of {needed}). It counts once."
        case Unacknowledged(findings=findings):
            return f"Nothing was counted. Tick each warning that you accept: {_told(findings)}"
        case Blocked(findings=findings):
            return f"Blocked, because: {_told(tuple(one for one in findings if one.is_blocker))} Nothing was counted."
        case Busy():
            return "Somebody else decided at this very moment. Nothing was counted. Try again."
        case CloudAway(problem=problem):
            return f"{problem.sentence} Nothing was counted."
        case Refused(reason=reason):
            return REFUSED[reason]
        case AlreadyDecided() | Expired() | PlanChanged() | Missing():
            return _too_late(outcome)


def _about_the_code(outcome: LinkOver | NotEnrolled | WrongCode | TooManyCodes) -> str:
    match outcome:
        case LinkOver():
            return LINK_OVER
        case NotEnrolled(account=account):
            return (
                f"No second factor is enrolled for {account.user}. Nothing was counted. Ask an operator of the bot to "
                f"run: failover-bot step-up enrol --user {account.user}"
            )
        case WrongCode():
            return "That is not the code, or it was used before. Nothing was counted. Wait for the next one."
        case TooManyCodes():
            return "Too many wrong codes. Nothing was counted, and no code is taken for some minutes."


def _too_late(outcome: AlreadyDecided | Expired | PlanChanged | Missing) -> str:
    match outcome:
        case AlreadyDecided(state=state):
            return f"Already decided: {STATE[state]}. Your code changed nothing."
        case Expired(at=at):
            return f"This request expired at {utc(at)}. Your code changed nothing."
        case PlanChanged():
            return "The plan has changed meanwhile. Nothing was counted. Look at the newest card in Slack."
        case Missing():
            return REFUSED[Refusal.NOT_APPROVER]


def _told(findings: tuple[Finding, ...]) -> str:
    return " ".join(f"{one.sentence} {one.cure}" for one in findings)
