"""A request as its row: which column holds what of it, and how it is written and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import Any

from bot.domain.facts import Group, ProjectAlias, Site, Snapshot
from bot.domain.people import Account
from bot.domain.plan import Options, Plan
from bot.domain.preflight import Finding
from bot.domain.request import Request, RequestId, State
from storage.codec import decode, encode
from storage.tables import RequestRow


def _json(kind: Any) -> Callable[[Any], str]:
    return partial(encode, kind=kind)


def _value(word: StrEnum) -> str:
    return word.value


def _account(account: Account | None) -> str | None:
    return str(account) if account else None


def _as_is(value: Any) -> Any:
    return value


# Which field of a request a column holds, and how it is written.
_COLUMNS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "id": ("id", _as_is),
    "state": ("state", _value),
    "revision": ("revision", _as_is),
    "digest": ("plan", attrgetter("digest")),
    "project": ("project", _as_is),
    "group_id": ("group", attrgetter("id")),
    "to_site": ("to", _value),
    "environment": ("environment", _as_is),
    "requester": ("requester", _account),
    "reason": ("reason", _as_is),
    "ticket": ("ticket", _as_is),
    "created_at": ("created_at", _as_is),
    "expires_at": ("expires_at", _as_is),
    "updated_at": ("updated_at", _as_is),
    "decided_by": ("decided_by", _account),
    "decided_at": ("decided_at", _as_is),
    "decision_reason": ("decision_reason", _as_is),
    "break_glass": ("break_glass", _as_is),
    "review": ("review", _as_is),
    "group_json": ("group", _json(Group)),
    "options_json": ("options", _json(Options)),
    "plan_json": ("plan", _json(Plan)),
    "snapshot_json": ("snapshot", _json(Snapshot)),
    "findings_json": ("findings", _json(tuple[Finding, ...])),
    "plan_change_json": ("plan_change", _json(tuple[str, ...])),
}


def columns_of(request: Request) -> dict[str, Any]:
    return {name: write(getattr(request, field)) for name, (field, write) in _COLUMNS.items()}


def changed_columns(before: Request, now: Request) -> dict[str, Any]:
    """What was not replaced is written already. Never empty: an UPDATE must say something."""
    changed = {
        name: write(value)
        for name, (field, write) in _COLUMNS.items()
        if (value := getattr(now, field)) is not getattr(before, field)
    }
    return changed or {"state": now.state.value}


def request_of(row: RequestRow) -> Request:
    return Request(
        id=RequestId(row.id),
        state=State(row.state),
        revision=row.revision,
        project=ProjectAlias(row.project),
        group=decode(row.group_json, Group),
        to=Site(row.to_site),
        environment=row.environment,
        requester=Account.parse(row.requester),
        reason=row.reason,
        ticket=row.ticket,
        options=decode(row.options_json, Options),
        plan=decode(row.plan_json, Plan),
        snapshot=decode(row.snapshot_json, Snapshot),
        findings=decode(row.findings_json, tuple[Finding, ...]),
        created_at=row.created_at,
        expires_at=row.expires_at,
        updated_at=row.updated_at,
        decided_by=Account.parse(row.decided_by) if row.decided_by else None,
        decided_at=row.decided_at,
        decision_reason=row.decision_reason,
        break_glass=row.break_glass,
        review=row.review,
        plan_change=decode(row.plan_change_json, tuple[str, ...]),
    )
