"""Taking what is enqueued: the library's own claim, as one statement that is built once.

The library builds its own on each call, locks, changes and reads the rows in four round trips, which takes longer than
all else between a click and its run. The rows are the same afterwards; a test compares every column, so that a new
version cannot differ unseen.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from dbos._sys_db import SystemDatabase, WorkflowStatusInternal  # private; dbos is pinned for it

from bot.execution.queue import APPLICATION, APPLICATION_VERSION, LIBRARYS_WORDS, QUEUE

NOT_TOLD: dict[str, Any] = {"shard_key": None}  # our database is not sharded


@dataclass(frozen=True, slots=True)
class Taken:
    """A workflow that is ours now, in the library's own words. `is_new`: nobody has ever worked on it."""

    status: WorkflowStatusInternal
    is_new: bool


class Claim:
    """ENQUEUED to PENDING, oldest first; each workflow has one winner."""

    def __init__(self, system: SystemDatabase, executor: str) -> None:
        self._executor = executor
        self._statement = _statement(system)
        self._engine = system.engine
        self._words: _Words | None = None
        if self._engine.dialect.name == "postgresql":
            self._engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")  # so it is one round trip
            self._words = _words(self._engine, self._statement)

    def take(self, owner: str) -> list[Taken]:
        """What is ours now. `owner` is the token that only this claim knows."""
        values = {"owner": owner, "executor": self._executor}
        taken = [_taken(row) for row in (self._sent(self._words, values) if self._words else self._executed(values))]
        return sorted(taken, key=lambda one: (one.status["priority"], one.status["created_at"]))

    def _executed(self, values: dict[str, str]) -> list[dict[str, Any]]:
        with self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(self._statement, values).mappings()]

    def _sent(self, words: _Words, values: dict[str, str]) -> list[dict[str, Any]]:
        """As the driver sends it: the database needs less time for the claim than SQLAlchemy around it."""
        given = {**words.fixed, **values}
        with self._engine.connect() as connection, closing(connection.connection.cursor()) as cursor:
            for heard in connection.dispatch.before_cursor_execute:
                heard(connection, cursor, words.sql, given, None, False)
            cursor.execute(words.sql, given)
            return [dict(zip(words.columns, row, strict=True)) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class _Words:
    """A statement as PostgreSQL's driver takes it, and the values that are always the same."""

    sql: str
    fixed: dict[str, Any]
    columns: tuple[str, ...]


def _words(engine: sa.Engine, statement: sa.UpdateBase) -> _Words:
    schemas = engine.get_execution_options()["schema_translate_map"]
    compiled = statement.compile(engine, schema_translate_map=schemas, render_schema_translate=True)
    return _Words(str(compiled), dict(compiled.params), tuple(str(column.key) for column in statement.exported_columns))


def _statement(system: SystemDatabase) -> sa.UpdateBase:
    workflows, now = system.tables.workflow_status, system._now_ms_sql()
    table = workflows.c
    waiting = (
        sa.select(table.workflow_uuid)
        .where(table.queue_name == QUEUE, table.status == "ENQUEUED", system._in_flight_status_prover())
        .where(table.application_version == APPLICATION_VERSION)
        .where(sa.or_(table.application_name == APPLICATION, table.application_name.is_(None)))
        .with_for_update(skip_locked=True)
    )
    return (
        workflows.update()
        .where(table.workflow_uuid.in_(waiting), table.status == "ENQUEUED")
        .values(
            status="PENDING",
            owner_xid=sa.bindparam("owner"),
            application_version=APPLICATION_VERSION,
            executor_id=sa.bindparam("executor"),
            application_name=APPLICATION,
            started_at_epoch_ms=now,
            rate_limited=False,
            recovery_attempts=table.recovery_attempts + 1,
            updated_at=now,
        )
        .returning(*_told(system))
    )


def _told(system: SystemDatabase) -> list[sa.ColumnElement[Any]]:
    """The row in the library's own words, and whether nobody ever worked on it.

    Whoever takes a workflow counts an attempt, and whoever only resumes one in the library's way resets the count but
    leaves the journal; so it is new when this attempt is the first and nothing is in its journal.
    """
    tables = system.tables
    table, given, journal = tables.workflow_status.c, tables.workflow_input.c, tables.operation_outputs.c
    # SQLite would be told the column without its table.
    of_the_row: sa.ColumnClause[str] = sa.literal_column("workflow_status.workflow_uuid")
    inputs = sa.select(given.inputs).where(given.workflow_uuid == of_the_row).scalar_subquery()
    is_worked_on = sa.exists().where(journal.workflow_uuid == of_the_row)
    names = [name for name in WorkflowStatusInternal.__annotations__ if name != "inputs" and name not in NOT_TOLD]
    return [
        *(table[LIBRARYS_WORDS.get(name, name)].label(name) for name in names),
        sa.func.coalesce(inputs, table.inputs).label("inputs"),
        sa.and_(table.recovery_attempts == 1, sa.not_(is_worked_on)).label("is_new"),
    ]


def _taken(told: dict[str, Any]) -> Taken:
    is_new = bool(told.pop("is_new"))
    told["is_debounced"] = bool(told["is_debounced"])
    return Taken(cast("WorkflowStatusInternal", told | NOT_TOLD), is_new)
