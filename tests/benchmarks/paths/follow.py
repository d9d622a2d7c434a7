"""Following jobs: what it costs the processor and the memory, and how late the looks are, as the cloud sees them."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tests.benchmarks.children import Child, free_port, module, running
from tests.benchmarks.figures import Rounds, Row
from tests.benchmarks.ours.bot import bot_environment, program
from tests.benchmarks.ours.postgres import database
from tests.benchmarks.ours.running import fill_running
from tests.benchmarks.outside import cloud
from tests.benchmarks.outside.slack import BareSlack
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.setting import Setting

OURS, SAME, AIOHTTP, HTTPX, SDK = "ours", "same client", "bare aiohttp", "default httpx", "SDK in threads"
CLIENTS = {SAME: "same", AIOHTTP: "aiohttp", HTTPX: "httpx"}
SDK_THREADS = 16
SETTLE_SHARE = 1.2  # intervals that pass before anything is counted
FILL_SECONDS = 120.0


@asynccontextmanager
async def bare_cloud(setting: Setting) -> AsyncIterator[int]:
    async with running(module("outside.cloud"), setting.folder) as child:
        yield int(child.word)


async def look_at(port: int, path: str) -> Any:
    def read() -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return json.load(answer)

    return await asyncio.to_thread(read)


@dataclass(frozen=True, slots=True)
class Following:
    """A program that follows so many jobs of the cloud at `port`."""

    child: Child
    port: int
    jobs: int
    empty_bytes: int = 0  # its memory before them


Contender = Callable[[], AbstractAsyncContextManager[Following]]


async def watched(one: Following, setting: Setting) -> Mapping[str, float]:
    """One window of whole intervals: what the process used, and what the cloud saw."""
    looks = setting.looks if one.jobs >= setting.peer_jobs else 2 * setting.looks
    path = f"/_/gaps?interval={setting.poll_seconds}"
    await look_at(one.port, path)
    before = one.child.cpu_seconds()
    await asyncio.sleep(looks * setting.poll_seconds)
    used, seen = one.child.cpu_seconds() - before, await look_at(one.port, path)
    return {
        "CPU, %": 100 * used / seen["seconds"],
        "looks/s": seen["looks"] / seen["seconds"],
        "late p50, ms": seen["late_p50"] * 1000,
        "late p99, ms": seen["late_p99"] * 1000,
        "a job, kB": (one.child.memory_bytes() - one.empty_bytes) / 1000 / one.jobs,
    }


async def rows(setting: Setting) -> list[Row]:
    """One worker follows more and more jobs; at each size the others follow as many beside it, at the same time."""
    seen: dict[int, Rounds] = {}
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(bare_cloud(setting))
        slack = await stack.enter_async_context(bare_slack())
        url = await stack.enter_async_context(database("postgresql", setting, setting.folder))
        child = await stack.enter_async_context(worker(setting, slack, port, url))
        await asyncio.sleep(1)
        ours = Following(child, port, 0, empty_bytes=child.memory_bytes())
        for jobs in setting.job_counts:
            await fill_running(url, ours.jobs, jobs)
            await _until_followed(port, jobs)
            ours = replace(ours, jobs=jobs)
            seen[jobs] = await _at(setting, ours)
    return [row for jobs, rounds in seen.items() for row in _rows(setting, jobs, rounds)] + _growth(setting, seen)


async def _at(setting: Setting, ours: Following) -> Rounds:
    """All beside us, as long as two cores have room; the peers from the size on from which they are of interest, and
    where one needs a core for itself, it alone beside us and once."""
    seen, jobs = Rounds(), ours.jobs
    beside: dict[str, Contender] = {who: partial(_loop, setting, jobs, who) for who in (SAME, AIOHTTP)}
    httpx: dict[str, Contender] = {HTTPX: partial(_loop, setting, jobs, HTTPX)}
    if jobs == setting.peer_jobs:
        beside |= {**httpx, SDK: partial(_sdk, setting, jobs)}
    await _beside(setting, seen, ours, beside)
    if jobs > setting.peer_jobs:
        await _beside(setting, seen, None, httpx, rounds=1)
    return seen


async def _beside(
    setting: Setting, seen: Rounds, ours: Following | None, contenders: Mapping[str, Contender], rounds: int = 0
) -> None:
    """The same windows for all. Ours goes on following meanwhile, also where it is not looked at."""
    async with AsyncExitStack() as stack:
        following = {who: await stack.enter_async_context(one()) for who, one in contenders.items()}
        if ours is not None:
            following[OURS] = ours
        await asyncio.sleep(setting.poll_seconds * SETTLE_SHARE)
        for _ in range(rounds or setting.rounds):
            shown = await asyncio.gather(*(watched(one, setting) for one in following.values()))
            for who, figures in zip(following, shown, strict=True):
                seen.add(who, figures)


@asynccontextmanager
async def _loop(setting: Setting, jobs: int, who: str) -> AsyncIterator[Following]:
    async with bare_cloud(setting) as port:
        command = module("limits.polls", CLIENTS[who], port, jobs, setting.poll_seconds)
        async with running(command, setting.folder) as child:
            yield Following(child, port, jobs)


@asynccontextmanager
async def _sdk(setting: Setting, jobs: int) -> AsyncIterator[Following]:
    async with bare_cloud(setting) as port:
        command = module("peers.polls_sdk", port, jobs, setting.poll_seconds, SDK_THREADS)
        async with running(command, setting.folder) as child:
            yield Following(child, port, jobs)


@asynccontextmanager
async def worker(setting: Setting, slack: BareSlack, cloud_port: int, url: str) -> AsyncIterator[Child]:
    folder = setting.folder / f"worker-{free_port()}"
    folder.mkdir()
    pace = {"POLL_SECONDS": str(setting.poll_seconds), "SLOW_POLL_SECONDS": str(setting.poll_seconds)}
    env = bot_environment(folder, free_port(), slack.environment(), cloud.environment(cloud_port), url, **pace)
    async with program("worker", folder, env) as child:
        yield child


async def _until_followed(port: int, jobs: int) -> None:
    async with asyncio.timeout(FILL_SECONDS):
        while len(await look_at(port, "/_/looked")) < jobs:
            await asyncio.sleep(0.5)


def _rows(setting: Setting, jobs: int, seen: Rounds) -> list[Row]:
    path, is_largest = f"following {jobs:,} jobs every {setting.poll_seconds:g} s", jobs == max(setting.job_counts)

    def row(measure: str, limit: str, **more: Any) -> Row:
        peers = {who: seen.of(who, measure) for who in (AIOHTTP, HTTPX, SDK) if who in seen.shown and who != limit}
        return Row(
            path=path,
            measure=measure,
            ours=seen.of(OURS, measure),
            limit=seen.of(limit, measure),
            limit_name=limit,
            peers=peers,
            rounds=setting.rounds,
            **more,
        )

    late, each = seen.of(OURS, "late p99, ms"), seen.of(OURS, "a job, kB")
    cpu = seen.of(OURS, "CPU, %") / (seen.of(SAME, "CPU, %") or 1)
    return [
        row("CPU, %", SAME, goal="≤ 1.5 × the same client", is_met=cpu <= 1.5),
        row("looks/s", SAME),
        row("late p99, ms", SAME, goal="≤ 250 ms" if is_largest else "", is_met=late <= 250 if is_largest else None),
        Row(
            path=path,
            measure="memory of a job, kB",
            ours=each,
            goal="≤ 20 kB" if is_largest else "",
            is_met=each <= 20 if is_largest else None,
            rounds=setting.rounds,
        ),
    ]


def _growth(setting: Setting, seen: Mapping[int, Rounds]) -> list[Row]:
    """Linear: ten times the jobs cost at most ten times the processor, and a little for the clock's grain."""
    if len(seen) < 2:
        return []
    few, many = sorted(seen)[-2:]
    each = {jobs: seen[jobs].of(OURS, "CPU, %") / jobs * 1000 for jobs in (few, many)}
    return [
        Row(
            path=f"following: from {few:,} to {many:,} jobs",
            measure="CPU, % per 1,000 jobs",
            ours=each[many],
            limit=each[few],
            limit_name=f"at {few:,}",
            goal="grows linearly: ≤ 1.2 ×",
            is_met=each[many] <= 1.2 * each[few],
            rounds=setting.rounds,
        )
    ]
