"""Which messages may go out now, in which order, and who sends them: the queue of the projection, as two queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    text,
    true,
    update,
)

from bot.domain.surface import PlaceKind
from bot.statement import Statement
from storage.tables import IS_DUE, Moment, SurfaceRow, table_of

IN_THREAD = (
    PlaceKind.PROGRESS,
    PlaceKind.LINE,
    PlaceKind.QUESTION,
    PlaceKind.END,
    PlaceKind.POINTER,
    PlaceKind.REMINDER,
)
IN_ORDER = (PlaceKind.LINE, PlaceKind.INCIDENT)


def _any_of(kinds: tuple[PlaceKind, ...]) -> list[ColumnElement[str]]:
    return [literal(kind.value) for kind in kinds]


_TABLE = table_of(SurfaceRow)
_SURFACE = _TABLE.c
_LINE: ColumnElement[str] = literal(PlaceKind.LINE.value)
_NOW = bindparam("now", type_=Moment)


_MUCH_LATER = bindparam("much_later", type_=Moment)  # further away than anything is ever put off: the clock went back
MUCH_LATER = timedelta(minutes=10)


def _has_come(moment: ColumnElement[Any]) -> ColumnElement[bool]:
    return or_(moment.is_(None), moment <= _NOW, moment > _MUCH_LATER)


def _is_time() -> ColumnElement[bool]:
    return _has_come(_SURFACE.not_before)


def _is_free() -> ColumnElement[bool]:
    return _has_come(_SURFACE.claimed_until)


def _is_its_turn() -> tuple[ColumnElement[bool], ...]:
    """A thread needs its card, a line and the end the lines before it, a pointer its message; what is dead holds up
    nothing."""
    return (
        or_(_SURFACE.kind.not_in(_any_of(IN_THREAD)), _has_card()),
        or_(_SURFACE.kind.not_in(_any_of(IN_ORDER)), not_(_has_earlier(_SURFACE.kind))),
        or_(_SURFACE.kind != PlaceKind.END.value, _SURFACE.rendered > 0, not_(_has_earlier(_LINE))),
        or_(_SURFACE.kind != PlaceKind.POINTER.value, _has_its_message()),
    )


def _has_card() -> ColumnElement[bool]:
    """The newest card is the thread's parent. A dead one must not keep the rest from finding a way out."""
    card = _TABLE.alias("card")
    newest = (
        select(or_(card.c.ts != "", card.c.is_dead))
        .where(card.c.request_id == _SURFACE.request_id, card.c.kind == PlaceKind.CARD.value)
        .order_by(card.c.id.desc())
        .limit(1)
    )
    return newest.correlate(_TABLE).scalar_subquery()


def _has_earlier(kind: ColumnElement[str]) -> ColumnElement[bool]:
    earlier = _TABLE.alias("earlier")
    return exists(
        select(literal_column("1"))
        .where(earlier.c.request_id == _SURFACE.request_id, earlier.c.kind == kind)
        .where(earlier.c.id < _SURFACE.id, earlier.c.rendered == 0, not_(earlier.c.is_dead))
        .correlate(_TABLE)
    )


def _has_its_message() -> ColumnElement[bool]:
    """True, too, when there is no message to point to. No EXISTS: PostgreSQL would hash the table for it."""
    message = _TABLE.alias("message")
    delivered = (
        select(or_(message.c.rendered > 0, message.c.is_dead))
        .where(message.c.request_id == _SURFACE.request_id, message.c.key == _SURFACE.key)
        .where(message.c.kind == PlaceKind.LOGIN.value)
        .correlate(_TABLE)
    )
    return func.coalesce(delivered.scalar_subquery(), true())


def _claim() -> Any:
    """Parameters: now, much_later, owner, until, at_most."""
    chosen = (
        select(_SURFACE.id)
        .where(text(IS_DUE), _is_time(), _is_free(), *_is_its_turn())
        .order_by(_SURFACE.priority, _SURFACE.wanted_at, _SURFACE.id)
        .limit(bindparam("at_most", type_=Integer))
        # Taken by somebody else this very moment: passed over, not waited for. SQLite has one writer anyway.
        .with_for_update(skip_locked=True, of=_TABLE)
    )
    return (
        update(_TABLE)
        .where(_SURFACE.id.in_(chosen.scalar_subquery()))
        .values(claimed_by=bindparam("owner"), claimed_until=bindparam("until"))
        .returning(_TABLE)
    )


def _lag() -> Any:
    """Parameters: now, much_later."""
    since = case((_SURFACE.not_before > _SURFACE.wanted_at, _SURFACE.not_before), else_=_SURFACE.wanted_at)
    return select(func.count(), func.min(since)).where(text(IS_DUE), _is_time())


CLAIM = Statement(_claim())
LAG = Statement(_lag())
