"""`kill -9` of the worker that follows the jobs, until the survivor has looked at every one of them."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.benchmarks.children import Child, free_port
from tests.benchmarks.figures import Row, percentile
from tests.benchmarks.ours.bot import bot_environment, start_program
from tests.benchmarks.ours.postgres import postgres
from tests.benchmarks.ours.rows import migrate_all
from tests.benchmarks.ours.running import fill_running
from tests.benchmarks.outside import cloud
from tests.benchmarks.outside.slack import BareSlack
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.paths.follow import bare_cloud, look_at
from tests.benchmarks.setting import Setting

LOST_SECONDS = 60.0
SETTINGS = 2  # with a cloud and a database of their own, at the same time: a core for each
POLL_SECONDS = 30.0  # long, so that a look soon after the kill can only be the survivor's first one


async def rows(setting: Setting) -> list[Row]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        server = await stack.enter_async_context(postgres(setting))
        shares = [len(range(first, setting.kills, SETTINGS)) for first in range(min(SETTINGS, setting.kills))]
        urls = [server.create() for _ in shares]
        for url in urls:
            await asyncio.to_thread(migrate_all, url)
        turns = (_killed(setting, slack, url, kills) for url, kills in zip(urls, shares, strict=True))
        took = [seconds for one in await asyncio.gather(*turns) for seconds in one]
    worst = percentile(took, 0.99)
    path = f"takeover of {setting.killed_jobs} runs, {setting.kills} kills"
    return [
        Row(path=path, measure="p50, s", ours=percentile(took, 0.5), rounds=setting.kills),
        Row(path=path, measure="p99, s", ours=worst, goal="≤ 3 s", is_met=worst <= 3, rounds=setting.kills),
    ]


async def _killed(setting: Setting, slack: BareSlack, url: str, kills: int) -> list[float]:
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(bare_cloud(setting))
        workers = Workers(setting, slack, port, url)
        stack.push_async_callback(workers.stop)
        await workers.begin()
        return [await workers.kill() for _ in range(kills)]


class Workers:
    """Two worker processes; the one that holds the runs is killed, and a new one takes the free place."""

    def __init__(self, setting: Setting, slack: BareSlack, cloud_port: int, url: str) -> None:
        self._setting, self._slack, self._cloud_port, self._url = setting, slack, cloud_port, url
        self._holder: Child | None = None
        self._standby: Child | None = None

    async def begin(self) -> None:
        self._holder = await self._start()
        await fill_running(self._url, 0, self._setting.killed_jobs)
        await self._looked_since(0.0)
        self._standby = await self._start()

    async def kill(self) -> float:
        """Seconds until the last of the runs was looked at by the survivor."""
        assert self._holder is not None
        await asyncio.sleep(0.5)
        dead, killed_at = self._holder, time.perf_counter()
        dead.kill()
        await dead.process.wait()
        took = await self._looked_since(killed_at) - killed_at
        self._holder, self._standby = self._standby, None
        self._standby = await self._start()
        return took

    async def stop(self) -> None:
        for worker in (self._holder, self._standby):
            if worker:
                await worker.stop()

    async def _start(self) -> Child:
        folder = Path(self._setting.folder) / f"worker-{free_port()}"
        folder.mkdir()
        pace = {"POLL_SECONDS": str(POLL_SECONDS), "SLOW_POLL_SECONDS": str(POLL_SECONDS)}
        there = cloud.environment(self._cloud_port)
        env = bot_environment(folder, free_port(), self._slack.environment(), there, self._url, **pace)
        return await start_program("worker", folder, env)

    async def _looked_since(self, moment: float) -> float:
        """When every job had its first look after `moment`; all processes of a machine share this clock."""
        async with asyncio.timeout(LOST_SECONDS):
            while True:
                seen = await look_at(self._cloud_port, "/_/looked")
                firsts = [next((at for at in looks if at > moment), None) for looks in seen.values()]
                if len(firsts) == self._setting.killed_jobs and None not in firsts:
                    return max(at for at in firsts if at is not None)
                await asyncio.sleep(0.02)
