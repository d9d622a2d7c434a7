"""Is the plan in the row still the one that was approved? Somebody with SQL and a text editor must not get a POST."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.domain.audit import Recorded
from bot.domain.errors import Happened, Problem
from bot.domain.plan import plan_of
from bot.domain.request import Event, Request
from bot.execution.footing import Footing

log = logging.getLogger(__name__)

TAMPERED = Problem(
    happened=Happened.NO,
    is_retryable=False,
    what="The plan in the database is not the plan that was approved.",
    not_done="Nothing was submitted.",
    cure="Find out who changed the row, then make a new request.",
    code="PLAN_CHANGED",
)


def was_tampered_with(now: Footing, recorded: list[Recorded]) -> bool:
    """Compare the digest, computed from the row's plan, with those of the approvals and of the audit row."""
    if _matches_its_row(now) and _matches_the_approvals(now, recorded):
        return False
    log.critical("The plan of %s differs from the approved one: nothing is submitted", now.request.id)
    return True


def as_approved(now: Footing) -> Request | None:
    """The request with the plan that its snapshot makes, if that is the approved one: the edited row can be ended with
    it, and the servers that were stopped are those of that plan. None when the traces were edited as well."""
    request = now.request
    plan = plan_of(request.snapshot, request.to, request.options, request.plan.policy_version)
    is_approved = any(approval.digest == plan.digest for approval in now.approvals)
    return replace(request, plan=plan) if is_approved else None


def _matches_its_row(now: Footing) -> bool:
    request, plan = now.request, now.plan
    return (request.project, request.group.id, request.to) == (plan.project, plan.group_id, plan.to)


def _matches_the_approvals(now: Footing, recorded: list[Recorded]) -> bool:
    """The audit row of the decision stands in a chain of hashes: it cannot be edited along unseen."""
    decisions = [
        row.entry.digest
        for row in recorded
        if row.entry.action == Event.APPROVE and row.entry.outcome == "done" and row.entry.revision == now.run.revision
    ]
    approved = {approval.digest for approval in now.approvals} | set(decisions[-1:])
    return approved == {now.plan.digest}
