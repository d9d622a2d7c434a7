"""One process on one SQLite file: killed, limited, flooded, interrupted; and nobody else may open it."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import migrate_database
from bot.demo.reading import words_of
from bot.demo.sdrs import Pace
from bot.domain.facts import GroupId
from bot.domain.request import RequestId
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.chaos.seen import asks
from tests.domain.requests import request
from tests.many.site import Site, site

SLOW = Pace(reverse_seconds=4, sub_job_seconds=1, stop_seconds=0.3, start_seconds=0.3, other_seconds=0.3)
WAITING = 1000


@pytest.fixture
async def url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'bot.sqlite'}"
    await asyncio.to_thread(migrate_database, url)
    return url


async def connected(here: Site) -> None:
    await here.evening.see(lambda: here.cast.slack.connections(here.cast.app) == 2, 40)


def approvals(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        query = "SELECT count(*) FROM audit WHERE action = 'approve' AND outcome = 'done'"
        return int(connection.execute(query).fetchone()[0])


def written_by_a_newer_release(file: Path) -> None:
    """Fields and a column that this release has never heard of."""
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE run ADD COLUMN newer TEXT")
        for table in ("run", "attempt"):
            for key, text in connection.execute(f"SELECT request_id, body_json FROM {table}").fetchall():
                body = {**json.loads(text), "newer_field": {"of": ["a", "later", "release"]}}
                connection.execute(f"UPDATE {table} SET body_json = ? WHERE request_id = ?", (json.dumps(body), key))


async def test_f15_f16_a_killed_process_is_replaced_also_by_an_older_release(url: str, tmp_path: Path) -> None:
    async with site(url, tmp_path, pace=SLOW) as here:
        first = await here.started("run")
        await connected(here)
        second = here.child("run")
        await second.start()
        assert await second.ended() == 1
        assert "one SQLite file carries one process" in second.words
        play = here.evening
        card = await play.ask("pg-erp")
        await play.approve(card)
        await play.line(card, "The cloud accepted")
        await first.kill()
        written_by_a_newer_release(tmp_path / "bot.sqlite")
        await here.started("run")
        assert "VERIFIED" in await play.ended(card, 60)
        assert here.posts() == 1


async def test_f25_a_restored_backup_decides_and_sends_nothing_until_a_person_has_looked(
    url: str, tmp_path: Path
) -> None:
    """Asked, backed up, approved and run to its end; then the backup comes back, in which it still waits."""
    file, backup = tmp_path / "bot.sqlite", tmp_path / "backup.sqlite"
    async with site(url, tmp_path) as here:
        bot, play = await here.started("run"), here.evening
        await connected(here)
        card = await play.ask("pg-erp")
        with sqlite3.connect(file) as connection:
            connection.execute("VACUUM INTO ?", (str(backup),))
        before = await play.see(lambda: pulse(file))
        await play.approve(card)
        assert "VERIFIED" in await play.ended(card, 60)
        await play.see(lambda: pulse(file) > before + 1)
        await bot.kill()
        restore(backup, file)

        again = here.child("run")
        await again.start()
        assert "restored backup" in (await again.until(503))["parts"]["engine"]
        await connected(here)
        assert "was restored from a backup" in await play.approve(card)
        confirm = here.child("confirm-restored", "--yes")
        await confirm.start()
        assert await confirm.ended() == 0, confirm.words
        assert "production is at the wanted site already" in confirm.words
        await again.stop()

        await here.started("run")
        await connected(here)
        await play.approve(card)
        await play.see(lambda: [one for one in play.cards() if "Revision 2." in words_of(one)])
        assert here.posts() == 1, "the group was looked at, and is where it should go already"


def pulse(file: Path) -> int:
    """How often the process has beaten, as the file beside the database says."""
    beats = file.with_name(f"{file.name}.pulse")
    return int(beats.read_text()) if beats.exists() else 0


def restore(backup: Path, file: Path) -> None:
    for leftover in (f"{file}-wal", f"{file}-shm"):
        Path(leftover).unlink(missing_ok=True)
    shutil.copy(backup, file)


async def test_f19_on_a_full_disk_nothing_is_accepted_and_nothing_is_sent(url: str, tmp_path: Path) -> None:
    """Every write to a file fails, as on a full disk; when there is room again, the same process goes on."""
    async with site(url, tmp_path) as here:
        bot = await here.started("run")
        await connected(here)
        play = here.evening
        card = await play.ask("pg-erp")
        _, hard = resource.prlimit(bot.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (1, hard))
        await play.amir.click(card, "approve")
        told = await play.see(lambda: play.settled(play.amir))
        assert "Nothing" in words_of(told)
        assert here.posts() == 0
        assert approvals(tmp_path / "bot.sqlite") == 0
        resource.prlimit(bot.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await play.amir.close(told)
        await play.approve(card)
        assert "VERIFIED" in await play.ended(card, 60)
        assert here.posts() == 1


async def test_f21_cut_connections_and_repeated_envelopes_decide_once(url: str, tmp_path: Path) -> None:
    async with site(url, tmp_path) as here:
        await here.started("run")
        await connected(here)
        play, slack = here.evening, here.cast.slack
        card = await play.ask("pg-erp")
        slack.trouble.drop_sockets()
        await play.see(lambda: slack.connections(here.cast.app) < 2)
        await connected(here)
        await play.approve(card)
        decided = [
            one for one in slack.captured if one.kind == "interactive" and one.payload["user"]["id"] == play.amir.id
        ]
        await slack.trouble.disconnect_sockets("refresh_requested")
        await connected(here)
        for delivery in decided * 2:
            await slack.trouble.redeliver(delivery)
        assert "VERIFIED" in await play.ended(card, 60)
        assert (approvals(tmp_path / "bot.sqlite"), here.posts()) == (1, 1)


async def test_f24_a_thousand_waiting_requests_do_not_hold_up_a_restart(url: str, tmp_path: Path) -> None:
    database = open_database(url)
    store = SqlStore(database)

    def work(tx) -> None:  # type: ignore[no-untyped-def]
        for number in range(WAITING):
            made = request(id=RequestId(f"FR-{number:04d}"), created_at=tx.now, updated_at=tx.now)
            group = replace(made.group, id=GroupId(f"group-{number}"))
            tx.requests.add(replace(made, group=group, expires_at=tx.now.replace(year=tx.now.year + 1)))

    await store.run(work)
    store.close()
    database.close()
    async with site(url, tmp_path) as here:
        await here.started("run")
        await connected(here)
        play = here.evening
        card = await play.ask("pg-erp")
        assert card
        assert [ack.error for ack in here.cast.slack.acks if ack.kind != "events_api" and ack.error] == []
        assert len(asks(url)) == WAITING + 1
