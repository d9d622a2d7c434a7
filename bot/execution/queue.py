"""The engine's queue as our tables see it: enqueued in the transaction that decides, found by request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from dbos import DBOSClient, DBOSPortableJSONSerializer

from bot.domain.request import RequestId

APPLICATION = "failover-bot"
APPLICATION_VERSION = "1"  # a constant: a deployment never orphans a running workflow. See `lifecycle`.
WORKFLOW = "run_failover"
QUEUE = "runs"
CHANNEL = "failover_bot_runs"  # PostgreSQL NOTIFY, sent with the commit
LIVE = ("ENQUEUED", "PENDING", "DELAYED")
OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
BATCH = 500
_NOTIFY = sa.text("SELECT pg_notify(:channel, '')")


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
        schema = "dbos" if self._is_postgresql else None
        self._workflows = sa.table(
            "workflow_status",
            *(sa.column(name, sa.Text) for name in ("workflow_uuid", "status", "queue_name", "executor_id", "error")),
            schema=schema,
        )
        table = self._workflows.c
        self._between = sa.select(table.workflow_uuid, table.status).where(
            table.workflow_uuid >= sa.bindparam("first"), table.workflow_uuid < sa.bindparam("end")
        )
        self.wake: Callable[[], None] | None = None  # tells whoever executes in this process; None: nobody does

    def enqueue(self, connection: sa.Connection, request_id: RequestId, revision: int) -> Callable[[], None] | None:
        """In the caller's transaction: hand the request to whoever executes. A run that is alive is not doubled.

        What is returned wants to be called after the commit.
        """
        known = list(self._of(connection, request_id, revision))
        if any(status in LIVE for _, status in known):
            return None
        turn = 1 + max((workflow.turn for workflow, _ in known), default=0)
        self._client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": str(WorkflowId(request_id, revision, turn)),
                "app_version": APPLICATION_VERSION,
            },
            request_id,
            revision,
        )
        if self.wake is None and self._is_postgresql:
            connection.execute(_NOTIFY, {"channel": CHANNEL})
        return self.wake

    def _of(self, connection: sa.Connection, request_id: RequestId, revision: int) -> Iterator[tuple[WorkflowId, str]]:
        """By a range of the primary key, so that it stays cheap whatever the history."""
        prefix = f"run-{request_id}-{revision}-"
        for text, status in connection.execute(self._between, {"first": prefix, "end": f"{prefix[:-1]}."}):
            workflow = WorkflowId.parse(text)
            if workflow is not None and workflow.request_id == request_id and workflow.revision == revision:
                yield workflow, status

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
            return max((workflow.turn for workflow, _ in self._of(connection, request_id, revision)), default=0)

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


def _counted(ids: Iterable[RequestId]) -> dict[RequestId, int]:
    counts: dict[RequestId, int] = {}
    for request_id in ids:
        counts[request_id] = counts.get(request_id, 0) + 1
    return counts
