"""What nobody is waiting for: lost runs, scheduled starts, expiries and reminders."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.domain.plan import Options
from bot.domain.policy import Audience, Role, Window
from bot.domain.request import Event, RequestId, State
from bot.domain.surface import PlaceKind
from bot.execution.sweep import MAX_TURNS
from bot.ports import Executor, Transaction
from bot.service.changes import BOT, advance
from tests.execution.bench import RULE, Bench, DiesAt, kill

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def lose_the_workflow(bench: Bench) -> None:
    """What a bug in the engine or a careless hand would do."""
    schema = "" if bench.database.is_sqlite else "dbos."
    with bench.engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema}workflow_status SET status = 'ERROR'"))


async def test_an_approved_request_without_a_run_gets_one(bench: Bench) -> None:
    await bench.approved(enqueue=False)
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1


async def test_a_running_request_that_lost_its_run_before_the_fence_begins_again(bench: Bench) -> None:
    dying = DiesAt("before submit")
    worker = bench.worker(reach=dying)
    await worker.start()
    await bench.approved()
    await dying.died.wait()
    await kill(worker)
    await lose_the_workflow(bench)
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1
    assert bench.metrics.counts["lost_runs"] >= 1
    assert sorted(bench.statuses()) == ["run-r-1-1-1", "run-r-1-1-2"]


async def test_a_run_that_ends_without_an_end_again_and_again_needs_a_person(sqlite_bench: Bench) -> None:
    bench = sqlite_bench

    def begin(tx: Transaction) -> None:
        request = tx.requests.get(RequestId("r-1"))
        assert request is not None
        assert advance(tx, request, Event.START, BOT) is not None

    await bench.approved(enqueue=False)
    await bench.store.run(begin)
    for _ in range(MAX_TURNS):
        await bench.store.run(lambda tx: tx.runs.enqueue(RequestId("r-1"), 1))
        await lose_the_workflow(bench)
    async with bench.worker():
        await bench.until(State.NEEDS_PERSON)
    assert bench.cloud.posts == []


async def test_a_running_request_that_lost_its_run_after_the_fence_is_only_read(bench: Bench) -> None:
    dying = DiesAt("after fence")
    worker = bench.worker(reach=dying)
    await worker.start()
    await bench.approved()
    await dying.died.wait()
    await kill(worker)
    await lose_the_workflow(bench)
    async with bench.worker():
        await bench.until(State.NEEDS_PERSON)
    assert bench.cloud.posts == []


@pytest.mark.parametrize("kind", ["pending", "approved"])
async def test_what_nobody_used_in_time_expires_once(bench: Bench, kind: str) -> None:
    bench.approvals_live(0.01)
    await bench.approved(enqueue=False, is_approved=kind == "approved", lives_seconds=0.01)
    await asyncio.sleep(0.05)
    async with bench.worker():
        await bench.until(State.EXPIRED)
        await asyncio.sleep(0.3)
    assert await bench.lines() == ["expired"]
    assert [note.user for note in await bench.surfaces(PlaceKind.NOTE)] == ["U1"]
    assert bench.cloud.posts == []


async def test_a_scheduled_start_waits_for_its_time(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    start_at = datetime.now(UTC) + timedelta(seconds=1)
    await bench.approved(enqueue=False, options=Options(start_at=start_at))
    async with bench.worker():
        await asyncio.sleep(0.4)
        assert (await bench.request()).state is State.APPROVED
        await bench.until(State.VERIFIED)
    started = (await bench.run()).started_at
    assert started is not None
    assert started >= start_at


async def test_a_scheduled_start_waits_for_an_open_window(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    now = datetime.now(UTC)
    other_day = Window(days=frozenset({(now.weekday() + 3) % 7}), start_minute=0, end_minute=60)
    bench.policy.policy = replace(bench.policy.policy, rules=(replace(RULE, windows=(other_day,)),))
    await bench.approved(enqueue=False, options=Options(start_at=now))
    async with bench.worker():
        await asyncio.sleep(0.6)
    assert (await bench.request()).state is State.APPROVED


async def test_reminders_go_to_those_who_can_still_act_until_the_decision(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    roles = (Role(name="dr", need=2, who=Audience(users=frozenset({"U1", "U2", "U3"}))),)
    rule = replace(RULE, roles=roles, reminder_every=timedelta(seconds=0.3))
    bench.policy.policy = replace(bench.policy.policy, rules=(rule,))
    request = await bench.approved(enqueue=False, is_approved=False)
    async with bench.worker():
        async with asyncio.timeout(30):
            while len(reminders := await bench.surfaces(PlaceKind.REMINDER)) < 2:  # noqa: ASYNC110  the sweep's own pace
                await asyncio.sleep(0.05)
        assert {str(reminder.data["users"]) for reminder in reminders} == {"['U3']"}

        def decide(tx: Transaction) -> int:
            now = tx.requests.get(request.id)
            assert now is not None
            assert advance(tx, now, Event.DENY, BOT) is not None
            return len([s for s in tx.surfaces.of(request.id) if s.place.kind is PlaceKind.REMINDER])

        before = await bench.store.run(decide)
        await asyncio.sleep(0.8)
        assert len(await bench.surfaces(PlaceKind.REMINDER)) == before


async def test_a_run_is_enqueued_once_however_often_it_is_asked_for(bench: Bench) -> None:
    await bench.approved()
    for _ in range(3):
        await bench.store.run(lambda tx: tx.runs.enqueue(RequestId("r-1"), 1))
    assert list(bench.statuses()) == ["run-r-1-1-1"]


async def test_a_rolled_back_approval_leaves_no_run(bench: Bench) -> None:
    def change_ones_mind(tx: Transaction) -> None:
        tx.runs.enqueue(RequestId("r-1"), 1)
        raise RuntimeError("never mind")

    with pytest.raises(RuntimeError):
        await bench.store.run(change_ones_mind)
    assert bench.statuses() == {}


async def test_f18_an_executor_with_another_clock_is_alive_as_long_as_it_beats(bench: Bench) -> None:
    """The database's clock may jump: whether somebody is silent is counted in beats. Who really is, is forgotten."""
    bench.timing = replace(bench.timing, heartbeat_seconds=0.1, frozen_seconds=0.5)
    other = Executor(id="host-7-abc", host="host", pid=7, version="1", started_at=NOON, seen_at=NOON)
    await bench.store.run(lambda tx: tx.executors.beat(other))

    async def known() -> list[str]:
        return await bench.store.read(lambda tx: [one.id for one in tx.executors.known()])

    async with bench.worker() as worker:
        for second in range(20):
            seen_at = NOON + timedelta(seconds=second)
            with bench.engine.begin() as connection:
                connection.execute(text("UPDATE executor SET seen_at = :at WHERE id = 'host-7-abc'"), {"at": seen_at})
            await asyncio.sleep(0.1)
            assert "host-7-abc" in await known()
        async with asyncio.timeout(15):
            while await known() != [worker.id]:  # noqa: ASYNC110  rows
                await asyncio.sleep(0.05)


async def test_the_engines_rows_of_a_run_that_is_over_for_long_go_and_ours_stay(bench: Bench) -> None:
    await bench.approved()
    async with bench.worker():
        await bench.until(State.VERIFIED)
        await bench.sees(lambda: set(bench.statuses().values()) == {"SUCCESS"})
    assert bench.queue.forget(timedelta(days=1)) == 0
    assert bench.statuses()
    bench.timing = replace(bench.timing, journal_seconds=0.0)
    async with bench.worker():
        await bench.sees(lambda: not bench.statuses())
    assert rows_of_the_engine(bench) == 0
    assert (await bench.run()).ended_at
    assert await bench.audit()


async def test_a_run_that_is_alive_keeps_the_engines_rows_however_old_it_is(bench: Bench) -> None:
    await bench.approved()
    assert bench.queue.forget(timedelta(0)) == 0
    assert bench.statuses() == {"run-r-1-1-1": "ENQUEUED"}


def rows_of_the_engine(bench: Bench) -> int:
    """In the tables that hold what a run was given, what it gave, and what its steps gave."""
    schema = "" if bench.database.is_sqlite else "dbos."
    tables = ("workflow_input", "workflow_output", "operation_outputs")
    with bench.engine.connect() as connection:
        return sum(connection.execute(text(f"SELECT count(*) FROM {schema}{table}")).scalar_one() for table in tables)
