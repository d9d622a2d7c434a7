"""Everybody at once: one wins, the others are told, and the chain stays whole."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from datetime import timedelta

from bot.domain.request import State
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from storage.unit_of_work import SqlStore
from tests.storage.clicker import click_at_once
from tests.storage.samples import entry, request

CLICKS = 20


async def test_of_all_clicks_in_two_processes_one_approves(store: SqlStore, url: str) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    command = [sys.executable, "-m", "tests.storage.clicker", url, asked.id, str(CLICKS)]
    pipe = asyncio.subprocess.PIPE
    others = [await asyncio.create_subprocess_exec(*command, name, stdout=pipe) for name in ("left", "right")]
    outputs = [await other.communicate() for other in others]
    assert [other.returncode for other in others] == [0, 0]
    won = sum((Counter(json.loads(out)) for out, _ in outputs), Counter[str]())
    assert won == {"moved": 1, "approved": 1, "fenced": 1, "added": 1}
    view = await store.read(lambda tx: tx.requests.view(asked.id))
    assert view is not None
    assert (view.request.state, len(view.approvals)) == (State.APPROVED, 1)
    assert view.card is not None
    assert view.card.wanted == 2 * CLICKS
    verdict = await store.verify_audit()
    assert (verdict.rows, verdict.is_intact) == (2 * CLICKS, True)


async def test_of_twenty_threads_one_approves(store: SqlStore, url: str) -> None:
    await store.run(lambda tx: tx.requests.add(request()))
    won = await asyncio.to_thread(click_at_once, url, "r-1", CLICKS, "all")
    assert won == {"moved": 1, "approved": 1, "fenced": 1, "added": 1}
    rows = await store.read(lambda tx: tx.audit.stream())
    assert sum(row.entry.detail["won"] == 1 for row in rows) == 1


async def test_no_message_is_claimed_by_two(store: SqlStore) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(10):
            asked = request(f"r-{number}", f"group-{number}")
            tx.requests.add(asked)
            for key in range(10):
                tx.surfaces.want(asked.id, Place(PlaceKind.NOTE, str(key)))

    async def work(owner: str) -> list[int]:
        mine: list[int] = []
        claim = lambda tx: tx.surfaces.claim(owner, limit=7, lease=timedelta(minutes=1))  # noqa: E731
        while claimed := await store.run(claim):
            mine += [surface.id for surface in claimed]
        return mine

    await store.run(fill)
    found = await asyncio.gather(*(work(f"worker-{n}") for n in range(4)))
    ids = [surface_id for mine in found for surface_id in mine]
    assert len(ids) == len(set(ids)) == 100


async def test_the_chain_has_no_gap_when_some_transactions_fail(store: SqlStore) -> None:
    def work(tx: Transaction, number: int) -> None:
        for _ in range(3):
            tx.audit.append(entry(f"r-{number}"))
        if number % 3 == 0:
            raise ArithmeticError

    results = await asyncio.gather(
        *(store.run(lambda tx, n=n: work(tx, n)) for n in range(30)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert sum(isinstance(result, ArithmeticError) for result in results) == 10
    verdict = await store.verify_audit()
    assert (verdict.rows, verdict.is_intact) == (60, True)
