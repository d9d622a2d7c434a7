"""The crash matrix: a worker dies before, in and after each step of a run, and the next one brings it to a true end."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.domain.plan import Options
from bot.domain.request import State
from bot.domain.run import AttemptOutcome
from bot.domain.surface import PlaceKind
from tests.execution.bench import Bench, DiesAt, kill
from tests.fakes.cloud import Reply

HARMLESS = (
    "before check",
    "before begin",
    "after begin",
    "after check",
    "before stop",
    "before stop order",
    "stop order intended",
    "after stop order",
    "after stop",
    "before submit",
    "before fence",
)
SUBMITTED = (
    "after POST",
    "POST settled",
    "after submit",
    "before follow",
    "job done",
    "after follow",
    "before verify",
    "after verify",
    "before start",
    "before start order",
    "after start order",
    "after start",
    "before finish",
    "before end",
    "after end",
    "after finish",
)
IN_DOUBT = ("after fence", "before POST")
ON_POSTGRESQL = ("before fence", "after fence", "after POST", "POST settled", "job done", "after start order")


async def die_and_return(bench: Bench, point: str, options: Options | None = None) -> None:
    """The request is approved, its worker dies at `point`, and another one takes over."""
    dying = DiesAt(point)
    worker = bench.worker(reach=dying)
    await worker.start()
    await bench.approved(options=options)
    async with asyncio.timeout(15):
        await dying.died.wait()
    await kill(worker)


async def verified_once(bench: Bench) -> None:
    async with bench.worker():
        await bench.until(State.VERIFIED)
        await bench.sees(lambda: not bench.queue.live())
    assert len(bench.cloud.posts) == 1
    told = Counter(await bench.lines())
    assert {kind: count for kind, count in told.items() if count > 1} == {"starting": 2}  # one for each wave
    assert len(await bench.surfaces(PlaceKind.LOGIN)) == len(await bench.surfaces(PlaceKind.END)) == 1
    moves = [row.entry.detail["after"] for row in await bench.audit() if "after" in row.entry.detail]
    assert moves == ["approved", "running", "verified"]


@pytest.mark.parametrize("point", [*HARMLESS, *SUBMITTED])
async def test_f1_f4_f6_a_crash_leads_to_one_post_and_the_true_end(sqlite_bench: Bench, point: str) -> None:
    await die_and_return(sqlite_bench, point)
    assert len(sqlite_bench.cloud.posts) == (point in SUBMITTED)
    await verified_once(sqlite_bench)


@pytest.mark.parametrize("point", [point for point in ON_POSTGRESQL if point not in IN_DOUBT])
async def test_f1_f4_on_postgresql_another_executor_takes_over(postgres_bench: Bench, point: str) -> None:
    await die_and_return(postgres_bench, point)
    await verified_once(postgres_bench)


@pytest.mark.parametrize("point", IN_DOUBT)
async def test_f2_a_crash_between_fence_and_post_is_never_sent_again(bench: Bench, point: str) -> None:
    await die_and_return(bench, point)
    async with bench.worker():
        await bench.until(State.NEEDS_PERSON)
        await asyncio.sleep(0.5)  # sweeps pass
    assert bench.cloud.posts == []
    assert (await bench.lines())[-1] == "needs_person"
    assert bench.metrics.counts["unclear_outcomes"] == 1


async def test_f3_a_crash_before_the_answer_is_reconciled(bench: Bench) -> None:
    await die_and_return(bench, "after POST")
    attempt = await bench.attempt()
    assert attempt is not None
    assert attempt.outcome is None
    await verified_once(bench)
    attempt = await bench.attempt()
    assert attempt is not None
    assert (attempt.outcome, attempt.job_id) == (AttemptOutcome.ACCEPTED, None)
    assert "reconciled" in await bench.lines()


async def test_f4_a_crash_after_the_answer_keeps_the_job(bench: Bench) -> None:
    await die_and_return(bench, "POST settled")
    await verified_once(bench)
    assert (await bench.run()).job_id == "job-1"


async def test_f5_twenty_crashes_while_the_job_runs_are_not_noticed(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.cloud.never_ends = True
    await die_and_return(bench, "POST settled")
    for _ in range(20):
        worker = bench.worker()
        await worker.start()
        reads = bench.cloud.reads
        await bench.sees(lambda before=reads: bench.cloud.reads > before)  # type: ignore[misc]
        await kill(worker)
    bench.cloud.never_ends = False
    await verified_once(bench)


async def test_a_run_that_is_taken_up_after_its_job_does_not_wait_for_it_again(bench: Bench) -> None:
    await die_and_return(bench, "before verify")
    bench.cloud.job_is_unknown = True
    await verified_once(bench)
    assert "reconciled" not in await bench.lines()


@pytest.mark.parametrize("point", ["before servers back", "before ending cancel", "after ending cancel"])
async def test_a_crash_in_the_middle_of_a_cancel_still_cancels(sqlite_bench: Bench, point: str) -> None:
    bench = sqlite_bench
    bench.cloud.power_looks = 3
    dying = DiesAt(point)
    worker = bench.worker(reach=dying)
    await worker.start()
    await bench.approved()
    await bench.sees(lambda: bool(bench.cloud.orders))
    await bench.run_where(lambda run: bool(run.stopped_server_ids))
    await bench.amend(cancel_requested_by=(await bench.request()).requester)
    async with asyncio.timeout(15):
        await dying.died.wait()
    await kill(worker)
    async with bench.worker():
        await bench.until(State.CANCELLED)
        await bench.sees(lambda: not bench.queue.live())
    statuses = bench.cloud.statuses()
    assert {statuses["g-1-db-1-eu-de-01"], statuses["g-1-web-1-eu-de-01"]} == {"ACTIVE"}
    assert bench.cloud.posts == []


@pytest.mark.parametrize("point", ["before drift", "after drift"])
async def test_a_crash_on_the_way_back_to_the_approvers_makes_one_new_revision(sqlite_bench: Bench, point: str) -> None:
    bench = sqlite_bench
    bench.people.gone.add("U2")
    await die_and_return(bench, point)
    async with bench.worker():
        request = await bench.until(State.PENDING)
        await bench.sees(lambda: not bench.queue.live())
    assert request.revision == 2
    assert await bench.lines() == ["drifted"]


async def test_a_crash_after_a_refusal_does_not_try_again(bench: Bench) -> None:
    bench.cloud.reply = Reply.REJECT
    await die_and_return(bench, "POST settled")
    bench.cloud.reply = Reply.ACCEPT
    async with bench.worker():
        await bench.until(State.FAILED)
    assert bench.cloud.posts == []


async def test_f23_a_worker_that_is_told_to_stop_hands_its_runs_over(bench: Bench) -> None:
    bench.cloud.never_ends = True
    async with bench.worker():
        await bench.approved()
        await bench.sees(lambda: bool(bench.cloud.posts))
    statuses = dict(bench.statuses())
    assert list(statuses.values()) == ["ENQUEUED"]
    bench.cloud.never_ends = False
    await verified_once(bench)


async def test_f23_an_order_on_the_wire_is_answered_before_the_worker_stops(bench: Bench) -> None:
    sent = asyncio.Event()
    worker = bench.worker(reach=lambda point: sent.set() if point == "before POST" else None)
    bench.cloud.answer_seconds = 0.3
    await worker.start()
    await bench.approved()
    await sent.wait()
    await worker.stop()
    attempt = await bench.attempt()
    assert attempt is not None
    assert attempt.outcome is AttemptOutcome.ACCEPTED
    await verified_once(bench)
