"""What somebody asked in Slack, a minute before Slack went down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.cli.desk import desk_of
from bot.clock import SystemClock
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover_from
from bot.domain.people import Account, Person
from bot.domain.request import Draft, Request
from bot.policy_file import load
from bot.service.opening import open_request
from bot.service.outcomes import Opened
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt

ROSA = Account("E1", "T1", "UROSA")


class SlackOfYesterday:
    """Everybody of Slack is a full member, as they were before it went down."""

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        return Person(account=account, name=account.user, person_id=str(account))

    async def members(self, usergroup: str) -> frozenset[str]:
        return frozenset()


async def asked_in_slack(prompt: Prompt, store: SqlStore, requester: Account) -> Request:
    """The switchover of pg-erp, under the prompt's policy and in its cloud."""
    policy = load(Path(prompt.environment["FAILOVER_POLICY"]))
    gateway = CloudGateway(discover_from(prompt.environment).accesses, clock=SystemClock())
    desk = replace(desk_of(policy, gateway, store), people=SlackOfYesterday())
    (group,) = (await gateway.search(gateway.projects[0], "pg-erp")).groups
    assert group.production
    draft = Draft(project=group.project, group_id=group.id, to=group.production.other, reason="Zone down")
    outcome = await open_request(desk, draft, requester, "modal")
    await gateway.aclose()
    assert isinstance(outcome, Opened), outcome
    return outcome.request
