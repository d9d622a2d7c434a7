"""The record of who did what: rows that are only ever added, each carrying the hash of the one before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.domain.people import Account
from bot.domain.request import RequestId

GENESIS = "0" * 64
_written = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was tried, done, refused or seen. `outcome` is `done` or the reason why not. No secret ever."""

    action: str
    outcome: str
    request_id: RequestId | None = None
    revision: int | None = None
    actor: Account | None = None  # None: the bot itself
    surface: str = ""  # button, modal, command, home, cli, run …
    digest: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry in its place in the chain."""

    number: int
    at: datetime
    entry: Entry
    previous_hash: str
    hash: str


def chain_hash(previous_hash: str, number: int, at: datetime, entry: Entry) -> str:
    """sha256 over the previous hash and the canonical JSON of this row, also of one that somebody spoiled by hand."""
    before, after = around_the_number(at, entry)
    text = f"{previous_hash}\n{before}{number}{after}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def around_the_number(at: datetime, entry: Entry) -> tuple[str, str]:
    """The canonical JSON of a row, its keys in their order: what stands before its number, and what stands behind."""
    before = {
        "action": entry.action,
        "actor": str(entry.actor) if entry.actor else None,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": entry.detail,
        "digest": entry.digest,
    }
    after = {
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "revision": entry.revision,
        "surface": entry.surface,
    }
    return f'{_written(before)[:-1]},"number":', f",{_written(after)[1:]}"
