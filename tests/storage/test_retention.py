"""What is forgotten after a while, and what never is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.request import OPEN_STATES, RequestId, State
from bot.domain.surface import Place, PlaceKind
from bot.ports import StepUp, Transaction
from storage.retention import Pruned
from storage.unit_of_work import SqlStore
from tests.storage.samples import BEN, NOON, call, entry, request

MONTH = timedelta(days=30)
LONG_AGO = datetime.now(UTC) - 2 * MONTH


def add(tx: Transaction, name: str, *, state: State, updated_at: datetime) -> None:
    asked = request(name, f"group-{name}", state=state, updated_at=updated_at)
    tx.requests.add(asked)
    tx.runs.record_calls(asked.id, [call()])
    tx.surfaces.want(asked.id, Place(PlaceKind.NOTE))
    tx.audit.append(entry(name))
    for surface in tx.surfaces.of(asked.id):
        tx.surfaces.shown(surface.id, rendered=1, channel="C1", ts=f"{name}.1")


async def kept(store: SqlStore, name: str) -> tuple[int, int, int]:
    asked = RequestId(name)
    return await store.read(lambda tx: (len(tx.surfaces.of(asked)), len(tx.runs.calls(asked)), len(tx.audit.of(asked))))


async def test_messages_and_calls_of_an_old_final_request_go_and_its_audit_stays(store: SqlStore) -> None:
    await store.run(lambda tx: add(tx, "old", state=State.VERIFIED, updated_at=LONG_AGO))
    assert await store.prune(older_than=MONTH) == Pruned(surfaces=1, cloud_calls=1)
    assert await kept(store, "old") == (0, 0, 1)
    assert await store.read(lambda tx: tx.requests.get(RequestId("old"))) is not None
    assert (await store.verify_audit()).is_intact


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
async def test_nothing_of_an_open_request_goes(store: SqlStore, state: State) -> None:
    await store.run(lambda tx: add(tx, "open", state=state, updated_at=LONG_AGO))
    assert not await store.prune(older_than=MONTH)
    assert await kept(store, "open") == (1, 1, 1)


async def test_nothing_of_a_recent_request_goes_and_no_message_that_is_still_due(store: SqlStore) -> None:
    def work(tx: Transaction) -> None:
        add(tx, "recent", state=State.FAILED, updated_at=tx.now)
        add(tx, "due", state=State.FAILED, updated_at=LONG_AGO)
        tx.surfaces.want(RequestId("due"), Place(PlaceKind.NOTE))

    await store.run(work)
    assert await store.prune(older_than=MONTH) == Pruned(cloud_calls=1)
    assert await kept(store, "recent") == (1, 1, 1)
    assert await kept(store, "due") == (1, 0, 1)


async def test_links_that_nobody_can_use_any_more_go(store: SqlStore) -> None:
    old = StepUp(token_hash="h", request_id=RequestId("r"), revision=1, account=BEN, expires_at=NOON - MONTH)
    await store.run(lambda tx: tx.step_ups.add(old))
    assert await store.prune(older_than=timedelta(0)) == Pruned(step_ups=1)
