"""The first tables. Frozen: what a table is today stands in `storage.tables`, how it began stands here."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_moment = sa.DateTime(timezone=True)
_serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_requests()
    _create_approvals()
    _create_runs()
    _create_surfaces()
    _create_audit()
    _create_processes()
    _create_people()
    if op.get_bind().dialect.name == "sqlite":
        _guard_audit_on_sqlite()
    else:
        _guard_audit_on_postgresql()


def _strings(*names: str, may_be_null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=may_be_null) for name in names]


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _moments(*names: str, may_be_null: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, _moment, nullable=may_be_null) for name in names]


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]


def _request_id(*, is_key: bool = False) -> sa.Column[Any]:
    return sa.Column("request_id", sa.String(), sa.ForeignKey("request.id"), primary_key=is_key, nullable=False)


def _id() -> sa.Column[Any]:
    return sa.Column("id", _serial, primary_key=True)


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_requests() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.String(), primary_key=True),
        *_strings("state", "digest", "project", "group_id", "to_site", "environment", "requester"),
        *_numbers("revision"),
        *_texts("reason", "ticket", "decision_reason", "review"),
        *_moments("created_at", "expires_at", "updated_at"),
        *_strings("decided_by", may_be_null=True),
        *_moments("decided_at", may_be_null=True),
        sa.Column("break_glass", sa.Boolean(), nullable=False),
        *_texts("group_json", "options_json", "plan_json", "snapshot_json", "findings_json", "plan_change_json"),
    )
    is_open = "state IN ('approved', 'needs_person', 'pending', 'running')"
    _partial_index("request_one_open_per_group", "request", ["project", "group_id"], is_open, unique=True)
    _partial_index("request_owing_review", "request", ["requester"], "break_glass AND review = ''")
    op.create_index("request_by_state", "request", ["state", "id"])
    op.create_index("request_by_requester", "request", ["requester", "created_at"])
    op.create_index("request_by_age", "request", ["created_at", "id"])
    op.create_index("request_by_group", "request", ["project", "group_id", "created_at"])


def _create_approvals() -> None:
    op.create_table(
        "approval",
        _id(),
        _request_id(),
        *_numbers("revision"),
        *_strings("person_id", "account", "digest"),
        *_moments("at"),
        *_moments("retracted_at", may_be_null=True),
        *_texts("body_json"),
    )
    one = ["request_id", "revision", "person_id"]
    _partial_index("approval_one_per_person", "approval", one, "retracted_at IS NULL", unique=True)
    op.create_index("approval_by_request", "approval", ["request_id", "id"])


def _create_runs() -> None:
    op.create_table(
        "run",
        _request_id(is_key=True),
        *_numbers("revision"),
        *_strings("executor"),
        *_strings("job_id", "question", may_be_null=True),
        *_moments("started_at", "ended_at", "stopped_at", "verified_at", "served_at", may_be_null=True),
        *_texts("body_json"),
    )
    op.create_table(
        "attempt",
        _request_id(is_key=True),
        *_strings("executor"),
        *_moments("at"),
        *_strings("outcome", "job_id", may_be_null=True),
        *_moments("answered_at", may_be_null=True),
        *_texts("body_json"),
    )
    op.create_table(
        "cloud_call",
        _id(),
        _request_id(),
        *_moments("at"),
        *_strings("method"),
        *_texts("path", "cloud_request_id", "summary"),
        sa.Column("status", sa.Integer()),
        *_numbers("milliseconds"),
    )
    op.create_index("cloud_call_by_request", "cloud_call", ["request_id", "id"])


def _create_surfaces() -> None:
    op.create_table(
        "surface",
        _id(),
        _request_id(),
        *_strings("kind", "key", "priority", "channel", "ts", "thread_ts", "user_id"),
        *_numbers("wanted", "rendered", "attempts"),
        *_moments("wanted_at", "created_at"),
        *_moments("not_before", "sent_at", "claimed_until", may_be_null=True),
        *_strings("claimed_by", may_be_null=True),
        *_texts("data_json", "last_error"),
        sa.Column("is_dead", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("request_id", "kind", "key", name="surface_one_per_place"),
    )
    due = "rendered < wanted AND NOT is_dead"
    _partial_index("surface_due", "surface", ["priority", "wanted_at", "id"], due)
    _partial_index("surface_by_message", "surface", ["channel", "ts"], "ts <> ''")


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_moments("at"),
        *_strings("action", "outcome", "surface", "digest", "previous_hash", "hash"),
        *_strings("request_id", "actor", may_be_null=True),
        sa.Column("revision", sa.Integer()),
        *_texts("detail_json"),
    )
    op.create_index("audit_by_request", "audit", ["request_id", "number"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        *_strings("hash"),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "hash": "0" * 64}])


def _create_processes() -> None:
    op.create_table(
        "executor",
        sa.Column("id", sa.String(), primary_key=True),
        *_strings("host", "version"),
        *_numbers("pid"),
        *_moments("started_at", "seen_at"),
    )
    op.create_table(
        "instance", sa.Column("name", sa.String(), primary_key=True), *_texts("value"), *_moments("updated_at")
    )


def _create_people() -> None:
    op.create_table(
        "step_up",
        sa.Column("token_hash", sa.String(), primary_key=True),
        *_strings("request_id", "account"),
        *_numbers("revision"),
        *_moments("expires_at"),
        *_moments("used_at", may_be_null=True),
    )
    op.create_index("step_up_by_person", "step_up", ["request_id", "revision", "account"])
    op.create_table(
        "second_factor",
        sa.Column("account", sa.String(), primary_key=True),
        *_texts("sealed_secret"),
        *_moments("enrolled_at"),
        sa.Column("last_counter", sa.BigInteger(), nullable=False),
    )


def _guard_audit_on_sqlite() -> None:
    refuse = "BEGIN SELECT RAISE(ABORT, 'audit rows are never changed or deleted'); END"
    op.execute(f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit {refuse}")
    op.execute(f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit {refuse}")
    # INSERT OR REPLACE deletes without telling the trigger above.
    taken = "WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)"
    op.execute(f"CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit {taken} {refuse}")


def _guard_audit_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'audit rows are never changed or deleted' USING ERRCODE = '23001'; END $$"
    )
    refuse = "EXECUTE FUNCTION audit_refuse_change()"
    op.execute(f"CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit FOR EACH ROW {refuse}")
    op.execute(f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT {refuse}")
