"""Thousands of runs that follow a job, as a worker that died has left them: one true run, copied in the database
itself. PostgreSQL only."""

from __future__ import annotations

import json

import sqlalchemy as sa

from bot.cloud.facts import job_fact
from bot.cloud.models import JobFact
from bot.domain.facts import Job
from bot.domain.request import RequestId
from bot.execution.engine import open_engine
from bot.execution.queue import CHANNEL, RunQueue, WorkflowId
from bot.execution.stage import Stage
from storage.database import open_database
from storage.scope import Scope
from storage.unit_of_work import SqlStore
from tests.benchmarks.ours.rows import add_running, plain_snapshot, request_of
from tests.benchmarks.outside.cloud import job_document, job_id_of

NUMBER = 99_999
JOB = job_id_of(16**24 - 1)
TEMPLATE = RequestId(f"R{NUMBER}")
WORKFLOW = str(WorkflowId(TEMPLATE, 1, 1))
TABLES = (
    ("public", "request", "id", TEMPLATE),
    ("public", "run", "request_id", TEMPLATE),
    ("public", "attempt", "request_id", TEMPLATE),
    ("dbos", "workflow_status", "workflow_uuid", WORKFLOW),
    ("dbos", "workflow_input", "workflow_uuid", WORKFLOW),
)
NUMBERS = "generate_series(cast(:first AS int), cast(:last AS int)) n"
OTHERS = {  # what names the template, and what names copy n
    TEMPLATE: "'R' || lpad(n::text, 5, '0')",
    f"group-{NUMBER}": "'group-' || n",
    f"pg-{NUMBER}": "'pg-' || lpad(n::text, 5, '0')",
    JOB: f"'{JOB[:8]}' || lpad(to_hex(n), 24, '0')",
}


async def fill_running(url: str, first: int, end: int) -> None:
    """Runs with the numbers from `first` up to `end`, all of them seen by a worker at the same moment."""
    database = open_database(url)
    engine = open_engine(database.url)
    queue = RunQueue(engine)

    def enqueue(scope: Scope, request_id: RequestId, revision: int) -> None:
        queue.enqueue(scope, request_id, revision)
        scope.send()
        _copy_all(scope.connection, {"first": first, "last": end - 1})

    store = SqlStore(database, enqueue=enqueue)
    try:
        await store.run(lambda tx: add_running(tx, request_of(NUMBER, tx, plain_snapshot(NUMBER)), JOB, _seen()))
    finally:
        store.close()
        queue.close()
        engine.dispose()
        database.close()


def _seen() -> Job:
    return job_fact(JobFact.model_validate(job_document(JOB)))


def _copy_all(connection: sa.Connection, numbers: dict[str, int]) -> None:
    """The template itself is gone with the commit."""
    for schema, table, key, value in TABLES:
        columns = sa.inspect(connection).get_columns(table, schema=schema)
        names = ", ".join(f'"{column["name"]}"' for column in columns)
        values = ", ".join(_changed(column["name"], column["type"]) for column in columns)
        source = f"{schema}.{table} t, {NUMBERS} WHERE t.{key} = '{value}'"
        connection.execute(sa.text(f"INSERT INTO {schema}.{table} ({names}) SELECT {values} FROM {source}"), numbers)
    _keep_words(connection, numbers)
    for schema, table, key, value in reversed(TABLES):
        connection.execute(sa.text(f"DELETE FROM {schema}.{table} WHERE {key} = '{value}'"))
    connection.execute(sa.text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})


def _changed(name: str, kind: object) -> str:
    value = f't."{name}"'
    if isinstance(kind, sa.String):
        for old, new in OTHERS.items():
            value = f"replace({value}, '{old}', {new})"
    return value


def _keep_words(connection: sa.Connection, numbers: dict[str, int]) -> None:
    """The engine's journal: the first stage is done, the next is to follow."""
    word = json.dumps(Stage.FOLLOW.value)
    columns = "workflow_uuid, function_id, function_name, output, serialization"
    copy = WORKFLOW.replace(TEMPLATE, f"' || {OTHERS[TEMPLATE]} || '")
    values = f"'{copy}', 1, '{Stage.CHECK.value}', '{word}', 'portable_json'"
    source = f"SELECT {values} FROM {NUMBERS}"
    connection.execute(sa.text(f"INSERT INTO dbos.operation_outputs ({columns}) {source}"), numbers)
