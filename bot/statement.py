"""Statements that are built once and sent as they are: SQLAlchemy writes the SQL, the driver sends it.

What SQLAlchemy does at each execution (find the compiled form, sort and check the values, wrap the rows) takes longer
than the database needs to answer, and a run that has just been approved waits for two dozen answers. Those that need
not be known one by one are asked for together, which costs one way to the server and back.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

Process = Callable[[Any], Any]
MOST_TOGETHER = 10  # rows: each number of them is a statement of its own to the server
_VALUES = re.compile(r"VALUES (\([^()]*\))")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows, with their columns by name, and how many the statement touched."""

    rows: list[Any]
    count: int


@dataclass(frozen=True, slots=True)
class Value:
    """Where one value of the SQL comes from: the key it is given by, or, without a key, the statement itself."""

    key: str | None
    fixed: Any = None
    process: Process | None = None

    def of(self, values: Mapping[str, Any]) -> Any:
        """KeyError when it was not given."""
        value = self.fixed if self.key is None else values[self.key]
        return self.process(value) if self.process else value


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement in the words of one dialect. `row` makes a row of what the driver gives; None: it returns none."""

    sql: str
    values: tuple[Value, ...]
    row: Process | None


class Statement:
    """A clause that never changes, with its words for each dialect and each set of values that it was given."""

    def __init__(self, clause: ClauseElement) -> None:
        self.clause = clause
        self._known: dict[tuple[str, frozenset[str]], Prepared] = {}

    def prepared(self, dialect: Dialect, keys: Iterable[str]) -> Prepared:
        known = (dialect.name, frozenset(keys))
        found = self._known.get(known)
        if found is None:
            found = self._known[known] = _prepare(self.clause, dialect, sorted(known[1]))
        return found


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement with its values: nothing is left to do but to send it."""

    sql: str
    given: tuple[Any, ...]
    row: Process | None = None


def ready(dialect: Dialect, statement: Statement, values: Mapping[str, Any]) -> Ready:
    """KeyError when a value was not given."""
    prepared = statement.prepared(dialect, values)
    return Ready(prepared.sql, tuple([value.of(values) for value in prepared.values]), prepared.row)


def ready_for_many(dialect: Dialect, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> Iterator[Ready]:
    """An INSERT of all `rows`, which have the same keys: a few together in one statement, with the values of each."""
    prepared = statement.prepared(dialect, rows[0])
    of_row, of_all = _split(prepared)
    for start in range(0, len(rows), MOST_TOGETHER):
        some = rows[start : start + MOST_TOGETHER]
        given = [value.of(row) for row in some for value in of_row]
        given += [value.of(some[0]) for value in of_all]
        yield Ready(_for_several(len(some), prepared.sql), tuple(given))


def _split(prepared: Prepared) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """The values of a row, and those of what the INSERT says after its rows."""
    [row] = _VALUES.findall(prepared.sql) or [""]
    count = row.count("?") + row.count("%s")
    return prepared.values[:count], prepared.values[count:]


@lru_cache
def _for_several(count: int, sql: str) -> str:
    """The INSERT of one row as that of `count` rows."""
    written, found = _VALUES.subn(lambda one: f"VALUES {', '.join([one[1]] * count)}", sql)
    if found != 1:
        raise TypeError("only a plain INSERT can be written for several rows")
    return written


def send(connection: Connection, several: Sequence[Ready], *, commits: bool = False) -> list[Outcome]:
    """One after the other, in the transaction of `connection`, which must have begun; the outcome of each.

    PostgreSQL is sent all of them at once, with the COMMIT of a transaction that has written if it `commits`; after
    the first that fails it does none of the others. Whatever is not committed along is left to `connection.commit()`.
    """
    driver: Any = connection.connection.dbapi_connection
    cursors = [driver.cursor() for _ in several]
    commits = commits and _has_begun(driver)
    try:
        with _at_once(driver, len(several) + commits):
            for cursor, one in zip(cursors, several, strict=True):
                for heard in connection.dispatch.before_cursor_execute:  # as if SQLAlchemy had sent it
                    heard(connection, cursor, one.sql, one.given, None, False)
                cursor.execute(one.sql, one.given)
            if commits:
                driver.commit()
        return [_outcome(cursor, one) for cursor, one in zip(cursors, several, strict=True)]
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, error, driver, cursors[0], "; ".join(one.sql for one in several)) from error
    finally:
        for cursor in cursors:
            cursor.close()


def insert_into(table: Table, *, is_sqlite: bool) -> Any:
    """Both databases know ON CONFLICT, SQLAlchemy has a construct for each."""
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def execute(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Outcome:
    """One statement alone, in the transaction of `connection`, which must have begun."""
    [outcome] = send(connection, [ready(connection.dialect, statement, values)])
    return outcome


def _at_once(driver: Any, count: int) -> AbstractContextManager[Any]:
    """SQLite is a library: nothing is on a way there."""
    can = count > 1 and hasattr(driver, "pipeline")
    return driver.pipeline() if can else nullcontext()


def _has_begun(driver: Any) -> bool:
    """psycopg sends no COMMIT to a server that has not told it of the transaction yet."""
    return hasattr(driver, "pipeline") and driver.info.transaction_status is TransactionStatus.INTRANS


def _outcome(cursor: Any, one: Ready) -> Outcome:
    return Outcome(list(map(one.row, cursor.fetchall())) if one.row else [], cursor.rowcount)


def _as_sqlalchemy(connection: Connection, error: Any, driver: Any, cursor: Any, sql: str) -> BaseException:
    """The exception that SQLAlchemy would have raised; a connection that is gone is thrown away, as there."""
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, driver, cursor)
    if is_gone:
        connection.invalidate(error)
    wrapped: BaseException = DBAPIError.instance(
        sql,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=is_gone,
        dialect=dialect,
    )
    return wrapped


def _prepare(clause: Any, dialect: Dialect, keys: list[str]) -> Prepared:
    if isinstance(clause, Insert):
        clause = clause.inline()  # whoever wants its new keys says RETURNING
    compiled = clause.compile(dialect=dialect, column_keys=keys)
    if not compiled.positional:
        raise TypeError("a statement that is built once takes its values by their place: see `paramstyle`")
    if compiled.post_compile_params or compiled.literal_execute_params:
        raise TypeError("a statement that is built once must be complete: write each value of a list as a literal")

    def value_of(bind: BindParameter[Any]) -> Value:
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        return Value(bind.key if bind.required or bind.key in keys else None, bind.effective_value, process)

    values = tuple(value_of(compiled.binds[name]) for name in compiled.positiontup or ())
    columns = getattr(clause, "exported_columns", ())
    return Prepared(compiled.string, values, _row_maker(columns, dialect) if len(columns) else None)


def _row_maker(columns: Any, dialect: Dialect) -> Process:
    row: Any = namedtuple("Row", columns.keys(), rename=True)  # type: ignore[misc]  # its fields are known only now
    processes = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
    at_work = [(place, process) for place, process in enumerate(processes) if process]
    if not at_work:
        make_row: Process = row._make
        return make_row

    def make(raw: Sequence[Any]) -> Any:
        values = list(raw)
        for place, process in at_work:
            values[place] = process(values[place])
        return row._make(values)

    return make
