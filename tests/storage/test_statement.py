"""Statements that are sent as they are behave like those that SQLAlchemy sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, event, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from bot.statement import MOST_TOGETHER, Statement, execute, ready, ready_for_many, send
from storage.database import Database, begin
from storage.tables import InstanceRow, table_of

ADD = Statement(insert(table_of(InstanceRow)))
ONE = Statement(select(InstanceRow).where(col(InstanceRow.name) == bindparam("wanted")))
ALL = Statement(select(InstanceRow).order_by(col(InstanceRow.name)))
CHANGE = Statement(
    update(table_of(InstanceRow)).where(col(InstanceRow.name) == bindparam("wanted")).values(value="set")
)
AT = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=timezone(timedelta(hours=2)))


def row(name: str) -> dict[str, Any]:
    return {"name": name, "value": "100 % of it", "updated_at": AT}


def test_values_go_by_their_names_and_come_back_with_their_types(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ADD, row("a"))
        [found] = execute(connection, ONE, {"wanted": "a"}).rows
        assert (found.name, found.value, found.updated_at) == ("a", "100 % of it", AT)
        assert found.updated_at.tzinfo is UTC
        assert execute(connection, ONE, {"wanted": "b"}).rows == []


def test_what_the_statement_itself_says_is_kept_and_counted(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        send(connection, [*ready_for_many(connection.dialect, ADD, [row("a"), row("b")])])
        assert execute(connection, CHANGE, {"wanted": "a"}).count == 1
        assert execute(connection, CHANGE, {"wanted": "c"}).count == 0
        values = [execute(connection, ONE, {"wanted": name}).rows[0].value for name in ("a", "b")]
        assert values == ["set", "100 % of it"]


def test_any_number_of_rows_is_inserted_and_nothing_but_inserted(database: Database) -> None:
    names = [f"n{number:02}" for number in range(2 * MOST_TOGETHER + 3)]
    with database.engine.connect() as connection:
        begin(connection)
        send(connection, [*ready_for_many(connection.dialect, ADD, [row(name) for name in names])])
        assert [one.name for one in execute(connection, ALL, {}).rows] == names
        with pytest.raises(TypeError, match="INSERT"):
            list(ready_for_many(connection.dialect, CHANGE, [{"wanted": "a"}, {"wanted": "b"}]))


def test_a_value_that_was_forgotten_is_no_null(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        with pytest.raises(KeyError, match="wanted"):
            execute(connection, ONE, {})


def test_a_list_of_any_length_is_refused_and_one_of_literals_is_not(database: Database) -> None:
    names = col(InstanceRow.name)
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ADD, row("a"))
        with pytest.raises(TypeError, match="literal"):
            execute(connection, Statement(select(InstanceRow).where(names.in_(["a", "b"]))), {})
        fixed = Statement(select(InstanceRow).where(names.in_([literal("a"), literal("b")])))
        assert len(execute(connection, fixed, {}).rows) == 1


def test_an_error_is_the_one_that_sqlalchemy_raises_and_shows_no_value(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ADD, row("a"))
        with pytest.raises(IntegrityError) as raised:
            execute(connection, ADD, row("a"))
    assert not raised.value.connection_invalidated
    assert "100 % of it" not in str(raised.value).partition("DETAIL")[0]


def test_whoever_listens_to_the_engine_hears_them(database: Database) -> None:
    heard: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _1, _2, sql, *_: heard.append(sql))
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ADD, row("a"))
    assert heard[-1].startswith("INSERT INTO instance")


def test_what_is_sent_together_is_done_in_its_order_and_answered_one_by_one(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        dialect = connection.dialect
        some = [(ADD, row("a")), (ONE, {"wanted": "a"}), (CHANGE, {"wanted": "a"}), (ONE, {"wanted": "a"})]
        outcomes = send(connection, [ready(dialect, statement, values) for statement, values in some])
        assert [outcome.count for outcome in outcomes][2] == 1
        assert [[one.value for one in outcome.rows] for outcome in outcomes] == [[], ["100 % of it"], [], ["set"]]


def test_after_one_that_failed_nothing_of_them_is_committed(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ONE, {"wanted": "a"})  # from here on the server knows of the transaction
        twice = [ready(connection.dialect, ADD, row(name)) for name in ("a", "b", "b", "c")]
        with pytest.raises(IntegrityError):
            send(connection, twice, commits=True)
    with database.engine.connect() as connection:
        begin(connection)
        assert execute(connection, ALL, {}).rows == []


def test_a_commit_that_goes_along_is_one(database: Database) -> None:
    with database.engine.connect() as connection:
        begin(connection)
        execute(connection, ONE, {"wanted": "a"})
        send(connection, [ready(connection.dialect, ADD, row("a"))], commits=True)
        if connection.dialect.name == "postgresql":
            with database.engine.connect() as other:
                begin(other)
                assert len(execute(other, ALL, {}).rows) == 1
        connection.commit()
    with database.engine.connect() as connection:
        begin(connection)
        assert [one.name for one in execute(connection, ALL, {}).rows] == ["a"]
