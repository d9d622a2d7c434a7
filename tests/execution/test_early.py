"""A look that begins with the approval is the run's first one; what nobody takes is dropped, and none is used twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.domain.errors import CloudError
from bot.domain.facts import Snapshot
from bot.domain.request import Request, State
from bot.execution.early import EarlyLooks
from tests.execution.bench import Bench, healthy
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


async def approved(bench: Bench) -> Request:
    return await bench.approved(options=AT_ONCE, enqueue=False)


async def enqueue(bench: Bench, request: Request) -> None:
    await bench.store.run(lambda tx: tx.runs.enqueue(request.id, request.revision))


async def begun(looks: EarlyLooks, request: Request) -> None:
    """Told as the approving transaction tells it: by a thread of its own."""
    await asyncio.to_thread(looks.begin_soon, request.id, request.plan)
    await asyncio.sleep(0.01)


async def test_the_first_who_asks_gets_the_early_look_and_the_next_one_a_new_one(
    bench: Bench, cloud: FakeCloud
) -> None:
    looks = EarlyLooks(cloud)
    await begun(looks, await approved(bench))
    reads = cloud.reads
    early = await looks.snapshot(*PLACE)
    assert cloud.reads == reads
    late = await looks.snapshot(*PLACE)
    assert cloud.reads > reads
    assert (early.group, late.taken_at > early.taken_at) == (late.group, True)


async def test_a_run_that_is_told_of_twice_is_looked_at_once(bench: Bench, cloud: FakeCloud) -> None:
    looks, request = EarlyLooks(cloud), await approved(bench)
    await begun(looks, request)
    reads = cloud.reads
    await begun(looks, request)
    assert cloud.reads == reads


async def test_an_early_look_fails_as_any_other(bench: Bench, cloud: FakeCloud) -> None:
    looks, request = EarlyLooks(cloud), await approved(bench)
    cloud.is_down = True
    await begun(looks, request)
    with pytest.raises(CloudError):
        await looks.snapshot(*PLACE)
    cloud.is_down = False
    assert (await looks.snapshot(*PLACE)).group.id == SEEN.group.id


@pytest.mark.parametrize("is_down", [False, True])
async def test_what_nobody_takes_is_dropped_in_silence(bench: Bench, cloud: FakeCloud, is_down: bool) -> None:
    looks, request = EarlyLooks(cloud, seconds=0.05), await approved(bench)
    cloud.is_down, cloud.answer_seconds = is_down, 0.0 if is_down else 5.0
    await begun(looks, request)
    await asyncio.sleep(0.1)
    cloud.is_down, cloud.answer_seconds = False, 0.0
    reads = cloud.reads
    await looks.snapshot(*PLACE)
    assert cloud.reads > reads
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_the_run_stands_on_what_the_early_look_saw(bench: Bench, cloud: FakeCloud) -> None:
    request = await approved(bench)
    looks = EarlyLooks(cloud)
    without = cloud.reads
    async with bench.worker(early=looks):
        await begun(looks, request)
        reads = cloud.reads
        await enqueue(bench, request)
        await bench.until(State.VERIFIED)
    assert reads - without == 1
    assert len(cloud.posts) == 1


def changed(snapshot: Snapshot) -> Snapshot:
    """A pair is gone."""
    return replace(snapshot, pairs=snapshot.pairs[:-1], instances=snapshot.instances[:-1])


async def test_a_change_that_the_early_look_saw_brings_the_request_back(bench: Bench, cloud: FakeCloud) -> None:
    request, looks = await approved(bench), EarlyLooks(cloud)
    cloud.put(SEEN.group.id, changed(SEEN))
    async with bench.worker(early=looks):
        await begun(looks, request)
        await enqueue(bench, request)
        await bench.until(State.PENDING)
    assert cloud.posts == []


async def test_after_the_servers_were_stopped_the_last_look_is_never_an_early_one(sqlite_bench: Bench) -> None:
    """The pair that went while the servers stopped is seen."""
    bench, cloud = sqlite_bench, FakeCloud({SEEN.group.id: healthy()})
    bench.cloud = cloud
    request, looks = await bench.approved(enqueue=False), EarlyLooks(cloud)

    def lose_a_pair(point: str) -> None:
        if point == "after stop":
            looks.begin_soon(request.id, request.plan)
            cloud.put(SEEN.group.id, changed(SEEN))

    async with bench.worker(reach=lose_a_pair, early=looks):
        await begun(looks, request)
        await enqueue(bench, request)
        await bench.until(State.PENDING)
    assert cloud.posts == []
