"""The chain shows whatever was done to it behind the bot's back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.domain.audit import GENESIS, Recorded, chain_hash
from bot.ports import Transaction
from storage.audit import Head, SqlAudit, verify_chain
from storage.database import Database
from storage.unit_of_work import SqlStore
from tests.storage.samples import entry, request

SLEEP = {
    "sqlite": ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete", "DROP TRIGGER audit_no_replace"],
    "postgresql": ["SET LOCAL session_replication_role = replica"],
}


async def fill(store: SqlStore, rows: int = 5) -> None:
    for number in range(rows):
        await store.run(lambda tx, n=number: tx.audit.append(entry(f"r-{n}")))  # type: ignore[misc]


def tamper(database: Database, *statements: str) -> None:
    """As somebody with all rights and no scruples."""
    with database.engine.begin() as connection:
        for statement in [*SLEEP[database.engine.dialect.name], *statements]:
            connection.execute(text(statement))


async def test_entries_come_back_with_their_place_in_the_chain(store: SqlStore) -> None:
    await store.run(lambda tx: [tx.audit.append(entry()), tx.audit.append(entry("r-2", actor=None, detail={}))])
    first, second = await store.read(lambda tx: tx.audit.stream())
    assert (first.number, second.number) == (1, 2)
    assert (first.previous_hash, second.previous_hash) == (GENESIS, first.hash)
    assert first.entry.detail == {"given": 1, "names": ["a", "b"], "when": "2026-03-01 12:00:00.123456+00:00"}
    assert first.hash == chain_hash(GENESIS, 1, first.at, first.entry)


async def test_an_untouched_chain_is_intact(store: SqlStore) -> None:
    assert (await store.verify_audit()).is_intact
    await fill(store)
    verdict = await store.verify_audit()
    assert (verdict.rows, verdict.is_intact) == (5, True)


@pytest.mark.parametrize(
    "words", ["", "a'b\"c\\d\n\t", "100 % of %s :x", "ä€🙂\u2028", "lone \ud83d", "a\x00b", '","number":7']
)
async def test_whatever_people_write_is_hashed_alike_by_the_database_and_by_us(store: SqlStore, words: str) -> None:
    odd = [replace(entry(words), outcome=words, digest=words, detail={words: words, "number": 7}), entry("r-2")]
    await store.run(lambda tx: [tx.audit.append(one) for one in odd])
    assert (await store.verify_audit()).is_intact
    rows = await store.read(lambda tx: tx.audit.stream())
    assert [row.hash for row in rows] == [chain_hash(row.previous_hash, row.number, row.at, row.entry) for row in rows]


async def test_without_the_end_of_the_chain_nothing_is_kept(store: SqlStore, database: Database) -> None:
    tamper(database, "DELETE FROM audit_head")
    with pytest.raises(RuntimeError):
        await store.run(lambda tx: [tx.requests.add(request()), tx.audit.append(entry())])
    assert await store.read(lambda tx: tx.requests.recent()) == []


async def test_an_entry_is_not_there_when_its_transaction_failed(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        tx.audit.append(entry())
        tx.requests.add(request())
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await store.run(work)
    assert await store.read(lambda tx: (tx.audit.stream(), tx.requests.recent())) == ([], [])
    await fill(store, 1)
    assert [each.number for each in await store.read(lambda tx: tx.audit.stream())] == [1]


async def test_the_rows_of_a_request_and_pages_of_all(store: SqlStore) -> None:
    await fill(store, 3)
    await fill(store, 3)
    numbers = [each.number for each in await store.read(lambda tx: tx.audit.of(request("r-1").id))]
    assert numbers == [2, 5]
    assert [each.number for each in await store.read(lambda tx: tx.audit.stream(after=2, limit=3))] == [3, 4, 5]


@pytest.mark.parametrize("detail", [{"x": "a\0b"}, {"x": "\ud800"}, {"x": float("nan")}, {"3": {"b": 1, "a": None}}])
async def test_odd_details_keep_the_chain_intact(store: SqlStore, detail: dict[str, object]) -> None:
    await store.run(lambda tx: tx.audit.append(entry("a\0b", outcome="\ud800", detail=detail)))
    assert (await store.verify_audit()).is_intact


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET outcome = 'done'", "DELETE FROM audit WHERE number = 5"],
)
async def test_the_database_refuses_to_change_or_delete_a_row(
    store: SqlStore, database: Database, statement: str
) -> None:
    await fill(store)
    with pytest.raises(DBAPIError, match="never changed or deleted"), database.engine.begin() as connection:
        connection.execute(text(statement))
    assert (await store.verify_audit()).is_intact


async def test_the_database_refuses_to_replace_or_truncate(store: SqlStore, database: Database) -> None:
    await fill(store, 1)
    statement = "TRUNCATE audit"
    if database.is_sqlite:
        statement = "INSERT OR REPLACE INTO audit SELECT * FROM audit"
    with pytest.raises(DBAPIError, match="never changed or deleted"), database.engine.begin() as connection:
        connection.execute(text(statement))


SWAP = "UPDATE audit SET number = 6 - number WHERE number = {}"
TAMPERINGS = {
    "edited": (["UPDATE audit SET outcome = 'denied' WHERE number = 3"], 3, "edited"),
    "edited detail": (["UPDATE audit SET detail_json = '{}' WHERE number = 1"], 1, "edited"),
    "spoiled detail": (['UPDATE audit SET detail_json = \'{"x": "\\ud800"}\' WHERE number = 4'], 4, "edited"),
    "edited time": (["UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE number = 2"], 2, "edited"),
    "deleted": (["DELETE FROM audit WHERE number = 3"], 3, "deleted"),
    "first deleted": (["DELETE FROM audit WHERE number = 1"], 1, "deleted"),
    "several deleted": (["DELETE FROM audit WHERE number IN (2, 3, 4)"], 2, "deleted"),
    "last deleted": (["DELETE FROM audit WHERE number = 5"], 5, "deleted"),
    "all deleted": (["DELETE FROM audit"], 1, "deleted"),
    "reordered": (
        [
            "UPDATE audit SET number = 9 WHERE number = 2",
            "UPDATE audit SET number = 2 WHERE number = 4",
            "UPDATE audit SET number = 4 WHERE number = 9",
        ],
        2,
        "reordered",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_the_first_row_that_is_not_as_written_is_named(store: SqlStore, database: Database, name: str) -> None:
    statements, number, word = TAMPERINGS[name]
    await fill(store)
    tamper(database, *statements)
    verdict = await store.verify_audit()
    assert verdict.broken_at == number
    assert word in verdict.sentence


def forged(previous: Recorded, **changes: object) -> Recorded:
    """A row with a right hash of its own, as somebody makes it who knows the code."""
    number = previous.number + 1
    made = replace(entry(), **changes)  # type: ignore[arg-type]
    digest = chain_hash(previous.hash, number, previous.at, made)
    return Recorded(number=number, at=previous.at, entry=made, previous_hash=previous.hash, hash=digest)


async def chain(store: SqlStore, rows: int = 5) -> tuple[list[Recorded], Head]:
    await fill(store, rows)
    return await store.read(lambda tx: tx.audit.stream()), await store.read(head_of)


def head_of(tx: Transaction) -> Head:
    assert isinstance(tx.audit, SqlAudit)
    return tx.audit.head()


async def test_a_row_replaced_with_a_right_hash_does_not_fit_its_successor(store: SqlStore) -> None:
    records, head = await chain(store)
    records[2] = forged(records[1], outcome="denied")
    verdict = verify_chain(records, head)
    assert verdict.broken_at == 4
    assert "the row before it was replaced" in verdict.sentence


async def test_a_row_added_behind_the_end_is_found(store: SqlStore) -> None:
    records, head = await chain(store)
    verdict = verify_chain([*records, forged(records[-1])], head)
    assert verdict.broken_at == 6
    assert "inserted after the recorded end" in verdict.sentence


async def test_a_last_row_replaced_with_a_right_hash_is_found(store: SqlStore) -> None:
    records, head = await chain(store)
    verdict = verify_chain([*records[:-1], forged(records[-2], outcome="denied")], head)
    assert verdict.broken_at == 5
    assert "replaced" in verdict.sentence
