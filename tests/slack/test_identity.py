"""A process that starts while Slack is down goes on as the one that Slack knew the last time; a refusal stays one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.workspace import Cast, standalone
from bot.slack.client import Identity, Wire, slack_client, slack_session
from bot.slack.identity import sign_in
from storage.database import open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    cast = standalone()
    await cast.slack.start()
    yield cast
    await cast.slack.stop()


@pytest.fixture
def store(tmp_path: Path) -> SqlStore:
    url = f"sqlite:///{tmp_path / 'bot.sqlite'}"
    migrate(url)
    return SqlStore(open_database(url))


@asynccontextmanager
async def wire(cast: Cast, token: str = "") -> AsyncIterator[Wire]:
    async with slack_session() as session:
        yield Wire(slack_client(token or cast.app.bot_token, cast.slack.api_url, session))


async def test_what_slack_said_last_time_counts_while_it_is_down(cast: Cast, store: SqlStore) -> None:
    async with wire(cast) as now:
        known = await sign_in(now, store)
        cast.slack.outage()
        assert isinstance(known, Identity)
        assert await sign_in(now, store) == known
    store.close()


async def test_an_unknown_token_waits_for_slack(cast: Cast, store: SqlStore) -> None:
    async with wire(cast) as now:
        await sign_in(now, store)
    cast.slack.outage()
    async with wire(cast, "xoxb-another-token") as other:
        assert "503" in str(await sign_in(other, store))
    store.close()


async def test_a_revoked_token_is_refused_whatever_was_known(cast: Cast, store: SqlStore) -> None:
    async with wire(cast) as now:
        await sign_in(now, store)
        cast.slack.trouble.uninstall()
        assert "account_inactive" in str(await sign_in(now, store))
    store.close()
