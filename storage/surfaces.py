"""The places in Slack that show a request, and how far each lags behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, case, false, literal_column, null, select, text, update
from sqlmodel import col

from bot.domain.request import RequestId
from bot.domain.surface import PRIORITY_OF, Place, PlaceKind, Surface, SurfaceId
from bot.statement import Statement, insert_into
from storage.codec import decode_facts, encode_facts
from storage.scope import Scope
from storage.surface_queue import CLAIM as _CLAIM
from storage.surface_queue import LAG as _LAG
from storage.surface_queue import MUCH_LATER
from storage.tables import SurfaceRow, table_of

_TABLE = table_of(SurfaceRow)
# What a new place begins with, as literals: a row then carries half as many values.
_BEGINNING: Mapping[str, Any] = {
    "wanted": literal_column("1"),
    **dict.fromkeys(("rendered", "attempts"), literal_column("0")),
    **dict.fromkeys(("channel", "ts", "thread_ts", "user_id", "last_error"), literal_column("''")),
    "data_json": literal_column("'{}'"),
    "is_dead": false(),
}
_PLACE = ["request_id", "kind", "key"]
_ONE = update(_TABLE).where(_TABLE.c.id == bindparam("of"))
_CHANGE = Statement(_ONE)
# PostgreSQL would plan the claim anew each time, which takes longer than the claim itself, and longer still the more
# its statistics know.
_PLAN_ONCE = Statement(text("SET LOCAL plan_cache_mode = force_generic_plan"))
_FREED = {"claimed_by": null(), "claimed_until": null()}
_SHOWN = Statement(
    _ONE.values(
        rendered=case((_TABLE.c.rendered > bindparam("shown"), _TABLE.c.rendered), else_=bindparam("shown")),
        attempts=0,
        sent_at=null(),
        last_error="",
        **_FREED,
    )
)
_FAILED = Statement(_ONE.values(attempts=_TABLE.c.attempts + 1, **_FREED))
_LOST = Statement(_ONE.values(ts="", rendered=0, sent_at=null(), is_dead=False, **_FREED))
_OF_REQUEST = Statement(
    select(SurfaceRow).where(col(SurfaceRow.request_id) == bindparam("of")).order_by(col(SurfaceRow.id))
)
_AT_PLACE = Statement(
    select(SurfaceRow).where(
        col(SurfaceRow.request_id) == bindparam("of"),
        col(SurfaceRow.kind) == bindparam("at_kind"),
        col(SurfaceRow.key) == bindparam("at_key"),
    )
)
_BY_MESSAGE = Statement(
    select(SurfaceRow).where(
        col(SurfaceRow.channel) == bindparam("in_channel"), col(SurfaceRow.ts) == bindparam("at_ts"), text("ts <> ''")
    )
)


@cache
def _want(replaced: frozenset[str], once: bool, is_sqlite: bool) -> Statement:
    """Insert the place, or count one change more; what was waiting before keeps its age."""
    beginning = {name: value for name, value in _BEGINNING.items() if name not in replaced}
    statement = insert_into(_TABLE, is_sqlite=is_sqlite).values(beginning)
    if once:
        return Statement(statement.on_conflict_do_nothing(index_elements=_PLACE))
    changes = {
        "wanted": _TABLE.c.wanted + 1,
        "wanted_at": case(
            (_TABLE.c.rendered < _TABLE.c.wanted, _TABLE.c.wanted_at), else_=statement.excluded.wanted_at
        ),
        **{name: statement.excluded[name] for name in replaced},
    }
    return Statement(statement.on_conflict_do_update(index_elements=_PLACE, set_=changes))


def surface_of(row: SurfaceRow) -> Surface:
    assert row.id is not None
    return Surface(
        id=SurfaceId(row.id),
        request_id=RequestId(row.request_id),
        place=Place(PlaceKind(row.kind), row.key),
        wanted=row.wanted,
        rendered=row.rendered,
        channel=row.channel,
        ts=row.ts,
        thread_ts=row.thread_ts,
        user=row.user_id,
        data=decode_facts(row.data_json),
        attempts=row.attempts,
        not_before=row.not_before,
        sent_at=row.sent_at,
        last_error=row.last_error,
        is_dead=row.is_dead,
        created_at=row.created_at,
    )


@dataclass(slots=True)
class _Wanted:
    replaced: frozenset[str]  # columns that are overwritten where the place is there already
    once: bool
    values: dict[str, Any]


class SqlSurfaces:
    """What is wanted waits in memory until somebody looks or the transaction ends: one statement instead of many."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._waiting: dict[tuple[RequestId, Place], _Wanted] = {}

    def want(
        self,
        request_id: RequestId,
        place: Place,
        *,
        data: Mapping[str, object] | None = None,
        user: str = "",
        not_before: datetime | None = None,
        once: bool = False,
    ) -> None:
        waiting = self._waiting.get((request_id, place))
        if once and waiting:
            return
        facts = encode_facts(data) if data is not None else None
        given = {"data_json": facts, "not_before": not_before, "user_id": user}
        replaced = {name: value for name, value in given.items() if value}
        if waiting and not waiting.once:
            waiting.replaced = waiting.replaced.union(replaced)
            waiting.values |= replaced
            return
        if waiting:
            self.settle()
        fresh = _fresh(request_id, place, self._scope.now) | replaced
        self._waiting[request_id, place] = _Wanted(frozenset(replaced), once, fresh)

    def settle(self) -> None:
        """In their order, which is that of the lines in a thread."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        for (replaced, once), alike in groupby(waiting, key=lambda one: (one.replaced, one.once)):
            self._scope.insert_many(_want(replaced, once, self._scope.is_sqlite), [one.values for one in alike])

    def _settled(self) -> Scope:
        self.settle()
        return self._scope

    def claim(self, owner: str, *, limit: int, lease: timedelta) -> list[Surface]:
        now = self._scope.now
        if not self._scope.is_sqlite:
            self._scope.later(_PLAN_ONCE)
        moments = {"now": now, "much_later": now + MUCH_LATER, "until": now + lease}
        claimed = self._settled().rows(_CLAIM, owner=owner, at_most=limit, **moments)
        rows = sorted(claimed, key=lambda row: (row.priority, row.wanted_at, row.id))
        return [surface_of(row) for row in rows]

    def sending(self, surface_id: SurfaceId) -> None:
        self._settled().change(_CHANGE, of=surface_id, sent_at=self._scope.now)

    def shown(
        self,
        surface_id: SurfaceId,
        *,
        rendered: int,
        channel: str,
        ts: str,
        thread_ts: str = "",
        not_before: datetime | None = None,
    ) -> None:
        message = {"channel": channel, "ts": ts, "thread_ts": thread_ts, "not_before": not_before}
        self._settled().change(_SHOWN, of=surface_id, shown=rendered, **message)

    def failed(self, surface_id: SurfaceId, *, error: str, not_before: datetime | None, is_dead: bool = False) -> None:
        """`sent_at` stays: whether the message arrived is looked up before the next try."""
        self._settled().change(_FAILED, of=surface_id, last_error=error, not_before=not_before, is_dead=is_dead)

    def lost(self, surface_id: SurfaceId) -> None:
        self._settled().change(_LOST, of=surface_id, wanted_at=self._scope.now)

    def of(self, request_id: RequestId) -> list[Surface]:
        return [surface_of(row) for row in self._settled().rows(_OF_REQUEST, of=request_id)]

    def find(self, request_id: RequestId, place: Place) -> Surface | None:
        row = self._settled().row(_AT_PLACE, of=request_id, at_kind=place.kind.value, at_key=place.key)
        return surface_of(row) if row else None

    def at(self, channel: str, ts: str) -> Surface | None:
        row = self._settled().row(_BY_MESSAGE, in_channel=channel, at_ts=ts) if ts else None
        return surface_of(row) if row else None

    def lag(self) -> tuple[int, timedelta]:
        now = self._scope.now
        count, oldest = self._settled().rows(_LAG, now=now, much_later=now + MUCH_LATER)[0]
        return count, (now - oldest if oldest is not None else timedelta(0))


def _fresh(request_id: RequestId, place: Place, now: datetime) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "kind": place.kind.value,
        "key": place.key,
        "priority": PRIORITY_OF[place.kind].value,
        "wanted_at": now,
        "created_at": now,
    }
