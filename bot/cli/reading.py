"""Opens the database for commands that only look: current tables or a sentence, and no write whatever happens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from bot.cli.say import database_url, run, stop_with
from bot.ports import StoreError, Transaction
from storage.database import Database, open_database
from storage.schema import require_schema
from storage.unit_of_work import SqlStore
from storage.urls import file_of, parse_url

T = TypeVar("T")


@contextmanager
def opened_database() -> Iterator[Database]:
    """Ends the command with a sentence when the database cannot be used."""
    try:
        database = existing_database()
        try:
            yield database
        finally:
            database.close()
    except StoreError as error:
        stop_with(error.sentence)


@contextmanager
def opened_store() -> Iterator[SqlStore]:
    with opened_database() as database:
        store = SqlStore(database)
        try:
            yield store
        finally:
            store.close()


def existing_database() -> Database:
    """StoreError when it is not there, or not of this version. A new file is never made by looking."""
    file = file_of(parse_url(database_url()))
    if file is not None and not file.exists():
        raise StoreError(f"There is no database {file}. Set DATABASE_URL, or run `failover-bot migrate` first.")
    database = open_database(database_url())
    try:
        require_schema(database)
    except StoreError:
        database.close()
        raise
    return database


def look(work: Callable[[Transaction], T]) -> T:
    with opened_store() as store:
        return store.look(work)


def permalinks(places: list[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """What Slack answers within a few seconds, if a token is configured; nothing is said about the others."""
    token = os.environ.get("SLACK_BOT_TOKEN", "")
    return run(_ask_permalinks(token, places)) if token and places else {}


async def _ask_permalinks(token: str, places: list[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    from bot.slack.client import Done, Wire, slack_client, slack_session

    base_url = os.environ.get("SLACK_API_URL") or "https://slack.com/api/"
    async with slack_session() as session:
        wire = Wire(slack_client(token, base_url, session))
        turn = asyncio.Semaphore(4)

        async def ask(channel: str, ts: str) -> str:
            async with turn:
                answer = await wire.call("chat.getPermalink", channel=channel, message_ts=ts)
            return str(answer.body.get("permalink", "")) if isinstance(answer, Done) else ""

        links = await asyncio.gather(*(ask(*place) for place in places))
    return {place: link for place, link in zip(places, links, strict=True) if link}
