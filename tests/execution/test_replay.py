"""Journals that were recorded by this version, replayed by it: a change of the order of stages fails here first.

A journal is what the engine keeps of a run: one word per finished stage. Whoever changes the stages records new ones
beside these and never edits them: runs that were begun under the old order are finished under the new code, or the
change goes through `DBOS.patch`.
"""

from __future__ import annotations

import base64
import json
import pickle
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.domain.facts import JobId
from bot.domain.request import Event, RequestId, State
from bot.domain.run import Attempt, AttemptOutcome
from bot.execution.queue import APPLICATION_VERSION, WorkflowId
from bot.ports import Transaction
from bot.service.changes import BOT, advance
from tests.execution.bench import Bench

JOURNALS = Path(__file__).parent / "journals"


def recorded(name: str) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads((JOURNALS / f"{name}.json").read_text())
    return rows


def write_journal(bench: Bench, rows: list[dict[str, str]]) -> None:
    """As a worker leaves it that died after the last of these stages was journaled."""
    schema = "" if bench.database.is_sqlite else "dbos."
    workflow = str(WorkflowId(RequestId("r-1"), 1, 1))
    with bench.engine.begin() as connection:
        for number, row in enumerate(rows, 1):
            connection.execute(
                text(
                    f"INSERT INTO {schema}operation_outputs "
                    "(workflow_uuid, function_id, function_name, output, serialization) "
                    "VALUES (:workflow, :number, :name, :output, 'portable_json')"
                ),
                {"workflow": workflow, "number": number, "name": row["step"], "output": json.dumps(row["output"])},
            )
        connection.execute(text(f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = 'dead-worker'"))


def journal_of(bench: Bench) -> list[dict[str, str]]:
    schema = "" if bench.database.is_sqlite else "dbos."
    query = f"SELECT function_name, output FROM {schema}operation_outputs ORDER BY function_id"
    with bench.engine.connect() as connection:
        return [{"step": name, "output": json.loads(output)} for name, output in connection.execute(text(query))]


async def test_f14_a_run_leaves_the_recorded_journal(bench: Bench) -> None:
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
        await bench.sees(lambda: not bench.queue.live())
    assert journal_of(bench) == recorded("verified")


async def test_f14_the_journal_holds_words_and_nothing_else(bench: Bench) -> None:
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
        await bench.sees(lambda: not bench.queue.live())
    schema = "" if bench.database.is_sqlite else "dbos."
    with bench.engine.connect() as connection:
        inputs = connection.scalars(text(f"SELECT inputs FROM {schema}workflow_input")).all()
        formats = connection.execute(
            text(f"SELECT serialization, application_version FROM {schema}workflow_status")
        ).all()
    assert [json.loads(given) for given in inputs] == [{"positionalArgs": ["r-1", 1], "namedArgs": {}}]
    assert [tuple(row) for row in formats] == [("portable_json", APPLICATION_VERSION)]


@pytest.mark.parametrize("stages", [1, 2, 3])
async def test_f14_a_run_of_this_version_goes_on_from_its_recorded_journal(bench: Bench, stages: int) -> None:
    """The rows of our tables are those of a run that was submitted; the journal may lag behind them."""
    await bench.approved()

    def submitted(tx: Transaction) -> None:
        request = tx.requests.get(RequestId("r-1"))
        assert request is not None
        assert advance(tx, request, Event.START, BOT) is not None
        assert tx.runs.fence(
            Attempt(
                request_id=request.id,
                group_status="protected",
                priority_station="source",
                group_updated_at="",
                executor="dead-worker",
                at=tx.now,
                outcome=AttemptOutcome.ACCEPTED,
                job_id=JobId("job-1"),
            )
        )

    await bench.store.run(submitted)
    bench.cloud.accept(next(iter(bench.cloud.snapshots)), (await bench.request()).to)
    write_journal(bench, recorded("verified")[:stages])
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1


async def test_f14_a_journal_of_another_order_is_not_replayed_silently(sqlite_bench: Bench) -> None:
    """Without a patch the engine refuses; the sweep then begins again from our tables, under the fence."""
    bench = sqlite_bench
    await bench.approved()
    write_journal(bench, [{"step": "stage-of-another-version", "output": "submit"}])
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert bench.statuses()["run-r-1-1-1"] == "ERROR"
    assert len(bench.cloud.posts) == 1


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.canary,)  # type: ignore[return-value]


@pytest.mark.parametrize("where", ["inputs", "journal"])
async def test_a32_a_pickle_in_the_journal_is_not_unpickled(sqlite_bench: Bench, tmp_path: Path, where: str) -> None:
    """Somebody with SQL plants one; that workflow ends, and the request is run by another, from our tables."""
    bench = sqlite_bench
    canary = tmp_path / "canary"
    payload = base64.b64encode(pickle.dumps(Payload(canary))).decode()
    await bench.approved()
    write_journal(bench, recorded("verified")[:1])
    with bench.engine.begin() as connection:
        if where == "inputs":
            connection.execute(text("UPDATE workflow_status SET serialization = 'py_pickle'"))
            connection.execute(text("UPDATE workflow_input SET inputs = :payload"), {"payload": payload})
        else:
            query = "UPDATE operation_outputs SET serialization = 'py_pickle', output = :payload"
            connection.execute(text(query), {"payload": payload})
    async with bench.worker():
        await bench.until(State.VERIFIED)
    assert not canary.exists()
    assert bench.statuses()["run-r-1-1-1"] == "ERROR"
    assert len(bench.cloud.posts) == 1
