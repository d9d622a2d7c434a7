"""The engine's tables work with whichever SQLite the machine has."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.execution.engine import migrate_engine, open_engine
from bot.sqlite import prepare_sqlite, seconds_since_epoch


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    opened = sqlite3.connect(":memory:")
    prepare_sqlite(opened)
    yield opened
    opened.close()


def test_every_sqlite_knows_the_milliseconds_that_the_engine_asks_for(connection: sqlite3.Connection) -> None:
    before = time.time_ns() // 1_000_000
    (found,) = connection.execute("SELECT unixepoch('subsec') * 1000").fetchone()
    assert before <= round(found) <= time.time_ns() // 1_000_000


def test_the_replacement_fills_a_column_by_default_as_the_original_does(connection: sqlite3.Connection) -> None:
    connection.create_function("unixepoch", 1, seconds_since_epoch)
    connection.execute("CREATE TABLE t (n INTEGER, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
    connection.execute("INSERT INTO t (n) VALUES (1)")
    (found,) = connection.execute("SELECT at FROM t").fetchone()
    assert abs(found - time.time() * 1000) < 60_000


def test_the_replacement_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="only 'subsec' is"):
        seconds_since_epoch("now")


def test_each_time_that_the_engines_tables_fill_in_by_themselves_can_be_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/engine.db"
    migrate_engine(url)
    engine = open_engine(url)
    with engine.connect() as opened:
        schema = " ".join(opened.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars())
        found = set(re.findall(r"DEFAULT \((.*? \* 1000)\)", schema))
        assert found
        for expression in found:
            assert opened.exec_driver_sql(f"SELECT {expression}").scalar_one() is not None, expression
    engine.dispose()
