"""No path that people or workers wait for reads a whole table, however long the history is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.request import RequestId, State
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from storage.database import Database, open_database
from storage.schema import migrate
from storage.tables import METADATA
from storage.unit_of_work import SqlStore, SqlTransaction
from tests.storage.conftest import KINDS
from tests.storage.samples import ANNA, NOON, approval, attempt, call, entry, finished_run, request

ROWS = 20_000
ONE_ROW = {"audit_head"}  # tables that never grow may be read whole
OLD = request("old", "old", state=State.VERIFIED)
NEW = request("new", "new")
CARD = Place(PlaceKind.CARD, "1")
SERIES = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})"


def multiply(database: Database, table: str, changes: dict[str, str]) -> None:
    """Copy the only row of a table many times, with `changes` in SQL; `n.i` counts."""
    columns = ", ".join(METADATA.tables[table].columns.keys())
    chosen = ", ".join(changes.get(name, f"{table}.{name}") for name in METADATA.tables[table].c.keys())  # noqa: SIM118  columns iterate as columns
    with database.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({columns}) {SERIES} SELECT {chosen} FROM {table}, n"))


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """With a long history. Shared: what a test does there is rolled back."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'bot.db'}"
    else:
        url = request.getfixturevalue("postgres_server").create()
    migrate(url)
    opened = open_database(url)
    store = SqlStore(opened)
    load(store, opened)
    store.close()
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Iterator[SqlStore]:
    opened = SqlStore(database)
    yield opened
    opened.close()


def load(store: SqlStore, database: Database) -> None:
    store.transact(lambda tx: tx.requests.add(OLD))
    multiply(database, "request", {"id": "'r-' || n.i", "group_id": "'g-' || n.i"})
    store.transact(fill_one)
    for table in ("surface", "approval", "cloud_call"):
        multiply(database, table, {"id": f"{ROWS} + n.i", "request_id": "'r-' || n.i"})
    for table in ("run", "attempt"):
        multiply(database, table, {"request_id": "'r-' || n.i"})
    multiply(database, "audit", {"number": "1 + n.i", "request_id": "'r-' || n.i"})
    with database.engine.begin() as connection:
        connection.execute(text(f"UPDATE audit_head SET number = {ROWS} + 1"))
        if not database.is_sqlite:
            for table in ("surface", "approval", "cloud_call"):
                connection.execute(text(f"SELECT setval('{table}_id_seq', 3 * {ROWS})"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    store.transact(lambda tx: tx.requests.add(NEW))
    store.transact(lambda tx: [tx.surfaces.want(NEW.id, Place(kind, "x")) for kind in PlaceKind])


def fill_one(tx: Transaction) -> None:
    tx.surfaces.want(OLD.id, CARD)
    for surface in tx.surfaces.of(OLD.id):
        tx.surfaces.shown(surface.id, rendered=1, channel="C", ts="1.0")
    tx.approvals.add(approval(OLD))
    tx.runs.record_calls(OLD.id, [call()])
    tx.runs.save(finished_run(OLD, stopped_at=NOON, verified_at=NOON, running_at=NOON))
    tx.runs.fence(attempt(OLD))
    tx.audit.append(entry("old"))


def approve(tx: Transaction) -> None:
    view = tx.requests.view(NEW.id)
    assert view is not None
    tx.approvals.add(approval(NEW))
    tx.requests.move(NEW, replace(NEW, state=State.APPROVED))
    tx.approvals.retract(NEW.id, 1, "nobody")
    tx.surfaces.want(NEW.id, CARD)
    tx.surfaces.want(NEW.id, Place(PlaceKind.LINE, "1"))
    tx.audit.append(entry("new"))


def open_a_request(tx: Transaction) -> None:
    tx.requests.open_for(ProjectAlias("eu-de"), GroupId("new"))
    tx.requests.of_requester(ANNA, since=tx.now)
    tx.requests.owing_review(ANNA)
    tx.requests.history(ProjectAlias("eu-de"), GroupId("g-7"), Site.TARGET)
    tx.requests.add(request("newer", "newer"))


def send(tx: Transaction) -> None:
    for surface in tx.surfaces.claim("me", limit=20, lease=timedelta(minutes=1)):
        tx.surfaces.sending(surface.id)
        tx.surfaces.shown(surface.id, rendered=1, channel="C", ts="9.0")
        tx.surfaces.failed(surface.id, error="x", not_before=None)
    tx.surfaces.find(NEW.id, CARD)
    tx.surfaces.at("C", "9.0")
    tx.surfaces.lag()


def execute_a_run(tx: Transaction) -> None:
    assert tx.requests.hold_all(NEW.id)
    assert tx.requests.standing(NEW.id)
    tx.runs.fence(attempt(NEW))
    tx.runs.settle(attempt(NEW, answered_at=NOON))
    tx.runs.save(finished_run(NEW, stopped_at=NOON, verified_at=NOON, running_at=NOON))
    tx.runs.get(NEW.id)
    tx.runs.attempt(NEW.id)
    tx.runs.record_calls(NEW.id, [call()])


def look(tx: Transaction) -> None:
    tx.requests.in_states([State.PENDING, State.APPROVED], after=RequestId("a"))
    tx.requests.recent(before=tx.now)
    tx.audit.of(RequestId("r-7"))
    tx.audit.stream(after=ROWS // 2, limit=10)
    tx.runs.calls(RequestId("r-7"))
    tx.approvals.all_of(RequestId("r-7"))
    tx.surfaces.of(RequestId("r-7"))


@contextmanager
def recorded(database: Database) -> Iterator[list[tuple[str, Any]]]:
    statements: list[tuple[str, Any]] = []

    def listen(_1: object, _2: object, statement: str, parameters: Any, _3: object, are_many: bool) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            statements.append((statement, parameters[0] if are_many else parameters))

    event.listen(database.engine, "before_cursor_execute", listen)
    yield statements
    event.remove(database.engine, "before_cursor_execute", listen)


def whole_tables(database: Database, statement: str, parameters: Any) -> list[str]:
    """The lines of a plan that read a table from end to end."""
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    with database.engine.connect() as connection:
        lines = [str(row[-1]).strip() for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
    bad = [line for line in lines if "Seq Scan on" in line or (line.startswith("SCAN ") and "USING" not in line)]
    return [line for line in bad if not any(table in line for table in [*ONE_ROW, "CONSTANT ROW"])]


class RollBack(Exception):
    """Ends a transaction without a trace."""


def statements_of(path: Callable[[Transaction], object], store: SqlStore, database: Database) -> list[tuple[str, Any]]:
    def work(tx: Transaction) -> None:
        path(tx)
        assert isinstance(tx, SqlTransaction)
        tx.settle()
        tx._scope.send()
        raise RollBack

    with recorded(database) as statements, suppress(RollBack):
        store.transact(work)
    return statements


@pytest.mark.parametrize("path", [approve, open_a_request, send, execute_a_run, look], ids=lambda path: path.__name__)
def test_no_path_reads_a_whole_table(
    store: SqlStore, database: Database, path: Callable[[Transaction], object]
) -> None:
    statements = statements_of(path, store, database)
    assert len(statements) >= 5
    flaws = {statement: whole_tables(database, statement, values) for statement, values in statements}
    assert {statement: lines for statement, lines in flaws.items() if lines} == {}


def test_a_whole_table_would_be_noticed(database: Database) -> None:
    assert whole_tables(database, "SELECT * FROM request WHERE reason = 'x'", ())


def test_what_a_run_stands_on_is_one_query_and_two_for_who_holds_it(store: SqlStore, database: Database) -> None:
    assert len(statements_of(lambda tx: (tx.requests.standing(OLD.id), tx.now), store, database)) == 1
    assert len(statements_of(lambda tx: (tx.requests.hold_all(OLD.id), tx.now), store, database)) == 2


def test_all_places_that_are_wanted_in_a_row_are_one_statement(store: SqlStore, database: Database) -> None:
    places = [Place(PlaceKind.CARD, "7"), Place(PlaceKind.PROGRESS), Place(PlaceKind.END), Place(PlaceKind.PROGRESS)]
    said = statements_of(lambda tx: [tx.surfaces.want(NEW.id, place) for place in places], store, database)
    assert [statement.split()[0] for statement, _ in said if "clock" not in statement] == ["INSERT"]


def test_a_view_takes_two_queries(store: SqlStore, database: Database) -> None:
    assert len(statements_of(lambda tx: tx.requests.view(OLD.id), store, database)) == 2
