"""Approving: the plan is looked at again, the person is looked at live, and the last approval hands the run over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from bot.domain.errors import Problem
from bot.domain.lines import LineKind, line
from bot.domain.people import Person
from bot.domain.policy import Action, Quorum, Refusal, count, rule_for
from bot.domain.request import Approval, Event, Request, State
from bot.ports import Standing, Transaction
from bot.service.changes import Cause, advance, card, record, redraw, say, show
from bot.service.clicks import Click, cause_of, fresh_look, judge, last_look, note, standing, who
from bot.service.considering import FIRST_STEP
from bot.service.desk import Desk
from bot.service.expiry import approval_ends_at
from bot.service.glass import break_glass
from bot.service.looking import Look, has_drifted
from bot.service.outcomes import (
    AlreadyApproved,
    AlreadyDecided,
    Approved,
    Approving,
    Blocked,
    Busy,
    CloudAway,
    Done,
    PlanChanged,
    Refused,
    Unacknowledged,
)
from bot.service.stepping import invite


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked at before the transaction: the person, and the cloud if the request waits for approvals."""

    person: Person | None
    fresh: Look | Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A person who may approve this request now, and the roles it would count for."""

    request: Request
    person: Person
    roles: tuple[str, ...]
    fresh: Look


async def approve(desk: Desk, click: Click) -> Approving:
    """Count one approval of exactly this plan, and hand the run to the engine with the last one."""
    person = await who(desk, click.actor)
    outcome = await desk.store.run(lambda tx: _on_last_look(tx, desk, click, person))
    if isinstance(outcome, Request):
        seen = Seen(person=person, fresh=await fresh_look(desk, outcome))
        outcome = await desk.store.run(lambda tx: approve_in(tx, desk, click, seen))
    is_starting = isinstance(outcome, Approved) and outcome.request.state is State.APPROVED
    desk.notifier.wake(is_urgent=not is_starting)
    return outcome


async def consider(desk: Desk, click: Click) -> Approving | Done:
    """All that approving asks, without counting: for the second step, which repeats what will happen."""
    seen = await look_around(desk, click, at_once=True)
    outcome = await desk.store.run(lambda tx: _consider(tx, desk, click, seen))
    desk.notifier.wake()
    return outcome


async def check_again(desk: Desk, click: Click) -> Approving | Done:
    """Look at the cloud again and let the card show it; a changed plan is a new revision."""
    seen = await look_around(desk, click, at_once=True)
    outcome = await desk.store.run(lambda tx: _check_again(tx, desk, click, seen))
    desk.notifier.wake()
    return outcome


async def look_around(desk: Desk, click: Click, *, at_once: bool = False) -> Seen:
    """All that must be looked at outside of the transaction."""
    person, request = await asyncio.gather(
        who(desk, click.actor), desk.store.read(lambda tx: tx.requests.get(click.request_id))
    )
    if person is None or request is None or request.state is not State.PENDING:
        return Seen(person=person, fresh=None)
    return Seen(person=person, fresh=await fresh_look(desk, request, at_once=at_once))


def _on_last_look(tx: Transaction, desk: Desk, click: Click, person: Person | None) -> Approving | Request:
    """What comes of the click while the look that the card shows still counts; else the request, to be looked at."""
    request = tx.requests.hold(click.request_id)
    waits = person is not None and request is not None and request.state is State.PENDING
    fresh = last_look(desk, request) if request and waits else None
    if request and waits and fresh is None:
        return request
    return approve_in(tx, desk, click, Seen(person=person, fresh=fresh))


def approve_in(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Approving:
    """The one way to an approval, wherever it was given."""
    admitted = _admit(tx, desk, click, seen)
    if not isinstance(admitted, Admitted):
        return admitted
    missing = tuple(one for one in admitted.fresh.warnings if one.check not in click.acknowledged)
    if missing:
        note(tx, click, Action.APPROVE, left := Unacknowledged(findings=missing))
        return left
    if _is_glass(admitted.request, click):
        released = break_glass(tx, desk, admitted.request, cause_of(click))
        return Approved(request=released, given=1, needed=1)
    return _count(tx, desk, click, admitted)


def _consider(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Approving | Done:
    admitted = _admit(tx, desk, click, seen)
    if not isinstance(admitted, Admitted):
        return admitted
    refreshed = _refresh(tx, admitted.request, admitted.fresh)
    if any(given.person_id == admitted.person.person_id for given in tx.approvals.of(refreshed.id, refreshed.revision)):
        return _again(tx, desk, click, refreshed)
    record(tx, refreshed, Action.APPROVE.value, cause_of(click), outcome=FIRST_STEP)  # no yes yet
    return Done(request=refreshed)


def _admit(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Admitted | Approving:
    """The right, then the plan. Whatever stands in the way is the answer, and an audit row."""
    outcome = _admission(tx, desk, click, seen)
    if not isinstance(outcome, Admitted):
        note(tx, click, Action.APPROVE, outcome)
    return outcome


def _admission(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Admitted | Approving:
    request = standing(tx, click)
    if not isinstance(request, Request):
        return request
    if request.state is not State.PENDING:
        return AlreadyDecided(state=request.state, by=request.decided_by, at=request.decided_at)
    action = Action.BREAK_GLASS if _is_glass(request, click) else Action.APPROVE
    decision = judge(tx, desk, request, action, click, seen.person)
    if seen.person is None or decision.reason not in (None, Refusal.STEP_UP_NEEDED):
        return Refused(reason=decision.reason or Refusal.NOBODY_KNOWS)
    obstacle = _obstacle(tx, request, click, seen)
    if obstacle or seen.fresh is None or isinstance(seen.fresh, Problem):
        return obstacle or Busy()
    if decision.reason is Refusal.STEP_UP_NEEDED:
        return Refused(reason=decision.reason, link=invite(tx, desk, request, click.actor))
    return Admitted(request=request, person=seen.person, roles=decision.roles, fresh=seen.fresh)


def _is_glass(request: Request, click: Click) -> bool:
    """The requester of a break-glass that waits for nothing but its second factor."""
    return request.break_glass and click.actor == request.requester


def _obstacle(tx: Transaction, request: Request, click: Click, seen: Seen) -> CloudAway | PlanChanged | Blocked | None:
    """What the look at the cloud says against it."""
    match seen.fresh:
        case None:  # it became pending between our look and this transaction
            return None
        case Problem() as problem:
            return CloudAway(problem=problem)
        case fresh if has_drifted(request, fresh):
            changed = redraw(tx, request, fresh, cause_of(click)) or request
            return PlanChanged(clicked=request.revision, request=changed)
        case fresh:
            return Blocked(findings=fresh.findings) if fresh.blockers else None


def _count(tx: Transaction, desk: Desk, click: Click, admitted: Admitted) -> Approving:
    request, person, roles = admitted.request, admitted.person, admitted.roles
    before, approval = tx.approvals.of(request.id, request.revision), _approval(tx, click, admitted)
    approvals = (*before, approval)
    if not tx.approvals.add(approval):
        return _again(tx, desk, click, request)
    quorum = _quorum(desk, request, approvals)
    cause = replace(cause_of(click), detail={"given": quorum.given, "needed": quorum.needed, "roles": list(roles)})
    said = {"account": str(person.account), "plan": request.plan.code}
    say(tx, request, line(LineKind.APPROVED, **said, given=quorum.given, needed=quorum.needed))
    if quorum.is_met:
        request = _release(tx, desk, request, cause, approvals)
    else:
        record(tx, request, Action.APPROVE.value, cause)
        show(tx, request, card(request))
    return Approved(request=request, given=quorum.given, needed=quorum.needed)


def _again(tx: Transaction, desk: Desk, click: Click, request: Request) -> AlreadyApproved:
    quorum = _quorum(desk, request, tx.approvals.of(request.id, request.revision))
    note(tx, click, Action.APPROVE, again := AlreadyApproved(given=quorum.given, needed=quorum.needed))
    return again


def _approval(tx: Transaction, click: Click, admitted: Admitted) -> Approval:
    return Approval(
        request_id=admitted.request.id,
        revision=admitted.request.revision,
        account=admitted.person.account,
        person_id=admitted.person.person_id,
        name=admitted.person.name,
        roles=admitted.roles,
        digest=admitted.request.plan.digest,
        at=tx.now,
        acknowledged=tuple(sorted(click.acknowledged)),
        is_step_up=click.has_stepped_up,
    )


def _quorum(desk: Desk, request: Request, approvals: tuple[Approval, ...]) -> Quorum:
    rule = rule_for(desk.policy, request.group)
    return count(desk.policy, rule, request, approvals) if rule else Quorum(roles=())


def _release(tx: Transaction, desk: Desk, request: Request, cause: Cause, approvals: tuple[Approval, ...]) -> Request:
    """Enough approvals: the state and the engine's order are one transaction."""
    rule = rule_for(desk.policy, request.group)
    ends_at = approval_ends_at(tx.now, request.options, rule) if rule else request.expires_at
    decided = {"decided_by": approvals[-1].account, "decided_at": tx.now, "expires_at": ends_at}
    approved = advance(tx, request, Event.APPROVE, cause, **decided)
    if approved is None:  # the row holds another plan than the one it was read with: nothing is kept of this
        raise RuntimeError(f"request {request.id} could not be approved although it was held")
    start_at = request.options.start_at
    if start_at is None or start_at <= tx.now:
        desk.expect(Standing(request=approved, approvals=approvals, run=None, attempt=None))
        tx.runs.enqueue(approved.id, approved.revision)
    else:
        say(tx, approved, line(LineKind.QUORUM, start_at=start_at.isoformat()))
    return approved


def _check_again(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Approving | Done:
    outcome = _checked(tx, desk, click, seen)
    note(tx, click, Action.CHECK, outcome)
    return outcome


def _checked(tx: Transaction, desk: Desk, click: Click, seen: Seen) -> Approving | Done:
    request = standing(tx, click)
    if not isinstance(request, Request):
        return request
    decision = judge(tx, desk, request, Action.CHECK, click, seen.person)
    if decision.reason:
        return Refused(reason=decision.reason)
    match seen.fresh:
        case None:
            return Done(request=request)
        case Problem() as problem:
            return CloudAway(problem=problem)
        case fresh if has_drifted(request, fresh):
            changed = redraw(tx, request, fresh, cause_of(click)) or request
            return PlanChanged(clicked=request.revision, request=changed)
        case fresh:
            return Done(request=_refresh(tx, request, fresh))


def _refresh(tx: Transaction, request: Request, fresh: Look) -> Request:
    """The same plan, seen again just now."""
    now = replace(request, snapshot=fresh.snapshot, findings=fresh.findings)
    if not tx.requests.move(request, now):
        return request
    show(tx, now, card(now))
    return now
