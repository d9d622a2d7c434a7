"""What every step of a run stands on: the parts it works with, and the rows of its request as they are now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

from bot.domain.facts import Snapshot
from bot.domain.plan import Plan
from bot.domain.request import Approval, Request, RequestId, State
from bot.domain.run import Attempt, Run, Step, StepState
from bot.execution.early import EarlyStarts
from bot.execution.poller import Poller
from bot.execution.timing import Timing
from bot.ports import Clock, Cloud, Notifier, People, PolicySource, Standing, Store, StoreError, Transaction
from bot.service.changes import save_run

log = logging.getLogger(__name__)
T = TypeVar("T")


class Metrics(Protocol):
    """Where the figures of the runs go."""

    def count(self, name: str, **labels: str) -> None: ...

    def gauge(self, name: str, value: float) -> None: ...

    def observe(self, name: str, seconds: float) -> None: ...


class NoMetrics:
    def count(self, name: str, **labels: str) -> None: ...

    def gauge(self, name: str, value: float) -> None: ...

    def observe(self, name: str, seconds: float) -> None: ...


def _pass(point: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """`is_ours` says whether this process may still act. `reach` names the points where tests let it die."""

    store: Store
    cloud: Cloud
    people: People
    policy_source: PolicySource
    notifier: Notifier
    clock: Clock
    poller: Poller
    executor: str
    is_ours: Callable[[], bool]
    timing: Timing = field(default_factory=Timing)
    metrics: Metrics = field(default_factory=NoMetrics)
    reach: Callable[[str], None] = _pass
    early: EarlyStarts | None = None  # None: nobody approves in this process
    fresh: dict[RequestId, Snapshot] = field(default_factory=dict)  # read a moment ago, by the step before
    posting: set[asyncio.Task[None]] = field(default_factory=set)  # what a stop should wait for


@dataclass(frozen=True, slots=True)
class Key:
    """A run is one revision of one request."""

    request_id: RequestId
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footing:
    """The rows of a run at one moment. A step that finds none has nothing to do any more."""

    at: datetime  # by the database's clock: the one of this machine may be wrong
    request: Request
    run: Run
    attempt: Attempt | None
    approvals: tuple[Approval, ...]

    @property
    def plan(self) -> Plan:
        return self.request.plan

    @property
    def was_submitted(self) -> bool:
        """From the fence on nobody may go back: the order may have left."""
        return self.attempt is not None


def footing(tx: Transaction, key: Key, *, holds: bool = False) -> Footing | None:
    """None: the request was decided otherwise, has another revision by now, or is at its end.

    Who `holds` it writes in this transaction: a Cancel and the fence, or a retraction and the start, never both pass.
    """
    now = tx.requests.hold_all(key.request_id) if holds else tx.requests.standing(key.request_id)
    return None if now is None else stand_on(now, key, tx.now)


def stand_on(standing: Standing, key: Key, at: datetime) -> Footing | None:
    request, run = standing.request, standing.run
    if request.revision != key.revision or request.state not in (State.APPROVED, State.RUNNING):
        return None
    if run is None or run.revision != key.revision:
        run = Run(request_id=key.request_id, revision=key.revision)
    return Footing(at=at, request=request, run=run, attempt=standing.attempt, approvals=standing.approvals)


async def patiently(
    parts: Parts, work: Callable[[Transaction], T], *, reads: bool = False, is_urgent: bool = True
) -> T:
    """One transaction, again while the database is away. Whatever else is wrong with it is not waited for."""
    run = parts.store.read if reads else parts.store.run
    while True:
        try:
            result = await run(work)
            break
        except StoreError as error:
            if not error.is_passing:
                raise
            parts.metrics.count("store_waits")
            log.warning("The database is away, waiting: %s", error.sentence)
            await asyncio.sleep(parts.timing.retry_seconds)
    if not reads:
        parts.notifier.wake(is_urgent=is_urgent)
    return result


async def all_in(parts: Parts, *states: State) -> list[Request]:
    """Every request in these states, however many there are."""

    async def page(after: RequestId | None) -> list[Request]:
        return await patiently(parts, lambda tx: tx.requests.in_states(states, after=after), reads=True)

    requests: list[Request] = []
    while found := await page(requests[-1].id if requests else None):
        requests += found
    return requests


async def stand(parts: Parts, key: Key) -> Footing | None:
    return await patiently(parts, lambda tx: footing(tx, key), reads=True)


async def change(
    parts: Parts, key: Key, work: Callable[[Transaction, Footing], T], *, is_urgent: bool = True
) -> T | None:
    """Change the rows of a run in one transaction. None when there is nothing to stand on any more.

    What is not urgent is shown in a moment: the next step of the run goes first.
    """

    def in_transaction(tx: Transaction) -> T | None:
        now = footing(tx, key, holds=True)
        return None if now is None else work(tx, now)

    return await patiently(parts, in_transaction, is_urgent=is_urgent)


def mark(run: Run, step: Step, state: StepState, now: datetime, **figures: int | str) -> Run:
    """Move one step of the run, with its times; saying the same again changes nothing."""
    before = run.step(step)
    is_over = state in (StepState.DONE, StepState.SKIPPED, StepState.FAILED)
    numbers: Mapping[str, int] = {name: value for name, value in figures.items() if isinstance(value, int)}
    progress = replace(
        before,
        state=state,
        started_at=before.started_at if state is StepState.SKIPPED else before.started_at or now,
        ended_at=(before.ended_at or now) if is_over else None,
        done=numbers.get("done", before.done),
        total=numbers.get("total", before.total),
        note=str(figures.get("note", before.note)),
    )
    return run.with_step(progress)


def save_if_new(tx: Transaction, before: Run, run: Run) -> None:
    """A row that says the same is not written: five thousand quiet jobs cost the database nothing."""
    if run != before:
        save_run(tx, run)
