"""Until when a request may be decided, and until when its approvals may be used."""

from __future__ import annotations

from datetime import datetime

from bot.domain.plan import Options
from bot.domain.policy import Rule, rule_for
from bot.domain.request import Request
from bot.ports import Transaction
from bot.service.desk import Desk


def request_ends_at(created_at: datetime, options: Options, rule: Rule) -> datetime:
    """A request for a later time may be decided until then."""
    return max(created_at + rule.request_ttl, options.start_at or created_at)


def approval_ends_at(decided_at: datetime, options: Options, rule: Rule) -> datetime:
    """An approval that nobody used ends by itself, counted from the decision or from the chosen start."""
    return max(decided_at, options.start_at or decided_at) + rule.approval_ttl


def reopened_until(tx: Transaction, desk: Desk, request: Request) -> datetime:
    """An approval was taken back: the request waits again, as long as it would have waited without it."""
    rule = rule_for(desk.policy, request.group)
    return max(request_ends_at(request.created_at, request.options, rule), tx.now) if rule else request.expires_at
