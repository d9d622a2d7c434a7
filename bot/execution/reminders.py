"""Reminders, only to those who can still act, and only while there is something to decide."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.errors import PeopleError
from bot.domain.policy import Rule, rule_for, who_can_still_act
from bot.domain.request import Request, State
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Parts, patiently
from bot.ports import Transaction


async def remind(parts: Parts, request: Request) -> None:
    """One message per interval since the request. After the decision there is none, whatever was planned."""
    rule = rule_for(parts.policy_source.policy, request.group)
    now = await patiently(parts, lambda tx: tx.now, reads=True)
    number = due_number(request, rule, now) if rule else 0
    place = Place(PlaceKind.REMINDER, f"{request.revision}.{number}")
    if not rule or not number or await _is_there(parts, request, place):
        return
    users = await _still_asked(parts, rule, request, now)

    def work(tx: Transaction) -> None:
        current = tx.requests.get(request.id)
        if users and current and (current.state, current.revision) == (State.PENDING, request.revision):
            tx.surfaces.want(request.id, place, data={"users": list(users)})

    await patiently(parts, work)


def due_number(request: Request, rule: Rule, now: datetime) -> int:
    """How many reminders should have been seen by now; 0: none yet."""
    if rule.reminder_every <= timedelta(0) or now >= request.expires_at:
        return 0
    return int((now - request.created_at) / rule.reminder_every)


async def _is_there(parts: Parts, request: Request, place: Place) -> bool:
    return await patiently(parts, lambda tx: tx.surfaces.find(request.id, place) is not None, reads=True)


async def _still_asked(parts: Parts, rule: Rule, request: Request, now: datetime) -> tuple[str, ...]:
    approvals = await patiently(parts, lambda tx: tx.approvals.of(request.id, request.revision), reads=True)
    members = {name: await _members(parts, name) for role in rule.roles for name in role.who.usergroups}
    return who_can_still_act(parts.policy_source.policy, rule, request, approvals, members, now=now)


async def _members(parts: Parts, usergroup: str) -> frozenset[str]:
    """A user group that Slack does not name now is not reminded; the next interval tries again."""
    try:
        return await parts.people.members(usergroup)
    except PeopleError:
        return frozenset()
