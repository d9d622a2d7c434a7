"""What is true about this process now: ready for work or why not, and the figures that are read on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from bot.domain.request import OPEN_STATES, State
from bot.execution.execution import Execution
from bot.metrics import Metrics
from bot.ports import Store, StoreError, Transaction
from handlers.background import Background
from storage.database import Database
from storage.schema import SENTENCES, SchemaState, schema_state


async def unready(database: Database, execution: Execution | None) -> dict[str, str]:
    """Part -> empty if it is ready, else a sentence."""
    parts = {"database": await asyncio.to_thread(_database_trouble, database)}
    if execution:
        parts["engine"] = _engine_trouble(execution)
    return parts


def _database_trouble(database: Database) -> str:
    """A newer schema is none: migrations only add, and the release phase runs while we are still serving."""
    try:
        state = schema_state(database)
    except StoreError as error:
        return error.sentence
    is_fit = state in (SchemaState.UP_TO_DATE, SchemaState.NEWER)
    return "" if is_fit else SENTENCES[state].format(name=database.name)


def _engine_trouble(execution: Execution) -> str:
    if execution.is_read_only:
        return "The database looks like a restored backup: read-only until a person confirms it."
    return "" if execution.is_ready() else "The engine does not run."


async def refresh(store: Store, metrics: Metrics, background: Background) -> None:
    """Read what /metrics shows and nobody counts. An unreachable database leaves the last figures."""
    metrics.gauge("background", len(background))
    try:
        counts, (due, lag), oldest = await store.read(_read)
    except StoreError:
        return
    for state in OPEN_STATES:
        metrics.gauge("requests", counts[state], state=state.value)
    metrics.gauge("surfaces_due", due)
    metrics.gauge("projection_lag_seconds", lag.total_seconds())
    metrics.gauge("oldest_step_seconds", oldest)


def _read(tx: Transaction) -> tuple[Mapping[State, int], tuple[int, timedelta], float]:
    return tx.requests.count_by_state(), tx.surfaces.lag(), _oldest_step(tx)


def _oldest_step(tx: Transaction) -> float:
    """Seconds since the oldest step that is under way began."""
    runs = (tx.runs.get(request.id) for request in tx.requests.in_states([State.RUNNING]))
    began = [step.started_at for run in runs if run for step in run.steps if step.started_at and not step.ended_at]
    return max(((tx.now - at).total_seconds() for at in began), default=0.0)
