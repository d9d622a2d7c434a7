"""Our claim of what is enqueued does exactly what the library's does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import EnqueueOptions
from dbos._sys_db import SystemDatabase, WorkflowStatusInternal

from bot.domain.request import RequestId
from bot.execution.claim import Claim
from bot.execution.engine import Engine, Journal, open_engine
from bot.execution.queue import APPLICATION_VERSION, QUEUE, WORKFLOW, RunQueue
from storage.database import open_database
from storage.unit_of_work import SqlStore
from storage.urls import parse_url

OWN = {"workflow_uuid", "inputs", "creator_xid", "created_at", "updated_at", "started_at_epoch_ms"}  # of each workflow


@pytest.fixture
def queue(url: str) -> Iterator[RunQueue]:
    engine = open_engine(parse_url(url))
    queue = RunQueue(engine)
    yield queue
    queue.close()
    engine.dispose()


@pytest.fixture
def store(url: str, queue: RunQueue) -> Iterator[SqlStore]:
    database = open_database(url)
    store = SqlStore(database, enqueue=queue.enqueue)
    yield store
    store.close()
    database.close()


def system_of(queue: RunQueue) -> SystemDatabase:
    return queue._client._sys_db


def enqueue(store: SqlStore, *names: str) -> None:
    for name in names:
        store.transact(lambda tx, name=name: tx.runs.enqueue(RequestId(name), 7))  # type: ignore[misc]


def row_of(system: SystemDatabase, workflow: str) -> dict[str, Any]:
    table = system.tables.workflow_status
    with system.engine.connect() as connection:
        return dict(connection.execute(sa.select(table).where(table.c.workflow_uuid == workflow)).mappings().one())


def without(status: Any, *names: str) -> dict[str, Any]:
    return {name: value for name, value in status.items() if name not in {*OWN, *names}}


async def test_the_row_and_what_is_told_of_it_are_the_same_in_every_column(queue: RunQueue, store: SqlStore) -> None:
    system = system_of(queue)
    enqueue(store, "theirs")
    found, _ = system.start_queued_workflows(
        queue._client.register_queue(QUEUE), "me", APPLICATION_VERSION, None, owner_xid="owner"
    )
    enqueue(store, "ours")
    [taken] = Claim(system, "me").take("owner")
    ours = taken.status
    [theirs] = system.get_workflow_statuses(found)
    assert without(row_of(system, "run-ours-7-1")) == without(row_of(system, "run-theirs-7-1"))
    assert without(ours) == without(theirs)
    assert set(ours) == set(theirs) == set(WorkflowStatusInternal.__annotations__)
    assert ours["inputs"] == theirs["inputs"].replace("theirs", "ours")
    assert isinstance(ours["started_at_epoch_ms"], int)


async def test_what_is_enqueued_is_what_the_library_would_enqueue(queue: RunQueue, store: SqlStore) -> None:
    system = system_of(queue)
    enqueue(store, "ours")
    with system.engine.begin() as connection:
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": "run-theirs-7-1",
            "app_version": APPLICATION_VERSION,
        }
        queue._client.enqueue_in_transaction(connection, options, RequestId("theirs"), 7)
    ours, theirs = row_of(system, "run-ours-7-1"), row_of(system, "run-theirs-7-1")
    assert without(ours) == without(theirs)
    assert {type(ours[name]) for name in OWN} == {type(theirs[name]) for name in OWN}
    assert len(ours["creator_xid"]) == len(theirs["creator_xid"])
    given = system.tables.workflow_input
    with system.engine.connect() as connection:
        inputs = {row.workflow_uuid: row.inputs for row in connection.execute(sa.select(given))}
    assert inputs["run-ours-7-1"] == inputs["run-theirs-7-1"].replace("theirs", "ours")


async def test_the_next_turn_is_enqueued_when_none_is_alive(queue: RunQueue, store: SqlStore) -> None:
    table = queue._workflows
    for turn in range(1, 12):
        enqueue(store, "r", "r", "r-7", "r")  # the id of the third one begins like the first one's runs
        with system_of(queue).engine.begin() as connection:
            ids = set(connection.scalars(sa.select(table.c.workflow_uuid).where(table.c.status == "ENQUEUED")))
            assert ids == {f"run-r-7-{turn}", f"run-r-7-7-{turn}"}
            connection.execute(table.update().values(status="SUCCESS"))
    assert queue.turns(RequestId("r"), 7) == 11


async def test_of_all_who_enqueue_a_run_at_the_same_time_one_does(queue: RunQueue, store: SqlStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: enqueue(store, "r-1"), range(24)))
    system = system_of(queue)
    with system.engine.connect() as connection:
        tables = (system.tables.workflow_status, system.tables.workflow_input)
        found = [list(connection.scalars(sa.select(table.c.workflow_uuid))) for table in tables]
    assert found == [["run-r-1-7-1"]] * 2


async def test_each_run_gets_its_own_request_and_each_is_taken_once(queue: RunQueue, store: SqlStore) -> None:
    names = [f"r-{number}" for number in range(5)]
    enqueue(store, *names)
    claim = Claim(system_of(queue), "me")
    taken = claim.take("a")
    assert [one.status["workflow_uuid"] for one in taken] == [f"run-{name}-7-1" for name in names]
    assert [name in one.status["inputs"] for name, one in zip(names, taken, strict=True)] == [True] * 5
    assert claim.take("b") == []


async def test_what_was_claimed_runs_with_what_it_was_enqueued_with(url: str, store: SqlStore) -> None:
    ran: asyncio.Queue[tuple[str, int, str]] = asyncio.Queue()

    async def note(request: RequestId, revision: int, journal: Journal) -> None:
        ran.put_nowait((request, revision, journal.id))

    database = open_engine(parse_url(url))
    engine = Engine(database, "me", note)
    await engine.launch()
    enqueue(store, "r-1", "r-2")
    await engine.claim()
    async with asyncio.timeout(10):
        found = sorted([await ran.get(), await ran.get()])
    await engine.stop()
    database.dispose()
    assert found == [("r-1", 7, "run-r-1-7-1"), ("r-2", 7, "run-r-2-7-1")]
    assert ran.empty()


async def test_a_workflow_of_another_version_is_left_to_who_knows_it(queue: RunQueue, store: SqlStore) -> None:
    enqueue(store, "r-1")
    table = system_of(queue).tables.workflow_status
    with system_of(queue).engine.begin() as connection:
        connection.execute(table.update().values(application_version="another"))
    assert Claim(system_of(queue), "me").take("owner") == []
