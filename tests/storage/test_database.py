"""The settings that durability stands on, and the sentence for each way in which a database can be unusable."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from bot import postgresql
from bot.ports import StoreError, Transaction
from storage.database import Database, claim_file, open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore
from tests.postgres import LOCKED_USER, PostgresServer
from tests.storage.samples import request


def problem(url: str) -> StoreError:
    database = open_database(url)
    try:
        with pytest.raises(StoreError) as raised:
            database.probe()
    finally:
        database.close()
    return raised.value


def test_sqlite_keeps_what_was_committed_and_waits_for_others(tmp_path: Path) -> None:
    settings = {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30000, "foreign_keys": 1}
    database = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    with database.engine.connect() as connection:
        assert {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in settings} == settings
    database.close()


def test_postgresql_speaks_utc_and_lets_no_statement_run_for_ever(postgres_url: str) -> None:
    settings = {"timezone": "UTC", "statement_timeout": "20s", "lock_timeout": "8s", "work_mem": "5MB"}
    database = open_database(f"{postgres_url}?options=-c%20work_mem%3D5MB")
    with database.engine.connect() as connection:
        assert {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in settings} == settings
    database.close()


async def test_reading_refuses_to_write_and_the_next_transaction_may(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="may only be read"):
        await store.read(lambda tx: tx.requests.add(request()))
    for _ in range(10):
        await store.read(lambda tx: tx.requests.recent())
    assert await store.run(lambda tx: tx.requests.add(request()))


async def test_a_reader_sees_one_moment_while_others_write(store: SqlStore) -> None:
    def look(tx: Transaction) -> tuple[int, int]:
        before = len(tx.requests.recent())
        store.transact(lambda other: other.requests.add(request()))
        return before, len(tx.requests.recent())

    assert await store.read(look) == (0, 0)
    assert len(await store.read(lambda tx: tx.requests.recent())) == 1


async def test_the_time_of_a_transaction_stands_still(store: SqlStore) -> None:
    first, second = await store.run(lambda tx: (tx.now, tx.now))
    assert first == second
    assert first.utcoffset() is not None
    assert await store.read(lambda tx: tx.now) > first


async def test_what_the_work_raises_comes_out_and_nothing_is_kept(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        tx.requests.add(request())
        raise KeyError("x")

    with pytest.raises(KeyError):
        await store.run(work)
    assert await store.read(lambda tx: tx.requests.recent()) == []


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = problem(f"postgresql://u:hunter2@127.0.0.1:{unused.getsockname()[1]}/d")
    assert "cannot be reached" in error.sentence
    assert error.is_passing
    assert "hunter2" not in error.sentence


def test_a_wrong_password_is_told_and_never_printed(postgres_server: PostgresServer) -> None:
    error = problem(postgres_server.url().replace("postgres@", f"{LOCKED_USER}:hunter2@"))
    assert "refused the user or the password" in error.sentence
    assert "hunter2" not in repr(error) + str(error.__cause__)


def test_a_user_that_does_not_exist_is_refused(postgres_server: PostgresServer) -> None:
    assert "refused the user" in problem(postgres_server.url().replace("postgres@", "nobody@")).sentence


def test_a_database_that_does_not_exist_is_named(postgres_server: PostgresServer) -> None:
    assert "no database missing at 127.0.0.1" in problem(postgres_server.url("missing")).sentence


def test_a_folder_that_does_not_exist_is_told(tmp_path: Path) -> None:
    assert "cannot be opened" in problem(f"sqlite:///{tmp_path / 'missing' / 'bot.db'}").sentence


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    file.write_bytes(b"not a database at all" * 100)
    assert "is damaged or is no SQLite database" in problem(f"sqlite:///{file}").sentence
    assert file.read_bytes().startswith(b"not a database")


async def test_tables_that_are_missing_ask_for_the_migration(empty_url: str) -> None:
    database = open_database(empty_url)
    store = SqlStore(database)
    with pytest.raises(StoreError, match="failover-bot migrate"):
        await store.run(lambda tx: tx.requests.add(request()))
    store.close()
    database.close()


async def test_a_database_that_may_only_be_read_is_told(tmp_path: Path, sqlite_template: Path) -> None:
    store = SqlStore(opened := open_database(f"sqlite:///file:{sqlite_template}?mode=ro&uri=true"))
    with pytest.raises(StoreError, match="may only be read"):
        await store.run(lambda tx: tx.instance.put("a", "b"))
    store.close()
    opened.close()


def test_a_full_disk_is_told_and_passes(tmp_path: Path, sqlite_template: Path) -> None:
    file = tmp_path / "bot.db"
    file.write_bytes(sqlite_template.read_bytes())
    opened = open_database(f"sqlite:///{file}")
    with opened.engine.connect() as connection:  # the one connection of the pool keeps its limit
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    store = SqlStore(opened)
    with pytest.raises(StoreError, match="is full") as raised:
        store.transact(lambda tx: tx.instance.put("a", "b" * 100_000))
    assert raised.value.is_passing
    assert store.look(lambda tx: tx.instance.get("a")) is None
    store.close()
    opened.close()


def test_a_second_claim_of_a_file_names_the_first(tmp_path: Path) -> None:
    first = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    second = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    with claim_file(first), pytest.raises(StoreError, match=f"Process {os.getpid()} already works on"):
        claim_file(second)
    claim_file(second).release()


CLAIM_AND_WAIT = """
import sys
from storage.database import claim_file, open_database
claim = claim_file(open_database(sys.argv[1]))
print("claimed", flush=True)
sys.stdin.read()
"""


def test_a_dead_process_claims_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bot.db'}"
    command = [sys.executable, "-c", CLAIM_AND_WAIT, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        with pytest.raises(StoreError, match=f"Process {other.pid}"):
            claim_file(open_database(url))
        other.kill()
        other.wait()
        claim_file(open_database(url)).release()


def test_several_processes_may_work_on_postgresql(postgres_url: str) -> None:
    with claim_file(open_database(postgres_url)), claim_file(open_database(postgres_url)):
        pass


async def test_a_transaction_outlives_a_connection_that_breaks_under_it(postgres_url: str) -> None:
    database = open_database(postgres_url)
    store = SqlStore(database)
    tries = 0

    def work(tx: Transaction) -> None:
        nonlocal tries
        tries += 1
        tx.requests.add(request())
        if tries == 1:
            cut_others(postgres_url)
        tx.requests.recent()

    await store.run(work)
    assert tries == 2
    assert len(await store.read(lambda tx: tx.requests.recent())) == 1
    store.close()
    database.close()


async def test_after_a_restart_of_the_server_nobody_meets_the_dead_connections_one_after_the_other(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    store = SqlStore(database)
    every = [database.engine.connect() for _ in range(4)]
    for connection in every:
        connection.exec_driver_sql("SELECT 1")
    for connection in every:
        connection.close()
    cut_others(postgres_url)
    tries: list[object] = []
    event.listen(database.engine, "begin", tries.append)
    await store.run(lambda tx: tx.requests.add(request()))
    assert len(tries) == 2
    assert len(await store.read(lambda tx: tx.requests.recent())) == 1
    store.close()
    database.close()


def test_a_connection_is_asked_whether_it_lives_only_after_a_rest(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(postgres_url)
    asked: list[object] = []
    monkeypatch.setattr(database.engine.dialect, "do_ping", asked.append)
    for _ in range(3):
        database.probe()
    assert asked == []
    monkeypatch.setattr(postgresql, "REST_SECONDS", 0.0)
    database.probe()
    assert len(asked) == 1
    database.close()


def cut_others(url: str) -> None:
    """As an administrator, or a server that restarts."""
    other = open_database(url)
    with other.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()


async def test_a_commit_whose_answer_was_lost_is_not_tried_again(empty_postgres_url: str) -> None:
    migrate(empty_postgres_url)
    database = open_database(empty_postgres_url)
    with database.engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON instance DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION die()"
            )
        )
    store = SqlStore(database)
    tries: list[int] = []
    with pytest.raises(StoreError, match="may or may not have been kept"):
        await store.run(lambda tx: [tries.append(1), tx.instance.put("a", "b")])
    assert tries == [1]
    store.close()
    database.close()


async def test_two_transactions_that_lock_each_other_out_both_end(postgres_url: str) -> None:
    database = open_database(postgres_url)
    store = SqlStore(database)
    met = asyncio.Event()
    loop = asyncio.get_running_loop()

    def put(first: str, second: str, *, waits: bool) -> None:
        def work(tx: Transaction) -> None:
            tx.instance.put(first, "x")
            if waits and not met.is_set():
                asyncio.run_coroutine_threadsafe(met.wait(), loop).result()
            else:
                loop.call_soon_threadsafe(met.set)
            tx.instance.put(second, "x")

        store.transact(work)

    await store.run(lambda tx: [tx.instance.put(name, "") for name in ("a", "b")])
    await asyncio.gather(asyncio.to_thread(put, "a", "b", waits=True), asyncio.to_thread(put, "b", "a", waits=False))
    assert await store.read(lambda tx: [tx.instance.get("a"), tx.instance.get("b")]) == ["x", "x"]
    store.close()
    database.close()


def test_errors_carry_no_parameters(database: Database) -> None:
    with pytest.raises(DBAPIError) as raised, database.engine.begin() as connection:
        connection.execute(text("SELECT no_such_column, :secret FROM request"), {"secret": "hunter2"})
    assert "hunter2" not in str(raised.value)
