"""One open transaction as the parts of the store see it: its connection, its clock, the few statements they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, Executable, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import SQLModel

from bot.domain.request import Approval, Request, RequestId
from bot.statement import Outcome, Ready, Statement, insert_into, ready, ready_for_many, send
from storage.problems import code_of
from storage.tables import Moment, table_of

A_ROW = "WITH touched AS ({} RETURNING 1) SELECT 1 / count(*) FROM touched"
DIVISION_BY_ZERO = "22012"
NOT_TOUCHED = "a statement did not touch the row that it must touch: nothing is kept of this transaction"
_CLOCK = Statement(select(func.clock_timestamp(type_=Moment)))


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A statement that is sent later. It `must_touch` a row."""

    ready: Ready
    must_touch: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A request whose row nobody else can change now, and the state, revision and digest in that row."""

    request: Request
    as_read: tuple[str, int, str]


class Scope:
    """Lives as long as its transaction."""

    def __init__(self, connection: Connection, *, is_reading: bool = False) -> None:
        self.connection = connection
        self.is_reading = is_reading
        self.is_sqlite = connection.dialect.name == "sqlite"
        self.after_commit: list[Callable[[], None]] = []
        self.approvals: dict[tuple[RequestId, int], tuple[Approval, ...]] = {}  # of the requests that are held
        self.held: dict[RequestId, Held] = {}
        self.unfenced: set[RequestId] = set()  # of those that are held
        self._waiting: list[_Waiting] = []

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
            return self._answers(self._ready(statement, values))[0].rows
        self.send()
        return list(self.connection.execute(statement, values))

    def together(self, *statements: Statement, **values: Any) -> list[list[Any]]:
        """The rows of each, asked for one after the other but at once: none waits for the answer before it."""
        return [outcome.rows for outcome in self._answers(*(self._ready(one, values) for one in statements))]

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
            return self._answers(self._ready(statement, values))[0].count
        self.send()
        return self.connection.execute(statement, values, execution_options={"preserve_rowcount": True}).rowcount

    def later(self, statement: Statement, *, must_touch: bool = False, **values: Any) -> None:
        """What nobody waits for: it goes with the next statement that somebody does wait for, or with the commit.

        It `must_touch` a row, as the transaction knows from what it holds: else nothing is committed.
        PostgreSQL is told to see to that itself, because the commit may be on its way along with it.
        """
        one = self._ready(statement, values)
        if must_touch and not self.is_sqlite:
            one = replace(one, sql=A_ROW.format(one.sql))
        self._waiting.append(_Waiting(one, must_touch))

    def insert_many(self, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        """All of `rows`, which have the same keys, later."""
        self._waiting += (_Waiting(one) for one in ready_for_many(self.connection.dialect, statement, rows))

    def insert_new(self, row: type[SQLModel], values: Mapping[str, Any], *, is_free: bool = False) -> bool:
        """False, and nothing inserted, when a unique key stands in the way. It `is_free`: the transaction knows that
        none does, and that none can."""
        if is_free:
            self.later(_insert_new(row, self.is_sqlite), must_touch=True, **values)
            return True
        return self.change(_insert_new(row, self.is_sqlite), **values) == 1

    def upsert(self, row: type[SQLModel], values: Mapping[str, Any], *, key: str) -> None:
        """Insert, or overwrite everything but the key, later."""
        self.later(_upsert(row, key, self.is_sqlite), **values)

    def send(self, *, commits: bool = False) -> None:
        """Everything that waits. RuntimeError when something did not touch the row that it must touch."""
        self._answers(commits=commits)

    def commit(self) -> None:
        """With everything that still waits."""
        self.send(commits=True)
        self.connection.commit()

    def _ready(self, statement: Statement, values: Mapping[str, Any]) -> Ready:
        return ready(self.connection.dialect, statement, values)

    def _answers(self, *asked: Ready, commits: bool = False) -> list[Outcome]:
        waiting, self._waiting = self._waiting, []
        if not waiting and not asked:
            return []
        try:
            outcomes = send(self.connection, [*(one.ready for one in waiting), *asked], commits=commits)
        except DBAPIError as error:
            if code_of(error) == DIVISION_BY_ZERO:
                raise RuntimeError(NOT_TOUCHED) from error
            raise
        if any(one.must_touch and outcome.count != 1 for one, outcome in zip(waiting, outcomes, strict=False)):
            raise RuntimeError(NOT_TOUCHED)
        return outcomes[len(waiting) :]


@cache
def _insert_new(row: type[SQLModel], is_sqlite: bool) -> Statement:
    return Statement(insert_into(table_of(row), is_sqlite=is_sqlite).on_conflict_do_nothing())


@cache
def _upsert(row: type[SQLModel], key: str, is_sqlite: bool) -> Statement:
    statement = insert_into(table_of(row), is_sqlite=is_sqlite)
    rest = {column.name: statement.excluded[column.name] for column in table_of(row).c if column.name != key}
    return Statement(statement.on_conflict_do_update(index_elements=[key], set_=rest))
