"""A restored backup does not know what happened since it was made: it is read-only until a person has looked.

How it is noticed: see `traces`. What it does then: nothing is claimed, swept, expired or sent, and the fact `read_only`
tells all other processes. When a person confirms, every request that was approved by then gets a fence row. So whatever
the lost hour held, nothing of it can be submitted a second time: those requests can only be looked at again.
"""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from bot.domain.audit import Entry
from bot.domain.errors import CloudError
from bot.domain.lines import LineKind, line
from bot.domain.request import Event, Request, State
from bot.domain.run import Attempt, AttemptOutcome, Question, Run
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Parts, all_in, patiently
from bot.execution.traces import REASON, Traces
from bot.guard import READ_ONLY
from bot.ports import Transaction
from bot.service.changes import Cause, advance, record, save_run, say, show

CAUSE = Cause(surface="restore", reason=REASON)
LOST_HOUR = "The database was restored from a backup, so nobody knows from here whether the reversal was submitted."
FENCED = (State.APPROVED, State.RUNNING, State.NEEDS_PERSON)


class Restored:
    def __init__(self, parts: Parts, database: sa.Engine) -> None:
        self._parts, self.traces = parts, Traces(database)

    async def is_suspected(self) -> bool:
        return await self.traces.are_of_a_backup(self._parts.store)

    async def findings(self) -> list[str]:
        """What the cloud shows about every open request, a sentence each, for the person who decides."""
        return [await self._finding(request) for request in await all_in(self._parts, State.PENDING, *FENCED)]

    async def _finding(self, request: Request) -> str:
        try:
            group = await self._parts.cloud.group(request.plan.project, request.plan.group_id)
        except CloudError as error:
            return f"{request.id} {request.plan.group_name}: the group cannot be read. {error.problem.what}"
        moved = "production is at the wanted site already" if group.production is request.to else "not moved"
        return f"{request.id} {group.name}: {request.state.value} here; in the cloud {group.status}, {moved}."

    async def confirm(self) -> None:
        for request in await all_in(self._parts, *FENCED):
            await patiently(self._parts, lambda tx, request=request: self._hand_over(tx, request))  # type: ignore[misc]
        await patiently(self._parts, _reopen)
        self.traces.forget()

    def _hand_over(self, tx: Transaction, request: Request) -> None:
        tx.runs.fence(_fence(tx, request))
        if request.state is State.NEEDS_PERSON:
            return
        moved = advance(tx, request, Event.LOSE_SIGHT, CAUSE)
        if moved is None:
            return
        run = tx.runs.get(request.id) or Run(request_id=request.id, revision=request.revision, started_at=tx.now)
        save_run(tx, replace(run, question=Question.LOOK_AGAIN, question_subjects=()))
        say(tx, moved, line(LineKind.NEEDS_PERSON, what=LOST_HOUR))
        show(tx, moved, Place(PlaceKind.QUESTION, Question.LOOK_AGAIN.value))
        record(tx, moved, "fenced_after_restore", CAUSE)


def _fence(tx: Transaction, request: Request) -> Attempt:
    """The group as the approvers saw it: whatever differs from that by now has happened since."""
    group = request.snapshot.group
    return Attempt(
        request_id=request.id,
        group_status=group.status,
        priority_station=group.priority_station,
        group_updated_at=group.updated_at,
        executor="restored backup",
        at=tx.now,
        outcome=AttemptOutcome.UNCLEAR,
    )


def _reopen(tx: Transaction) -> None:
    tx.instance.put(READ_ONLY, "")
    tx.audit.append(Entry(action="restore_confirmed", outcome="done", surface=CAUSE.surface))
