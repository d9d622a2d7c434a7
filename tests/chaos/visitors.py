"""People in numbers: they ask and approve through the bot's own use cases, on the same database, without a screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.clock import SystemClock
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover_from
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.people import Account
from bot.domain.request import Draft, Request, RequestId, State
from bot.execution.engine import open_engine
from bot.execution.queue import RunQueue
from bot.policies import PolicyFile
from bot.ports import StoreError
from bot.service.approving import approve
from bot.service.clicks import Click
from bot.service.desk import Desk, Limits
from bot.service.opening import open_request
from bot.service.outcomes import AlreadyOpen, Opened, Unacknowledged
from bot.slack.client import Identity as Home
from bot.slack.client import Wire, slack_client, slack_session
from bot.slack.people import SlackPeople
from bot.slack.rooms import SlackRooms
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.chaos.outside import Facts

SETTLED = frozenset(set(State) - {State.PENDING, State.APPROVED, State.RUNNING})
PAUSE_SECONDS = 0.4
MANY = 100_000  # one visitor stands for sixty people


class Quiet:
    def wake(self, *, is_urgent: bool = True) -> None: ...


@dataclass(frozen=True, slots=True)
class Visitors:
    """`requester` asks, `approver` approves; both try again until they were heard."""

    desk: Desk
    requester: Account
    approver: Account
    project: ProjectAlias

    async def ask(self, group: Facts) -> RequestId:
        """Until the request is there, whatever is down meanwhile."""
        to = Site.TARGET if group["priority_station"] == "source" else Site.SOURCE
        draft = Draft(project=self.project, group_id=GroupId(group["id"]), to=to, reason="The first zone is failing")
        while True:
            try:
                outcome = await open_request(self.desk, draft, self.requester, "chaos")
            except (StoreError, CloudError):
                outcome = None
            if isinstance(outcome, Opened | AlreadyOpen):
                return outcome.request.id
            await asyncio.sleep(PAUSE_SECONDS)

    async def approve(self, request: Request) -> None:
        """One click, with every warning acknowledged. Its outcome is read from the row, as a person reads the card."""
        click = Click(request_id=request.id, revision=request.revision, actor=self.approver, surface="chaos")
        try:
            outcome = await approve(self.desk, click)
            if isinstance(outcome, Unacknowledged):
                seen = frozenset(finding.check for finding in outcome.findings)
                again = Click(
                    request_id=request.id,
                    revision=request.revision,
                    actor=self.approver,
                    surface="chaos",
                    acknowledged=seen,
                )
                await approve(self.desk, again)
        except (StoreError, CloudError):
            return

    async def look(self, request_id: RequestId) -> Request | None:
        try:
            return await self.desk.store.read(lambda tx: tx.requests.get(request_id))
        except StoreError:
            return None

    async def see_through(self, request_id: RequestId) -> Request:
        """Approve it whenever it waits, until it came to an end or to a person."""
        while True:
            request = await self.look(request_id)
            if request and request.state in SETTLED:
                return request
            if request and request.state is State.PENDING:
                await self.approve(request)
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def visitors(facts: Facts, environment: Mapping[str, str]) -> AsyncIterator[Visitors]:
    async with AsyncExitStack() as stack:
        database = open_database(environment["DATABASE_URL"])
        stack.callback(database.close)
        engine = open_engine(database.url)
        stack.callback(engine.dispose)
        queue = RunQueue(engine)
        stack.callback(queue.close)
        store = SqlStore(database, enqueue=queue.enqueue)
        stack.callback(store.close)
        cloud = CloudGateway(discover_from(environment).accesses, clock=SystemClock())
        stack.push_async_callback(cloud.aclose)
        session = await stack.enter_async_context(slack_session())
        token, address = environment["SLACK_BOT_TOKEN"], environment["SLACK_API_URL"]
        wire = Wire(slack_client(token, address, session))
        policies = PolicyFile(Path(environment["FAILOVER_POLICY"]))
        home = Home(team=facts["team"], enterprise="", bot_user="", url="")
        desk = Desk(
            store=store,
            cloud=cloud,
            people=SlackPeople(wire, policies, home),
            rooms=SlackRooms(wire),
            policies=policies,
            notifier=Quiet(),
            clock=SystemClock(),
            limits=Limits(requests_per_minute=MANY, asks_per_minute=MANY, asks_per_group_per_minute=MANY),
        )
        yield Visitors(
            desk=desk,
            requester=Account("", facts["team"], facts["requester"]),
            approver=Account("", facts["team"], facts["approvers"][0]),
            project=discover_from(environment).accesses[0].alias,
        )
