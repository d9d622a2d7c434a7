"""Real processes, real signals, the simulated cloud over HTTP: what is left when a worker is killed from outside."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.cloud.gateway import CloudGateway
from bot.demo.sdrs import Pace, Server, SimulatedCloud
from bot.domain.facts import GroupId, ProjectAlias
from bot.domain.request import State
from tests.execution.bench import Bench, SystemClock
from tests.execution.cloud_access import PASSWORD, access_to

PATIENCE_SECONDS = 60
ROOT = Path(__file__).parents[2]
PACE = Pace(reverse_seconds=0.5, sub_job_seconds=0.1, stop_seconds=0.1, start_seconds=0.1)


class World:
    """One simulated cloud, one database, and worker processes around them."""

    def __init__(self, bench: Bench, cloud: SimulatedCloud) -> None:
        self.bench, self.cloud = bench, cloud
        self.group = cloud.add_project("eu-de").add_group("pg-erp", servers=[Server(name="erp-db", wave=1)])
        cloud.add_user("drbot", password=PASSWORD)
        self.workers: list[asyncio.subprocess.Process] = []

    async def worker(self, *, point: str = "", kind: str = "kill") -> asyncio.subprocess.Process:
        url = self.bench.database.url.render_as_string(hide_password=False)
        order = json.dumps({"url": url, "iam": self.cloud.iam_url, "point": point, "kind": kind})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.execution.worker_process", order, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        self.workers.append(process)
        await self.says(process, "ready")
        return process

    async def says(self, process: asyncio.subprocess.Process, word: str) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while line := (await process.stdout.readline()).decode():
                if line.startswith(word):
                    return
        raise AssertionError(f"the worker ended without saying {word}")

    async def approve(self) -> None:
        gateway = CloudGateway([access_to(self.cloud.iam_url)], clock=SystemClock())
        snapshot = await gateway.snapshot(ProjectAlias("eu-de"), GroupId(self.group.id))
        await gateway.aclose()
        await self.bench.approved(snapshot=snapshot)

    @property
    def posts(self) -> int:
        seen = self.cloud.reversals().get(self.group.id)
        return len(seen.accepted) if seen else 0

    async def close(self) -> None:
        for process in self.workers:
            if process.returncode is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            await process.wait()


@pytest.fixture
async def world(bench: Bench) -> AsyncIterator[World]:
    async with SimulatedCloud(seed=7, pace=PACE) as cloud:
        made = World(bench, cloud)
        yield made
        await made.close()


@pytest.fixture
async def shared(postgres_bench: Bench) -> AsyncIterator[World]:
    async with SimulatedCloud(seed=7, pace=PACE) as cloud:
        made = World(postgres_bench, cloud)
        yield made
        await made.close()


@pytest.mark.parametrize("point", ["before fence", "after POST", "POST settled", "after stop order"])
async def test_f1_f3_f4_kill_9_and_a_new_process_finishes_with_one_post(world: World, point: str) -> None:
    worker = await world.worker(point=point)
    await world.approve()
    await asyncio.wait_for(worker.wait(), timeout=PATIENCE_SECONDS)
    assert worker.returncode == -signal.SIGKILL
    await world.worker()
    await world.bench.until(State.VERIFIED, seconds=25)
    assert world.posts == 1


async def test_f2_kill_9_between_fence_and_post_sends_nothing_ever(world: World) -> None:
    worker = await world.worker(point="before POST")
    await world.approve()
    await asyncio.wait_for(worker.wait(), timeout=PATIENCE_SECONDS)
    await world.worker()
    await world.bench.until(State.NEEDS_PERSON, seconds=25)
    assert world.posts == 0


async def test_a_survivor_takes_over_the_run_of_a_killed_worker(shared: World) -> None:
    doomed = await shared.worker(point="POST settled")
    await shared.approve()
    survivor = await shared.worker()
    await asyncio.wait_for(doomed.wait(), timeout=PATIENCE_SECONDS)
    await shared.bench.until(State.VERIFIED, seconds=25)
    assert shared.posts == 1
    assert survivor.returncode is None


async def test_f7_a_frozen_worker_is_replaced_and_sends_nothing_when_it_wakes_up(shared: World) -> None:
    frozen = await shared.worker(point="before POST", kind="freeze")
    await shared.approve()
    await shared.says(frozen, "at before POST")
    await shared.worker()
    await shared.bench.until(State.NEEDS_PERSON, seconds=25)
    frozen.send_signal(signal.SIGCONT)
    assert await asyncio.wait_for(frozen.wait(), timeout=PATIENCE_SECONDS) == 70
    await asyncio.sleep(1)
    assert shared.posts == 0
    assert (await shared.bench.request()).state is State.NEEDS_PERSON


async def test_f9_all_workers_killed_and_one_returns(shared: World) -> None:
    workers = [await shared.worker(point="after POST"), await shared.worker(point="after POST")]
    await shared.approve()
    await asyncio.wait({asyncio.create_task(worker.wait()) for worker in workers}, return_when="FIRST_COMPLETED")
    for worker in workers:
        if worker.returncode is None:
            worker.kill()
        await worker.wait()
    await shared.worker()
    await shared.bench.until(State.VERIFIED, seconds=25)
    assert shared.posts == 1


async def test_f16_a_second_process_on_one_sqlite_file_is_refused(sqlite_bench: Bench) -> None:
    async with SimulatedCloud(seed=7, pace=PACE) as cloud:
        world = World(sqlite_bench, cloud)
        await world.worker()
        with pytest.raises(AssertionError):
            await world.worker()
        assert world.workers[-1].returncode or await world.workers[-1].wait()
        await world.close()


async def test_f23_sigterm_ends_a_worker_quickly_and_another_goes_on(shared: World) -> None:
    leaving = await shared.worker()
    await shared.approve()
    await shared.bench.sees(lambda: shared.posts == 1, seconds=20)
    leaving.terminate()
    assert await asyncio.wait_for(leaving.wait(), timeout=PATIENCE_SECONDS) == 0
    await shared.worker()
    await shared.bench.until(State.VERIFIED, seconds=25)
    assert shared.posts == 1


async def test_a_worker_whose_lock_is_lost_stops_itself_at_once(shared: World) -> None:
    worker = await shared.worker()
    with shared.bench.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'failover-bot-lock'"
        )
    assert await asyncio.wait_for(worker.wait(), timeout=PATIENCE_SECONDS) == 70
