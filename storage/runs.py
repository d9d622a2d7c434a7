"""Runs, the fence before the one POST, and the calls that were made: what execution writes as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import col

from bot.domain.request import RequestId
from bot.domain.run import Attempt, Run, Step, StepState
from bot.ports import CloudCall
from bot.statement import Statement
from storage.codec import decode, encode
from storage.scope import Scope
from storage.tables import AttemptRow, CloudCallRow, RunRow, table_of

Enqueue = Callable[[Scope, RequestId, int], Callable[[], None] | None]
"""Hands a request and its revision to the engine inside the open transaction. What it returns is called after the
commit."""


def run_of(row: RunRow) -> Run:
    return decode(row.body_json, Run)


def attempt_of(row: AttemptRow) -> Attempt:
    return decode(row.body_json, Attempt)


def served_at(run: Run) -> datetime | None:
    """When the service was back: a person's word counts before the last server that was seen running."""
    if run.confirmed_at is not None:
        return run.confirmed_at
    start = run.step(Step.START)
    return start.ended_at if start.state is StepState.DONE else None


def _run_columns(run: Run) -> dict[str, Any]:
    verify = run.step(Step.VERIFY)
    return {
        "request_id": run.request_id,
        "revision": run.revision,
        "executor": run.executor,
        "job_id": run.job_id,
        "question": run.question.value if run.question else None,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "stopped_at": run.step(Step.STOP).started_at,
        "verified_at": verify.ended_at if verify.state is StepState.DONE else None,
        "served_at": served_at(run),
        "body_json": encode(run, Run),
    }


def _attempt_columns(attempt: Attempt) -> dict[str, Any]:
    return {
        "request_id": attempt.request_id,
        "executor": attempt.executor,
        "at": attempt.at,
        "outcome": attempt.outcome.value if attempt.outcome else None,
        "job_id": attempt.job_id,
        "answered_at": attempt.answered_at,
        "body_json": encode(attempt, Attempt),
    }


_OF_REQUEST = select(RunRow).where(col(RunRow.request_id) == bindparam("of"))
_RUN = Statement(_OF_REQUEST)
_RUN_TO_CHANGE = Statement(_OF_REQUEST.with_for_update())
_ATTEMPT = Statement(select(AttemptRow).where(col(AttemptRow.request_id) == bindparam("of")))
_SETTLE = Statement(update(table_of(AttemptRow)).where(col(AttemptRow.request_id) == bindparam("of")))
_CALLS = Statement(
    select(CloudCallRow).where(col(CloudCallRow.request_id) == bindparam("of")).order_by(col(CloudCallRow.id))
)
_ADD_CALLS = Statement(insert(table_of(CloudCallRow)))


class SqlRuns:
    def __init__(self, scope: Scope, enqueue: Enqueue) -> None:
        self._scope = scope
        self._enqueue = enqueue

    def enqueue(self, request_id: RequestId, revision: int) -> None:
        told = self._enqueue(self._scope, request_id, revision)
        if told is not None:
            self._scope.after_commit.append(told)

    def get(self, request_id: RequestId) -> Run | None:
        """In a writing transaction the row stays ours: a click and the run itself both change parts of it."""
        row = self._scope.row(_RUN if self._scope.is_reading else _RUN_TO_CHANGE, of=request_id)
        return run_of(row) if row else None

    def save(self, run: Run) -> None:
        self._scope.upsert(RunRow, _run_columns(run), key="request_id")

    def fence(self, attempt: Attempt) -> bool:
        is_first = attempt.request_id in self._scope.unfenced
        self._scope.unfenced.discard(attempt.request_id)
        return self._scope.insert_new(AttemptRow, _attempt_columns(attempt), is_free=is_first)

    def attempt(self, request_id: RequestId) -> Attempt | None:
        row = self._scope.row(_ATTEMPT, of=request_id)
        return attempt_of(row) if row else None

    def settle(self, attempt: Attempt) -> None:
        if not self._scope.change(_SETTLE, **_attempt_columns(attempt), of=attempt.request_id):
            raise LookupError(f"there is no attempt of request {attempt.request_id} to settle")

    def record_calls(self, request_id: RequestId, calls: Sequence[CloudCall]) -> None:
        if calls:
            self._scope.insert_many(_ADD_CALLS, [_call_columns(request_id, call) for call in calls])

    def calls(self, request_id: RequestId) -> list[CloudCall]:
        return [_call_of(row) for row in self._scope.rows(_CALLS, of=request_id)]


def _call_columns(request_id: RequestId, call: CloudCall) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "at": call.at,
        "method": call.method,
        "path": call.path,
        "status": call.status,
        "milliseconds": call.milliseconds,
        "cloud_request_id": call.request_id,
        "summary": call.summary,
    }


def _call_of(row: CloudCallRow) -> CloudCall:
    return CloudCall(
        at=row.at,
        method=row.method,
        path=row.path,
        status=row.status,
        milliseconds=row.milliseconds,
        request_id=row.cloud_request_id,
        summary=row.summary,
    )
