"""Moving to another database: whole, checked, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.request import State
from bot.domain.surface import Place, PlaceKind
from bot.ports import Executor, SecondFactor, StoreError, Transaction
from storage.copy import copy_database
from storage.database import Database, claim_file, open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore
from tests.storage.samples import BEN, NOON, approval, attempt, call, entry, finished_run, request

DONE = request("r-1", state=State.VERIFIED)


def fill(tx: Transaction) -> None:
    tx.requests.add(DONE)
    tx.requests.add(request("r-2", "group-2"))
    tx.approvals.add(approval(DONE))
    tx.runs.fence(attempt(DONE))
    tx.runs.save(finished_run(DONE, stopped_at=NOON, verified_at=NOON, running_at=NOON))
    tx.runs.record_calls(DONE.id, [call(), call()])
    tx.surfaces.want(DONE.id, Place(PlaceKind.CARD, "1"))
    tx.second_factors.enrol(SecondFactor(account=BEN, sealed_secret="s", enrolled_at=NOON))
    tx.executors.beat(Executor(id="w", host="h", pid=1, version="1", started_at=NOON, seen_at=NOON))
    tx.instance.put("fact", "value")
    for number in range(5):
        tx.audit.append(entry(f"r-{number}"))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    migrate(url)
    database = open_database(url)
    yield database
    database.close()


@pytest.fixture
def old(source: Database) -> Iterator[SqlStore]:
    store = SqlStore(source)
    store.transact(fill)
    yield store
    store.close()


def address(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


async def test_everything_arrives_and_the_new_place_goes_on_counting(
    old: SqlStore, source: Database, empty_url: str
) -> None:
    copied = copy_database(address(source), empty_url)
    assert (copied.rows["audit"], copied.rows["cloud_call"], copied.rows["request"]) == (5, 2, 2)
    assert "audit chain is intact" in copied.sentence
    database = open_database(empty_url)
    new = SqlStore(database)
    before = await old.read(lambda tx: tx.requests.view(DONE.id))
    assert await new.read(lambda tx: tx.requests.view(DONE.id)) == before
    assert await new.read(lambda tx: tx.audit.stream()) == await old.read(lambda tx: tx.audit.stream())
    assert await new.read(lambda tx: tx.executors.known()) == []
    await new.run(lambda tx: [tx.audit.append(entry()), tx.surfaces.want(DONE.id, Place(PlaceKind.END))])
    assert (await new.verify_audit()).rows == 6
    new.close()
    database.close()


@pytest.mark.parametrize("state", [State.APPROVED, State.RUNNING, State.NEEDS_PERSON])
async def test_nothing_is_copied_while_a_run_is_in_the_engines_hands(
    source: Database, old: SqlStore, empty_url: str, state: State
) -> None:
    await old.run(lambda tx: tx.requests.add(request("busy", "group-3", state=state)))
    with pytest.raises(StoreError, match="busy"):
        copy_database(address(source), empty_url)
    assert count(empty_url, "request") == 0


def test_a_mistyped_name_is_told_and_makes_no_file(tmp_path: Path, empty_url: str) -> None:
    wrong = tmp_path / "wrong.db"
    with pytest.raises(StoreError, match=r"There is no database .*wrong\.db\. Nothing was copied"):
        copy_database(f"sqlite:///{wrong}", empty_url)
    assert list(tmp_path.glob("wrong*")) == []


async def test_nothing_is_copied_over_other_requests(source: Database, old: SqlStore, url: str) -> None:
    database = open_database(url)
    there = SqlStore(database)
    there.transact(lambda tx: tx.requests.add(request("mine", "group-9")))
    with pytest.raises(StoreError, match="holds requests already"):
        copy_database(address(source), url)
    there.close()
    database.close()


async def test_nothing_is_copied_from_under_a_bot_that_works(source: Database, old: SqlStore, empty_url: str) -> None:
    with claim_file(source), pytest.raises(StoreError, match="already works on"):
        copy_database(address(source), empty_url)
    assert copy_database(address(source), empty_url).rows["request"] == 2


async def test_a_broken_audit_chain_does_not_move_unseen(source: Database, old: SqlStore, empty_url: str) -> None:
    with source.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET outcome = 'x' WHERE number = 2"))
    with pytest.raises(StoreError, match="Row 2 was edited"):
        copy_database(address(source), empty_url)
    assert count(empty_url, "request") == 0


def count(url: str, table: str) -> int:
    database = open_database(url)
    with database.engine.connect() as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    database.close()
    return found
