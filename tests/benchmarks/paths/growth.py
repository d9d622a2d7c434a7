"""The same work on an empty database and on one with a long history, in turns: no path may become slower."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta

from bot.domain.audit import Entry
from bot.domain.people import Account
from bot.domain.request import OPEN_STATES, Event, RequestId
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from bot.service.changes import Cause, advance
from tests.benchmarks.figures import Row, in_turns, percentile
from tests.benchmarks.ours.history import add_template, fill
from tests.benchmarks.ours.postgres import database
from tests.benchmarks.ours.rows import APPROVER, REQUESTER, Rows, opened, plain_snapshot, request_of
from tests.benchmarks.setting import Setting
from tests.storage import samples

EMPTY, FULL = "empty", "full"
MOST = 1.5  # a ratio of medians; the noise of a shared machine is in it
LEASE = timedelta(seconds=60)
Work = Callable[[Rows, int], Awaitable[object]]


async def rows(setting: Setting) -> list[Row]:
    """All are filled at the same time, and then looked at one after the other."""
    async with AsyncExitStack() as stack:
        urls = {kind: await _prepared(kind, setting, stack) for kind in setting.databases}
        filling = (asyncio.to_thread(fill, two[FULL], setting.history, setting.audit_rows) for two in urls.values())
        await asyncio.gather(*filling)
        return [row for kind, two in urls.items() for row in await _on(kind, setting, two)]


async def _prepared(kind: str, setting: Setting, stack: AsyncExitStack) -> Mapping[str, str]:
    urls = {}
    for name in (EMPTY, FULL):
        folder = setting.folder / f"growth-{kind}-{name}"
        folder.mkdir()
        urls[name] = await stack.enter_async_context(database(kind, setting, folder))
        await add_template(urls[name])
    return urls


async def _on(kind: str, setting: Setting, urls: Mapping[str, str]) -> list[Row]:
    with ExitStack() as stack:
        places = {name: stack.enter_context(opened(url)) for name, url in urls.items()}
        return [await _row(kind, setting, places, what, work) for what, work in WORKS.items()]


async def _row(kind: str, setting: Setting, places: Mapping[str, Rows], what: str, work: Work) -> Row:
    def turn(rows: Rows) -> Callable[[], Awaitable[Mapping[str, float]]]:
        async def one() -> Mapping[str, float]:
            took = []
            for _ in range(setting.history_looks):
                number = next(NUMBERS)
                began = time.perf_counter()
                await work(rows, number)
                took.append((time.perf_counter() - began) * 1000)
            return {"ms": percentile(took, 0.5)}

        return one

    seen = await in_turns({name: turn(rows) for name, rows in places.items()}, setting.rounds)
    empty, full = seen.of(EMPTY, "ms"), seen.of(FULL, "ms")
    history = f"{setting.history:,} requests, {setting.audit_rows:,} audit rows"
    return Row(
        path=f"{what}, {kind}, after {history}",
        measure="p50, ms",
        ours=full,
        limit=empty,
        limit_name="empty",
        goal=f"no slower (≤ {MOST} ×)",
        is_met=full <= MOST * empty,
        rounds=setting.rounds,
    )


NUMBERS = itertools.count(100_000)


async def _click(rows: Rows, number: int) -> None:
    """A request is asked for and approved: the writes of two clicks, with their messages and audit rows."""

    def work(tx: Transaction) -> None:
        asked = request_of(number, tx, plain_snapshot(number))
        assert tx.requests.add(asked)
        tx.surfaces.want(asked.id, Place(PlaceKind.CARD, "1"))
        assert tx.approvals.add(samples.approval(asked, APPROVER, at=tx.now))
        moved = advance(tx, asked, Event.APPROVE, Cause(actor=APPROVER), decided_by=APPROVER, decided_at=tx.now)
        assert moved is not None

    await rows.store.run(work)


async def _view(rows: Rows, number: int) -> None:
    await rows.store.read(lambda tx: tx.requests.view(RequestId("R99999")))


async def _home(rows: Rows, number: int) -> None:
    """App Home: what is open, what was last, what is owed."""
    await rows.store.read(
        lambda tx: (
            tx.requests.in_states(OPEN_STATES),
            tx.requests.recent(limit=10),
            tx.requests.owing_review(REQUESTER),
        )
    )


async def _claim(rows: Rows, number: int) -> None:
    """The messenger's look for what is due."""
    await rows.store.run(lambda tx: tx.surfaces.claim("bench", limit=16, lease=LEASE))


async def _limit(rows: Rows, number: int) -> None:
    """How many requests somebody has made lately."""
    somebody = Account("", "T0BENCH", f"U{number}")
    await rows.store.read(lambda tx: tx.requests.of_requester(somebody, since=tx.now - timedelta(minutes=1)))


async def _audit(rows: Rows, number: int) -> None:
    await rows.store.run(lambda tx: tx.audit.append(Entry(action="bench", outcome="done", actor=APPROVER)))


async def _queue(rows: Rows, number: int) -> None:
    """The engine's claim: who holds workflows."""
    await asyncio.to_thread(rows.queue.executors)


WORKS: Mapping[str, Work] = {
    "ask and decide": _click,
    "read a request": _view,
    "App Home": _home,
    "claim messages": _claim,
    "count somebody's requests": _limit,
    "append to the audit": _audit,
    "look for executors": _queue,
}
