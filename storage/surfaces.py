"""The places in Slack that show a request: which lag behind, who works on them, and in which order they may go out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, literal_column, not_, or_, select, text, true, update
from sqlalchemy.orm import aliased
from sqlmodel import col

from bot.domain.request import RequestId
from bot.domain.surface import PRIORITY_OF, Place, PlaceKind, Surface, SurfaceId
from storage.codec import decode_facts, encode_facts
from storage.scope import Scope
from storage.tables import IS_DUE, SurfaceRow

IN_THREAD = (
    PlaceKind.PROGRESS,
    PlaceKind.LINE,
    PlaceKind.QUESTION,
    PlaceKind.END,
    PlaceKind.POINTER,
    PlaceKind.REMINDER,
)
IN_ORDER = (PlaceKind.LINE, PlaceKind.INCIDENT)


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


class SqlSurfaces:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def want(
        self,
        request_id: RequestId,
        place: Place,
        *,
        data: Mapping[str, object] | None = None,
        user: str = "",
        not_before: datetime | None = None,
    ) -> None:
        given = {
            "data_json": encode_facts(data) if data is not None else None,
            "not_before": not_before,
            "user_id": user,
        }
        replaced = {name: value for name, value in given.items() if value}
        fresh = _fresh(request_id, place, self._scope.now) | replaced
        more = {
            "wanted": SurfaceRow.wanted + 1,
            "wanted_at": case(
                (col(SurfaceRow.rendered) < SurfaceRow.wanted, col(SurfaceRow.wanted_at)), else_=self._scope.now
            ),
        }
        upsert = self._scope.insert(SurfaceRow, fresh)
        key = ("request_id", "kind", "key")
        self._scope.change(upsert.on_conflict_do_update(index_elements=key, set_=more | replaced))

    def claim(self, owner: str, *, limit: int, lease: timedelta) -> list[Surface]:
        now = self._scope.now
        urgency = (col(SurfaceRow.priority), col(SurfaceRow.wanted_at), col(SurfaceRow.id))
        chosen = select(col(SurfaceRow.id)).where(text(IS_DUE), *_is_free(now), *_is_its_turn()).order_by(*urgency)
        # Taken by somebody else this very moment: passed over, not waited for. SQLite has one writer anyway.
        chosen = chosen.limit(limit).with_for_update(skip_locked=True, of=SurfaceRow)
        claimed = (
            update(SurfaceRow)
            .where(col(SurfaceRow.id).in_(chosen.scalar_subquery()))
            .values(claimed_by=owner, claimed_until=now + lease)
            .returning(SurfaceRow)
            .execution_options(synchronize_session=False)
        )
        rows = sorted(self._scope.rows(claimed), key=lambda row: (row.priority, row.wanted_at, row.id))
        return [surface_of(row) for row in rows]

    def sending(self, surface_id: SurfaceId) -> None:
        self._set(surface_id, sent_at=self._scope.now)

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
        newest = case((col(SurfaceRow.rendered) > rendered, col(SurfaceRow.rendered)), else_=rendered)
        self._set(
            surface_id,
            rendered=newest,
            channel=channel,
            ts=ts,
            thread_ts=thread_ts,
            not_before=not_before,
            attempts=0,
            sent_at=None,
            last_error="",
            claimed_by=None,
            claimed_until=None,
        )

    def failed(self, surface_id: SurfaceId, *, error: str, not_before: datetime | None, is_dead: bool = False) -> None:
        """`sent_at` stays: whether the message arrived is looked up before the next try."""
        self._set(
            surface_id,
            attempts=SurfaceRow.attempts + 1,
            last_error=error,
            not_before=not_before,
            is_dead=is_dead,
            claimed_by=None,
            claimed_until=None,
        )

    def lost(self, surface_id: SurfaceId) -> None:
        self._set(
            surface_id,
            ts="",
            rendered=0,
            wanted_at=self._scope.now,
            sent_at=None,
            is_dead=False,
            claimed_by=None,
            claimed_until=None,
        )

    def of(self, request_id: RequestId) -> list[Surface]:
        mine = col(SurfaceRow.request_id) == request_id
        return [
            surface_of(row) for row in self._scope.rows(select(SurfaceRow).where(mine).order_by(col(SurfaceRow.id)))
        ]

    def find(self, request_id: RequestId, place: Place) -> Surface | None:
        return self._one(
            col(SurfaceRow.request_id) == request_id,
            col(SurfaceRow.kind) == place.kind.value,
            col(SurfaceRow.key) == place.key,
        )

    def at(self, channel: str, ts: str) -> Surface | None:
        return self._one(col(SurfaceRow.channel) == channel, col(SurfaceRow.ts) == ts, text("ts <> ''")) if ts else None

    def lag(self) -> tuple[int, timedelta]:
        now = self._scope.now
        waits = or_(col(SurfaceRow.not_before).is_(None), col(SurfaceRow.not_before) <= now)
        since = case(
            (col(SurfaceRow.not_before) > SurfaceRow.wanted_at, col(SurfaceRow.not_before)),
            else_=col(SurfaceRow.wanted_at),
        )
        count, oldest = self._scope.tuples(select(func.count(), func.min(since)).where(text(IS_DUE), waits))[0]
        return count, (now - oldest if oldest is not None else timedelta(0))

    def _one(self, *conditions: Any) -> Surface | None:
        row = self._scope.row(select(SurfaceRow).where(*conditions))
        return surface_of(row) if row else None

    def _set(self, surface_id: SurfaceId, **values: Any) -> None:
        self._scope.change(update(SurfaceRow).where(col(SurfaceRow.id) == surface_id).values(**values))


def _fresh(request_id: RequestId, place: Place, now: datetime) -> dict[str, Any]:
    return {
        "request_id": request_id,
        "kind": place.kind.value,
        "key": place.key,
        "priority": PRIORITY_OF[place.kind].value,
        "wanted": 1,
        "rendered": 0,
        "wanted_at": now,
        "channel": "",
        "ts": "",
        "thread_ts": "",
        "user_id": "",
        "data_json": "{}",
        "attempts": 0,
        "last_error": "",
        "is_dead": False,
        "created_at": now,
    }


def _is_free(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(col(SurfaceRow.not_before).is_(None), col(SurfaceRow.not_before) <= now),
        or_(col(SurfaceRow.claimed_until).is_(None), col(SurfaceRow.claimed_until) <= now),
    )


def _is_its_turn() -> tuple[ColumnElement[bool], ...]:
    """A thread needs its card, a line the lines before it, a pointer its message; what is dead holds up nothing."""
    return (
        or_(col(SurfaceRow.kind).not_in(IN_THREAD), _has_card()),
        or_(col(SurfaceRow.kind).not_in(IN_ORDER), not_(_has_earlier())),
        or_(col(SurfaceRow.kind) != PlaceKind.POINTER.value, _has_its_message()),
    )


def _has_card() -> ColumnElement[bool]:
    """The newest card is the thread's parent. A dead one must not keep the rest from finding a way out."""
    card = aliased(SurfaceRow)
    newest = (
        select(or_(col(card.ts) != "", col(card.is_dead)))
        .where(col(card.request_id) == SurfaceRow.request_id, col(card.kind) == PlaceKind.CARD.value)
        .order_by(col(card.id).desc())
        .limit(1)
    )
    return newest.correlate(SurfaceRow).scalar_subquery()


def _has_earlier() -> ColumnElement[bool]:
    earlier = aliased(SurfaceRow)
    return exists(
        select(literal_column("1"))
        .where(col(earlier.request_id) == SurfaceRow.request_id, col(earlier.kind) == SurfaceRow.kind)
        .where(col(earlier.id) < SurfaceRow.id, col(earlier.rendered) == 0, not_(col(earlier.is_dead)))
        .correlate(SurfaceRow)
    )


def _has_its_message() -> ColumnElement[bool]:
    """True, too, when there is no message to point to. No EXISTS: PostgreSQL would hash the table for it."""
    message = aliased(SurfaceRow)
    delivered = (
        select(or_(col(message.rendered) > 0, col(message.is_dead)))
        .where(col(message.request_id) == SurfaceRow.request_id, col(message.key) == SurfaceRow.key)
        .where(col(message.kind) == PlaceKind.LOGIN.value)
        .correlate(SurfaceRow)
    )
    return func.coalesce(delivered.scalar_subquery(), true())
