"""Every test that takes `database` or `store` runs twice: on an SQLite file and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.request import RequestId
from storage.database import Database, open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "template.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated database that nobody else uses."""
    if request.param == "postgresql":
        postgres_url: str = request.getfixturevalue("postgres_url")
        return postgres_url
    shutil.copy(sqlite_template, tmp_path / "bot.db")
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "postgresql":
        postgres_url: str = request.getfixturevalue("empty_postgres_url")
        return postgres_url
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def enqueued() -> list[tuple[RequestId, int]]:
    return []


@pytest.fixture
def store(database: Database, enqueued: list[tuple[RequestId, int]]) -> Iterator[SqlStore]:
    opened = SqlStore(database, enqueue=lambda _session, request_id, revision: enqueued.append((request_id, revision)))
    yield opened
    opened.close()
