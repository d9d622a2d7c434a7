"""Which sentence belongs to which outcome of the service: total, so that no click can end without one."""

from __future__ import annotations

from typing import assert_never

from bot.domain.preflight import Level
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
from bot.slack import texts


def of_opening(outcome: Opening) -> str:
    match outcome:
        case Opened(request=request, channel=channel, link=link):
            return texts.step_up() if link else texts.requested(channel, request)
        case AlreadyOpen(card_url=url):
            return texts.open_elsewhere(url)
        case Invalid():
            return " ".join(outcome.errors.values())
        case Blocked():
            return texts.blocked([finding for finding in outcome.findings if finding.level is Level.BLOCKER])
        case Refused():
            return texts.refused(outcome.reason)
        case CloudAway():
            return texts.problem(outcome.problem)
        case RoomAway():
            return outcome.cure
        case _:
            assert_never(outcome)


def of_approving(outcome: Approving) -> str:
    match outcome:
        case Approved():
            return texts.approved(outcome.given, outcome.needed, outcome.request.plan.code)
        case AlreadyApproved():
            return texts.approved_before(outcome.given, outcome.needed)
        case Blocked():
            return texts.blocked([finding for finding in outcome.findings if finding.level is Level.BLOCKER])
        case Unacknowledged():
            return texts.warnings_left(outcome.findings)
        case Busy():
            return texts.busy()
        case CloudAway():
            return texts.problem(outcome.problem)
        case _:
            return of_click(outcome)


def of_click(outcome: AlreadyDecided | Expired | PlanChanged | Refused | Missing) -> str:
    """The answers that every button shares."""
    match outcome:
        case AlreadyDecided():
            return texts.already_decided(outcome.state, outcome.by, outcome.at)
        case Expired():
            return texts.expired(outcome.at)
        case PlanChanged():
            return texts.plan_changed(outcome.clicked, outcome.request.revision)
        case Refused():
            return texts.refused(outcome.reason)
        case Missing():
            return texts.unknown_request()
        case _:
            assert_never(outcome)


def of_acting(outcome: Acting, done: str, *, late: str = "", nothing: str = "") -> str:
    match outcome:
        case Done():
            return done
        case TooLate():
            return late or texts.already_decided(outcome.request.state, outcome.request.decided_by, None)
        case NothingToAnswer():
            return nothing or texts.no_question()
        case _:
            return of_click(outcome)
