"""A bench on a migrated SQLite file; where people meet in one moment, on PostgreSQL as well."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.schema import migrate
from tests.service.bench import Bench


@pytest.fixture(scope="session")
def desk_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("desk") / "template.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def desk_url(tmp_path: Path, desk_template: Path) -> str:
    shutil.copy(desk_template, tmp_path / "bot.db")
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture
def bench(desk_url: str) -> Iterator[Bench]:
    made = Bench(desk_url)
    yield made
    made.close()


@pytest.fixture
def three_groups(desk_url: str) -> Iterator[Bench]:
    made = Bench(desk_url, groups=3)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    url: str = request.getfixturevalue("desk_url" if request.param == "sqlite" else "postgres_url")
    made = Bench(url)
    yield made
    made.close()
