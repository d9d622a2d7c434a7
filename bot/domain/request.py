"""The life of a failover request: its states, the events that move it, and the one table that says which may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

from bot.domain.facts import Group, GroupId, ProjectAlias, Site, Snapshot
from bot.domain.people import Account
from bot.domain.plan import Options, Plan
from bot.domain.preflight import Finding

RequestId = NewType("RequestId", str)


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    NEEDS_PERSON = "needs_person"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        return self not in OPEN_STATES


class Event(StrEnum):
    APPROVE = "approve"  # the last approval that the policy asks for
    DENY = "deny"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"
    RETRACT = "retract"  # an approver takes back an approval before the run starts
    DRIFT = "drift"  # the plan changed: back to the approvers with a new revision
    START = "start"
    CANCEL = "cancel"  # before the reversal was submitted; the same servers run again
    LOSE_SIGHT = "lose_sight"  # nobody can tell: a person must look
    LOOK_AGAIN = "look_again"
    CLOSE = "close"  # a person ends the matter without knowing
    VERIFY = "verify"
    FINISH = "finish"  # the job succeeded, production could not be seen at the other site
    FINISH_PARTLY = "finish_partly"
    FAIL = "fail"


OPEN_STATES = frozenset({State.PENDING, State.APPROVED, State.RUNNING, State.NEEDS_PERSON})

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.PENDING, Event.APPROVE): State.APPROVED,
        (State.PENDING, Event.DENY): State.DENIED,
        (State.PENDING, Event.WITHDRAW): State.WITHDRAWN,
        (State.PENDING, Event.EXPIRE): State.EXPIRED,
        (State.PENDING, Event.SUPERSEDE): State.SUPERSEDED,
        (State.PENDING, Event.DRIFT): State.PENDING,
        (State.APPROVED, Event.RETRACT): State.PENDING,
        (State.APPROVED, Event.DENY): State.DENIED,
        (State.APPROVED, Event.WITHDRAW): State.WITHDRAWN,
        (State.APPROVED, Event.EXPIRE): State.EXPIRED,
        (State.APPROVED, Event.SUPERSEDE): State.SUPERSEDED,
        (State.APPROVED, Event.DRIFT): State.PENDING,
        (State.APPROVED, Event.START): State.RUNNING,
        (State.APPROVED, Event.FAIL): State.FAILED,
        (State.APPROVED, Event.LOSE_SIGHT): State.NEEDS_PERSON,
        (State.RUNNING, Event.DRIFT): State.PENDING,
        (State.RUNNING, Event.CANCEL): State.CANCELLED,
        (State.RUNNING, Event.VERIFY): State.VERIFIED,
        (State.RUNNING, Event.FINISH): State.UNVERIFIED,
        (State.RUNNING, Event.FINISH_PARTLY): State.PARTLY,
        (State.RUNNING, Event.FAIL): State.FAILED,
        (State.RUNNING, Event.LOSE_SIGHT): State.NEEDS_PERSON,
        (State.NEEDS_PERSON, Event.LOOK_AGAIN): State.RUNNING,
        (State.NEEDS_PERSON, Event.CLOSE): State.UNKNOWN,
    }
)


def after(state: State, event: Event) -> State | None:
    """The state that `event` leads to, or None when it may not happen in `state`."""
    return TRANSITIONS.get((state, event))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filled form that is not a request yet."""

    project: ProjectAlias
    group_id: GroupId
    reason: str
    to: Site | None = None  # None: the opposite of where production is
    ticket: str = ""
    options: Options = field(default_factory=Options)
    typed_name: str = ""  # a production group asks to type its name
    break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One ask, as its row says. The card, the form and the run show this and nothing else."""

    id: RequestId
    state: State
    revision: int
    project: ProjectAlias
    group: Group
    to: Site
    environment: str
    requester: Account
    reason: str
    ticket: str
    options: Options
    plan: Plan
    snapshot: Snapshot
    findings: tuple[Finding, ...]
    created_at: datetime
    expires_at: datetime
    updated_at: datetime
    decided_by: Account | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    break_glass: bool = False
    review: str = ""  # what the break-glass person wrote afterwards
    plan_change: tuple[str, ...] = ()  # the difference to the revision before

    def is_expired(self, now: datetime) -> bool:
        """Only what still waits expires; the moment itself is too late already."""
        return self.state in (State.PENDING, State.APPROVED) and now >= self.expires_at

    @property
    def from_zone(self) -> str:
        return self.group.zone_of(self.to.other)

    @property
    def to_zone(self) -> str:
        return self.group.zone_of(self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes to one revision, bound to the plan's digest."""

    request_id: RequestId
    revision: int
    account: Account
    person_id: str
    name: str
    roles: tuple[str, ...]  # the roles of the policy that this approval may count for
    digest: str
    at: datetime
    acknowledged: tuple[str, ...] = ()  # the warnings that were acknowledged by name
    is_step_up: bool = False
