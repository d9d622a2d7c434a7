"""What earlier runs of a group teach: outages, reversals and how often it failed over. Facts only, no estimate."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import bindparam, literal, select
from sqlmodel import col

from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.request import State
from bot.ports import History
from bot.statement import Statement
from storage.scope import Scope
from storage.tables import AttemptRow, Moment, RequestRow, RunRow, Words

LOOKED_AT = 200  # the newest requests of the group: no group moves more often in a time that matters
SHOWN = 10
ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
MOVED = [literal(state.value) for state in (State.VERIFIED, State.UNVERIFIED, State.PARTLY)]


_NEWEST = Statement(
    select(
        col(RequestRow.to_site),
        col(RunRow.stopped_at),
        col(RunRow.served_at),
        col(AttemptRow.answered_at),
        col(RunRow.verified_at),
    )
    .join(RunRow, col(RunRow.request_id) == RequestRow.id)
    .outerjoin(AttemptRow, col(AttemptRow.request_id) == RequestRow.id)
    .where(col(RequestRow.project) == bindparam("project", type_=Words))
    .where(col(RequestRow.group_id) == bindparam("group_id", type_=Words), col(RequestRow.state).in_(MOVED))
    .where(col(RequestRow.created_at) < bindparam("before", type_=Moment))
    .order_by(col(RequestRow.created_at).desc())
    .limit(LOOKED_AT)
)


def history(scope: Scope, project: ProjectAlias, group_id: GroupId, to: Site, *, before: datetime = ALWAYS) -> History:
    """Newest first, of requests made `before`. What has an unknown end is left out, never guessed."""
    rows = scope.rows(_NEWEST, project=project, group_id=group_id, before=before)
    same_way = [row for row in rows if row.to_site == to.value]
    return History(
        outages=_spans((row.stopped_at, row.served_at) for row in same_way),
        reversals=_spans((row.answered_at, row.verified_at) for row in same_way),
        earlier_failovers=sum(row.to_site == Site.TARGET.value for row in rows),
    )


def _spans(clocks: Iterable[tuple[datetime | None, datetime | None]]) -> tuple[timedelta, ...]:
    return tuple(end - start for start, end in clocks if start is not None and end is not None)[:SHOWN]
