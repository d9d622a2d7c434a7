"""On the word of a restored backup nothing is decided and nothing is shown; reading goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.audit import Entry
from bot.guard import LOOK_AGAIN_SECONDS, READ_ONLY, Guarded
from bot.ports import ReadOnlyError, Transaction
from storage.database import open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'bot.sqlite'}"
    migrate(url)
    database = open_database(url)
    store = SqlStore(database)
    yield store
    store.close()
    database.close()


def note(tx: Transaction) -> str:
    tx.audit.append(Entry(action="test", outcome="done"))
    return "written"


async def test_a_database_that_may_be_believed_is_written(store: SqlStore) -> None:
    assert await Guarded(store).run(note) == "written"


async def test_f25_a_restored_database_is_read_but_not_written_until_a_person_confirms(store: SqlStore) -> None:
    await store.run(lambda tx: tx.instance.put(READ_ONLY, "restored"))
    guarded = Guarded(store)
    with pytest.raises(ReadOnlyError, match="confirm-restored"):
        await guarded.run(note)
    assert await guarded.read(lambda tx: tx.audit.stream()) == []
    await store.run(lambda tx: tx.instance.put(READ_ONLY, ""))
    assert await guarded.run(note) == "written"


async def test_f25_a_process_that_runs_already_hears_of_it_within_a_second(store: SqlStore) -> None:
    guarded = Guarded(store)
    await guarded.run(note)
    await store.run(lambda tx: tx.instance.put(READ_ONLY, "restored"))
    await asyncio.sleep(LOOK_AGAIN_SECONDS)
    with pytest.raises(ReadOnlyError):
        await guarded.run(note)
