"""Locks that a database gives and takes: who is alive, who sweeps, and that nobody is two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.execution.takeover import AdvisoryLock, new_executor_id


@asynccontextmanager
async def held(url: str, executor: str, lost: asyncio.Event | None = None) -> AsyncIterator[AdvisoryLock]:
    lock = AdvisoryLock(url, executor, lost=(lost or asyncio.Event()).set, proof_seconds=1.0)
    try:
        await lock.acquire()
        yield lock
    finally:
        await lock.release()


async def test_of_two_schedulers_one_works_and_the_other_takes_its_place(postgres_url: str) -> None:
    async with held(postgres_url, "second") as second:
        async with held(postgres_url, "first") as first:
            assert [await first.is_sweeper(), await second.is_sweeper()] == [True, False]
            assert await second.dead_among(["long-gone"]) == [], "only the one that sweeps looks for the dead"
            assert await first.dead_among(["first", "second", "long-gone"]) == ["long-gone"]
        async with asyncio.timeout(15):
            while not await second.is_sweeper():  # noqa: ASYNC110  the database tells nobody
                await asyncio.sleep(0.05)
        assert await second.dead_among(["first", "second"]) == ["first"]


async def test_f16_an_executor_id_that_is_in_use_is_refused(postgres_url: str) -> None:
    async with held(postgres_url, "twin"):
        with pytest.raises(RuntimeError, match="in use by another process"):
            async with held(postgres_url, "twin"):
                pass
    assert new_executor_id() != new_executor_id()


async def test_whose_session_is_ended_knows_that_it_may_not_act_any_more(postgres_url: str) -> None:
    lost = asyncio.Event()
    async with held(postgres_url, "frozen", lost) as frozen, held(postgres_url, "alive") as alive:
        assert frozen.is_held()
        await alive.end("frozen")
        async with asyncio.timeout(15):
            await lost.wait()
            while frozen.is_held():  # noqa: ASYNC110  it only passes
                await asyncio.sleep(0.05)
        assert alive.is_held()
