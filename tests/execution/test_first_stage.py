"""Only a run that nobody has ever worked on does its first stage before its journal is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dbos._sys_db import SystemDatabase

from bot.domain.request import RequestId
from bot.execution.claim import Claim, Taken
from bot.execution.engine import Engine, Journal
from bot.execution.footing import Key
from bot.execution.lifecycle import live
from bot.execution.queue import QUEUE
from bot.execution.stage import Stage
from tests.execution.bench import Bench

RARELY = 1.0  # seconds between the library's own looks at the queue


@dataclass
class Runs:
    """The journal of each run that began. A run keeps the word of its first stage, and may wait before or after."""

    waits: str = ""
    began: asyncio.Queue[Journal] = field(default_factory=asyncio.Queue)
    kept: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, _request: RequestId, _revision: int, journal: Journal) -> None:
        self.began.put_nowait(journal)
        if self.waits == "before":
            await asyncio.Event().wait()
        await journal.keep(Stage.CHECK, "over")
        self.kept.set()
        if self.waits == "after":
            await asyncio.Event().wait()

    async def is_new(self) -> bool:
        async with asyncio.timeout(10):
            return (await self.began.get()).is_new


@asynccontextmanager
async def engine_of(
    bench: Bench, name: str, runs: Runs, *, poll_seconds: float = RARELY, hand_over: bool = True
) -> AsyncIterator[Engine]:
    engine = Engine(bench.engine, name, runs.run, poll_seconds=poll_seconds)
    await engine.launch()
    yield engine
    await engine.stop(hand_over=hand_over)


def enqueue(bench: Bench, name: str = "r-1") -> None:
    bench.store.transact(lambda tx: tx.runs.enqueue(RequestId(name), 1))


def system_of(bench: Bench) -> SystemDatabase:
    return bench.queue._client._sys_db


def taken_by(bench: Bench, executor: str) -> Taken:
    [taken] = Claim(system_of(bench), executor).take(f"token of {executor}")
    return taken


async def began_and_died(bench: Bench, *, hand_over: bool) -> None:
    """A worker took the run and ended before it had kept a word."""
    runs = Runs(waits="before")
    async with engine_of(bench, "first", runs, hand_over=hand_over) as engine:
        enqueue(bench)
        await engine.claim()
        await runs.is_new()


async def test_a_run_that_nobody_worked_on_is_new_and_is_told_so(bench: Bench) -> None:
    runs = Runs()
    async with engine_of(bench, "first", runs) as engine:
        for number in range(5):
            enqueue(bench, f"r-{number}")
            await engine.claim()
        told = [await runs.is_new() for _ in range(5)]
    assert told.count(True) >= 4  # the library may look meanwhile, and be faster


async def test_the_library_s_own_claim_does_not_know_it(bench: Bench) -> None:
    runs = Runs()
    async with engine_of(bench, "first", runs, poll_seconds=0.1):
        enqueue(bench)
        assert not await runs.is_new()


async def test_who_takes_over_from_a_dead_worker_has_no_new_run(bench: Bench) -> None:
    await began_and_died(bench, hand_over=False)
    runs = Runs()
    async with engine_of(bench, "second", runs) as engine:
        assert await engine.recover(["first"]) == 1
        await engine.claim()
        assert not await runs.is_new()


async def test_a_run_that_was_handed_over_is_not_new(bench: Bench) -> None:
    await began_and_died(bench, hand_over=True)
    assert not taken_by(bench, "second").is_new


async def test_a_run_that_was_only_taken_and_never_begun_is_not_new_for_the_next(bench: Bench) -> None:
    enqueue(bench)
    assert taken_by(bench, "first").is_new
    assert system_of(bench).reenqueue_for_recovery("run-r-1-1-1", ["first"], QUEUE)
    assert not taken_by(bench, "second").is_new


async def test_whoever_resumes_a_run_resets_its_attempts_and_not_its_journal(bench: Bench) -> None:
    runs = Runs(waits="after")
    async with engine_of(bench, "first", runs, hand_over=False) as engine:
        enqueue(bench)
        await engine.claim()
        await runs.kept.wait()
    system_of(bench).resume_workflows(["run-r-1-1-1"], queue_name=QUEUE)
    taken = taken_by(bench, "second")
    assert (taken.status["recovery_attempts"], taken.is_new) == (1, False)


async def test_another_turn_of_the_same_approval_is_a_new_run(bench: Bench) -> None:
    runs = Runs()
    async with engine_of(bench, "first", runs) as engine:
        enqueue(bench)
        await engine.claim()
        await runs.is_new()
        await bench.sees(lambda: not bench.queue.live())
    enqueue(bench)
    taken = taken_by(bench, "second")
    assert (taken.status["workflow_uuid"], taken.is_new) == ("run-r-1-1-2", True)


@dataclass(frozen=True, slots=True)
class NotedJournal(Journal):
    said: list[str] = field(default_factory=list)

    async def once(self, stage: Stage, work: Callable[[], Awaitable[str]]) -> str:
        self.said.append(f"asked, then {stage}")
        return await work()

    async def keep(self, stage: Stage, word: str) -> str:
        self.said.append(f"{stage}, then kept")
        return word


async def test_only_the_first_stage_of_a_new_run_comes_before_its_journal(sqlite_bench: Bench) -> None:
    async with sqlite_bench.worker() as worker:
        for is_new, said in ((True, "check, then kept"), (False, "asked, then check")):
            journal = NotedJournal("run-nobody-1-1", is_new)
            await live(worker.parts, Key(RequestId("nobody"), 1), journal)
            assert journal.said == [said]
