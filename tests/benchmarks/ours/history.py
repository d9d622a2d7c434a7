"""A long history, filled in fast: one true request and its rows, copied in the database itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bot.domain.request import State
from bot.execution.queue import APPLICATION_VERSION, QUEUE, WORKFLOW
from storage.database import open_database
from storage.tables import ApprovalRow, AttemptRow, AuditRow, CloudCallRow, RequestRow, RunRow, SurfaceRow
from tests.benchmarks.ours.rows import APPROVER, add_card, opened, plain_snapshot, request_of
from tests.storage import samples

TEMPLATE = "R99999"
GROUPS = 1000  # that the past requests were about
COPIED = (ApprovalRow, RunRow, AttemptRow, SurfaceRow, CloudCallRow)
SERIES = {
    "postgresql": "SELECT generate_series(1, {count}) AS n",
    "sqlite": "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < {count}) SELECT n FROM up",
}


async def add_template(url: str) -> None:
    """A request that has come to its end, with a row of every kind."""

    def work(tx: Any) -> None:
        asked = request_of(99999, tx, plain_snapshot(99999))
        assert tx.requests.add(asked)
        tx.approvals.add(samples.approval(asked, APPROVER))
        now = tx.now
        tx.runs.save(samples.finished_run(asked, stopped_at=now - timedelta(hours=1), verified_at=now, running_at=now))
        tx.runs.fence(samples.attempt(asked))
        tx.runs.record_calls(asked.id, [samples.call()])
        add_card(tx, asked, "C0BENCH", "1600000000.000001")
        tx.audit.append(samples.entry(asked.id))

    with opened(url) as rows:
        await rows.store.run(work)


def fill(url: str, requests: int, audit_rows: int) -> None:
    """Copies the template so often; blocking, some seconds."""
    database = open_database(url)
    try:
        with database.engine.begin() as connection:
            series = SERIES[database.engine.dialect.name].format(count=requests)
            _copy(connection, series, RequestRow, {"id": "'H' || s.n"})
            for table in COPIED:
                _copy(connection, series, table, {"request_id": "'H' || s.n"})
            _add_engine_rows(connection, series)
            _copy_audit(connection, SERIES[database.engine.dialect.name].format(count=audit_rows))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    finally:
        database.close()


def _copy(connection: sa.Connection, series: str, table: Any, changed: dict[str, str]) -> None:
    columns = [column for column in table.__table__.columns if column.name != "id" or table is RequestRow]
    if table is RequestRow:
        changed = {**changed, "group_id": f"'past-' || (s.n % {GROUPS})", "state": f"'{State.VERIFIED.value}'"}
    key = "id" if table is RequestRow else "request_id"
    names = ", ".join(column.name for column in columns)
    values = ", ".join(changed.get(column.name, f"t.{column.name}") for column in columns)
    source = f"{table.__tablename__} t, ({series}) s WHERE t.{key} = '{TEMPLATE}'"
    connection.execute(sa.text(f"INSERT INTO {table.__tablename__} ({names}) SELECT {values} FROM {source}"))


def _add_engine_rows(connection: sa.Connection, series: str) -> None:
    """A run of each past request, over long ago but not yet forgotten."""
    schema = "dbos." if connection.dialect.name == "postgresql" else ""
    columns = "workflow_uuid, status, name, queue_name, executor_id, application_version"
    values = f"'run-H' || s.n || '-1-1', 'SUCCESS', '{WORKFLOW}', '{QUEUE}', 'before', '{APPLICATION_VERSION}'"
    connection.exec_driver_sql(f"INSERT INTO {schema}workflow_status ({columns}) SELECT {values} FROM ({series}) s")


def _copy_audit(connection: sa.Connection, series: str) -> None:
    """The chain's links are not true here: nobody verifies it, and what is measured does not look at them."""
    last = connection.exec_driver_sql("SELECT max(number) FROM audit").scalar_one()
    names = [column.name for column in AuditRow.__table__.columns]  # type: ignore[attr-defined]
    given = {"number": f"{last} + s.n", "request_id": f"'H' || (s.n % {GROUPS})"}
    values = ", ".join(given.get(name, f"t.{name}") for name in names)
    source = f"audit t, ({series}) s WHERE t.number = {last}"
    connection.execute(sa.text(f"INSERT INTO audit ({', '.join(names)}) SELECT {values} FROM {source}"))
    connection.exec_driver_sql("UPDATE audit_head SET number = (SELECT max(number) FROM audit)")
