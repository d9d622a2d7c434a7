"""Moves an installation to another database, usually from an SQLite file to PostgreSQL, and checks what arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot.domain.request import State
from bot.ports import StoreError
from storage.audit import SqlAudit, pages, verify_chain
from storage.database import Database, begin, claim_file, open_database
from storage.problems import explain
from storage.schema import migrate, require_schema
from storage.scope import Scope
from storage.tables import METADATA, Number
from storage.urls import file_of, parse_url

# The engine's own tables stay behind, so nothing may be in its hands.
IN_THE_ENGINE = (State.APPROVED, State.RUNNING, State.NEEDS_PERSON)
NOT_COPIED = frozenset({"executor"})  # processes of the old place
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Rows per table, as counted at the target after the copy."""

    rows: Mapping[str, int]
    sentence: str


def copy_database(source_url: str, target_url: str) -> Copied:
    """Everything or nothing. `StoreError` with a sentence when it was refused or did not arrive whole."""
    file = file_of(parse_url(source_url))
    if file is not None and not file.exists():
        raise StoreError(f"There is no database {file}. Nothing was copied. Name the one that the bot has used.")
    with _opened(source_url) as source, claim_file(source):  # a bot that still worked there would lose its writes
        require_schema(source)
        migrate(target_url)
        with _opened(target_url) as target:
            return _copy(source, target)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


def _copy(source: Database, target: Database) -> Copied:
    with _transaction(source, is_reading=True) as old, _transaction(target) as new:
        _refuse_unless_idle(old, source)
        _refuse_unless_empty(new, target)
        tables = [table for table in METADATA.sorted_tables if table.name not in NOT_COPIED]
        for table in tables:
            _copy_table(table, old, new)
        rows = {table.name: _count(new, table) for table in tables}
        missing = [table.name for table in tables if _count(old, table) != rows[table.name]]
        if missing:
            raise StoreError(f"The copy of {', '.join(missing)} is not complete. Nothing was kept at {target.name}.")
        _check_audit(new, target)
        new.commit()
        sentence = f"Copied {sum(rows.values())} rows from {source.name} to {target.name}; the audit chain is intact."
        return Copied(rows=rows, sentence=sentence)


@contextmanager
def _transaction(database: Database, *, is_reading: bool = False) -> Iterator[Connection]:
    """Rolled back at its end unless it was committed."""
    try:
        with database.engine.connect() as connection:
            begin(connection, is_reading=is_reading)
            yield connection
    except SQLAlchemyError as error:
        raise explain(error, database.url) from error


def _refuse_unless_idle(old: Connection, source: Database) -> None:
    request = METADATA.tables["request"]
    busy = select(request.c.id).where(request.c.state.in_(IN_THE_ENGINE)).order_by(request.c.id)
    if ids := list(old.scalars(busy)):
        raise StoreError(
            f"{len(ids)} requests of {source.name} are approved, running or wait for a person: {', '.join(ids[:10])}. "
            "Nothing was copied. Let them end, or close them, and copy again."
        )


def _refuse_unless_empty(new: Connection, target: Database) -> None:
    if any(_count(new, METADATA.tables[name]) for name in ("request", "audit")):
        raise StoreError(f"{target.name} holds requests already. Nothing was copied. Copy into an empty database.")


def _copy_table(table: Table, old: Connection, new: Connection) -> None:
    if table.name == "audit_head":  # there from the first migration, at the beginning of the chain
        new.execute(table.delete())
    rows = old.execute(select(table).order_by(*table.primary_key)).mappings()
    for page in rows.partitions(PAGE):
        new.execute(insert(table), [dict(row) for row in page])
    if new.dialect.name == "postgresql" and table.primary_key.columns[0].type is Number:
        _go_on_counting(new, table)


def _go_on_counting(new: Connection, table: Table) -> None:
    """Rows that came with their numbers have not moved PostgreSQL's counter."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    new.execute(select(func.setval(sequence, func.coalesce(func.max(table.c.id), 0) + 1, text("false"))))


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _check_audit(new: Connection, target: Database) -> None:
    audit = SqlAudit(Scope(new))
    verdict = verify_chain(pages(audit), audit.head())
    if not verdict.is_intact:
        raise StoreError(f"{verdict.sentence} Nothing was kept at {target.name}.")
