"""Opens the database with the settings that its durability stands on, the same for our tables and for the engine's."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from psycopg import IsolationLevel
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from bot.ports import StoreError
from bot.postgresql import ask_after_rest
from bot.sqlite import prepare_sqlite
from bot.statement import Statement, execute
from storage.problems import explain
from storage.urls import file_of, name_of, parse_url

# Few on purpose: each statement takes the interpreter's lock once more, and sixteen threads that wait for it took twice
# the processor time of four for the same hundred approvals. Looks have their own, so that they do not wait for writers.
POSTGRESQL_WRITERS = 4
POSTGRESQL_READERS = 4

# A dead server is noticed within half a minute, a stuck statement ends by itself, and what was committed stays: the
# fence before the one POST is worth nothing on a server whose default lets a crash take the last commits back.
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_POSTGRESQL_CONNECT: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "failover-bot",
    "prepare_threshold": 1,  # a failover is rare: what its transactions say should be known the second time
}
_POSTGRESQL_OPTIONS = (
    "-c timezone=UTC -c synchronous_commit=on -c statement_timeout=20000 -c lock_timeout=8000"
    " -c idle_in_transaction_session_timeout=30000"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """An engine and its address, and one that only reads. Opening connects to nothing; the first transaction does."""

    url: URL
    engine: Engine
    reader: Engine

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        return name_of(self.url)

    def probe(self) -> None:
        """One round trip. `StoreError` with a sentence when the database cannot be used."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise explain(error, self.url) from error

    def close(self) -> None:
        self.engine.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """`url` in any form that `parse_url` takes."""
    parsed = parse_url(url)
    if file_of(parsed) is not None:
        engine = _open_sqlite(parsed)
        return Database(url=parsed, engine=engine, reader=engine)
    reader = _open_postgresql(parsed, POSTGRESQL_READERS)
    event.listen(reader, "connect", _only_read_one_moment)
    return Database(url=parsed, engine=_open_postgresql(parsed, POSTGRESQL_WRITERS), reader=reader)


def _only_read_one_moment(connection: Any, _record: object) -> None:
    """One snapshot for all queries of a transaction: words of its BEGIN, said once and for all."""
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True


def _open_postgresql(url: URL, connections: int) -> Engine:
    given = url.query.get("options", "")
    options = f"{_POSTGRESQL_OPTIONS} {given if isinstance(given, str) else ' '.join(given)}".strip()
    defaults = {name: value for name, value in _POSTGRESQL_CONNECT.items() if name not in url.query}
    engine = create_engine(
        url.difference_update_query(["options"]),
        connect_args={**defaults, "options": options},
        pool_size=connections,
        max_overflow=connections,
        pool_timeout=10,
        pool_use_lifo=True,  # the connection that has prepared its statements
        hide_parameters=True,
        paramstyle="format",  # values by their place: naming them costs the driver one more pass
    )
    ask_after_rest(engine)
    return engine


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=40, hide_parameters=True)
    event.listen(engine, "connect", prepare_sqlite)
    event.listen(engine, "checkout", _allow_writing)
    return engine


def _allow_writing(connection: Any, _record: object, _proxy: object) -> None:
    """The one who had the connection before may have been a reader."""
    connection.execute("PRAGMA query_only=OFF")


_ONLY_READ = Statement(text("PRAGMA query_only=ON"))
_BEGIN = Statement(text("BEGIN"))
_BEGIN_WRITING = Statement(text("BEGIN IMMEDIATE"))


def begin(connection: Connection, *, is_reading: bool = False) -> None:
    """Open the transaction. On SQLite a writer takes the lock now, so that what it read stays true until it commits."""
    connection.begin()
    if connection.dialect.name != "sqlite":
        return
    if is_reading:
        execute(connection, _ONLY_READ, {})
    execute(connection, _BEGIN if is_reading else _BEGIN_WRITING, {})


class FileClaim:
    """One process per SQLite file: a lock on a file beside it, which the operating system frees when we die.

    PostgreSQL needs none: there it holds nothing.
    """

    def __init__(self, lock: IO[str] | None) -> None:
        self._lock = lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        if self._lock is not None:
            self._lock.close()


def claim_file(database: Database) -> FileClaim:
    """Held until released or dead. `StoreError` names the process that holds the file."""
    file = file_of(database.url)
    if file is None:
        return FileClaim(None)
    # A lock file of its own: closing any handle of the database file itself would drop SQLite's own POSIX locks.
    path = Path(f"{file}.lock")
    try:
        lock = path.open("a+")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {error.strerror}. The bot did not start. "
            "Start it in a folder that it may write to, or set DATABASE_URL."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(_taken(file, lock)) from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return FileClaim(lock)


def _taken(file: Path, lock: IO[str]) -> str:
    with lock:
        lock.seek(0)
        pid = lock.read().strip()
    return (
        f"Process {pid or '(unknown)'} already works on {file}, and one SQLite file carries one process. "
        "This one did not start. Stop the other one first, or use PostgreSQL for several processes."
    )
