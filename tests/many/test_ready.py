"""`/readyz` tells the truth, and the database may go, come back and be migrated under processes that live on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from bot.app import migrate_database
from bot.demo.workspace import Person
from tests.chaos.crew import Crew
from tests.chaos.seen import asks
from tests.many.site import Site, site
from tests.many.test_procfile import ENDS_WITHIN_SECONDS
from tests.postgres import PostgresServer


@pytest.fixture
async def server() -> AsyncIterator[PostgresServer]:
    """One that a test may crash."""
    own = PostgresServer(durable=True)
    await asyncio.to_thread(own.start)
    yield own
    await asyncio.to_thread(own.remove)


def told(person: Person, here: Site) -> str:
    """Everything that this person was told in private."""
    from bot.demo.reading import words_of

    lines = [words_of(one) for one in person.ephemerals(here.cast.general.id)]
    return " ".join([*lines, words_of(person.view) if person.view else ""])


async def test_f11_while_the_database_is_away_people_are_told_and_nothing_is_lost(
    server: PostgresServer, tmp_path: Path
) -> None:
    url = server.url()
    await asyncio.to_thread(migrate_database, url)
    async with site(url, tmp_path) as here:
        serve, worker = here.child("serve"), here.child("worker")
        crew = Crew([serve, worker])
        async with crew.on_duty():
            await asyncio.gather(serve.until(200), worker.until(200))
            play = here.evening
            await play.see(lambda: here.cast.slack.connections(here.cast.app) == 2)
            card = await play.ask("pg-erp")
            await asyncio.to_thread(server.stop, "immediate")
            body = await serve.until(503)
            assert "cannot be reached" in body["parts"]["database"]
            await play.amir.click(card, "approve")
            await play.see(lambda: "database" in told(play.amir, here).lower())
            assert here.posts() == 0
            await asyncio.to_thread(server.start)
            await asyncio.gather(serve.until(200), worker.until(200))
            assert [ask.state for ask in asks(url)] == ["pending"]
            if play.amir.view:
                await play.amir.close(play.amir.view)
            await play.approve(card)
            assert "VERIFIED" in await play.ended(card, 60)
            assert here.posts() == 1
            assert 70 in crew.exits  # the worker could not prove that it was alive


async def test_f23_a_database_that_hangs_keeps_no_process_alive(server: PostgresServer, tmp_path: Path) -> None:
    """It is known as not ready, and SIGTERM ends it in time although its threads wait for an answer."""
    url = server.url()
    await asyncio.to_thread(migrate_database, url)
    async with site(url, tmp_path) as here:
        serve = await here.started("serve")
        server.hang()
        try:
            assert "no answer" in (await serve.until(503))["parts"]["readiness"]
            assert await serve.stop() < ENDS_WITHIN_SECONDS, serve.words[-3000:]
        finally:
            server.hang(False)


async def test_without_tables_nothing_starts_and_the_sentence_says_what_to_do(
    empty_postgres_url: str, tmp_path: Path
) -> None:
    async with site(empty_postgres_url, tmp_path) as here:
        for role in ("serve", "worker"):
            child = here.child(role)
            await child.start()
            assert await child.ended() == 1
            assert "Run `failover-bot migrate` first." in child.words


async def test_a_migration_runs_while_old_processes_live(empty_postgres_url: str, tmp_path: Path) -> None:
    """Again the same one, then one of a newer version, which only adds: who runs goes on, who starts is refused."""
    url = empty_postgres_url
    await asyncio.to_thread(migrate_database, url)
    async with site(url, tmp_path) as here:
        serve, worker = await here.started("serve"), await here.started("worker")
        play = here.evening
        await play.see(lambda: here.cast.slack.connections(here.cast.app) == 2)
        card = await play.ask("pg-erp")
        again = here.child("migrate")
        await again.start()
        assert await again.ended() == 0, again.words
        with psycopg.connect(url, autocommit=True) as newer:
            newer.execute("ALTER TABLE run ADD COLUMN newer text")
            newer.execute("UPDATE failover_version SET version_num = 'm9999'")
        await play.approve(card)
        assert "VERIFIED" in await play.ended(card, 60)
        assert (await serve.readiness())[0] == (await worker.readiness())[0] == 200
        late = here.child("worker")
        await late.start()
        assert await late.ended() == 1
        assert "newer version" in late.words
        with psycopg.connect(url, autocommit=True) as restored:
            restored.execute("DELETE FROM failover_version")
        body = await serve.until(503)
        assert "applied only in part" in body["parts"]["database"]
