"""Thousands of things are watched by a few lanes, each on its beat, and none is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.errors import CloudError, Problem
from bot.execution.poller import Poller
from tests.fakes.cloud import problem


class Job:
    def __init__(self, looks: int, *, seconds: float = 0) -> None:
        self.looks = looks
        self.seconds = seconds
        self.answers: list[object] = []

    async def look(self) -> int:
        await asyncio.sleep(self.seconds)
        self.looks -= 1
        return self.looks

    async def heed(self, seen: int | Problem) -> str | None:
        self.answers.append(seen)
        return "over" if seen == 0 else None


def often(age: float) -> float:
    return 0.001


async def test_a_thousand_jobs_are_followed_to_their_ends_by_three_lanes() -> None:
    jobs = [Job(5) for _ in range(1000)]
    async with Poller(lanes=3) as poller:
        ends = await asyncio.gather(*(poller.watch(job.look, job.heed, pace=often) for job in jobs))
    assert ends == ["over"] * 1000
    assert all(job.answers == [4, 3, 2, 1, 0] for job in jobs)


async def test_no_more_looks_run_at_once_than_there_are_lanes() -> None:
    running, most = 0, 0

    class Counted(Job):
        async def look(self) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.001)
            running -= 1
            return 0

    async with Poller(lanes=4) as poller:
        await asyncio.gather(*(poller.watch(job.look, job.heed, pace=often) for job in [Counted(1)] * 50))
    assert most == 4


async def test_a_slow_answer_does_not_hold_the_others_up() -> None:
    slow, quick = Job(1, seconds=5), Job(3)
    async with Poller(lanes=2) as poller:
        waiting = asyncio.create_task(poller.watch(slow.look, slow.heed, pace=often))
        assert await asyncio.wait_for(poller.watch(quick.look, quick.heed, pace=often), timeout=3) == "over"
        waiting.cancel()


async def test_a_read_that_failed_is_an_answer_and_not_the_end() -> None:
    class Shaky(Job):
        async def look(self) -> int:
            if await super().look() == 1:
                raise CloudError(problem("no answer"))
            return self.looks

    job = Shaky(3)
    async with Poller(lanes=1) as poller:
        assert await poller.watch(job.look, job.heed, pace=often) == "over"
    assert [type(answer) for answer in job.answers] == [int, Problem, int]


async def test_what_nobody_expected_reaches_the_one_who_waits_and_not_the_lane() -> None:
    class Broken(Job):
        async def heed(self, seen: int | Problem) -> str | None:
            raise LookupError("a bug")

    async with Poller(lanes=1) as poller:
        with pytest.raises(LookupError):
            await poller.watch(Broken(1).look, Broken(1).heed, pace=often)
        job = Job(2)
        assert await poller.watch(job.look, job.heed, pace=often) == "over"


async def test_one_that_is_given_up_is_not_looked_at_any_more() -> None:
    job = Job(1000)
    async with Poller(lanes=1) as poller:
        task = asyncio.create_task(poller.watch(job.look, job.heed, pace=often))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        seen = len(job.answers)
        await asyncio.sleep(0.02)
    assert len(job.answers) <= seen + 1
    assert poller.watched == 0


async def test_a_look_that_was_cut_off_by_itself_comes_again_and_keeps_its_lane() -> None:
    class CutOff(Job):
        async def look(self) -> int:
            if await super().look() == 1:
                raise asyncio.CancelledError
            return self.looks

    job = CutOff(3)
    async with Poller(lanes=1) as poller:
        assert await asyncio.wait_for(poller.watch(job.look, job.heed, pace=often), timeout=3) == "over"


async def test_looks_that_are_due_together_begin_together_and_none_begins_early() -> None:
    loop, began = asyncio.get_running_loop(), []

    class Seen(Job):
        async def look(self) -> int:
            began.append(loop.time())
            return await super().look()

    first = loop.time()
    async with Poller() as poller:
        jobs = [Seen(2) for _ in range(100)]
        await asyncio.gather(*(poller.watch(job.look, job.heed, pace=lambda age: 0.05) for job in jobs))
    assert min(began[100:]) >= first + 0.05 - 0.001  # the loop's own clock counts in milliseconds


async def test_a_poller_that_is_closed_looks_at_nothing_any_more() -> None:
    job = Job(1000)
    async with Poller(lanes=1) as poller:
        waiting = asyncio.create_task(poller.watch(job.look, job.heed, pace=often))
        await asyncio.sleep(0.03)
    seen = len(job.answers)
    await asyncio.sleep(0.03)
    assert len(job.answers) == seen
    waiting.cancel()


async def test_what_is_new_is_looked_at_after_one_pace_and_all_else_at_once() -> None:
    new, old, soon = Job(5), Job(5), Job(1)
    async with Poller(lanes=2) as poller:
        waiting = [
            asyncio.create_task(poller.watch(new.look, new.heed, pace=lambda age: 3600, is_new=True)),
            asyncio.create_task(poller.watch(old.look, old.heed, pace=lambda age: 3600)),
        ]
        assert await poller.watch(soon.look, soon.heed, pace=often, is_new=True) == "over"
        assert (new.answers, old.answers) == ([], [4])
        for watch in waiting:
            watch.cancel()
