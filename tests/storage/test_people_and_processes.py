"""Small rows: step-up links, second factors, executors and facts of the installation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.request import RequestId
from bot.ports import Executor, SecondFactor, StepUp
from storage.unit_of_work import SqlStore
from tests.storage.samples import ANNA, BEN, NOON


def link(**changes: object) -> StepUp:
    soon = datetime.now(UTC) + timedelta(minutes=5)
    made = StepUp(token_hash="h1", request_id=RequestId("r-1"), revision=1, account=BEN, expires_at=soon)
    return replace(made, **changes)  # type: ignore[arg-type]


async def test_a_link_counts_once_and_for_its_person_and_revision_only(store: SqlStore) -> None:
    await store.run(lambda tx: tx.step_ups.add(link()))
    assert not await store.read(lambda tx: tx.step_ups.is_confirmed(RequestId("r-1"), 1, BEN))
    assert await store.run(lambda tx: tx.step_ups.use("h1"))
    assert not await store.run(lambda tx: tx.step_ups.use("h1"))
    asked = [(1, BEN), (2, BEN), (1, ANNA)]
    confirmed = await store.read(lambda tx: [tx.step_ups.is_confirmed(RequestId("r-1"), r, who) for r, who in asked])
    assert confirmed == [True, False, False]
    used = await store.read(lambda tx: tx.step_ups.get("h1"))
    assert used is not None
    assert used.used_at is not None


async def test_an_expired_or_unknown_link_cannot_be_used(store: SqlStore) -> None:
    await store.run(lambda tx: tx.step_ups.add(link(expires_at=NOON)))
    assert await store.run(lambda tx: [tx.step_ups.use("h1"), tx.step_ups.use("other")]) == [False, False]
    assert await store.read(lambda tx: tx.step_ups.get("other")) is None


async def test_a_token_cannot_be_made_twice(store: SqlStore) -> None:
    await store.run(lambda tx: tx.step_ups.add(link()))
    with pytest.raises(ValueError, match="twice"):
        await store.run(lambda tx: tx.step_ups.add(link(account=ANNA)))


async def test_a_code_of_a_second_factor_counts_once(store: SqlStore) -> None:
    factor = SecondFactor(account=BEN, sealed_secret="sealed", enrolled_at=NOON)
    await store.run(lambda tx: tx.second_factors.enrol(factor))
    accepted = await store.run(lambda tx: [tx.second_factors.accept(BEN, n) for n in (7, 7, 6, 8)])
    assert accepted == [True, False, False, True]
    assert await store.read(lambda tx: tx.second_factors.get(BEN)) == replace(factor, last_counter=8)


async def test_a_factor_is_replaced_listed_and_removed(store: SqlStore) -> None:
    factor = SecondFactor(account=BEN, sealed_secret="sealed", enrolled_at=NOON)
    await store.run(lambda tx: [tx.second_factors.enrol(replace(factor, sealed_secret=s)) for s in ("one", "two")])
    assert await store.read(lambda tx: tx.second_factors.enrolled()) == [BEN]
    found = await store.read(lambda tx: tx.second_factors.get(BEN))
    assert found is not None
    assert found.sealed_secret == "two"
    assert await store.run(lambda tx: [tx.second_factors.remove(BEN), tx.second_factors.remove(BEN)]) == [True, False]
    assert await store.read(lambda tx: tx.second_factors.get(BEN)) is None


async def test_an_executor_is_seen_by_the_clock_of_the_database(store: SqlStore) -> None:
    executor = Executor(id="w-1", host="h", pid=7, version="1", started_at=NOON, seen_at=NOON)
    now = await store.run(lambda tx: [tx.executors.beat(executor), tx.now][1])
    assert await store.read(lambda tx: tx.executors.known()) == [replace(executor, seen_at=now)]
    await store.run(lambda tx: [tx.executors.beat(executor), tx.executors.remove("w-1")])
    assert await store.read(lambda tx: tx.executors.known()) == []


async def test_a_fact_of_the_installation_is_overwritten(store: SqlStore) -> None:
    assert await store.read(lambda tx: tx.instance.get("read_only")) is None
    await store.run(lambda tx: [tx.instance.put("read_only", value) for value in ("yes", "no")])
    assert await store.read(lambda tx: tx.instance.get("read_only")) == "no"
