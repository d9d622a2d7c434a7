"""Asking: check a group, and open a request for it. Nobody is pinged before every check has passed."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from bot.domain.audit import Entry
from bot.domain.errors import CloudError, PeopleError
from bot.domain.facts import GroupId, ProjectAlias, Snapshot
from bot.domain.lines import LineKind, line
from bot.domain.people import Account, Person
from bot.domain.plan import Options
from bot.domain.policy import Action, Decision, Refusal, Rule, decide, is_inside, rule_for
from bot.domain.request import Draft, Event, Request, RequestId, State
from bot.ports import Transaction
from bot.service.changes import Cause, advance, card, record, say, show
from bot.service.desk import Desk
from bot.service.looking import Look, look
from bot.service.outcomes import (
    AlreadyOpen,
    Blocked,
    Checked,
    Checking,
    CloudAway,
    Field,
    Invalid,
    Opened,
    Opening,
    Refused,
    RoomAway,
)

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no letter that is read as another one at night
MINUTE = timedelta(minutes=1)


def new_request_id() -> RequestId:
    """Opaque and unguessable, short enough to be read out: `FR-7K2M9QXA`."""
    return RequestId("FR-" + "".join(secrets.choice(ALPHABET) for _ in range(8)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A draft with everything that was seen before the decision."""

    draft: Draft
    person: Person
    snapshot: Snapshot
    look: Look
    rule: Rule
    cause: Cause


async def check(desk: Desk, project: ProjectAlias, group_id: GroupId, actor: Account) -> Checking:
    """The preflight without a request, for everybody who is a full member."""
    try:
        person = await desk.person(actor)
        snapshot = await desk.cloud.snapshot(project, group_id)
    except PeopleError:
        return Refused(reason=Refusal.NOBODY_KNOWS)
    except CloudError as error:
        return CloudAway(problem=error.problem)
    rule = rule_for(desk.policy, snapshot.group)
    decision = decide(desk.policy, rule, Action.CHECK, person, now=desk.clock.now())
    if decision.reason:
        return Refused(reason=decision.reason)
    production = snapshot.group.production
    if production is None:
        return Invalid(errors={Field.GROUP: _unknown_station(snapshot)})
    seen = look(snapshot, production.other, Options(), desk.policy, desk.clock.now())
    environment = rule.environment if rule else ""
    return Checked(snapshot=snapshot, plan=seen.plan, findings=seen.findings, environment=environment)


async def open_request(desk: Desk, draft: Draft, actor: Account, surface: str) -> Opening:
    """Check everything, then write the request and want its card. An open request of the group is shown instead."""
    try:
        person = await desk.person(actor)
        snapshot = await desk.cloud.snapshot(draft.project, draft.group_id)
    except PeopleError:
        return await _refuse(desk, draft, actor, surface, Refusal.NOBODY_KNOWS)
    except CloudError as error:
        if error.problem.is_missing:
            return Invalid(errors={Field.GROUP: error.problem.sentence})
        return CloudAway(problem=error.problem)
    rule = rule_for(desk.policy, snapshot.group)
    if rule is None:
        return await _refuse(desk, draft, actor, surface, Refusal.NO_RULE)
    if errors := form_errors(draft, snapshot, rule, desk.clock.now()):
        return Invalid(errors=errors)
    if cure := await desk.rooms.cure_for(rule.approvals_channel):
        return RoomAway(channel=rule.approvals_channel, cure=cure)
    seen = look(snapshot, draft.to, draft.options, desk.policy, desk.clock.now())
    cause = Cause(actor=actor, surface=surface, reason=draft.reason)
    ask = Ask(draft=draft, person=person, snapshot=snapshot, look=seen, rule=rule, cause=cause)
    outcome = await desk.store.run(lambda tx: _open(tx, desk, ask))
    desk.notifier.wake()
    return outcome


def form_errors(draft: Draft, snapshot: Snapshot, rule: Rule, now: datetime) -> dict[Field, str]:
    """What the form itself can answer, field by field."""
    errors: dict[Field, str] = {}
    start_at = draft.options.start_at
    if snapshot.group.production is None:
        errors[Field.GROUP] = _unknown_station(snapshot)
    elif snapshot.group.production is draft.to:
        zone = snapshot.group.zone_of(draft.to)
        errors[Field.DIRECTION] = f"Production is in {zone} already. Choose the other direction."
    if not draft.reason.strip():
        errors[Field.REASON] = "Say in a sentence why now. The approvers decide on it."
    if not _ticket_fits(draft.ticket, rule):
        errors[Field.TICKET] = f"This environment asks for a ticket that looks like {rule.ticket_pattern}."
    if rule.types_name and draft.typed_name.strip() != snapshot.group.name:
        errors[Field.TYPED_NAME] = f"Type the group's name exactly: {snapshot.group.name}"
    if start_at is not None and start_at <= now:
        errors[Field.START] = "This time has passed. Choose a later one, or start on approval."
    elif not draft.break_glass and not is_inside(rule, start_at or now) and start_at is not None:
        errors[Field.START] = "This time is outside of the change windows of this environment."
    return errors


def _ticket_fits(ticket: str, rule: Rule) -> bool:
    return not rule.ticket_pattern or re.fullmatch(rule.ticket_pattern, ticket.strip()) is not None


def _unknown_station(snapshot: Snapshot) -> str:
    group = snapshot.group
    return f"The cloud says production of {group.name} is at “{group.priority_station}”, a word I do not know."


async def _refuse(desk: Desk, draft: Draft, actor: Account, surface: str, reason: Refusal) -> Refused:
    entry = Entry(
        action=Action.REQUEST.value,
        outcome=reason.value,
        actor=actor,
        surface=surface,
        detail={"group": draft.group_id, "project": draft.project},
    )
    await desk.store.run(lambda tx: tx.audit.append(entry))
    return Refused(reason=reason)


def _open(tx: Transaction, desk: Desk, ask: Ask) -> Opening:
    draft = ask.draft
    decision = _may_ask(tx, desk, ask)
    if decision.reason:
        _note(tx, ask, decision.reason.value)
        return Refused(reason=decision.reason)
    if existing := tx.requests.open_for(draft.project, draft.group_id):
        record(tx, existing, Action.REQUEST.value, ask.cause, outcome="already_open")
        return AlreadyOpen(request=existing)
    if ask.look.blockers:
        _note(tx, ask, "blocked")
        return Blocked(findings=ask.look.findings)
    request = _request_of(tx, ask)
    if not tx.requests.add(request):
        return AlreadyOpen(request=cast(Request, tx.requests.open_for(draft.project, draft.group_id)))
    record(tx, request, Action.REQUEST.value, ask.cause, ticket=request.ticket, plan=request.plan.code)
    show(tx, request, card(request))
    opened = _break_glass(tx, request, ask) if draft.break_glass else request
    return Opened(request=opened, channel=ask.rule.approvals_channel)


def _may_ask(tx: Transaction, desk: Desk, ask: Ask) -> Decision:
    if tx.requests.of_requester(ask.person.account, since=tx.now - MINUTE) >= desk.limits.requests_per_minute:
        return Decision(reason=Refusal.TOO_MANY)
    action = Action.BREAK_GLASS if ask.draft.break_glass else Action.REQUEST
    owed = tx.requests.owing_review(ask.person.account) is not None
    return decide(desk.policy, ask.rule, action, ask.person, now=tx.now, is_review_owed=owed)


def _note(tx: Transaction, ask: Ask, outcome: str) -> None:
    """An audit row for an ask that became no request."""
    tx.audit.append(
        Entry(
            action=Action.REQUEST.value,
            outcome=outcome,
            actor=ask.person.account,
            surface=ask.cause.surface,
            digest=ask.look.plan.digest,
            detail={"group": ask.draft.group_id, "project": ask.draft.project, "reason": ask.draft.reason},
        )
    )


def _request_of(tx: Transaction, ask: Ask) -> Request:
    draft = ask.draft
    return Request(
        id=new_request_id(),
        state=State.PENDING,
        revision=1,
        project=draft.project,
        group=ask.snapshot.group,
        to=draft.to,
        environment=ask.rule.environment,
        requester=ask.person.account,
        reason=draft.reason.strip(),
        ticket=draft.ticket.strip(),
        options=draft.options,
        plan=ask.look.plan,
        snapshot=ask.snapshot,
        findings=ask.look.findings,
        created_at=tx.now,
        expires_at=_expiry(tx.now, draft.options, ask.rule),
        updated_at=tx.now,
        break_glass=draft.break_glass,
    )


def _expiry(now: datetime, options: Options, rule: Rule) -> datetime:
    """A request for a later time may be decided until then."""
    return max(now + rule.request_ttl, options.start_at or now)


def _break_glass(tx: Transaction, request: Request, ask: Ask) -> Request:
    """One person alone: approved by its own word, at once, with a badge that stays."""
    account = ask.person.account
    approved = advance(tx, request, Event.APPROVE, ask.cause, decided_by=account, decided_at=tx.now)
    if approved is None:
        return request
    say(tx, approved, line(LineKind.BREAK_GLASS, account=str(account), reason=request.reason))
    tx.runs.enqueue(approved.id, approved.revision)
    return approved
