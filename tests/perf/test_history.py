"""With a long history, and statistics of it, no query of the hot paths walks a whole table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.request import OPEN_STATES, RequestId, State
from bot.ports import Transaction
from storage.unit_of_work import SqlStore
from tests.benchmarks.ours.history import TEMPLATE, add_template, fill
from tests.benchmarks.ours.rows import REQUESTER, migrate_all, opened

LEASE = timedelta(seconds=60)
Look = Callable[[Transaction], object]

LOOKS: dict[str, Look] = {
    "open requests": lambda tx: tx.requests.in_states(OPEN_STATES),
    "requests in one state, after another": lambda tx: tx.requests.in_states([State.PENDING], after=RequestId("R1")),
    "when those in one state were moved": lambda tx: tx.requests.last_moved(State.RUNNING),
    "the latest requests": lambda tx: tx.requests.recent(),
    "an owed review": lambda tx: tx.requests.owing_review(REQUESTER),
    "how many somebody made": lambda tx: tx.requests.of_requester(REQUESTER, since=tx.now),
    "one request with all about it": lambda tx: tx.requests.view(RequestId(TEMPLATE)),
    "its approvals": lambda tx: tx.approvals.of(RequestId(TEMPLATE), 1),
    "its run": lambda tx: tx.runs.get(RequestId(TEMPLATE)),
    "its fence": lambda tx: tx.runs.attempt(RequestId(TEMPLATE)),
    "its audit rows": lambda tx: tx.audit.of(RequestId(TEMPLATE)),
    "due messages": lambda tx: tx.surfaces.claim("somebody", limit=16, lease=LEASE),
    "a message by its place in Slack": lambda tx: tx.surfaces.at("C1", "1.2"),
}


@pytest.fixture
async def history(tmp_path: Path) -> Path:
    """An SQLite file with some thousand requests that ended, analysed."""
    file = tmp_path / "history.sqlite"
    migrate_all(f"sqlite:///{file}")
    await add_template(f"sqlite:///{file}")
    fill(f"sqlite:///{file}", 3000, 3000)
    return file


def plans_of(store: SqlStore, file: Path, look: Look) -> list[str]:
    """What SQLite would do for each statement of `look`, in its own words."""
    said: list[tuple[str, object]] = []
    engine = store._database.engine

    def note(_1: object, _2: object, statement: str, values: object, _3: object, _4: object) -> None:
        said.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    store.transact(look)
    sa.event.remove(engine, "before_cursor_execute", note)
    with sqlite3.connect(file) as connection:
        return [
            str(row[3])
            for statement, values in said
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values or ())
        ]


@pytest.mark.parametrize("name", LOOKS)
async def test_nothing_walks_the_history(name: str, history: Path) -> None:
    with opened(f"sqlite:///{history}") as rows:
        plans = plans_of(rows.store, history, LOOKS[name])

    walks = [plan for plan in plans if plan.startswith("SCAN") and not _ends_early(plan)]
    assert plans
    assert not walks


def _ends_early(plan: str) -> bool:
    """Along an index in the order that is asked for, up to a limit; or an index of what is due and nothing else."""
    return any(word in plan for word in ("request_by_age", "request_one_open", "surface_due", "CONSTANT ROW"))


async def test_a_walk_would_be_noticed(history: Path) -> None:
    with opened(f"sqlite:///{history}") as rows:
        plans = plans_of(rows.store, history, lambda tx: tx.requests.count_by_state())

    assert [plan for plan in plans if plan.startswith("SCAN") and not _ends_early(plan)]
