"""Taking what is enqueued: the library's own claim, with statements that are built once.

The library builds its own on each call and reads the claimed rows again, which takes longer than all else between a
click and its run. The rows are the same afterwards; a test compares every column, so that a new version cannot differ
unseen.
"""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa
from dbos._sys_db import SystemDatabase, WorkflowStatusInternal  # private; dbos is pinned for it

from bot.execution.queue import APPLICATION, APPLICATION_VERSION, QUEUE

RENAMED = {"application_version": "app_version", "application_id": "app_id"}
NOT_TOLD: dict[str, Any] = {"shard_key": None}  # our database is not sharded


class Claim:
    """ENQUEUED to PENDING, oldest first; each workflow has one winner."""

    def __init__(self, system: SystemDatabase, executor: str) -> None:
        self._system = system
        self._executor = executor
        self._statement = _statement(system)
        given = system.tables.workflow_input.c
        self._inputs = sa.select(given.workflow_uuid, given.inputs).where(
            given.workflow_uuid.in_(sa.bindparam("ids", expanding=True))
        )

    def take(self, owner: str) -> list[WorkflowStatusInternal]:
        """What is ours now. `owner` is the token that only this claim knows."""
        with self._system.engine.begin() as connection:
            rows = connection.execute(self._statement, {"owner": owner, "executor": self._executor}).mappings().all()
            ids = [row["workflow_uuid"] for row in rows]
            given = connection.execute(self._inputs, {"ids": ids}).all() if ids else []
            inputs = {row.workflow_uuid: row.inputs for row in given}
        oldest_first = sorted(rows, key=lambda row: (row["priority"], row["created_at"]))
        return [_status(row, inputs.get(row["workflow_uuid"], row["inputs"])) for row in oldest_first]


def _statement(system: SystemDatabase) -> sa.UpdateBase:
    workflows, now = system.tables.workflow_status, system._now_ms_sql()
    table = workflows.c
    waiting = (
        sa.select(table.workflow_uuid)
        .where(table.queue_name == QUEUE, table.status == "ENQUEUED", system._in_flight_status_prover())
        .where(table.application_version == APPLICATION_VERSION)
        .where(sa.or_(table.application_name == APPLICATION, table.application_name.is_(None)))
        .with_for_update(skip_locked=True)
    )
    return (
        workflows.update()
        .where(table.workflow_uuid.in_(waiting), table.status == "ENQUEUED")
        .values(
            status="PENDING",
            owner_xid=sa.bindparam("owner"),
            application_version=APPLICATION_VERSION,
            executor_id=sa.bindparam("executor"),
            application_name=APPLICATION,
            started_at_epoch_ms=now,
            rate_limited=False,
            recovery_attempts=table.recovery_attempts + 1,
            updated_at=now,
        )
        .returning(workflows)
    )


def _status(row: Any, inputs: str) -> WorkflowStatusInternal:
    """The row in the library's own words."""
    told = {RENAMED.get(name, name): value for name, value in row.items()} | NOT_TOLD | {"inputs": inputs}
    told["is_debounced"] = bool(told["is_debounced"])
    return cast("WorkflowStatusInternal", {name: told[name] for name in WorkflowStatusInternal.__annotations__})
