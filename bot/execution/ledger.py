"""The calls that a stage makes to the cloud, kept for the evidence of its request. Never a header, never a secret."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.domain.request import RequestId
from bot.ports import CloudCall, Store, StoreError

log = logging.getLogger(__name__)

Ledger = list[CloudCall]
LEDGER: ContextVar[Ledger | None] = ContextVar("ledger", default=None)  # of the stage that this task works for


def note(call: CloudCall) -> None:
    """For whoever observes the cloud's gateway. Calls that belong to no run are nobody's evidence."""
    ledger = LEDGER.get()
    if ledger is not None:
        ledger.append(call)


@contextmanager
def opened() -> Iterator[Ledger]:
    """Everything that this task and those it starts call from now on."""
    ledger: Ledger = []
    before = LEDGER.set(ledger)
    try:
        yield ledger
    finally:
        LEDGER.reset(before)


async def keep(store: Store, request_id: RequestId, ledger: Ledger) -> None:
    """Write it down. A run never waits for its evidence: while the database is away the rows are logged as lost."""
    calls, ledger[:] = tuple(ledger), ()
    if not calls:
        return
    try:
        await store.run(lambda tx: tx.runs.record_calls(request_id, calls))
    except StoreError as error:
        log.warning("%d cloud calls of %s were not recorded: %s", len(calls), request_id, error.sentence)
