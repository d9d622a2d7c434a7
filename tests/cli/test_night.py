"""The night itself: the real bot runs, Slack is down, and an operator's approval still moves production."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.sdrs import SimulatedCloud
from bot.demo.stage import BotProcess, free_port
from bot.demo.workspace import Cast, standalone
from bot.domain.people import Account
from bot.domain.request import Request, State
from bot.slack.manifest import SCOPES
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt
from tests.cli.yesterday import asked_in_slack

NIGHT_SECONDS = 60.0


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    made = standalone(scopes=SCOPES, rate_limits=False)
    async with made.slack:
        yield made


@pytest.fixture
def prompt_in_slack(operator_prompt: Prompt, cast: Cast) -> Prompt:
    """Its policy names the channels of this workspace."""
    file = Path(operator_prompt.environment["FAILOVER_POLICY"])
    text = file.read_text().replace("C0APPROVALS", cast.approvals.id)
    file.write_text(text.replace("C0INCIDENTS", cast.incidents.id))
    operator_prompt.environment |= cast.slack.environment(cast.app)
    return operator_prompt


@pytest.fixture
async def asked(prompt_in_slack: Prompt, cast: Cast, store: SqlStore) -> Request:
    return await asked_in_slack(prompt_in_slack, store, Account("", cast.slack.state.team_id, cast.requester.id))


@pytest.fixture
async def bot(prompt_in_slack: Prompt, asked: Request, tmp_path: Path) -> AsyncIterator[BotProcess]:
    port = free_port()
    environment = prompt_in_slack.environment | {"PORT": str(port), "POLL_SECONDS": "0.5", "SLOW_POLL_SECONDS": "1"}
    process = BotProcess(environment, tmp_path / "bot.log", port)
    await process.start()
    yield process
    await process.stop()


async def ended(store: SqlStore, request: Request) -> Request:
    """The request once its run is over."""
    async with asyncio.timeout(NIGHT_SECONDS):
        while True:
            now = await store.read(lambda tx: tx.requests.get(request.id))
            if now is not None and now.state not in (State.PENDING, State.APPROVED, State.RUNNING):
                return now
            await asyncio.sleep(0.1)


async def test_production_moves_without_slack_and_slack_learns_of_it_when_it_is_back(
    prompt_in_slack: Prompt, cast: Cast, cloud: SimulatedCloud, store: SqlStore, asked: Request, bot: BotProcess
) -> None:
    cast.slack.outage()
    accepts = [word for finding in asked.findings for word in ("--accept", finding.check)]
    approved = await prompt_in_slack.awaited("approve", asked.id, "--plan", asked.plan.code, *accepts)
    assert approved.exit_code == 0, approved.output
    assert (await ended(store, asked)).state is State.VERIFIED, bot.last_words()
    assert len(cloud.reversals()[asked.group.id].accepted) == 1
    assert bot.url, "it still runs"

    cast.slack.outage(False)
    posted = cast.approvals.messages
    await cast.slack.wait_for(lambda: any(asked.plan.code in json.dumps(m.blocks) for m in posted.values()), 30)

    pack = [json.loads(row) for row in (await prompt_in_slack.awaited("audit", "export", asked.id)).stdout.splitlines()]
    kinds = {item["kind"] for item in pack}
    assert {"plan", "approval", "audit", "submission", "cloud call", "run", "clock", "message"} <= kinds
    calls = [item["what"].split(":")[0].split("/") for item in pack if item["kind"] == "cloud call"]
    orders = [path for verb, *path in calls if verb == "POST " and path[-1] == "action"]
    assert sum("server-groups" in path for path in orders) == 1, "the reversal, once"
    assert sum("cloudservers" in path for path in orders) >= 2, "servers stopped and started"
    assert any("jobs" in path for _, *path in calls), "a look at the job, as often as it told something new"
    assert "All " in (await prompt_in_slack.awaited("audit", "verify")).stdout
