"""What nobody is waiting for: requests without a living run, scheduled starts, expiries, reminders, late arrivals,
and the engine's rows of runs that are over for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.errors import CloudError
from bot.domain.lines import LineKind, line
from bot.domain.request import Event, Request, RequestId, State
from bot.domain.run import AttemptOutcome, Question, Run, Sight, seen_group_after_attempt
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Parts, all_in, patiently
from bot.execution.queue import RunQueue
from bot.execution.reminders import remind
from bot.execution.schedule import approval_ends_at, may_start
from bot.ports import Transaction
from bot.service.changes import BOT, advance, save_run, say, show, tell_requester

log = logging.getLogger(__name__)

MAX_TURNS = 10
NO_RUN = "The run of this request stopped again and again without an end."
ARRIVED = "the group has moved since: the order did arrive."
MOVED = "production is at the other site now, so the reversal was done."

Duty = Callable[[Request], Awaitable[None]]


class Sweep:
    """One executor of the cluster does this each minute. Every part looks again inside its own transaction."""

    def __init__(self, parts: Parts, queue: RunQueue) -> None:
        self._parts, self._queue = parts, queue
        self._live: Mapping[RequestId, int] = {}

    async def once(self) -> None:
        for state, duty in self._duties():
            for request in await self._in(state):
                await _guarded(duty, request)
        await self._revive_lost()
        await asyncio.to_thread(self._queue.forget, timedelta(seconds=self._parts.timing.journal_seconds))

    def _duties(self) -> Iterable[tuple[State, Duty]]:
        yield State.PENDING, self.expire
        yield State.PENDING, self.remind
        yield State.APPROVED, self.expire
        yield State.APPROVED, self.start
        yield State.NEEDS_PERSON, self.look_by_itself

    async def _in(self, state: State) -> list[Request]:
        """Read before the live runs: a run that ends in between has moved its request, and that is seen again below."""
        requests = await all_in(self._parts, state)
        self._live = await asyncio.to_thread(self._queue.live) if requests else {}
        return requests

    async def expire(self, request: Request) -> None:
        """By the database's clock. A run that is just beginning wins or loses against this by compare-and-set."""

        def work(tx: Transaction) -> None:
            now = tx.requests.get(request.id)
            if now is None or now.state is not request.state or self._ends_at(now) > tx.now:
                return
            moved = advance(tx, now, Event.EXPIRE, BOT)
            if moved is not None:
                say(tx, moved, line(LineKind.EXPIRED), once=f"expired.{moved.revision}")
                tell_requester(tx, moved, line(LineKind.EXPIRED))

        if self._ends_at(request) <= await patiently(self._parts, lambda tx: tx.now, reads=True):
            await patiently(self._parts, work)

    def _ends_at(self, request: Request) -> datetime:
        if request.state is State.PENDING:
            return request.expires_at
        return approval_ends_at(request, self._parts.policy_source.policy)

    async def remind(self, request: Request) -> None:
        await remind(self._parts, request)

    async def start(self, request: Request) -> None:
        """An approved request without a run: its time has come, or its run was lost before it began."""

        def work(tx: Transaction) -> None:
            now = tx.requests.get(request.id)
            if (
                now is not None
                and now.state is State.APPROVED
                and may_start(now, self._parts.policy_source.policy, tx.now)
            ):
                tx.runs.enqueue(now.id, now.revision)  # does nothing when a run is alive

        if request.id not in self._live:
            await patiently(self._parts, work)

    async def _revive_lost(self) -> None:
        """Thousands may be running and nearly all have a run, so only those without one are read whole."""
        running = await patiently(self._parts, lambda tx: tx.requests.last_moved(State.RUNNING), reads=True)
        live = await asyncio.to_thread(self._queue.live)
        for request_id in running.keys() - live.keys():
            request = await patiently(self._parts, lambda tx, lost=request_id: tx.requests.get(lost), reads=True)  # type: ignore[misc]  # default binds
            if request is not None and request.updated_at == running[request_id]:
                await _guarded(self.revive, request)

    async def revive(self, request: Request) -> None:
        """A running request without a run is taken up again: before the fence it goes on, after it it only reads.

        One that was clicked on in the very moment in which its run ended is found here too. Whoever ends without an
        end again and again is shown to a person.
        """
        self._parts.metrics.count("lost_runs")
        turns = await asyncio.to_thread(self._queue.turns, request.id, request.revision)
        log.error("Request %s is running and has no run (turn %d)", request.id, turns)

        def work(tx: Transaction) -> None:
            now = tx.requests.get(request.id)
            if now is None or (now.state, now.updated_at) != (request.state, request.updated_at):
                return
            if turns < MAX_TURNS:
                tx.runs.enqueue(now.id, now.revision)
            else:
                lose_sight_of(tx, now, NO_RUN)

        await patiently(self._parts, work)

    async def look_by_itself(self, request: Request) -> None:
        """An order that was given up for lost may have arrived after all: then the run goes on without a click."""
        attempt = await patiently(self._parts, lambda tx: tx.runs.attempt(request.id), reads=True)
        if attempt is None:
            return
        try:
            group = await self._parts.cloud.group(request.plan.project, request.plan.group_id)
        except CloudError:
            return
        sight, was_taken = (
            seen_group_after_attempt(attempt, group, request.plan.to),
            attempt.outcome is AttemptOutcome.ACCEPTED,
        )
        if sight is not Sight.DONE and (was_taken or sight is not Sight.UNDERWAY):
            return  # that an order which the cloud took is under way is no news: a person was asked about its end

        def work(tx: Transaction) -> None:
            now = tx.requests.get(request.id)
            moved = advance(tx, now, Event.LOOK_AGAIN, BOT) if now and now.state is State.NEEDS_PERSON else None
            run = tx.runs.get(request.id)
            if moved is None or run is None:
                return
            save_run(tx, replace(run, question=None, question_subjects=()))
            say(tx, moved, line(LineKind.RECONCILED, what=MOVED if was_taken else ARRIVED))
            show(tx, moved, Place(PlaceKind.QUESTION, Question.LOOK_AGAIN.value))
            tx.runs.enqueue(moved.id, moved.revision)

        await patiently(self._parts, work)


def lose_sight_of(tx: Transaction, request: Request, what: str) -> None:
    moved = advance(tx, request, Event.LOSE_SIGHT, BOT)
    if moved is None:
        return
    run = tx.runs.get(request.id) or Run(request_id=request.id, revision=request.revision, started_at=tx.now)
    save_run(tx, replace(run, question=Question.LOOK_AGAIN, question_subjects=()))
    say(tx, moved, line(LineKind.NEEDS_PERSON, what=what))
    show(tx, moved, Place(PlaceKind.QUESTION, Question.LOOK_AGAIN.value))


async def _guarded(duty: Duty, request: Request) -> None:
    """One request must not keep the others from being swept."""
    try:
        await duty(request)
    except Exception:
        log.exception("The sweep failed for request %s", request.id)
