"""The audit chain: rows join it when their transaction commits, and one walk shows whether anybody touched it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update
from sqlmodel import col

from bot.domain.audit import GENESIS, Entry, Recorded, around_the_number, chain_hash
from bot.domain.people import Account
from bot.domain.request import RequestId
from bot.statement import Statement
from storage.codec import decode_facts, encode_facts, storable
from storage.scope import Scope
from storage.tables import AuditHeadRow, AuditRow, Moment, Words, table_of

HEAD_ID = 1
_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last row of the chain, as it was told to a row of its own."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`broken_at` is the first number that is not as it was written; None when all are."""

    rows: int
    broken_at: int | None
    sentence: str

    @property
    def is_intact(self) -> bool:
        return self.broken_at is None


_HEAD = Statement(select(AuditHeadRow).where(col(AuditHeadRow.id) == HEAD_ID))
_NEW_HEAD = Statement(update(table_of(AuditHeadRow)).where(col(AuditHeadRow.id) == HEAD_ID))
_ADD = Statement(insert(table_of(AuditRow)))
# PostgreSQL does it all in one statement, so that nobody waits for the end of the chain while its lock is held. What
# is hashed is what `chain_hash` hashes. Without the end of the chain the last line divides by nothing, and fails.
_APPEND = Statement(
    text(
        r"""
        WITH head AS (SELECT number + 1 AS number, hash FROM audit_head WHERE id = 1 FOR UPDATE),
        added AS (
            INSERT INTO audit (number, at, action, outcome, request_id, revision, actor, surface, digest, detail_json,
                               previous_hash, hash)
            SELECT number, CAST(:at AS timestamptz), :action, :outcome, :request_id, CAST(:revision AS integer), :actor,
                   :surface, :digest, :detail_json, hash,
                   encode(sha256(convert_to(
                       hash || chr(10) || CAST(:before AS text) || number || CAST(:after AS text), 'UTF8')), 'hex')
            FROM head RETURNING number, hash
        ),
        moved AS (
            UPDATE audit_head SET number = added.number, hash = added.hash FROM added WHERE id = 1 RETURNING 1
        )
        SELECT 1 / count(*) FROM moved
        """
    ).bindparams(bindparam("at", type_=Moment))
)
_OF_REQUEST = Statement(
    select(AuditRow).where(col(AuditRow.request_id) == bindparam("of", type_=Words)).order_by(col(AuditRow.number))
)


class SqlAudit:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._waiting: list[Entry] = []

    def append(self, entry: Entry) -> None:
        self._waiting.append(entry)

    def of(self, request_id: RequestId) -> list[Recorded]:
        return [recorded_of(row) for row in self._scope.rows(_OF_REQUEST, of=request_id)]

    def stream(self, *, after: int = 0, limit: int = 1000) -> list[Recorded]:
        statement = select(AuditRow).where(col(AuditRow.number) > after).order_by(col(AuditRow.number)).limit(limit)
        return [recorded_of(row) for row in self._scope.rows(statement)]

    def head(self) -> Head:
        row = self._scope.row(_HEAD)
        return Head(number=row.number, hash=row.hash) if row else Head(number=0, hash=GENESIS)

    def settle(self) -> None:
        """Number and chain what waits, as the last act before the commit: the lock on the chain's end is the last one
        that a transaction takes, so it is held for moments and can be part of no deadlock."""
        rows = [_columns(self._scope.now, entry) for entry in self._waiting]
        self._waiting.clear()
        if not self._scope.is_sqlite:
            for entry, columns in rows:
                before, after = around_the_number(self._scope.now, entry)
                self._scope.later(_APPEND, **columns, before=before, after=after)
        elif rows:
            self._chain(rows)

    def _chain(self, rows: list[tuple[Entry, dict[str, Any]]]) -> None:
        """An SQLite file has one writer, and nothing is on a way there."""
        row = self._scope.row(_HEAD)
        if row is None:
            raise RuntimeError("the end of the audit chain is missing: the database was not migrated")
        head = Head(number=row.number, hash=row.hash)
        for entry, columns in rows:
            number, previous = head.number + 1, head.hash
            head = Head(number=number, hash=chain_hash(previous, number, self._scope.now, entry))
            columns |= {"number": number, "previous_hash": previous, "hash": head.hash}
        self._scope.insert_many(_ADD, [columns for _, columns in rows])
        self._scope.later(_NEW_HEAD, number=head.number, hash=head.hash)


def _columns(at: datetime, entry: Entry) -> tuple[Entry, dict[str, Any]]:
    """The entry as it will be read back, and its columns but for its place in the chain."""
    detail = encode_facts(entry.detail)
    clean = as_stored(entry, detail)
    return clean, {
        "at": at,
        "action": clean.action,
        "outcome": clean.outcome,
        "request_id": clean.request_id,
        "revision": clean.revision,
        "actor": str(clean.actor) if clean.actor else None,
        "surface": clean.surface,
        "digest": clean.digest,
        "detail_json": detail,
    }


def as_stored(entry: Entry, detail: str) -> Entry:
    """The entry as it will be read back, so that its hash is the same on the day of the audit."""
    request_id = RequestId(storable(entry.request_id)) if entry.request_id is not None else None
    return replace(
        entry,
        outcome=storable(entry.outcome),
        request_id=request_id,
        digest=storable(entry.digest),
        detail=decode_facts(detail),
    )


def recorded_of(row: AuditRow) -> Recorded:
    entry = Entry(
        action=row.action,
        outcome=row.outcome,
        request_id=RequestId(row.request_id) if row.request_id is not None else None,
        revision=row.revision,
        actor=Account.parse(row.actor) if row.actor else None,
        surface=row.surface,
        digest=row.digest,
        detail=decode_facts(row.detail_json),
    )
    return Recorded(number=row.number, at=row.at, entry=entry, previous_hash=row.previous_hash, hash=row.hash)


def verify_chain(records: Iterable[Recorded], head: Head) -> Verdict:
    """Walk the chain from its first row to `head`."""
    last = Head(number=0, hash=GENESIS)
    for record in records:
        if (finding := _flaw(last, record, head)) is not None:
            return Verdict(rows=last.number, broken_at=finding[0], sentence=_broken(*finding))
        last = Head(number=record.number, hash=record.hash)
    if last.number < head.number:
        what = f"Rows {last.number + 1} to {head.number} at the end were deleted"
        return Verdict(rows=last.number, broken_at=last.number + 1, sentence=_broken(last.number + 1, what))
    if last != head:
        what = f"Row {last.number} was replaced: the end of the chain was recorded with another hash"
        return Verdict(rows=last.number, broken_at=last.number, sentence=_broken(last.number, what))
    return Verdict(rows=last.number, broken_at=None, sentence=f"All {last.number} audit rows are as they were written.")


def _flaw(last: Head, record: Recorded, head: Head) -> tuple[int, str] | None:
    """The number and the nature of what is wrong with the row after `last`."""
    number = last.number + 1
    if record.number != number:
        return number, f"Row {number} was deleted" + (f" (up to {record.number - 1})" * (record.number > number + 1))
    if chain_hash(record.previous_hash, number, record.at, record.entry) != record.hash:
        moved_from = _number_in_hash(record)
        return number, f"Row {number} was reordered: it was written as row {moved_from}" if moved_from else (
            f"Row {number} was edited: its content does not match its hash"
        )
    if record.previous_hash != last.hash:
        return number, f"Row {number} was inserted, or the row before it was replaced: it does not follow on"
    if number > head.number:
        return number, f"Row {number} was inserted after the recorded end of the chain"
    return None


def _number_in_hash(record: Recorded) -> int | None:
    """The place that a moved row was written for, if it is near."""
    near = range(max(1, record.number - _NEIGHBOURS), record.number + _NEIGHBOURS)
    written = (n for n in near if chain_hash(record.previous_hash, n, record.at, record.entry) == record.hash)
    return next(written, None)


def _broken(number: int, what: str) -> str:
    before = f"Rows 1 to {number - 1} are as they were written." if number > 1 else "It is the first row."
    return f"{what}. {before} Compare with your exported copy and find out who wrote to the database directly."


def pages(audit: SqlAudit, *, size: int = 1000) -> Iterator[Recorded]:
    """The whole chain, a page at a time."""
    after = 0
    while page := audit.stream(after=after, limit=size):
        yield from page
        after = page[-1].number
