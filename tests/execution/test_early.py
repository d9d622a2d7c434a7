"""A run that was approved in this process starts early: with a look that is on its way, and with rows that it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.domain.errors import CloudError
from bot.domain.facts import Snapshot
from bot.domain.plan import plan_of
from bot.domain.request import Event, Request, State
from bot.execution.early import EarlyStart, EarlyStarts
from bot.ports import Standing
from bot.service.changes import Cause, advance
from tests.execution.bench import APPROVER, Bench, healthy
from tests.execution.test_submitted_at_once import AT_ONCE
from tests.fakes.cloud import FakeCloud

SEEN = healthy(is_on=False)
PLACE = (SEEN.group.project, SEEN.group.id)


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud({SEEN.group.id: SEEN})


@pytest.fixture
def bench(sqlite_bench: Bench, cloud: FakeCloud) -> Bench:
    sqlite_bench.cloud = cloud
    return sqlite_bench


async def approved(bench: Bench) -> Standing:
    request = await bench.approved(options=AT_ONCE, enqueue=False)
    return await standing(bench, request)


async def standing(bench: Bench, request: Request) -> Standing:
    found = await bench.store.read(lambda tx: tx.requests.standing(request.id))
    assert found is not None
    return found


async def begun(starts: EarlyStarts, standing: Standing) -> None:
    """Told as the approving transaction tells it: by a thread of its own."""
    await asyncio.to_thread(starts.begin_soon, standing)
    await asyncio.sleep(0.01)


def taken(starts: EarlyStarts, standing: Standing) -> EarlyStart:
    start = starts.take(standing.request.id, standing.request.revision)
    assert start is not None
    return start


async def enqueue(bench: Bench, standing: Standing) -> None:
    request = standing.request
    await bench.store.run(lambda tx: tx.runs.enqueue(request.id, request.revision))


async def test_the_first_look_is_the_early_one_and_the_next_one_is_new(bench: Bench, cloud: FakeCloud) -> None:
    starts, known = EarlyStarts(cloud), await approved(bench)
    await begun(starts, known)
    reads, start = cloud.reads, taken(starts, known)
    early = await start.snapshot(*PLACE)
    assert cloud.reads == reads
    late = await start.snapshot(*PLACE)
    assert cloud.reads > reads
    assert late.taken_at > early.taken_at
    assert starts.take(known.request.id, known.request.revision) is None


async def test_after_an_early_look_that_failed_the_next_one_is_new(bench: Bench, cloud: FakeCloud) -> None:
    starts, known = EarlyStarts(cloud), await approved(bench)
    cloud.is_down = True
    await begun(starts, known)
    start = taken(starts, known)
    with pytest.raises(CloudError):
        await start.snapshot(*PLACE)
    cloud.is_down = False
    assert (await start.snapshot(*PLACE)).group.id == SEEN.group.id


async def test_of_a_transaction_that_was_tried_twice_the_second_word_counts(bench: Bench, cloud: FakeCloud) -> None:
    starts, first = EarlyStarts(cloud), await approved(bench)
    second = replace(first, approvals=())
    await begun(starts, first)
    await begun(starts, second)
    assert taken(starts, second).standing is second


@pytest.mark.parametrize("is_down", [False, True])
async def test_what_no_run_takes_is_dropped_in_silence(bench: Bench, cloud: FakeCloud, is_down: bool) -> None:
    starts, known = EarlyStarts(cloud, seconds=0.05), await approved(bench)
    cloud.is_down, cloud.answer_seconds = is_down, 0.0 if is_down else 5.0
    await begun(starts, known)
    await asyncio.sleep(0.1)
    assert starts.take(known.request.id, known.request.revision) is None
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_another_revision_begins_like_any_other_run(bench: Bench, cloud: FakeCloud) -> None:
    starts, known = EarlyStarts(cloud), await approved(bench)
    await begun(starts, known)
    assert starts.take(known.request.id, known.request.revision + 1) is None


async def test_the_run_reads_neither_the_cloud_nor_its_rows_again(bench: Bench, cloud: FakeCloud) -> None:
    known, starts = await approved(bench), EarlyStarts(cloud)
    before = cloud.reads
    seen: list[int] = []

    def note(point: str) -> None:
        if point == "before fence":
            seen.append(cloud.reads)

    async with bench.worker(early=starts, reach=note):
        await begun(starts, known)
        await enqueue(bench, known)
        await bench.until(State.VERIFIED)
    assert seen == [before + 1]
    assert len(cloud.posts) == 1


def changed(snapshot: Snapshot) -> Snapshot:
    """A pair is gone."""
    return replace(snapshot, pairs=snapshot.pairs[:-1], instances=snapshot.instances[:-1])


async def test_a_change_that_the_early_look_saw_brings_the_request_back(bench: Bench, cloud: FakeCloud) -> None:
    known, starts = await approved(bench), EarlyStarts(cloud)
    cloud.put(SEEN.group.id, changed(SEEN))
    async with bench.worker(early=starts):
        await begun(starts, known)
        await enqueue(bench, known)
        await bench.until(State.PENDING)
    assert cloud.posts == []


async def test_after_the_servers_were_stopped_the_last_look_is_a_new_one(sqlite_bench: Bench) -> None:
    """The pair that went while the servers stopped is seen."""
    bench, cloud = sqlite_bench, FakeCloud({SEEN.group.id: healthy()})
    bench.cloud = cloud
    known, starts = await standing(bench, await bench.approved(enqueue=False)), EarlyStarts(cloud)

    def lose_a_pair(point: str) -> None:
        if point == "after stop":
            starts.begin_soon(known)
            cloud.put(SEEN.group.id, changed(SEEN))

    async with bench.worker(reach=lose_a_pair, early=starts):
        await begun(starts, known)
        await enqueue(bench, known)
        await bench.until(State.PENDING)
    assert cloud.posts == []


def edit_plan(bench: Bench, request: Request) -> None:
    """The group has changed, and somebody with SQL writes the plan that fits, and its digest into the approvals."""
    bench.cloud.put(SEEN.group.id, SEEN)
    edited = replace(request, plan=plan_of(SEEN, request.to, AT_ONCE, "v1"), snapshot=SEEN)
    assert edited.plan.digest != request.plan.digest
    bench.store.transact(lambda tx: tx.requests.move(request, edited))
    with bench.engine.begin() as connection:
        digests = {"old": request.plan.digest, "new": edited.plan.digest}
        connection.execute(text("UPDATE approval SET body_json = replace(body_json, :old, :new)"), digests)


def retract(bench: Bench, request: Request) -> None:
    bench.store.transact(lambda tx: advance(tx, request, Event.RETRACT, Cause(actor=APPROVER)))


@pytest.mark.parametrize(("meanwhile", "end"), [(edit_plan, State.FAILED), (retract, State.PENDING)])
async def test_what_changed_since_the_approval_is_found_before_anything_is_ordered(
    bench: Bench, cloud: FakeCloud, meanwhile: Callable[[Bench, Request], None], end: State
) -> None:
    made = healthy(is_on=False, servers=("db-1",))
    cloud.put(made.group.id, made)
    request = await bench.approved(options=AT_ONCE, enqueue=False, snapshot=made)
    known, starts = await standing(bench, request), EarlyStarts(cloud)

    def change(point: str) -> None:
        if point == "before fence" and not changes:
            changes.append(point)
            meanwhile(bench, request)

    changes: list[str] = []
    async with bench.worker(early=starts, reach=change):
        await begun(starts, known)
        await enqueue(bench, known)
        await bench.until(end)
    assert changes
    assert cloud.posts == []
