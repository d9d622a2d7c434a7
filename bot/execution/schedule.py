"""When an approved request may begin: at once, or at its time inside a change window."""

from __future__ import annotations

from datetime import datetime

from bot.domain.policy import Policy, is_inside, rule_for
from bot.domain.request import Request


def may_start(request: Request, policy: Policy, now: datetime) -> bool:
    """A scheduled start waits for its time and for an open window. An immediate one was decided inside a window."""
    start_at = request.options.start_at
    if start_at is None:
        return True
    rule = rule_for(policy, request.group)
    return now >= start_at and (rule is None or is_inside(rule, now))
