"""Outcomes that nobody can know at once: what the group tells, how long it is waited for, and who is asked then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.facts import GroupId, Site
from bot.domain.request import Event, RequestId, State
from bot.domain.run import AttemptOutcome, Question
from bot.domain.surface import PlaceKind
from bot.ports import Transaction
from bot.service.changes import Cause, advance
from tests.execution.bench import APPROVER, Bench
from tests.fakes.cloud import FakeCloud, Reply

G1 = GroupId("g-1")


async def look_again(bench: Bench) -> None:
    """What the use case behind the button does, a moment after the question was seen."""
    await bench.sees(lambda: not bench.queue.live())

    def work(tx: Transaction) -> None:
        request = tx.requests.get(RequestId("r-1"))
        assert request is not None
        assert advance(tx, request, Event.LOOK_AGAIN, Cause(actor=APPROVER)) is not None
        tx.runs.enqueue(request.id, request.revision)

    await bench.store.run(work)


async def test_f8_an_accepted_order_whose_answer_was_lost_is_followed_by_the_group(bench: Bench) -> None:
    bench.cloud.reply = Reply.ACCEPT_AND_LOSE
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    attempt = await bench.attempt()
    assert attempt is not None
    assert (attempt.outcome, attempt.job_id) == (AttemptOutcome.ACCEPTED, None)
    assert len(bench.cloud.posts) == 1
    assert [kind for kind in await bench.lines() if kind in ("unclear", "reconciled")] == ["unclear", "reconciled"]


async def test_f8_an_order_that_was_lost_needs_a_person_and_is_never_sent_again(bench: Bench) -> None:
    bench.cloud.reply = Reply.LOSE
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
        await asyncio.sleep(0.5)  # sweeps pass
    assert bench.cloud.posts == []
    assert (await bench.run()).question is Question.LOOK_AGAIN
    assert (await bench.lines())[-1] == "needs_person"
    assert len(await bench.surfaces(PlaceKind.QUESTION)) == 1


async def test_looking_again_at_an_unmoved_group_asks_again(bench: Bench) -> None:
    bench.cloud.reply = Reply.LOSE
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
        for _ in range(2):
            await look_again(bench)
            await bench.until(State.NEEDS_PERSON)
    assert bench.cloud.posts == []


async def test_looking_again_at_a_group_that_moved_goes_on_to_the_end(bench: Bench) -> None:
    bench.timing = replace(bench.timing, sweep_seconds=3600)
    bench.cloud.reply = Reply.LOSE
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
        bench.cloud.accept(G1, Site.TARGET)  # a person did it in the console
        await look_again(bench)
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1


async def test_f7_an_order_that_arrives_late_is_noticed_without_a_click(bench: Bench) -> None:
    bench.cloud.reply = Reply.LOSE
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
        bench.cloud.job_looks = 3
        bench.cloud.accept(G1, Site.TARGET)
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1


async def test_a_process_that_woke_up_too_late_sends_nothing(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, submit_seconds=0)
    async with bench.worker():
        await bench.approved()
        await bench.until(State.FAILED)
    assert bench.cloud.posts == []


Trouble = Callable[[FakeCloud], None]


def down(cloud: FakeCloud) -> None:
    cloud.is_down = True


def flapping(cloud: FakeCloud) -> None:
    cloud.is_down = not cloud.is_down


def new_word(cloud: FakeCloud) -> None:
    cloud.never_ends, cloud.job_status = True, "PONDERING"


def stuck(cloud: FakeCloud) -> None:
    cloud.never_ends = True


def forgotten(cloud: FakeCloud) -> None:
    cloud.never_ends, cloud.job_is_unknown = True, True


def strange_group(cloud: FakeCloud) -> None:
    cloud.never_ends, cloud.job_is_unknown = True, True
    cloud.set_group(G1, status="resting")


@pytest.mark.parametrize("trouble", [down, new_word, stuck, forgotten, strange_group])
async def test_f22_without_an_end_there_is_no_guess_but_a_person(sqlite_bench: Bench, trouble: Trouble) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, job_limit_seconds=0.5)
    bench.cloud.before_answer = lambda: trouble(bench.cloud)
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
    assert len(bench.cloud.posts) == 1


async def test_f22_a_status_that_flaps_is_followed_to_the_true_end(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.cloud.job_looks = 6

    async def flap() -> None:
        while True:
            flapping(bench.cloud)
            await asyncio.sleep(0.03)

    async with bench.worker():
        await bench.approved()
        await bench.sees(lambda: bool(bench.cloud.posts))
        flaps = asyncio.create_task(flap())
        await bench.until(State.VERIFIED)
        flaps.cancel()
    assert len(bench.cloud.posts) == 1


async def test_f22_a_job_that_the_cloud_forgot_is_followed_by_its_group(bench: Bench) -> None:
    bench.cloud.job_is_unknown = True
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1


async def test_silence_of_the_cloud_is_told_with_its_age_and_ends_with_the_answer(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.cloud.job_looks = 50
    async with bench.worker():
        await bench.approved()
        await bench.sees(lambda: bool(bench.cloud.posts))
        bench.cloud.is_down = True
        run = await bench.run_where(lambda run: bool(run.stale_reason))
        assert run.stale_reason == "The cloud does not answer."
        bench.cloud.is_down = False
        await bench.run_where(lambda run: not run.stale_reason)
        await bench.until(State.VERIFIED)
    assert "stale" in await bench.lines()


async def test_look_again_after_the_limit_follows_on(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, job_limit_seconds=0.4)
    bench.cloud.before_answer = lambda: stuck(bench.cloud)
    async with bench.worker():
        await bench.approved()
        await bench.until(State.NEEDS_PERSON)
        bench.cloud.never_ends = False
        await look_again(bench)
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1
