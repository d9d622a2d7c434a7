"""What may be forgotten: messages and cloud calls of requests that ended long ago, and links that nobody can use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, or_, select
from sqlmodel import col

from bot.domain.request import OPEN_STATES
from storage.scope import Scope
from storage.tables import CloudCallRow, RequestRow, StepUpRow, SurfaceRow

BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows went."""

    surfaces: int = 0
    cloud_calls: int = 0
    step_ups: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(
            surfaces=self.surfaces + other.surfaces,
            cloud_calls=self.cloud_calls + other.cloud_calls,
            step_ups=self.step_ups + other.step_ups,
        )

    def __bool__(self) -> bool:
        return bool(self.surfaces or self.cloud_calls or self.step_ups)


def prune_batch(scope: Scope, older_than: timedelta) -> Pruned:
    """At most a batch of each, so that nobody waits for long; falsy when there was nothing left."""
    before = scope.now - older_than
    final = (
        select(col(RequestRow.id))
        .where(col(RequestRow.state).not_in(sorted(OPEN_STATES)), col(RequestRow.updated_at) < before)
        .scalar_subquery()
    )
    settled = or_(col(SurfaceRow.rendered) >= SurfaceRow.wanted, col(SurfaceRow.is_dead))
    surfaces = select(col(SurfaceRow.id)).where(col(SurfaceRow.request_id).in_(final), settled)
    calls = select(col(CloudCallRow.id)).where(col(CloudCallRow.request_id).in_(final))
    links = select(col(StepUpRow.token_hash)).where(col(StepUpRow.expires_at) < before)
    return Pruned(
        surfaces=_delete(scope, SurfaceRow, col(SurfaceRow.id), surfaces),
        cloud_calls=_delete(scope, CloudCallRow, col(CloudCallRow.id), calls),
        step_ups=_delete(scope, StepUpRow, col(StepUpRow.token_hash), links),
    )


def _delete(scope: Scope, table: Any, key: Any, chosen: Any) -> int:
    return scope.change(delete(table).where(key.in_(chosen.limit(BATCH).scalar_subquery())))
