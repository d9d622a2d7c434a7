"""When an approved request may begin, and until when its approvals may be used."""

from __future__ import annotations

from datetime import datetime

from bot.domain.policy import Policy, is_inside, rule_for
from bot.domain.request import Request


def approval_ends_at(request: Request, policy: Policy) -> datetime:
    """An approval that nobody used ends by itself, counted from the decision or from the chosen start."""
    rule = rule_for(policy, request.group)
    decided_at = request.decided_at or request.updated_at
    begins_at = max(decided_at, request.options.start_at or decided_at)
    return begins_at + rule.approval_ttl if rule else request.expires_at


def may_start(request: Request, policy: Policy, now: datetime) -> bool:
    """A scheduled start waits for its time and for an open window. An immediate one was decided inside a window."""
    start_at = request.options.start_at
    if start_at is None:
        return True
    rule = rule_for(policy, request.group)
    return now >= start_at and (rule is None or is_inside(rule, now))
