"""All rows about one request, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.audit import Recorded
from bot.domain.people import Account
from bot.domain.request import Approval, Request, RequestId
from bot.domain.run import Attempt, Run
from bot.domain.surface import Surface
from bot.ports import CloudCall, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All rows about one request, read in one moment. `approvals` are those of every revision."""

    request: Request
    approvals: tuple[Approval, ...]
    counting: tuple[Approval, ...]
    run: Run | None
    attempt: Attempt | None
    calls: tuple[CloudCall, ...]
    messages: tuple[Surface, ...]
    records: tuple[Recorded, ...]

    @property
    def names(self) -> Mapping[Account, str]:
        """What people were called when they asked or approved; nobody else's name is stored."""
        asked = {row.entry.actor: str(row.entry.detail["name"]) for row in self.records if "name" in row.entry.detail}
        named = {account: name for account, name in asked.items() if account}
        return named | {approval.account: approval.name for approval in self.approvals}


def gather(tx: Transaction, request_id: RequestId) -> Case | None:
    """None when there is no such request."""
    request = tx.requests.get(request_id)
    if request is None:
        return None
    return Case(
        request=request,
        approvals=tx.approvals.all_of(request_id),
        counting=tx.approvals.of(request_id, request.revision),
        run=tx.runs.get(request_id),
        attempt=tx.runs.attempt(request_id),
        calls=tuple(tx.runs.calls(request_id)),
        messages=tuple(tx.surfaces.of(request_id)),
        records=tuple(tx.audit.of(request_id)),
    )
