"""However many runs are over, the engine's claim and our own questions to it walk no table, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.request import RequestId
from bot.execution.queue import RunQueue
from tests.benchmarks.ours.history import add_template, fill
from tests.benchmarks.ours.rows import migrate_all
from tests.execution.bench import Bench
from tests.storage.conftest import KINDS

RUNS = 20_000
MONTH = timedelta(days=30)
ASKS = {
    "which executors hold runs": lambda queue: queue.executors(),
    "which runs are alive": lambda queue: queue.live(),
    "who holds them": lambda queue: queue.holders(),
    "how often a request was taken up": lambda queue: queue.turns(RequestId("H77"), 1),
    "what may be forgotten": lambda queue: queue.forget(MONTH),
}


@pytest.fixture(params=KINDS)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database in which many runs are over, analysed."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path / 'bot.db'}"
    else:
        made = request.getfixturevalue("postgres_server").create()
    migrate_all(made)
    await add_template(made)
    fill(made, RUNS, 1)
    return made


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def note(_1: object, _2: object, statement: str, values: Any, _3: object, _4: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            said.append((statement, values))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield said
    sa.event.remove(engine, "before_cursor_execute", note)


def walks(engine: sa.Engine, said: list[tuple[str, Any]]) -> list[str]:
    """The lines of the plans that read the engine's runs from end to end."""
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        lines = [
            str(row[-1]).strip()
            for statement, values in said
            for row in connection.exec_driver_sql(f"{explain} {statement}", values)
        ]
    assert lines
    return [line for line in lines if "workflow_status" in line and _is_walk(line)]


def _is_walk(line: str) -> bool:
    """Not along an index of nothing but what is pending or delayed."""
    holds_little = any(index in line for index in ("idx_workflow_status_pending", "idx_workflow_status_delayed"))
    return "Seq Scan" in line or (line.startswith("SCAN") and not holds_little)


@pytest.mark.parametrize("name", ASKS)
def test_no_question_to_the_engine_walks_the_runs(name: str, url: str) -> None:
    engine = sa.create_engine(sa.make_url(url).set(drivername=_driver(url)))
    queue = RunQueue(engine)
    with recorded(engine) as said:
        ASKS[name](queue)
    assert not walks(engine, said)
    queue.close()
    engine.dispose()


async def test_claiming_a_run_does_not_walk_the_runs(url: str) -> None:
    bench = Bench(url)
    async with bench.worker() as worker:
        with recorded(worker._database) as said:
            await worker._engine.claim()
        assert not walks(worker._database, said)
    bench.close()


def test_a_walk_would_be_noticed(url: str) -> None:
    engine = sa.create_engine(sa.make_url(url).set(drivername=_driver(url)))
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    assert walks(engine, [(f"SELECT count(*) FROM {schema}workflow_status WHERE name > 'x'", ())])
    engine.dispose()


def _driver(url: str) -> str:
    return "sqlite" if url.startswith("sqlite") else "postgresql+psycopg"
