"""The desk of an operator at the prompt: the same use cases over the same database and cloud, without any Slack."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.cli.cloud import CloudProblems, opened_cloud
from bot.cli.policy import loaded
from bot.cli.reading import existing_database
from bot.cli.say import policy_file, stop_with
from bot.clock import SystemClock
from bot.cloud.gateway import CloudGateway
from bot.domain.policy import Policy
from bot.domain.request import RequestId
from bot.execution.engine import open_engine
from bot.execution.queue import RunQueue
from bot.guard import READ_ONLY
from bot.operators import FixedPolicy, OperatorPeople, this_operator, this_place
from bot.ports import Cloud, ReadOnlyError, StepUpDoor, StoreError
from bot.service.clicks import Click
from bot.service.desk import Desk
from bot.stepup import door_of
from storage.unit_of_work import SqlStore


class AnyRoom:
    """Implements `bot.ports.Rooms`: whether Slack shows a card must not decide in the night when Slack is down."""

    async def cure_for(self, channel: str) -> str:
        return ""


class NobodyToWake:
    """Implements `bot.ports.Notifier`: the bot's own process finds in the database what became due."""

    def wake(self, *, is_urgent: bool = True) -> None:
        return None


@asynccontextmanager
async def opened_desk() -> AsyncIterator[Desk]:
    """Ends the command with sentences when database, policy or cloud can't be used."""
    policy = loaded(policy_file())
    try:
        async with opened_cloud() as cloud, _opened(policy, cloud) as desk:
            yield desk
    except (CloudProblems, StoreError) as problem:
        stop_with(*(problem.sentences if isinstance(problem, CloudProblems) else (problem.sentence,)))


@asynccontextmanager
async def _opened(policy: Policy, cloud: CloudGateway) -> AsyncIterator[Desk]:
    database = existing_database()
    engine = open_engine(database.url)
    queue = RunQueue(engine)
    store = SqlStore(database, enqueue=queue.enqueue)
    try:
        await _refuse_read_only(store)
        yield desk_of(policy, cloud, store)
    finally:
        store.close()
        queue.close()
        engine.dispose()
        database.close()


def desk_of(policy: Policy, cloud: Cloud, store: SqlStore) -> Desk:
    policies = FixedPolicy(policy)
    return Desk(
        store=store,
        cloud=cloud,
        people=OperatorPeople(policies),
        rooms=AnyRoom(),
        policies=policies,
        notifier=NobodyToWake(),
        clock=SystemClock(),
        step_up=second_factor_door(),
    )


def second_factor_door() -> StepUpDoor | None:
    """The page that the bot serves: an operator is sent there like everybody else."""
    try:
        return door_of(os.environ.get("PUBLIC_URL", ""), os.environ.get("STEP_UP_KEY", ""))
    except ValueError:
        stop_with("STEP_UP_KEY is no key. Nothing was done. `failover-bot step-up key` prints a new one.")


async def _refuse_read_only(store: SqlStore) -> None:
    if await store.read(lambda tx: tx.instance.get(READ_ONLY)):
        raise ReadOnlyError


def click(
    request: str, *, reason: str = "", revision: int | None = None, accepted: frozenset[str] = frozenset()
) -> Click:
    """What was typed, as a click like any other."""

    return Click(
        request_id=RequestId(request),
        revision=revision,
        actor=this_operator(),
        surface=this_place(),
        reason=reason,
        acknowledged=accepted,
    )
