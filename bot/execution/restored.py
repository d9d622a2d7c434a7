"""A restored backup does not know what happened since it was made: it is read-only until a person has looked.

How it is noticed: on SQLite a counter in the database runs along with one in a file beside it, so a database that is
older than the file was restored. On PostgreSQL the database remembers which cluster, timeline, database and table it
is; a recovery to a point in time, and a dump that was loaded elsewhere or over the old tables, have others. A restore
that leaves no such trace can be declared: the fact `read_only` in the database does the same as being noticed.

What it does then: nothing is claimed, swept, expired or sent, and the fact `read_only` tells all other processes.
When a person confirms, every request that was approved by then gets a fence row. So whatever the lost hour held,
nothing of it can be submitted a second time: those requests can only be looked at again.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from bot.domain.audit import Entry
from bot.domain.errors import CloudError
from bot.domain.lines import LineKind, line
from bot.domain.request import Event, Request, State
from bot.domain.run import Attempt, AttemptOutcome, Question, Run
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Parts, patiently
from bot.guard import READ_ONLY
from bot.ports import Transaction
from bot.service.changes import Cause, advance, record, save_run, say, show

PULSE = "pulse"
IDENTITY = "database_identity"
CAUSE = Cause(surface="restore", reason="the database was restored from a backup")
LOST_HOUR = "The database was restored from a backup, so nobody knows from here whether the reversal was submitted."
FENCED = (State.APPROVED, State.RUNNING, State.NEEDS_PERSON)

_IDENTITY_QUERY = """
    SELECT concat_ws('/', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id, oid,
        'instance'::regclass::oid)
    FROM pg_database WHERE datname = current_database()
"""


class Restored:
    def __init__(self, parts: Parts, database: sa.Engine) -> None:
        self._parts, self._database = parts, database
        file = database.url.database if database.dialect.name == "sqlite" else None
        self._file = Path(f"{file}.pulse") if file else None

    async def is_suspected(self) -> bool:
        identity = await asyncio.to_thread(self._identity)

        def work(tx: Transaction) -> bool:
            known = tx.instance.get(IDENTITY) or identity
            is_older = self._pulse_of_file() > int(tx.instance.get(PULSE) or 0)
            if is_older or known != identity:
                tx.instance.put(READ_ONLY, CAUSE.reason)
            tx.instance.put(IDENTITY, identity)
            return bool(tx.instance.get(READ_ONLY))

        return await patiently(self._parts, work)

    def _identity(self) -> str:
        if self._file is not None:
            return "sqlite"
        with self._database.connect() as connection:
            return str(connection.scalar(sa.text(_IDENTITY_QUERY)))

    def _pulse_of_file(self) -> int:
        if self._file is None or not self._file.exists():
            return 0
        text = self._file.read_text().strip()
        return int(text) if text.isdigit() else 0

    def pulse(self, tx: Transaction) -> int:
        """The next beat, in the caller's transaction."""
        beat = int(tx.instance.get(PULSE) or 0) + 1
        tx.instance.put(PULSE, str(beat))
        return beat

    def remember(self, beat: int) -> None:
        """After the commit, so the file is never ahead of its own database. A full disk must not stop the heartbeat."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            new = self._file.with_suffix(".pulse-new")
            new.write_text(str(beat))
            new.replace(self._file)

    async def findings(self) -> list[str]:
        """What the cloud shows about every open request, a sentence each, for the person who decides."""
        requests = await patiently(self._parts, lambda tx: tx.requests.in_states([State.PENDING, *FENCED]), reads=True)
        return [await self._finding(request) for request in requests]

    async def _finding(self, request: Request) -> str:
        try:
            group = await self._parts.cloud.group(request.plan.project, request.plan.group_id)
        except CloudError as error:
            return f"{request.id} {request.plan.group_name}: the group cannot be read. {error.problem.what}"
        moved = "production is at the wanted site already" if group.production is request.to else "not moved"
        return f"{request.id} {group.name}: {request.state.value} here; in the cloud {group.status}, {moved}."

    async def confirm(self) -> None:
        requests = await patiently(self._parts, lambda tx: tx.requests.in_states(FENCED), reads=True)
        for request in requests:
            await patiently(self._parts, lambda tx, request=request: self._hand_over(tx, request))  # type: ignore[misc]
        await patiently(self._parts, _reopen)
        if self._file is not None:
            self._file.unlink(missing_ok=True)

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
