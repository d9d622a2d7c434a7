"""Are those who approved still people who may? Asked live, before anything is touched."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.errors import PeopleError
from bot.domain.people import Account, Person
from bot.domain.policy import Action, Policy, Rule, decide, live_quorum, rule_for
from bot.execution.examine import is_expired
from bot.execution.footing import Footing, Key, Parts, stand

NO_RULE = "the policy has no rule for this group any more"
BREAK_GLASS_LEFT = "the person who broke the glass may not do so any more"


async def approvers_now(parts: Parts, key: Key, now: Footing) -> tuple[str, ...] | None:
    """Why the approvals do not hold any more, a sentence each; empty when they do. None: expired meanwhile.

    While Slack does not answer, the look that was taken at the click counts for a quarter of an hour: an approved
    failover runs also when Slack is down. After that there is no answer, and no answer is a no: it waits.
    """
    while True:
        try:
            return await _doubts(parts, now)
        except PeopleError:
            if _was_just_looked_at(parts, now):
                return ()
            parts.metrics.count("people_waits")
            await asyncio.sleep(parts.timing.retry_seconds)
            current = await stand(parts, key)
            if current is None or is_expired(parts, current):
                return None


def _was_just_looked_at(parts: Parts, now: Footing) -> bool:
    looks = [approval.at for approval in now.approvals] or [now.request.decided_at or now.request.created_at]
    return now.at - min(looks) <= timedelta(seconds=parts.timing.trust_look_seconds)


async def _doubts(parts: Parts, now: Footing) -> tuple[str, ...]:
    policy = parts.policy_source.policy
    rule = rule_for(policy, now.request.group)
    if rule is None:
        return (NO_RULE,)
    if now.request.break_glass:
        return await _doubts_about_break_glass(parts, policy, rule, now)
    people = await asyncio.gather(*(_look_at(parts, approval.account) for approval in now.approvals))
    live = live_quorum(policy, rule, now.request, now.approvals, people)
    if live.is_met:
        return ()
    counted = f"only {live.given} of {live.needed} approvals still count"
    return (counted, *(f"{person.name} may not approve any more" for person in _left(policy, rule, now, people)))


async def _look_at(parts: Parts, account: Account) -> Person:
    """Live: where the last approval was given in this very moment, its look at the person is the one."""
    return await parts.people.look_up(account, within_seconds=parts.timing.live_seconds)


def _left(policy: Policy, rule: Rule, now: Footing, people: list[Person]) -> list[Person]:
    """Those who lost the right, by name."""
    moment = now.request.updated_at
    return [
        person
        for person in people
        if not decide(
            policy, rule, Action.DENY, person, request=now.request, approvals=now.approvals, now=moment
        ).is_allowed
    ]


async def _doubts_about_break_glass(parts: Parts, policy: Policy, rule: Rule, now: Footing) -> tuple[str, ...]:
    person = await _look_at(parts, now.request.decided_by or now.request.requester)
    moment = parts.clock.now()
    right = decide(policy, rule, Action.BREAK_GLASS, person, request=now.request, now=moment, has_stepped_up=True)
    return () if right.is_allowed else (BREAK_GLASS_LEFT,)
