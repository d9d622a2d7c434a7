"""The engine's queue as our tables see it: enqueued in the transaction that decides, found by request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions
from dbos._utils import generate_uuid

from bot.domain.request import RequestId
from bot.statement import Statement, insert_into

APPLICATION = "failover-bot"
APPLICATION_VERSION = "1"  # a constant: a deployment never orphans a running workflow. See `lifecycle`.
WORKFLOW = "run_failover"
QUEUE = "runs"
CHANNEL = "failover_bot_runs"  # PostgreSQL NOTIFY, sent with the commit
LIVE = ("ENQUEUED", "PENDING", "DELAYED")
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
BATCH = 500
LIBRARYS_WORDS = {"app_version": "application_version", "app_id": "application_id"}  # for columns of its row
GIVEN = (  # what the row of a workflow that waits says beside its id; everything else is empty or by default
    "status",
    "name",
    "queue_name",
    "application_name",
    "application_version",
    "serialization",
    "priority",
    "is_debounced",
    "recovery_attempts",
    "creator_xid",
)
_NOTIFY = Statement(sa.text("SELECT pg_notify(:channel, '')"))


@dataclass(frozen=True, slots=True)
class WorkflowId:
    """`run-{request}-{revision}-{turn}`.

    A new revision is a new approval and needs a run of its own; a new turn is the same approval taken up again, after
    *Look again* or by the sweep. The fence row is per request, not per workflow: however many turns and revisions
    there are, all of them together submit once.
    """

    request_id: RequestId
    revision: int
    turn: int

    def __str__(self) -> str:
        return f"run-{self.request_id}-{self.revision}-{self.turn}"

    @classmethod
    def parse(cls, text: str) -> WorkflowId | None:
        head, _, turn = text.rpartition("-")
        request, _, revision = head.removeprefix("run-").rpartition("-")
        if not (text.startswith("run-") and request and turn.isdigit() and revision.isdigit()):
            return None
        return cls(RequestId(request), int(revision), int(turn))


class Sending(Protocol):
    """The open transaction of whoever decides."""

    def later(self, statement: Statement, **values: Any) -> None: ...


class RunQueue:
    """Works in any process with a database, also where nothing is executed. `url`: the form SQLAlchemy takes."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_postgresql = engine.dialect.name == "postgresql"
        self._client = DBOSClient(
            system_database_engine=engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            lazy=True,
        )
        tables = self._client._sys_db.tables
        self._workflows = self._named(tables.workflow_status)
        self._add, self._add_inputs = self._additions(self._workflows, self._named(tables.workflow_input))
        self.wake: Callable[[], None] | None = None  # tells whoever executes in this process; None: nobody does

    def _named(self, table: sa.Table) -> sa.Table:
        """The library names its schema only when it sends something. An SQLite file has none."""
        schema: Any = "dbos" if self._is_postgresql else None
        return table.to_metadata(sa.MetaData(), schema=schema)

    def _additions(self, workflows: sa.Table, inputs: sa.Table) -> tuple[Statement, Statement]:
        """Of the next turn, if none is alive, and of what it is given: the database itself finds out which it is."""
        into = partial(insert_into, is_sqlite=not self._is_postgresql)
        table, is_alive = workflows.c, sa.or_(*(workflows.c.status == sa.literal(status) for status in LIVE))
        turn = sa.func.substr(table.workflow_uuid, sa.bindparam("behind", type_=sa.Integer))
        next_turn = 1 + sa.func.coalesce(sa.func.max(sa.cast(turn, sa.Integer)), 0)
        named = sa.bindparam("first", type_=sa.Text) + sa.cast(next_turn, sa.Text)
        given = [sa.bindparam(name, type_=table[name].type) for name in GIVEN]
        added = sa.select(named, *given).where(_of_one_revision(table), sa.not_(turn.contains("-")))
        added = added.having(sa.func.count(sa.case((is_alive, 1))) == 0)
        of_it = _of_one_revision(table), table.creator_xid == sa.bindparam("creator_xid")
        told = sa.select(table.workflow_uuid, sa.bindparam("inputs", type_=sa.Text)).where(*of_it)
        return (
            Statement(into(workflows).from_select(["workflow_uuid", *GIVEN], added).on_conflict_do_nothing()),
            Statement(into(inputs).from_select(["workflow_uuid", "inputs"], told)),
        )

    def enqueue(self, scope: Sending, request_id: RequestId, revision: int) -> Callable[[], None] | None:
        """In the caller's transaction: hand the request to whoever executes. A run that is alive is not doubled.

        What is returned wants to be called after the commit. The rows are those of the library's own
        `enqueue_in_transaction`, which a test compares column by column; it would wait for the answer to each.
        """
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "app_version": APPLICATION_VERSION,
        }
        _, status = self._client._build_enqueue_status(options, request_id, revision)
        told = {LIBRARYS_WORDS.get(name, name): value for name, value in status.items()}
        told |= {"recovery_attempts": 0, "creator_xid": generate_uuid()}
        where = _range(request_id, revision)
        scope.later(self._add, **where, behind=len(where["first"]) + 1, **{name: told[name] for name in GIVEN})
        scope.later(self._add_inputs, **where, creator_xid=told["creator_xid"], inputs=told["inputs"])
        if self.wake is None and self._is_postgresql:
            scope.later(_NOTIFY, channel=CHANNEL)
        return self.wake

    def live(self) -> Mapping[RequestId, int]:
        """How many live workflows each request has."""
        with self._engine.connect() as connection:
            found = (WorkflowId.parse(text) for text in connection.scalars(self._living("workflow_uuid")))
            return _counted(workflow.request_id for workflow in found if workflow is not None)

    def _living(self, *names: str) -> sa.CompoundSelect[Any]:
        """The engine has an index of what is in flight and one of what is delayed; they serve these very words only."""
        of_ours = sa.select(*(self._workflows.c[name] for name in names)).where(self._workflows.c.queue_name == QUEUE)
        in_flight, delayed = sa.text("status IN ('ENQUEUED', 'PENDING')"), sa.text("status = 'DELAYED'")
        return sa.union_all(of_ours.where(in_flight), of_ours.where(delayed))

    def holders(self) -> Mapping[RequestId, str]:
        """Which executor has each live run at this moment; empty for one that waits for an executor."""
        query = self._living("workflow_uuid", "status", "executor_id")
        with self._engine.connect() as connection:
            rows = [(WorkflowId.parse(text), status, holder) for text, status, holder in connection.execute(query)]
        return {run.request_id: holder if status == "PENDING" else "" for run, status, holder in rows if run}

    def turns(self, request_id: RequestId, revision: int) -> int:
        """How often this revision was taken up."""
        with self._engine.connect() as connection:
            table = self._workflows.c
            query = sa.select(table.workflow_uuid).where(_of_one_revision(table))
            found = map(WorkflowId.parse, connection.scalars(query, _range(request_id, revision)))
            return max((one.turn for one in found if one and one.request_id == request_id), default=0)

    def executors(self) -> tuple[str, ...]:
        """Those that hold workflows at this moment, dead or alive."""
        table = self._workflows.c
        query = sa.select(table.executor_id).where(table.status == "PENDING", table.queue_name == QUEUE).distinct()
        with self._engine.connect() as connection:
            return tuple(executor for executor in connection.scalars(query) if executor)

    def forget(self, older_than: timedelta) -> int:
        """Delete what the engine keeps of runs that began so long ago and are over, at most a batch; how many.

        What a run did stands in our own tables. The engine itself never deletes anything.
        """
        before = (datetime.now(UTC) - older_than).isoformat()
        found = self._client.list_workflows(
            queue_name=QUEUE, status=list(OVER), end_time=before, limit=BATCH, load_input=False, load_output=False
        )
        ids = [workflow.workflow_id for workflow in found]
        if ids:
            self._client.delete_workflows(ids)
        return len(ids)

    def close(self) -> None:
        self._client.destroy()


def _range(request_id: RequestId, revision: int) -> dict[str, str]:
    """A range of the primary key, so that it stays cheap whatever the history."""
    prefix = f"run-{request_id}-{revision}-"
    return {"first": prefix, "end": f"{prefix[:-1]}."}


def _of_one_revision(table: Any) -> sa.ColumnElement[bool]:
    first, end = (sa.bindparam(name, type_=sa.Text) for name in ("first", "end"))
    return sa.and_(table.workflow_uuid >= first, table.workflow_uuid < end)


def _counted(ids: Iterable[RequestId]) -> dict[RequestId, int]:
    counts: dict[RequestId, int] = {}
    for request_id in ids:
        counts[request_id] = counts.get(request_id, 0) + 1
    return counts
