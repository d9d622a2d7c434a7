"""Many people who click at once, as a process of its own: `python -m tests.storage.clicker URL REQUEST THREADS NAME`.

Prints how many of the clicks won, as JSON: `{"moved": 0, "approved": 1, "fenced": 0, "added": 0}`.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bot.domain.people import Account
from bot.domain.request import RequestId, State
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.storage.samples import approval, attempt, entry, request


def click(tx: Transaction, request_id: RequestId, who: str) -> Counter[str]:
    """The last approval, as the bot does it: read, move, approve, enqueue, show, record."""
    view = tx.requests.view(request_id)
    assert view is not None
    won = Counter(added=tx.requests.add(request(f"{request_id}-{who}", "raced")))
    if view.request.state is State.PENDING:
        won["approved"] = tx.approvals.add(approval(view.request, Account("E1", "T1", "U1")))
        approved = replace(view.request, state=State.APPROVED, updated_at=tx.now)
        if tx.requests.move(view.request, approved):
            won["moved"] = 1
            tx.runs.enqueue(request_id, 1)
    won["fenced"] = tx.runs.fence(attempt(view.request, executor=who))
    tx.surfaces.want(request_id, Place(PlaceKind.CARD, "1"))
    tx.audit.append(entry(request_id, detail={"won": won["moved"], "who": who}))
    return won


def click_at_once(url: str, request_id: str, threads: int, name: str) -> Counter[str]:
    database = open_database(url)
    store = SqlStore(database, enqueue=lambda session, request_id, revision: None)

    def one(number: int) -> Counter[str]:
        return store.transact(lambda tx: click(tx, RequestId(request_id), f"{name}-{number}"))

    with ThreadPoolExecutor(threads) as pool:
        won = sum(pool.map(one, range(threads)), Counter[str]())
    store.close()
    database.close()
    return won


if __name__ == "__main__":
    print(json.dumps(click_at_once(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])))
