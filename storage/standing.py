"""What stands beside a request, its run, attempt and approvals, read together with it or right after it was locked."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, literal_column, null, select, text
from sqlmodel import col

from bot.domain.request import Approval
from bot.domain.run import Attempt, Run
from bot.statement import Statement
from storage.codec import decode
from storage.tables import COUNTS, ApprovalRow, AttemptRow, Moment, RequestRow, RunRow, Words, table_of

# What people name may be any text: typed as words, an id that no database could hold is simply not found.
REQUEST_ID = bindparam("request_id", type_=Words)

_REVISION = select(col(RequestRow.revision)).where(col(RequestRow.id) == REQUEST_ID).scalar_subquery()


def approvals_of(bodies: str | None) -> tuple[Approval, ...]:
    """An aggregate keeps no order, so it is made here."""
    approvals = decode(f"[{bodies or ''}]", tuple[Approval, ...])
    return tuple(sorted(approvals, key=lambda approval: approval.at))


def beside(row: Any) -> dict[str, Any]:
    """What the columns beside a request hold, by the names that a view and a standing have for it."""
    return {
        "run": decode(row.run_json, Run) if row.run_json else None,
        "attempt": decode(row.attempt_json, Attempt) if row.attempt_json else None,
        "approvals": approvals_of(row.approvals_json),
    }


def _approvals(request_id: Any, revision: Any) -> Any:
    """As one JSON list without brackets."""
    counting = (col(ApprovalRow.request_id) == request_id, col(ApprovalRow.revision) == revision, text(COUNTS))
    comma: Any = literal_column("','")
    bodies = select(func.aggregate_strings(col(ApprovalRow.body_json), comma)).where(*counting)
    return bodies.scalar_subquery().label("approvals_json")


def with_it(*columns: Any) -> Any:
    """These columns, and what stands beside the request."""
    approvals = _approvals(RequestRow.id, RequestRow.revision)
    return (
        select(
            *columns,
            col(RunRow.body_json).label("run_json"),
            col(AttemptRow.body_json).label("attempt_json"),
            approvals,
        )
        .select_from(table_of(RequestRow))
        .outerjoin(RunRow, col(RunRow.request_id) == RequestRow.id)
        .outerjoin(AttemptRow, col(AttemptRow.request_id) == RequestRow.id)
        .where(col(RequestRow.id) == REQUEST_ID)
    )


def _asked_at(is_sqlite: bool) -> Any:
    """PostgreSQL tells its time along the way."""
    return (null() if is_sqlite else func.clock_timestamp(type_=Moment)).label("asked_at")


@cache
def standing(is_sqlite: bool) -> Statement:
    return Statement(with_it(_asked_at(is_sqlite), *table_of(RequestRow).c))


@cache
def with_its_run(is_sqlite: bool) -> Statement:
    """The run's row, if there is one, stays ours, too."""
    run = select(col(RunRow.body_json)).where(col(RunRow.request_id) == REQUEST_ID).with_for_update()
    attempt = select(col(AttemptRow.body_json)).where(col(AttemptRow.request_id) == REQUEST_ID)
    return Statement(
        select(
            _asked_at(is_sqlite),
            run.scalar_subquery().label("run_json"),
            attempt.scalar_subquery().label("attempt_json"),
            _approvals(REQUEST_ID, _REVISION),
        )
    )


@cache
def its_approvals(is_sqlite: bool) -> Statement:
    return Statement(select(_asked_at(is_sqlite), _approvals(REQUEST_ID, _REVISION)))
