"""A started workspace with its cast, the bot's wire to it, and a migrated SQLite store."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.demo.workspace import Cast, standalone
from bot.domain.policy import Audience, Policy, Role, Rule
from bot.slack.client import Identity, Wire, slack_client, slack_session, who_am_i
from storage.database import open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore


@dataclass
class Rules:
    """A policy source whose policy a test may change."""

    policy: Policy


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    made = standalone(rate_limits=False)
    async with made.slack:
        yield made


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with slack_session() as opened:
        yield opened


@pytest.fixture
def wire(cast: Cast, session: aiohttp.ClientSession) -> Wire:
    return Wire(slack_client(cast.app.bot_token, cast.slack.api_url, session))


@pytest.fixture
async def home(wire: Wire) -> Identity:
    identity = await who_am_i(wire)
    assert isinstance(identity, Identity)
    return identity


@pytest.fixture
def rules(cast: Cast) -> Rules:
    rule = Rule(
        name="erp",
        environment="PRODUCTION",
        name_patterns=("pg-*",),
        roles=(Role(name="approvers", need=2, who=Audience(usergroups=frozenset({cast.approver_group.id}))),),
        approvals_channel=cast.approvals.id,
        incidents_channel=cast.incidents.id,
    )
    return Rules(Policy(version="v1", rules=(rule,)))


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("slack") / "template.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[SqlStore]:
    shutil.copy(migrated, tmp_path / "bot.db")
    database = open_database(f"sqlite:///{tmp_path / 'bot.db'}")
    opened = SqlStore(database, enqueue=lambda _session, _request_id, _revision: None)
    yield opened
    opened.close()
    database.close()
