"""One open transaction as the parts of the store see it: its connection, its clock, the few statements they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, Executable, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import SQLModel

from bot.domain.request import Approval, RequestId
from storage.statement import Statement, execute, insert_many
from storage.tables import Moment, table_of

_CLOCK = Statement(select(func.clock_timestamp(type_=Moment)))


class Scope:
    """Lives as long as its transaction."""

    def __init__(self, connection: Connection, *, is_reading: bool = False) -> None:
        self.connection = connection
        self.is_reading = is_reading
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.after_commit: list[Callable[[], None]] = []
        self.approvals: dict[tuple[RequestId, int], tuple[Approval, ...]] = {}  # of the requests that are held

    @cached_property
    def now(self) -> datetime:
        """The database's clock, asked once. An SQLite file has no clock but its host's."""
        if self.is_sqlite:
            return datetime.now(UTC)
        [now] = self.values(_CLOCK)
        return now  # type: ignore[no-any-return]

    def told(self, now: datetime) -> None:
        """Another statement has asked the clock along the way."""
        if not self.is_sqlite:
            self.__dict__.setdefault("now", now)

    def rows(self, statement: Executable | Statement, **values: Any) -> list[Any]:
        """Plain rows with their columns by name. A `Statement` is one of those that are built once."""
        if isinstance(statement, Statement):
            return execute(self.connection, statement, values).rows
        return list(self.connection.execute(statement, values))

    def row(self, statement: Executable | Statement, **values: Any) -> Any | None:
        return next(iter(self.rows(statement, **values)), None)

    def values(self, statement: Executable | Statement, **values: Any) -> list[Any]:
        """The first column of each row."""
        return [row[0] for row in self.rows(statement, **values)]

    def value(self, statement: Executable | Statement, **values: Any) -> Any | None:
        return next(iter(self.values(statement, **values)), None)

    def change(self, statement: UpdateBase | Statement, **values: Any) -> int:
        """How many rows the statement touched."""
        if isinstance(statement, Statement):
            return execute(self.connection, statement, values).count
        return self.connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount

    def insert_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """All of `rows`, which have the same keys."""
        insert_many(self.connection, statement, rows)

    def insert_new(self, row: type[SQLModel], values: Mapping[str, Any]) -> bool:
        """False, and nothing inserted, when a unique key stands in the way."""
        return self.change(_insert_new(row, self.is_sqlite), **values) == 1

    def upsert(self, row: type[SQLModel], values: Mapping[str, Any], *, key: str) -> None:
        """Insert, or overwrite everything but the key."""
        self.change(_upsert(row, key, self.is_sqlite), **values)


def insert_into(table: Table, *, is_sqlite: bool) -> Any:
    """Both databases know ON CONFLICT, SQLAlchemy has a construct for each."""
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


@cache
def _insert_new(row: type[SQLModel], is_sqlite: bool) -> Statement:
    return Statement(insert_into(table_of(row), is_sqlite=is_sqlite).on_conflict_do_nothing())


@cache
def _upsert(row: type[SQLModel], key: str, is_sqlite: bool) -> Statement:
    statement = insert_into(table_of(row), is_sqlite=is_sqlite)
    rest = {column.name: statement.excluded[column.name] for column in table_of(row).c if column.name != key}
    return Statement(statement.on_conflict_do_update(index_elements=[key], set_=rest))
