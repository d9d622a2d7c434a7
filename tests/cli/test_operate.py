"""What runs where, a database that moves, one that was restored, and commands that start at once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.request import RequestId, State
from bot.domain.run import Run, Step, StepProgress, StepState
from bot.execution.engine import open_engine
from bot.execution.queue import RunQueue
from bot.ports import Executor, Transaction
from storage.database import Database, open_database
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt
from tests.storage.samples import NOON, approval, entry, request

HEAVY = ("slack_sdk", "slack_bolt", "sqlalchemy", "dbos", "httpx", "aiohttp", "alembic")


def test_an_empty_installation_says_so(prompt: Prompt) -> None:
    shown = prompt.typed("runs").stdout
    assert "Runs: none" in shown
    assert "Nothing is executed until `failover-bot run`" in shown
    assert "Requests: none" in prompt.typed("status").stdout


def test_runs_show_where_since_when_and_at_which_step(prompt: Prompt, database: Database) -> None:
    """Also after a takeover: the run's own row still says who began it."""
    engine = open_engine(database.url)
    queue = RunQueue(engine)
    store = SqlStore(database, enqueue=queue.enqueue)
    ask = request("FR-RUN", state=State.RUNNING)
    step = StepProgress(step=Step.REVERSE, state=StepState.RUNNING, started_at=NOON, done=2, total=5)
    run = Run(request_id=ask.id, revision=1, executor="host-6-dead", started_at=NOON).with_step(step)
    waiting = request("FR-WAIT", "group-2", state=State.APPROVED)
    beating = Executor(id="host-7-abc", host="host-7", pid=4711, version="1", started_at=NOON, seen_at=NOON)

    def work(tx: Transaction) -> None:
        tx.requests.add(ask)
        tx.requests.add(waiting)
        tx.runs.save(run)
        tx.executors.beat(beating)
        tx.runs.enqueue(ask.id, 1)
        tx.runs.enqueue(waiting.id, 1)

    store.transact(work)
    with engine.begin() as connection:
        taken = "UPDATE workflow_status SET status = 'PENDING', executor_id = 'host-7-abc' WHERE workflow_uuid LIKE "
        connection.exec_driver_sql(taken + "'run-FR-RUN-%'")
    shown = " ".join(prompt.typed("runs").stdout.split())
    for fact in ("FR-RUN", "Running", "reverse 2/5", "host-7-abc", "4711", "FR-WAIT", "nobody yet", "0 s ago"):
        assert fact in shown
    assert "host-6-dead" not in shown
    assert "SILENT" not in shown
    queue.close()
    store.close()
    engine.dispose()


def test_a_request_that_needs_a_person_is_alive_nowhere(prompt: Prompt, store: SqlStore) -> None:
    store.transact(lambda tx: tx.requests.add(request("FR-ASK", state=State.NEEDS_PERSON)))
    assert "nobody: a person must look" in " ".join(prompt.typed("runs").stdout.split())


def test_a_process_that_stopped_beating_is_named(store: SqlStore) -> None:
    from bot.cli.overview import _executor_row

    gone = Executor(id="e", host="h", pid=1, version="1", started_at=NOON, seen_at=NOON)
    assert "SILENT" in _executor_row(gone, NOON + timedelta(minutes=2))[-1]


def test_ended_runs_are_shown_on_request(prompt: Prompt, store: SqlStore) -> None:
    ask = request("FR-OLD", state=State.VERIFIED)
    store.transact(lambda tx: [tx.requests.add(ask), tx.runs.save(Run(request_id=ask.id, revision=1))])
    assert "FR-OLD" not in prompt.typed("runs").stdout
    assert "FR-OLD" in prompt.typed("runs", "--all").stdout


def test_status_lists_requests_and_shows_one(prompt: Prompt, store: SqlStore) -> None:
    ask = request("FR-ONE")
    store.transact(lambda tx: [tx.requests.add(ask), tx.approvals.add(approval(ask))])
    assert "Waiting for approval" in prompt.typed("status").stdout
    assert "Ben (UBEN of T1)" in prompt.typed("status", "FR-ONE").stdout
    assert prompt.typed("status", "FR-NONE").exit_code == 1


def test_moving_to_postgresql_is_one_command_with_a_check(
    prompt: Prompt, store: SqlStore, url: str, empty_postgres_url: str
) -> None:
    store.transact(lambda tx: [tx.requests.add(request("FR-MOVE")), tx.audit.append(entry("FR-MOVE"))])
    result = prompt.typed("copy", "--from", url, "--to", empty_postgres_url)
    assert result.exit_code == 0, result.output
    assert "the audit chain is intact" in result.stdout
    target = open_database(empty_postgres_url)
    there = SqlStore(target)
    assert there.look(lambda tx: tx.requests.get(RequestId("FR-MOVE"))) == request("FR-MOVE")
    there.close()
    target.close()
    again = prompt.typed("copy", "--from", url, "--to", empty_postgres_url)
    assert again.exit_code == 1
    assert "holds requests already. Nothing was copied." in again.stderr


def test_a_move_from_nowhere_is_a_sentence_that_repeats_no_password(prompt: Prompt, tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    result = prompt.typed("copy", "--from", "postgresql://bot:canary-5x@127.0.0.1:1/bot", "--to", target)
    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr
    assert "canary-5x" not in result.output


async def test_a_database_that_was_not_restored_needs_no_confirmation(operator_prompt: Prompt) -> None:
    result = await operator_prompt.awaited("confirm-restored")
    assert result.exit_code == 0
    assert "does not look like a restored backup" in result.stdout


async def test_a_restored_database_opens_after_a_look_at_the_cloud(operator_prompt: Prompt, store: SqlStore) -> None:
    approved = request("FR-LOST", state=State.APPROVED)
    store.transact(lambda tx: [tx.instance.put("read_only", "restored"), tx.requests.add(approved)])
    look = await operator_prompt.awaited("confirm-restored")
    assert look.exit_code == 1
    assert "FR-LOST" in look.stdout
    assert "Nothing was changed" in look.stderr
    assert store.look(lambda tx: tx.instance.get("read_only")) == "restored"
    sure = await operator_prompt.awaited("confirm-restored", "--yes")
    assert sure.exit_code == 0, sure.output
    state, attempt, flag = store.look(
        lambda tx: (tx.requests.get(approved.id), tx.runs.attempt(approved.id), tx.instance.get("read_only"))
    )
    assert state is not None
    assert (state.state, flag) == (State.NEEDS_PERSON, "")
    assert attempt is not None, "it is fenced: nothing can be submitted a second time"
    actions = [record.entry.action for record in store.look(lambda tx: tx.audit.stream())]
    assert "confirm_restored" in actions


@pytest.mark.parametrize(
    "words", [(), ("audit",), ("policy",), ("approve",), ("request",), ("doctor",), ("runs",), ("copy",)]
)
def test_help_is_there_at_once(words: tuple[str, ...]) -> None:
    program = f"""
import sys
from bot.cli import app
try:
    app({[*words, "--help"]!r})
except SystemExit as done:
    assert not done.code, done.code
heavy = sorted(set({HEAVY!r}) & set(sys.modules))
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_bytes_that_are_no_text_are_an_unknown_id_and_not_a_crash(url: str) -> None:
    command = [sys.executable, "-m", "bot", "audit", "show", b"FR-\xff"]
    environment = {**os.environ, "DATABASE_URL": url, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Traceback" not in done.stderr
    assert "FR-\ufffd" in done.stderr.decode()
