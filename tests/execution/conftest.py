"""Every test with a `bench` runs on an SQLite file and on PostgreSQL, with the engine's tables beside ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.execution.engine import migrate_engine
from storage.schema import migrate
from tests.execution.bench import Bench

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def engine_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("engine") / "template.db"
    migrate(f"sqlite:///{file}")
    migrate_engine(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, engine_template: Path) -> str:
    shutil.copy(engine_template, tmp_path / "bot.db")
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture
def engine_postgres_url(postgres_url: str) -> str:
    migrate_engine(postgres_url)
    return postgres_url


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest) -> str:
    name = "sqlite_url" if request.param == "sqlite" else "engine_postgres_url"
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def bench(url: str) -> Iterator[Bench]:
    made = Bench(url)
    yield made
    made.close()


@pytest.fixture
def sqlite_bench(sqlite_url: str) -> Iterator[Bench]:
    made = Bench(sqlite_url)
    yield made
    made.close()


@pytest.fixture
def postgres_bench(engine_postgres_url: str) -> Iterator[Bench]:
    made = Bench(engine_postgres_url)
    yield made
    made.close()
