"""Break-glass: one person alone, at once, with everybody who could have approved told, and a badge that stays."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.lines import LineKind, line
from bot.domain.people import OPERATOR_TEAM
from bot.domain.policy import Policy, Rule, rule_for, users_of
from bot.domain.request import Draft, Event, Request, State
from bot.ports import Transaction
from bot.service.changes import Cause, advance, say
from bot.service.desk import Desk
from bot.service.expiry import approval_ends_at

TAKEN_PLACE = "A break-glass for the same group takes its place."


def break_glass(tx: Transaction, desk: Desk, request: Request, cause: Cause) -> Request:
    """Approved by its requester's own word, and handed to the engine."""
    rule = rule_for(desk.policy, request.group)
    ends_at = approval_ends_at(tx.now, request.options, rule) if rule else request.expires_at
    account, alone = request.requester, replace(cause, detail={**cause.detail, "break_glass": True})
    approved = advance(tx, request, Event.APPROVE, alone, decided_by=account, decided_at=tx.now, expires_at=ends_at)
    if approved is None:  # the row holds another plan than the one it was read with: nothing is kept of this
        raise RuntimeError(f"request {request.id} could not be approved although it was held")
    users, groups = approvers_of(desk.policy, rule) if rule else ([], [])
    pinged = [user for user in users if user != account.user]
    told = line(LineKind.BREAK_GLASS, account=str(account), reason=request.reason, users=pinged, groups=groups)
    say(tx, approved, told)
    tx.runs.enqueue(approved.id, approved.revision)
    return approved


def gives_way(waiting: Request, draft: Draft) -> bool:
    """What only waits for approvals must not stand in the way of an emergency; what is approved is about to run."""
    return draft.break_glass and waiting.state is State.PENDING


def supersede(tx: Transaction, waiting: Request, cause: Cause) -> None:
    """The break-glass takes its place, unless somebody decided about it meanwhile."""
    held = tx.requests.hold(waiting.id)
    if held is None or held.state is not State.PENDING:
        return
    decided = {"decided_by": cause.actor, "decided_at": tx.now, "decision_reason": TAKEN_PLACE}
    if ended := advance(tx, held, Event.SUPERSEDE, cause, **decided):
        say(tx, ended, line(LineKind.SUPERSEDED, reason=TAKEN_PLACE))


def approvers_of(policy: Policy, rule: Rule) -> tuple[list[str], list[str]]:
    """Everybody who could approve, backups too: Slack's ids of users, and of user groups."""
    audiences = [audience for role in rule.roles for audience in (role.who, role.backups)]
    users = frozenset[str]().union(*(users_of(policy, audience) for audience in audiences))
    groups = frozenset[str]().union(*(audience.usergroups for audience in audiences))
    return sorted(user for user in users if not user.startswith(f"{OPERATOR_TEAM}/")), sorted(groups)
