"""A request to decide about, and the small changes that tests make to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.facts import Site
from bot.domain.people import Account
from bot.domain.plan import Options, plan_of
from bot.domain.request import Approval, Request, RequestId, State

from .facts import NOW, snapshot


def account(user: str, team: str = "T1") -> Account:
    return Account("E1", team, user)


def request(requester: Account | None = None, **changes: object) -> Request:
    facts = snapshot()
    options = Options()
    made = Request(
        id=RequestId("r-1"),
        state=State.PENDING,
        revision=1,
        project=facts.group.project,
        group=facts.group,
        to=Site.TARGET,
        environment="PRODUCTION",
        requester=requester or account("U1"),
        reason="Maintenance of the first zone",
        ticket="",
        options=options,
        plan=plan_of(facts, Site.TARGET, options, "v1"),
        snapshot=facts,
        findings=(),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=4),
        updated_at=NOW,
    )
    return replace(made, **changes)


def approval(ask: Request, by: Account, *roles: str, person_id: str = "", at: datetime = NOW) -> Approval:
    return Approval(
        request_id=ask.id,
        revision=ask.revision,
        account=by,
        person_id=person_id or str(by),
        name=by.user,
        roles=roles,
        digest=ask.plan.digest,
        at=at,
    )
