"""Statements that are built once and sent as they are: SQLAlchemy writes the SQL, the driver sends it.

What SQLAlchemy does at each execution (find the compiled form, sort and check the values, wrap the rows) takes longer
than the database needs to answer, and a run that has just been approved waits for two dozen answers.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect
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


def execute(connection: Connection, statement: Statement, values: Mapping[str, Any]) -> Outcome:
    """In the transaction of `connection`, which must have begun."""
    prepared = statement.prepared(connection.dialect, values)
    given = tuple([value.of(values) for value in prepared.values])
    return _sent(connection, prepared, given)


def insert_many(connection: Connection, statement: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
    """An INSERT of all `rows`, which have the same keys: a few together in one statement, with the values of each."""
    prepared = statement.prepared(connection.dialect, rows[0])
    of_row, of_all = _split(prepared)
    for start in range(0, len(rows), MOST_TOGETHER):
        some = rows[start : start + MOST_TOGETHER]
        given = [value.of(row) for row in some for value in of_row]
        given += [value.of(some[0]) for value in of_all]
        _sent(connection, Prepared(_for_several(len(some), prepared.sql), (), None), tuple(given))


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


def _sent(connection: Connection, prepared: Prepared, given: tuple[Any, ...]) -> Outcome:
    driver: Any = connection.connection.dbapi_connection
    cursor = driver.cursor()
    try:
        for heard in connection.dispatch.before_cursor_execute:  # as if SQLAlchemy had sent it
            heard(connection, cursor, prepared.sql, given, None, False)
        cursor.execute(prepared.sql, given)
        rows = list(map(prepared.row, cursor.fetchall())) if prepared.row else []
        return Outcome(rows, cursor.rowcount)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, error, driver, cursor, prepared.sql) from error
    finally:
        cursor.close()


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
    compiled = clause.compile(dialect=dialect, column_keys=keys)
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
