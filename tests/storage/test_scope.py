"""What waits for the next statement or for the commit is done in its order, once, or the transaction is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, event, insert, select
from sqlmodel import col

from bot.statement import Statement
from storage.database import Database, begin
from storage.scope import Scope
from storage.tables import InstanceRow, table_of

ADD = Statement(insert(table_of(InstanceRow)))
DROP = Statement(delete(table_of(InstanceRow)).where(col(InstanceRow.name) == bindparam("wanted")))
ALL = Statement(select(InstanceRow).order_by(col(InstanceRow.name)))
BY_SQLALCHEMY = select(InstanceRow.name).order_by(col(InstanceRow.name))
AT = datetime(2026, 3, 1, tzinfo=UTC)


def row(name: str) -> dict[str, Any]:
    return {"name": name, "value": "v", "updated_at": AT}


@pytest.fixture
def scope(database: Database) -> Iterator[Scope]:
    with database.engine.connect() as connection:
        begin(connection)
        yield Scope(connection)


def names_in(database: Database) -> list[str]:
    with database.engine.connect() as connection:
        begin(connection)
        return [one.name for one in Scope(connection).rows(ALL)]


@pytest.mark.parametrize("question", [ALL, BY_SQLALCHEMY])
def test_whoever_asks_sees_what_waited_before(scope: Scope, question: Any) -> None:
    scope.later(ADD, **row("b"))
    scope.insert_many(ADD, [row("a"), row("c")])
    assert [one.name for one in scope.rows(question)] == ["a", "b", "c"]
    scope.later(DROP, must_touch=True, wanted="b")
    assert [one.name for one in scope.rows(question)] == ["a", "c"]


def test_nothing_is_sent_until_somebody_asks(database: Database, scope: Scope) -> None:
    heard: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _1, _2, sql, *_: heard.append(sql.split()[0]))
    scope.later(ADD, **row("a"))
    assert heard == []
    assert scope.change(DROP, wanted="a") == 1
    assert heard == ["INSERT", "DELETE"]


def test_the_rest_goes_with_the_commit(database: Database, scope: Scope) -> None:
    scope.later(ADD, **row("a"))
    scope.later(ADD, must_touch=True, **row("b"))
    scope.rows(ALL)
    scope.later(ADD, **row("c"))
    scope.commit()
    assert names_in(database) == ["a", "b", "c"]


def test_a_transaction_of_nothing_but_what_waits_is_committed_too(database: Database, scope: Scope) -> None:
    scope.later(ADD, **row("a"))
    scope.commit()
    assert names_in(database) == ["a"]


def test_what_did_not_touch_its_row_is_never_committed(database: Database, scope: Scope) -> None:
    scope.rows(ALL)
    scope.later(ADD, **row("a"))
    scope.later(DROP, must_touch=True, wanted="nobody")
    with pytest.raises(RuntimeError, match="did not touch"):
        scope.commit()
    scope.connection.rollback()
    assert names_in(database) == []


def test_several_questions_are_answered_in_their_order(scope: Scope) -> None:
    scope.later(ADD, **row("a"))
    first, dropped, second = scope.together(ALL, DROP, ALL, wanted="a")
    assert ([one.name for one in first], dropped, second) == (["a"], [], [])
