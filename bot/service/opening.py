"""Asking: check a group, and open a request for it. Nobody is pinged before every check has passed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from bot.call_log import about
from bot.domain.audit import Entry
from bot.domain.errors import CloudError, PeopleError
from bot.domain.facts import GroupId, ProjectAlias, Site, Snapshot
from bot.domain.people import Account, Person
from bot.domain.plan import Options
from bot.domain.policy import Action, Decision, Refusal, Rule, decide, rule_for
from bot.domain.request import Draft, Request, RequestId, State
from bot.ports import Transaction
from bot.service.changes import Cause, card, frozen, record, show
from bot.service.clicks import owes_review, word_of
from bot.service.desk import Desk
from bot.service.expiry import request_ends_at
from bot.service.form import form_errors, unknown_station
from bot.service.glass import break_glass, gives_way, supersede
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
from bot.service.stepping import invite

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
    to: Site
    look: Look
    rule: Rule
    cause: Cause


async def check(desk: Desk, project: ProjectAlias, group_id: GroupId, actor: Account) -> Checking:
    """The preflight without a request, for everybody who is a full member."""
    if not _is_slow_enough(desk, actor, (project, group_id)):
        return Refused(reason=Refusal.TOO_MANY)
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
        return Invalid(errors={Field.GROUP: unknown_station(snapshot)})
    seen = look(snapshot, production.other, Options(), desk.policy, desk.clock.now())
    return Checked(snapshot=snapshot, plan=seen.plan, findings=seen.findings, environment=seen.environment)


async def open_request(desk: Desk, draft: Draft, actor: Account, surface: str) -> Opening:
    """Check everything, then write the request and want its card. An open request of the group is shown instead."""
    cause = Cause(actor=actor, surface=surface, reason=draft.reason)
    with about() as calls:
        ask = await _prepared(desk, draft, cause, actor)

        def work(tx: Transaction) -> Opening:
            return _open(tx, desk, ask) if isinstance(ask, Ask) else _noted(tx, draft, cause, ask)

        outcome = await desk.store.run(work)
        calls.request_id = outcome.request.id if isinstance(outcome, Opened) else None
    desk.notifier.wake()
    return outcome


async def _prepared(desk: Desk, draft: Draft, cause: Cause, actor: Account) -> Ask | Opening:
    """All looks outside of the database, the cheapest first: a flood must not reach the cloud."""
    if not _is_slow_enough(desk, actor):
        return Refused(reason=Refusal.TOO_MANY)
    try:
        person = await desk.person(actor)
        existing = await desk.store.read(lambda tx: tx.requests.open_for(draft.project, draft.group_id))
        if existing and not gives_way(existing, draft):
            return AlreadyOpen(request=existing)
        if not _is_slow_enough(desk, actor, (draft.project, draft.group_id)):
            return Refused(reason=Refusal.TOO_MANY)
        snapshot = await desk.cloud.snapshot(draft.project, draft.group_id)
    except PeopleError:
        return Refused(reason=Refusal.NOBODY_KNOWS)
    except CloudError as error:
        if error.problem.is_missing:
            return Invalid(errors={Field.GROUP: error.problem.sentence})
        return CloudAway(problem=error.problem)
    return await _complete(desk, draft, cause, person, snapshot)


def _is_slow_enough(desk: Desk, actor: Account, group: tuple[ProjectAlias, GroupId] | None = None) -> bool:
    limits = desk.limits
    per_minute = limits.asks_per_group_per_minute if group else limits.asks_per_minute
    return desk.pace.allows(group or actor, per_minute=per_minute, now_seconds=desk.clock.monotonic())


async def _complete(desk: Desk, draft: Draft, cause: Cause, person: Person, snapshot: Snapshot) -> Ask | Opening:
    rule = rule_for(desk.policy, snapshot.group)
    if rule is None:
        return Refused(reason=Refusal.NO_RULE)
    production = snapshot.group.production
    if production is None:
        return Invalid(errors={Field.GROUP: unknown_station(snapshot)})
    if errors := form_errors(draft, snapshot, rule, desk.clock.now()):
        return Invalid(errors=errors)
    if cure := await desk.rooms.cure_for(rule.approvals_channel):
        return RoomAway(channel=rule.approvals_channel, cure=cure)
    to = draft.to or production.other
    seen = look(snapshot, to, draft.options, desk.policy, desk.clock.now())
    return Ask(draft=draft, person=person, snapshot=snapshot, to=to, look=seen, rule=rule, cause=cause)


def _open(tx: Transaction, desk: Desk, ask: Ask) -> Opening:
    if obstacle := _obstacle(tx, desk, ask):
        return _noted(tx, ask.draft, ask.cause, obstacle, digest=ask.look.plan.digest)
    request = _request_of(tx, ask)
    waiting = tx.requests.open_for(request.project, request.group.id)
    if waiting and gives_way(waiting, ask.draft):  # it may have been opened since we looked for an obstacle
        supersede(tx, waiting, ask.cause)
    if not tx.requests.add(request):
        existing = tx.requests.open_for(request.project, request.group.id) or request
        return _noted(tx, ask.draft, ask.cause, AlreadyOpen(request=existing))
    record(tx, request, Action.REQUEST.value, ask.cause, ticket=request.ticket, name=ask.person.name, **frozen(request))
    show(tx, request, card(request))
    return _opened(tx, desk, ask, request)


def _opened(tx: Transaction, desk: Desk, ask: Ask, request: Request) -> Opened:
    """A normal request waits for others. Break-glass begins at once, or with the second factor where one is wanted."""
    channel = ask.rule.approvals_channel
    if not request.break_glass:
        return Opened(request=request, channel=channel)
    if ask.rule.needs_step_up:
        return Opened(request=request, channel=channel, link=invite(tx, desk, request, ask.person.account))
    return Opened(request=break_glass(tx, desk, request, ask.cause), channel=channel)


def _obstacle(tx: Transaction, desk: Desk, ask: Ask) -> AlreadyOpen | Blocked | Refused | None:
    decision = _may_ask(tx, desk, ask)
    if decision.reason:
        return Refused(reason=decision.reason)
    existing = tx.requests.open_for(ask.draft.project, ask.draft.group_id)
    if existing and not gives_way(existing, ask.draft):
        return AlreadyOpen(request=existing)
    return Blocked(findings=ask.look.findings) if ask.look.blockers else None


def _may_ask(tx: Transaction, desk: Desk, ask: Ask) -> Decision:
    """The second factor of a break-glass is asked for once there is a request that it can be bound to."""
    if tx.requests.of_requester(ask.person.account, since=tx.now - MINUTE) >= desk.limits.requests_per_minute:
        return Decision(reason=Refusal.TOO_MANY)
    action = Action.BREAK_GLASS if ask.draft.break_glass else Action.REQUEST
    return decide(
        desk.policy,
        ask.rule,
        action,
        ask.person,
        now=tx.now,
        is_review_owed=owes_review(tx, desk.policy, ask.person),
        has_stepped_up=desk.step_up is not None,
    )


def _noted(tx: Transaction, draft: Draft, cause: Cause, outcome: Opening, *, digest: str = "") -> Opening:
    """An audit row for an ask that became no request."""
    if isinstance(outcome, AlreadyOpen):
        record(tx, outcome.request, Action.REQUEST.value, cause, outcome="already_open")
        return outcome
    detail = {"group": draft.group_id[:64], "project": draft.project[:64], "reason": draft.reason}
    if isinstance(outcome, Invalid):
        detail["fields"] = ", ".join(outcome.errors)
    tx.audit.append(
        Entry(
            action=Action.REQUEST.value,
            outcome=word_of(outcome),
            actor=cause.actor,
            surface=cause.surface,
            digest=digest,
            detail=detail,
        )
    )
    return outcome


def _request_of(tx: Transaction, ask: Ask) -> Request:
    draft = ask.draft
    return Request(
        id=new_request_id(),
        state=State.PENDING,
        revision=1,
        project=draft.project,
        group=ask.snapshot.group,
        to=ask.to,
        environment=ask.rule.environment,
        requester=ask.person.account,
        reason=draft.reason.strip(),
        ticket=draft.ticket.strip(),
        options=draft.options,
        plan=ask.look.plan,
        snapshot=ask.snapshot,
        findings=ask.look.findings,
        created_at=tx.now,
        expires_at=request_ends_at(tx.now, draft.options, ask.rule),
        updated_at=tx.now,
        break_glass=draft.break_glass,
    )
