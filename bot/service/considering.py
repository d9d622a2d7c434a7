"""The click that opens a second step: judged like the step itself and recorded, so that nobody fills a form in vain."""

from __future__ import annotations

from bot.domain.people import Person
from bot.domain.policy import Action
from bot.domain.request import Event, Request, after
from bot.ports import Transaction
from bot.service.changes import record
from bot.service.clicks import Click, cause_of, judge, note, standing, who
from bot.service.desk import Desk
from bot.service.outcomes import Acting, Done, Missing, PlanChanged, Refused, TooLate

FIRST_STEP = "considered"  # how the audit tells the first step from the second


async def consider(desk: Desk, click: Click, action: Action) -> Acting:
    """All that `action` asks of the person and of the request, without doing it."""
    person = await who(desk, click.actor)
    return await desk.store.run(lambda tx: _considered(tx, desk, click, person, action))


def _considered(tx: Transaction, desk: Desk, click: Click, person: Person | None, action: Action) -> Acting:
    outcome = _outcome(tx, desk, click, person, action)
    if isinstance(outcome, Done):
        record(tx, outcome.request, action.value, cause_of(click), outcome=FIRST_STEP)
    else:
        note(tx, click, action, outcome)
    return outcome


def _outcome(tx: Transaction, desk: Desk, click: Click, person: Person | None, action: Action) -> Acting:
    request = standing(tx, click) if action is Action.DENY else tx.requests.get(click.request_id) or Missing()
    if not isinstance(request, Request):
        return request
    decision = judge(tx, desk, request, action, click, person)
    if decision.reason:
        return Refused(reason=decision.reason)
    if action is Action.DENY:
        return Done(request=request) if after(request.state, Event.DENY) else TooLate(request=request)
    seen = click.revision or request.revision
    if seen != request.revision and action is not Action.SEE_DETAILS:
        return PlanChanged(clicked=seen, request=request)
    return Done(request=request)
