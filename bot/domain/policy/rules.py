"""The policy as values: audiences, roles, rules, and the words of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """A set of people: Slack user ids, Slack user groups, and named on-call lists of the policy. Empty means nobody."""

    users: frozenset[str] = frozenset()
    usergroups: frozenset[str] = frozenset()
    on_call: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not (self.users or self.usergroups or self.on_call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`need` approvals from `who`; `backups` count too but are never pinged."""

    name: str
    need: int
    who: Audience
    backups: Audience = Audience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A weekly change window in its own time zone. `days`: 0 is Monday. Minutes of the day, the end is
    exclusive and may pass midnight."""

    days: frozenset[int]
    start_minute: int
    end_minute: int
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What holds for one environment. Groups match by name pattern, id or tag; the first rule that matches counts."""

    name: str
    environment: str  # shown on the card, e.g. PRODUCTION or DRILL
    name_patterns: tuple[str, ...] = ()
    group_ids: frozenset[str] = frozenset()
    tags: tuple[tuple[str, str], ...] = ()
    requesters: Audience = Audience()  # empty: everybody who is a full member
    roles: tuple[Role, ...] = ()  # all of them must be met, by different people
    request_ttl: timedelta = timedelta(hours=4)
    approval_ttl: timedelta = timedelta(hours=1)  # how long an unused approval lives
    reminder_every: timedelta = timedelta(minutes=30)
    ticket_pattern: str = ""  # a full-match regular expression; empty: a ticket is optional
    windows: tuple[Window, ...] = ()  # empty: always
    types_name: bool = False  # the requester types the group's name
    needs_step_up: bool = False
    break_glass: Audience = Audience()
    approvals_channel: str = ""
    incidents_channel: str = ""

    @property
    def quorum(self) -> int:
        return sum(role.need for role in self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole file. `version` is a digest of its meaning and part of every plan."""

    version: str
    rules: tuple[Rule, ...]
    team: str = ""  # the Slack team whose people may act; empty: the team of the bot's token
    people: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # account or user id -> person id
    on_call: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


class Action(StrEnum):
    CHECK = "check"
    REQUEST = "request"
    APPROVE = "approve"
    DENY = "deny"
    WITHDRAW = "withdraw"
    RETRACT = "retract"
    CANCEL = "cancel"
    ANSWER = "answer"  # a question of the run: force, wait, look again, close
    CONFIRM = "confirm"  # service confirmed
    BREAK_GLASS = "break_glass"
    REVIEW = "review"  # the break-glass person writes the review
    SEE_LOGIN = "see_login"
    SEE_DETAILS = "see_details"


class Refusal(StrEnum):
    """Why not: each has its own private text."""

    OWN_REQUEST = "own_request"
    NOT_APPROVER = "not_approver"
    NOT_REQUESTER = "not_requester"
    MAY_NOT_REQUEST = "may_not_request"
    MAY_NOT_BREAK_GLASS = "may_not_break_glass"
    REVIEW_OWED = "review_owed"
    DEACTIVATED = "deactivated"
    GUEST = "guest"
    BOT = "bot"
    STRANGER = "stranger"
    FOREIGN = "foreign"
    NOBODY_KNOWS = "nobody_knows"  # Slack did not say who this is
    NO_RULE = "no_rule"
    OUTSIDE_WINDOW = "outside_window"
    STEP_UP_NEEDED = "step_up_needed"
    TOO_MANY = "too_many"
    NO_REASON = "no_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one question of rights; `roles` are those that an approval would count for."""

    reason: Refusal | None = None
    roles: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        return self.reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """How far the approvals of one revision are: per role (name, given, needed)."""

    roles: tuple[tuple[str, int, int], ...]

    @property
    def given(self) -> int:
        return sum(min(given, need) for _, given, need in self.roles)

    @property
    def needed(self) -> int:
        return sum(need for _, _, need in self.roles)

    @property
    def is_met(self) -> bool:
        return bool(self.roles) and all(given >= need for _, given, need in self.roles)
