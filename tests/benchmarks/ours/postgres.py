"""A PostgreSQL server for one benchmark, that keeps what it has committed: with fsync, as in production."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from tests.benchmarks.ours.rows import migrate_all
from tests.benchmarks.setting import Setting
from tests.postgres import PostgresServer


@asynccontextmanager
async def postgres(setting: Setting) -> AsyncIterator[PostgresServer]:
    if setting.server is not None:
        yield setting.server
        return
    server = PostgresServer(durable=True)
    await asyncio.to_thread(server.start)
    try:
        await asyncio.to_thread(_commit_truly, server.url())
        yield server
    finally:
        await asyncio.to_thread(server.remove)


def _commit_truly(url: str) -> None:
    """The tests waive it; a figure must not."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_commit = on")
        connection.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def database(kind: str, setting: Setting, folder: Path) -> AsyncIterator[str]:
    """The URL of a migrated database of that kind; `folder` holds the file of SQLite."""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        await asyncio.to_thread(migrate_all, url)
        yield url
        return
    async with postgres(setting) as server:
        url = server.create()
        await asyncio.to_thread(migrate_all, url)
        yield url
