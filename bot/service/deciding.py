"""Deny, withdraw, take back: a person's word that stops a request before it runs."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.lines import LineKind, line
from bot.domain.people import Person
from bot.domain.policy import Action, Refusal
from bot.domain.request import Event, Request, State
from bot.ports import Transaction
from bot.service.changes import advance, card, record, say, show, tell_requester
from bot.service.clicks import Click, cause_of, judge, note, standing, who
from bot.service.desk import Desk
from bot.service.expiry import reopened_until
from bot.service.outcomes import Acting, Done, Refused, TooLate

Change = Callable[[Transaction, Request, Person], Request | None]


async def deny(desk: Desk, click: Click) -> Acting:
    return await _decide(desk, click, Action.DENY, _ending(click, Event.DENY, LineKind.DENIED))


async def withdraw(desk: Desk, click: Click) -> Acting:
    return await _decide(desk, click, Action.WITHDRAW, _ending(click, Event.WITHDRAW, LineKind.WITHDRAWN))


async def retract(desk: Desk, click: Click) -> Acting:
    """Take one's own approval back, as long as the run has not started."""

    def take_back(tx: Transaction, request: Request, person: Person) -> Request | None:
        return _taken_back(tx, desk, request, click, person)

    return await _decide(desk, click, Action.RETRACT, take_back)


async def _decide(desk: Desk, click: Click, action: Action, change: Change) -> Acting:
    person = await who(desk, click.actor)
    outcome = await desk.store.run(lambda tx: _decided(tx, desk, click, person, action, change))
    desk.notifier.wake()
    return outcome


def _decided(
    tx: Transaction, desk: Desk, click: Click, person: Person | None, action: Action, change: Change
) -> Acting:
    request = standing(tx, click)
    if not isinstance(request, Request):
        note(tx, click, action, request)
        return request
    decision = judge(tx, desk, request, action, click, person)
    lacks_reason = action is Action.DENY and not click.reason.strip()
    if person is None or decision.reason or lacks_reason:
        refused = Refused(reason=decision.reason or (Refusal.NO_REASON if lacks_reason else Refusal.NOBODY_KNOWS))
        note(tx, click, action, refused)
        return refused
    changed = change(tx, request, person)
    if changed is None:
        note(tx, click, action, late := TooLate(request=request))
        return late
    return Done(request=changed)


def _ending(click: Click, event: Event, kind: LineKind) -> Change:
    def end(tx: Transaction, request: Request, person: Person) -> Request | None:
        ended = advance(
            tx, request, event, cause_of(click), decided_by=click.actor, decided_at=tx.now, decision_reason=click.reason
        )
        if ended:
            said = line(kind, account=str(click.actor), reason=click.reason)
            say(tx, ended, said)
            if click.actor != ended.requester:
                tell_requester(tx, ended, said)
        return ended

    return end


def _taken_back(tx: Transaction, desk: Desk, request: Request, click: Click, person: Person) -> Request | None:
    if request.state not in (State.PENDING, State.APPROVED):
        return None
    if not tx.approvals.retract(request.id, request.revision, person.person_id):
        return None
    say(tx, request, line(LineKind.RETRACTED, account=str(person.account)))
    if request.state is State.APPROVED:
        fields = {"decided_by": None, "decided_at": None, "expires_at": reopened_until(tx, desk, request)}
        return advance(tx, request, Event.RETRACT, cause_of(click), **fields)
    record(tx, request, Action.RETRACT.value, cause_of(click))
    show(tx, request, card(request))
    return request
