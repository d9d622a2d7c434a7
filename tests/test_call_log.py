"""The calls of a request are kept: all of its orders, its reads as far as they say something new, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from bot.call_log import CallLog, about, current
from bot.domain.request import RequestId
from bot.execution.poller import Poller
from bot.ports import CloudCall, StoreError

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ONE, TWO = RequestId("FR-ONE"), RequestId("FR-TWO")


def read(path: str = "/v1/p/jobs/j", *, status: int = 200, seconds: float = 0.0) -> CloudCall:
    at = NOON + timedelta(seconds=seconds)
    return CloudCall(at=at, method="GET", path=path, status=status, milliseconds=5, summary="Reading the job")


class Kept:
    """A store that keeps calls and nothing else, and may be away."""

    def __init__(self) -> None:
        self.calls: list[tuple[RequestId, CloudCall]] = []
        self.transactions = self.statements = 0
        self.is_away = False

    async def run(self, work: Callable[[Any], None]) -> None:
        if self.is_away:
            raise StoreError("The database is away.", is_passing=True)
        self.transactions += 1
        work(SimpleNamespace(runs=self))

    def record_calls(self, request_id: RequestId, calls: list[CloudCall]) -> None:
        self.statements += 1
        self.calls += [(request_id, call) for call in calls]


async def written(log: CallLog) -> list[tuple[RequestId, CloudCall]]:
    kept = Kept()
    await log.flush(kept)  # type: ignore[arg-type]  # the part of a store that is asked for
    return kept.calls


async def test_calls_belong_to_the_request_that_they_were_made_for() -> None:
    log = CallLog()
    log.note(read("/nobodys"))
    with about(ONE):
        log.note(read("/one"))
        with about(TWO):
            log.note(read("/two"))
    assert [(name, call.path) for name, call in await written(log)] == [(ONE, "/one"), (TWO, "/two")]


async def test_calls_of_runs_that_go_on_at_the_same_time_are_a_statement_for_each_run() -> None:
    log, kept = CallLog(), Kept()
    for number in range(10):
        for request_id in (ONE, TWO):
            with about(request_id):
                log.note(read(f"/{number}"))
    await log.flush(kept)  # type: ignore[arg-type]  # the part of a store that is asked for
    assert (kept.transactions, kept.statements) == (1, 2)
    assert [call.path for name, call in kept.calls if name == TWO] == [f"/{number}" for number in range(10)]


async def test_tasks_that_begin_inside_belong_to_it_too() -> None:
    log = CallLog()

    async def call() -> None:
        log.note(read("/in-a-task"))

    with about(ONE):
        await asyncio.gather(call())
    assert [name for name, _ in await written(log)] == [ONE]


async def test_what_the_poller_looks_at_belongs_to_the_run_that_watches() -> None:
    log = CallLog()

    async def look() -> int:
        log.note(read())
        return 1

    async def heed(answer: object) -> str:
        return f"{answer} {current() is not None}"

    async with Poller(lanes=1) as poller:
        with about(ONE):
            assert await poller.watch(look, heed, pace=lambda age: 0.01) == "1 True"
    assert [name for name, _ in await written(log)] == [ONE]


async def test_a_quiet_job_that_is_polled_for_an_hour_is_a_dozen_rows() -> None:
    log = CallLog()
    with about(ONE):
        for second in range(0, 3600, 5):
            log.note(read(seconds=second))
    assert len(await written(log)) == 12


async def test_an_answer_that_differs_is_kept_at_once() -> None:
    log = CallLog()
    with about(ONE):
        for second, status in enumerate((200, 200, 500, 500, 200)):
            log.note(read(status=status, seconds=second))
    assert [call.status for _, call in await written(log)] == [200, 500, 200]


async def test_orders_are_always_kept() -> None:
    log = CallLog()
    order = replace(read(), method="POST")
    with about(ONE):
        log.note(order)
        log.note(order)
    assert len(await written(log)) == 2


async def test_a_request_that_is_being_asked_for_gets_its_calls_when_it_exists() -> None:
    log = CallLog()
    with about() as calls:
        log.note(read())
        assert await written(log) == []
        calls.request_id = ONE
    assert [name for name, _ in await written(log)] == [ONE]


async def test_a_request_that_never_came_to_be_leaves_nothing() -> None:
    log = CallLog()
    with about():
        log.note(read())
    assert await written(log) == []


async def test_calls_wait_while_the_database_is_away() -> None:
    log, kept = CallLog(), Kept()
    with about(ONE):
        log.note(read("/first"))
        log.note(read("/second"))
    kept.is_away = True
    await log.flush(kept)  # type: ignore[arg-type]  # the part of a store that is asked for
    kept.is_away = False
    await log.flush(kept)  # type: ignore[arg-type]  # the part of a store that is asked for
    assert [call.path for _, call in kept.calls] == ["/first", "/second"]


async def test_five_thousand_jobs_are_written_in_a_few_transactions() -> None:
    log, kept = CallLog(), Kept()
    for number in range(5000):
        with about(RequestId(f"FR-{number}")):
            log.note(read(f"/v1/p/jobs/{number}"))
    await log.flush(kept)  # type: ignore[arg-type]  # the part of a store that is asked for
    assert (len(kept.calls), kept.transactions) == (5000, 10)


def test_outside_of_a_request_there_is_none() -> None:
    with about(ONE) as subject:
        assert current() is subject
    assert current() is None
