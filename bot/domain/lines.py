"""The lines of a request's thread: what may be said at a change, as a kind and its facts; Slack finds the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | list[str]


class LineKind(StrEnum):
    """Facts in brackets; an `account` is `str(Account)`, lists hold names."""

    APPROVED = "approved"  # account, plan, given, needed
    RETRACTED = "retracted"  # account
    QUORUM = "quorum"  # all approvals are there, and it starts later: start_at
    DENIED = "denied"  # account, reason
    WITHDRAWN = "withdrawn"  # account, reason
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # reason
    DRIFTED = "drifted"  # revision, changes
    STARTED = "started"  # plan
    CHECKED = "checked"  # warnings
    STOPPING = "stopping"  # total
    STOPPED = "stopped"  # done, total
    SLOW_STOP = "slow_stop"  # servers
    FORCED = "forced"  # account, servers
    DR_STOPPED = "dr_stopped"  # servers
    SUBMITTED = "submitted"  # job_id, zone
    REJECTED = "rejected"  # what, cure
    VANISHED = "vanished"  # what, cure
    UNCLEAR = "unclear"  # what
    RECONCILED = "reconciled"  # what the group's status told
    PROGRESS = "progress"  # done, total: sub-jobs of the reversal
    STALE = "stale"  # seconds, what: no answer about the job for that long
    JOB_DONE = "job_done"
    JOB_FAILED = "job_failed"  # code, what, cure
    VERIFIED = "verified"  # zone
    UNVERIFIED = "unverified"  # missing: what is not true yet
    STARTING = "starting"  # wave, total, servers
    RUNNING = "running"  # done, total
    NOT_RUNNING = "not_running"  # servers
    CANCEL_ASKED = "cancel_asked"  # account
    RESTARTED = "restarted"  # done, total: the same servers after Cancel
    CANCELLED = "cancelled"
    NEEDS_PERSON = "needs_person"  # what
    LOOKED_AGAIN = "looked_again"  # account
    CLOSED = "closed"  # account, reason
    CONFIRMED = "confirmed"  # account
    BREAK_GLASS = "break_glass"  # account, reason, users and groups: everybody who could approve is pinged
    REVIEWED = "reviewed"  # account


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    kind: LineKind
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def as_data(self) -> dict[str, object]:
        return {"kind": self.kind.value, **self.facts}

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Line:
        """The reverse of `as_data`. ValueError when the kind is unknown."""
        facts = {name: fact for name, fact in data.items() if name != "kind" and isinstance(fact, str | int | list)}
        return cls(kind=LineKind(str(data.get("kind"))), facts=facts)


def line(kind: LineKind, **facts: Fact) -> Line:
    return Line(kind=kind, facts=facts)
