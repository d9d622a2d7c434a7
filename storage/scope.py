"""One open transaction as the parts of the store see it: its session, its clock, and the few statements they share.

Statements are built once, with named parameters, and kept: building one takes longer than a database needs to run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import CursorResult, Executable, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import Session, SQLModel

from storage.tables import Moment, table_of

_COUNTED: Mapping[str, Any] = {"preserve_rowcount": True}
_CLOCK = select(func.clock_timestamp(type_=Moment))


class Scope:
    """Lives as long as its transaction."""

    def __init__(self, session: Session, *, is_reading: bool = False) -> None:
        self.session = session
        self._connection = session.connection()
        self.is_reading = is_reading
        self.is_sqlite = session.get_bind().dialect.name == "sqlite"

    @cached_property
    def now(self) -> datetime:
        """The database's clock, asked once. An SQLite file has no clock but its host's."""
        if self.is_sqlite:
            return datetime.now(UTC)
        now: datetime = self._connection.execute(_CLOCK).scalar_one()
        return now

    def told(self, now: datetime) -> None:
        """Another statement has asked the clock along the way."""
        if not self.is_sqlite:
            self.__dict__.setdefault("now", now)

    def rows(self, statement: Executable, **values: Any) -> list[Any]:
        """Plain rows with their columns by name: objects of the session would cost more than the query."""
        return list(self._connection.execute(statement, values))

    def row(self, statement: Executable, **values: Any) -> Any | None:
        return self._connection.execute(statement, values).first()

    def values(self, statement: Executable, **values: Any) -> list[Any]:
        """The first column of each row."""
        return list(self._connection.scalars(statement, values))

    def value(self, statement: Executable, **values: Any) -> Any | None:
        return self._connection.scalars(statement, values).first()

    def change(self, statement: UpdateBase, **values: Any) -> int:
        """How many rows the statement touched."""
        return self.write(statement, values).rowcount

    def write(self, statement: UpdateBase, values: Any) -> CursorResult[Any]:
        return self._connection.execute(statement, values, execution_options=_COUNTED)

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
def _insert_new(row: type[SQLModel], is_sqlite: bool) -> Any:
    return insert_into(table_of(row), is_sqlite=is_sqlite).on_conflict_do_nothing()


@cache
def _upsert(row: type[SQLModel], key: str, is_sqlite: bool) -> Any:
    statement = insert_into(table_of(row), is_sqlite=is_sqlite)
    rest = {column.name: statement.excluded[column.name] for column in table_of(row).c if column.name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=rest)
