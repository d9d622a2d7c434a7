"""One open transaction as the parts of the store see it: its session, its clock, and the few statements they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Insert, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import Session, SQLModel

from storage.tables import Moment

T = TypeVar("T")

# Rows are read for their values at that moment, never kept: a row that a statement has changed is read anew.
_FRESH: Mapping[str, Any] = {"populate_existing": True}
_DIRECT: Mapping[str, Any] = {"synchronize_session": False, "preserve_rowcount": True}


class Scope:
    """Lives as long as its transaction."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.is_sqlite = session.get_bind().dialect.name == "sqlite"

    @cached_property
    def now(self) -> datetime:
        """The database's clock, asked once. An SQLite file has no clock but its host's."""
        if self.is_sqlite:
            return datetime.now(UTC)
        now: datetime = self.session.execute(select(func.clock_timestamp(type_=Moment))).scalar_one()
        return now

    def rows(self, statement: Executable) -> list[Any]:
        """What each row's only column holds: a row object when the statement selects a table."""
        return list(self.session.scalars(statement, execution_options=_FRESH))

    def row(self, statement: Executable) -> Any | None:
        return self.session.scalars(statement, execution_options=_FRESH).first()

    def tuples(self, statement: Executable) -> list[Any]:
        return list(self.session.execute(statement, execution_options=_FRESH))

    def change(self, statement: UpdateBase) -> int:
        """How many rows the statement touched."""
        result = self.session.execute(statement, execution_options=_DIRECT)
        assert isinstance(result, CursorResult)
        return result.rowcount

    def insert_new(self, table: type[SQLModel], values: Mapping[str, Any]) -> bool:
        """False, and nothing inserted, when a unique key stands in the way."""
        return self.change(self.insert(table, values).on_conflict_do_nothing()) == 1

    def upsert(self, table: type[SQLModel], values: Mapping[str, Any], *, key: Iterable[str]) -> None:
        """Insert, or overwrite everything but the key."""
        keys = tuple(key)
        rest = {name: value for name, value in values.items() if name not in keys}
        self.change(self.insert(table, values).on_conflict_do_update(index_elements=keys, set_=rest))

    def insert(self, table: type[SQLModel], values: Mapping[str, Any]) -> Any:
        """Both dialects know ON CONFLICT, SQLAlchemy has a construct for each."""
        construct: type[Insert] = sqlite.Insert if self.is_sqlite else postgresql.Insert
        return construct(table.__table__).values(**values)  # type: ignore[attr-defined]  # set by SQLModel's metaclass
