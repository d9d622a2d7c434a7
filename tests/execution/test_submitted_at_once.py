"""Without servers to stop nothing lies between the checks and the order: the run begins and is fenced in one step."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.domain.plan import Options, plan_of
from bot.domain.request import Event, State
from bot.service.changes import Cause, advance
from tests.execution.bench import APPROVER, Bench, healthy
from tests.execution.test_crashes import HARMLESS, IN_DOUBT, die_and_return
from tests.fakes.cloud import FakeCloud

AT_ONCE = Options(stop_servers=False, start_servers=False)


async def moves(bench: Bench) -> list[object]:
    return [row.entry.detail["after"] for row in await bench.audit() if "after" in row.entry.detail]


@pytest.fixture(autouse=True)
def servers_are_off(request: pytest.FixtureRequest) -> None:
    name = "bench" if "bench" in request.fixturenames else "sqlite_bench"
    bench: Bench = request.getfixturevalue(name)
    made = healthy(is_on=False)
    bench.cloud = FakeCloud({made.group.id: made})


POINTS = ("before check", "before begin", "before fence", "after POST", "POST settled", "after check", "before follow")


@pytest.mark.parametrize("point", POINTS)
async def test_f1_f4_a_crash_leads_to_one_post_and_the_true_end(bench: Bench, point: str) -> None:
    await die_and_return(bench, point, AT_ONCE)
    assert len(bench.cloud.posts) == (point not in HARMLESS or point == "after check")
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1
    assert await moves(bench) == ["approved", "running", "verified"]
    told = await bench.lines()
    assert [told.count(kind) for kind in ("started", "checked")] == [1, 1]


@pytest.mark.parametrize("point", IN_DOUBT)
async def test_f2_a_crash_between_fence_and_post_is_never_sent_again(sqlite_bench: Bench, point: str) -> None:
    bench = sqlite_bench
    await die_and_return(bench, point, AT_ONCE)
    async with bench.worker():
        await bench.until(State.NEEDS_PERSON)
    assert bench.cloud.posts == []


async def test_a_retraction_before_the_fence_lets_nothing_begin(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    asked = await bench.approved(options=AT_ONCE)

    def retract(point: str) -> None:
        if point == "before fence":
            bench.store.transact(lambda tx: advance(tx, asked, Event.RETRACT, Cause(actor=APPROVER)))

    async with bench.worker(reach=retract):
        await bench.until(State.PENDING)
        await bench.sees(lambda: not bench.queue.live())
    assert bench.cloud.posts == []
    assert await bench.attempt() is None
    assert (await moves(bench), await bench.lines()) == (["approved", "pending"], [])


async def test_an_approval_that_runs_out_before_the_fence_expires(sqlite_bench: Bench) -> None:
    bench = sqlite_bench

    async with bench.worker(reach=lambda point: bench.approvals_live(0.0) if point == "before fence" else None):
        await bench.approved(options=AT_ONCE)
        await bench.until(State.EXPIRED)
    assert bench.cloud.posts == []
    assert await moves(bench) == ["approved", "expired"]


async def test_a18_a_plan_that_was_edited_with_its_approvals_is_not_submitted(sqlite_bench: Bench) -> None:
    """It fits the cloud as it is now, and the approvals were edited along; the chain of the audit was not."""
    bench = sqlite_bench
    [now] = bench.cloud.snapshots.values()
    asked = await bench.approved(options=AT_ONCE, enqueue=False, snapshot=healthy(is_on=False, servers=("db-1",)))
    edited = replace(asked, plan=plan_of(now, asked.to, AT_ONCE, "v1"), snapshot=now)
    assert await bench.store.run(lambda tx: tx.requests.move(asked, edited))
    with bench.engine.begin() as connection:
        digests = {"old": asked.plan.digest, "new": edited.plan.digest}
        connection.execute(text("UPDATE approval SET body_json = replace(body_json, :old, :new)"), digests)
    await bench.store.run(lambda tx: tx.runs.enqueue(asked.id, 1))
    async with bench.worker():
        await bench.until(State.FAILED)
    assert bench.cloud.posts == []
    assert await bench.attempt() is None
    assert bench.metrics.counts["alarms"] == 1
