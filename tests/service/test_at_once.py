"""Many people in one moment: the database lets one of them be first, and everybody is told the truth."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from bot.domain.request import Event, Request, State
from bot.execution.engine import migrate_engine
from bot.ports import Transaction
from bot.service.changes import BOT, advance
from bot.service.deciding import deny, retract, withdraw
from bot.service.outcomes import AlreadyDecided, Approved, Done, Expired
from tests.service.bench import ALONE, AMIR, CHEN, ROSA, Bench, click
from tests.service.clicker import ONE_OF_FIVE

CLICKS_EACH = 25


@pytest.fixture
def engine_bench(postgres_url: str) -> Iterator[tuple[Bench, str]]:
    migrate_engine(postgres_url)
    made = Bench(postgres_url)
    yield made, postgres_url
    made.close()


async def test_f12_of_fifty_clicks_by_five_people_on_two_processes_one_approves(
    engine_bench: tuple[Bench, str],
) -> None:
    bench, url = engine_bench
    bench.policies.rule(roles=ONE_OF_FIVE)
    request = await bench.asked()
    command = [sys.executable, "-m", "tests.service.clicker", url, request.id, str(CLICKS_EACH)]
    pipe = asyncio.subprocess.PIPE
    others = [await asyncio.create_subprocess_exec(*command, stdout=pipe) for _ in range(2)]
    outputs = [await other.communicate() for other in others]
    assert [other.returncode for other in others] == [0, 0]
    answers = sum((Counter(json.loads(out)) for out, _ in outputs), Counter[str]())
    assert answers == {"Approved": 1, "AlreadyDecided": 2 * CLICKS_EACH - 1}
    view = await bench.view(request)
    assert (view.request.state, len(view.approvals)) == (State.APPROVED, 1)
    assert runs_in(url) == 1
    told = Counter(await bench.outcomes())
    assert told == {("request", "done"): 1, ("approve", "done"): 1, ("approve", "already_decided"): 49}
    assert (await bench.store.verify_audit()).is_intact


def runs_in(url: str) -> int:
    """What the engine was given, counted in its own table."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM dbos.workflow_status").fetchone()
    assert row is not None
    return int(row[0])


async def test_f12_fifty_clicks_in_one_process_are_one_approval(either_bench: Bench) -> None:
    bench = either_bench
    bench.policies.rule(roles=ALONE)
    request = await bench.asked()
    outcomes = await asyncio.gather(*(bench.approve(request, (AMIR, CHEN)[n % 2]) for n in range(50)))
    assert sum(isinstance(outcome, Approved) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, AlreadyDecided) for outcome in outcomes) == 49
    assert bench.enqueued[-1] == (request.id, 1)
    assert len((await bench.view(request)).approvals) == 1


async def test_f13_approve_and_deny_in_the_same_instant_leave_one_decision(either_bench: Bench) -> None:
    """A denial also ends what was approved a moment before and has not started: either order ends denied."""
    bench = either_bench
    bench.policies.rule(roles=ALONE)
    request = await bench.asked()
    approved, denied = await asyncio.gather(
        bench.approve(request, AMIR), deny(bench.desk, click(request, CHEN, reason="No"))
    )
    assert isinstance(denied, Done)
    assert isinstance(approved, Approved | AlreadyDecided)
    now = await bench.request(request)
    assert (now.state, now.decided_by, now.decision_reason) == (State.DENIED, CHEN, "No")
    rows = [(row.entry.action, row.entry.outcome) for row in await bench.audit()][1:]
    expected = [("approve", "done"), ("deny", "done")] if isinstance(approved, Approved) else None
    assert rows == (expected or [("deny", "done"), ("approve", "already_decided")])


async def test_f13_approve_and_expiry_in_the_same_instant_leave_one_outcome(either_bench: Bench) -> None:
    bench = either_bench
    bench.policies.rule(roles=ALONE, request_ttl=timedelta(milliseconds=60))
    ends: Counter[State] = Counter()
    for number in range(6):
        request = await bench.asked(ROSA if number % 2 else CHEN)
        outcome, expired = await asyncio.gather(late_approval(bench, request, number), expiry(bench, request))
        now = await bench.request(request)
        assert expired is (now.state is State.EXPIRED)
        assert isinstance(outcome, Approved) is (now.state is State.APPROVED)
        assert isinstance(outcome, Approved | Expired)
        ends[now.state] += 1
        if now.state is State.APPROVED:
            await withdraw(bench.desk, click(now, now.requester))
    assert set(ends) <= {State.APPROVED, State.EXPIRED}
    assert sum(ends.values()) == 6


async def late_approval(bench: Bench, request: Request, number: int) -> object:
    await asyncio.sleep(0.02 * number)
    return await bench.approve(request, AMIR)


async def expiry(bench: Bench, request: Request) -> bool:
    """By the clock of the database, as the sweep does it."""

    def work(tx: Transaction) -> bool:
        now = tx.requests.get(request.id)
        is_due = now is not None and now.state is State.PENDING and now.expires_at <= tx.now
        return bool(now and is_due and advance(tx, now, Event.EXPIRE, BOT))

    while not await bench.store.run(work):
        if (await bench.request(request)).state is not State.PENDING:
            return False
        await asyncio.sleep(0.005)
    return True


async def test_taking_back_and_approving_at_once_never_runs_without_the_quorum(either_bench: Bench) -> None:
    bench = either_bench
    request = await bench.asked()
    await bench.approve(request, AMIR)
    await asyncio.gather(bench.approve(request, CHEN), retract(bench.desk, click(request, AMIR)))
    view = await bench.view(request)
    assert (view.request.state is State.APPROVED) is (len(view.approvals) == 2)
