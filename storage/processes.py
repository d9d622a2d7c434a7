"""The processes that work on runs, and the facts about this installation that they share."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlmodel import col

from bot.ports import Executor
from storage.scope import Scope
from storage.tables import ExecutorRow, InstanceRow


class SqlExecutors:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def beat(self, executor: Executor) -> None:
        values = {
            "id": executor.id,
            "host": executor.host,
            "pid": executor.pid,
            "version": executor.version,
            "started_at": executor.started_at,
            "seen_at": self._scope.now,
        }
        self._scope.upsert(ExecutorRow, values, key="id")

    def known(self) -> list[Executor]:
        rows = self._scope.rows(select(ExecutorRow).order_by(col(ExecutorRow.started_at), col(ExecutorRow.id)))
        return [_executor_of(row) for row in rows]

    def remove(self, executor_id: str) -> None:
        self._scope.change(delete(ExecutorRow).where(col(ExecutorRow.id) == executor_id))


def _executor_of(row: ExecutorRow) -> Executor:
    return Executor(
        id=row.id,
        host=row.host,
        pid=row.pid,
        version=row.version,
        started_at=row.started_at,
        seen_at=row.seen_at,
    )


class SqlInstance:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def get(self, name: str) -> str | None:
        return self._scope.value(select(col(InstanceRow.value)).where(col(InstanceRow.name) == name))

    def put(self, name: str, value: str) -> None:
        values = {"name": name, "value": value, "updated_at": self._scope.now}
        self._scope.upsert(InstanceRow, values, key="name")
