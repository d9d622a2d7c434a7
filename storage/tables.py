"""The tables. What is searched or compared has a column of its own; what is only shown travels as JSON text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Index, Integer, Table, Text, UniqueConstraint, text
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from bot.domain.request import OPEN_STATES
from storage.codec import storable


class Moment(TypeDecorator[datetime]):
    """UTC, aware, to the microsecond. On SQLite it is text of one width, so that it compares like a time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text that came from outside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only an INTEGER key by itself

# Literals, not parameters: a planner takes a partial index only when it can see that the condition implies it.
IS_OPEN = f"state IN ({', '.join(repr(state.value) for state in sorted(OPEN_STATES))})"
IS_DUE = "rendered < wanted AND NOT is_dead"
OWES_REVIEW = "break_glass AND review = ''"
COUNTS = "retracted_at IS NULL"


METADATA = SQLModel.metadata


def table_of(row: type[SQLModel]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]  # set by SQLModel's metaclass
    return table


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _words(**kwargs: Any) -> Any:
    return Field(sa_type=Words, **kwargs)


def _moment(**kwargs: Any) -> Any:
    return Field(sa_type=Moment, **kwargs)


def _json() -> Any:
    return Field(sa_type=Text)


def _request_key(**kwargs: Any) -> Any:
    return Field(sa_column_args=[ForeignKey("request.id")], **kwargs)


class RequestRow(SQLModel, table=True):
    __tablename__ = "request"
    __table_args__ = (
        _partial("request_one_open_per_group", "project", "group_id", where=IS_OPEN, unique=True),
        Index("request_by_state", "state", "id"),
        Index("request_by_requester", "requester", "created_at"),
        Index("request_by_age", "created_at", "id"),
        Index("request_by_group", "project", "group_id", "created_at"),
        _partial("request_owing_review", "requester", where=OWES_REVIEW),
    )

    id: str = Field(primary_key=True)
    state: str
    revision: int
    digest: str
    project: str
    group_id: str
    to_site: str
    environment: str
    requester: str
    reason: str = _words()
    ticket: str = _words()
    created_at: datetime = _moment()
    expires_at: datetime = _moment()
    updated_at: datetime = _moment()
    decided_by: str | None = None
    decided_at: datetime | None = _moment(default=None)
    decision_reason: str = _words()
    break_glass: bool
    review: str = _words()
    group_json: str = _json()
    options_json: str = _json()
    plan_json: str = _json()
    snapshot_json: str = _json()
    findings_json: str = _json()
    plan_change_json: str = _json()


class ApprovalRow(SQLModel, table=True):
    __tablename__ = "approval"
    __table_args__ = (
        _partial("approval_one_per_person", "request_id", "revision", "person_id", where=COUNTS, unique=True),
        Index("approval_by_request", "request_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    request_id: str = _request_key()
    revision: int
    person_id: str
    account: str
    digest: str
    at: datetime = _moment()
    retracted_at: datetime | None = _moment(default=None)
    body_json: str = _json()


class RunRow(SQLModel, table=True):
    """`stopped_at`, `verified_at` and `served_at` are the ends of the clocks that later estimates are made of."""

    __tablename__ = "run"

    request_id: str = _request_key(primary_key=True)
    revision: int
    executor: str
    job_id: str | None = None
    question: str | None = None
    started_at: datetime | None = _moment(default=None)
    ended_at: datetime | None = _moment(default=None)
    stopped_at: datetime | None = _moment(default=None)
    verified_at: datetime | None = _moment(default=None)
    served_at: datetime | None = _moment(default=None)
    body_json: str = _json()


class AttemptRow(SQLModel, table=True):
    """The fence. Its key is the request, so that there is one for ever."""

    __tablename__ = "attempt"

    request_id: str = _request_key(primary_key=True)
    executor: str
    at: datetime = _moment()
    outcome: str | None = None
    job_id: str | None = None
    answered_at: datetime | None = _moment(default=None)
    body_json: str = _json()


class CloudCallRow(SQLModel, table=True):
    __tablename__ = "cloud_call"
    __table_args__ = (Index("cloud_call_by_request", "request_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    request_id: str = _request_key()
    at: datetime = _moment()
    method: str
    path: str = _words()
    status: int | None = None
    milliseconds: int
    cloud_request_id: str = _words()
    summary: str = _words()


class SurfaceRow(SQLModel, table=True):
    """`wanted_at` is since when it lags; `claimed_until` a lease, after which somebody else may take it."""

    __tablename__ = "surface"
    __table_args__ = (
        UniqueConstraint("request_id", "kind", "key", name="surface_one_per_place"),
        _partial("surface_due", "priority", "wanted_at", "id", where=IS_DUE),
        _partial("surface_by_message", "channel", "ts", where="ts <> ''"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=Number)
    request_id: str = _request_key()
    kind: str
    key: str
    priority: str
    wanted: int
    rendered: int
    wanted_at: datetime = _moment()
    not_before: datetime | None = _moment(default=None)
    channel: str
    ts: str
    thread_ts: str
    user_id: str
    data_json: str = _json()
    attempts: int
    sent_at: datetime | None = _moment(default=None)
    last_error: str = _words()
    is_dead: bool
    created_at: datetime = _moment()
    claimed_by: str | None = None
    claimed_until: datetime | None = _moment(default=None)


class AuditRow(SQLModel, table=True):
    """Append-only: triggers refuse UPDATE and DELETE. No key to `request`, because refused clicks name anything."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_request", "request_id", "number"),)

    number: int = Field(primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False})
    at: datetime = _moment()
    action: str
    outcome: str
    request_id: str | None = None
    revision: int | None = None
    actor: str | None = None
    surface: str
    digest: str
    detail_json: str = _json()
    previous_hash: str
    hash: str


class AuditHeadRow(SQLModel, table=True):
    """The end of the chain, one row: its lock puts writers in line, and it shows when the last rows were cut off."""

    __tablename__ = "audit_head"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    number: int = Field(sa_type=BigInteger)
    hash: str


class ExecutorRow(SQLModel, table=True):
    __tablename__ = "executor"

    id: str = Field(primary_key=True)
    host: str
    pid: int
    version: str
    started_at: datetime = _moment()
    seen_at: datetime = _moment()


class StepUpRow(SQLModel, table=True):
    __tablename__ = "step_up"
    __table_args__ = (Index("step_up_by_person", "request_id", "revision", "account"),)

    token_hash: str = Field(primary_key=True)
    request_id: str
    revision: int
    account: str
    expires_at: datetime = _moment()
    used_at: datetime | None = _moment(default=None)


class SecondFactorRow(SQLModel, table=True):
    __tablename__ = "second_factor"

    account: str = Field(primary_key=True)
    sealed_secret: str = _json()
    enrolled_at: datetime = _moment()
    last_counter: int = Field(sa_type=BigInteger)


class InstanceRow(SQLModel, table=True):
    __tablename__ = "instance"

    name: str = Field(primary_key=True)
    value: str = _json()
    updated_at: datetime = _moment()
