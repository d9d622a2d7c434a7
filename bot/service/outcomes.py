"""The answers of the use cases: one value per thing that can come out, each with what its sentence needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import Problem
from bot.domain.facts import Snapshot
from bot.domain.people import Account
from bot.domain.plan import Plan
from bot.domain.policy import Refusal
from bot.domain.preflight import Finding
from bot.domain.request import Request, State


class Field(StrEnum):
    """The fields of the form, for errors that belong beside one of them."""

    GROUP = "group"
    DIRECTION = "direction"
    REASON = "reason"
    TICKET = "ticket"
    START = "start"
    TYPED_NAME = "typed_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """`channel` is where its card goes. `link`: a break-glass that begins when its second factor is confirmed there."""

    request: Request
    channel: str
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyOpen:
    """`card_url` is filled in by a surface that can link its card."""

    request: Request
    card_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """The form must be corrected: one sentence per field."""

    errors: dict[Field, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """`link` comes with STEP_UP_NEEDED: the page where this person, and nobody else, can confirm."""

    reason: Refusal
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAway:
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomAway:
    """The approvals channel can't be written to; `cure` says what to do about it."""

    channel: str
    cure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A look at a group without a request."""

    snapshot: Snapshot
    plan: Plan
    findings: tuple[Finding, ...]
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """No such request. The same answer for a wrong, a foreign and an invented id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    request: Request
    given: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyApproved:
    """The same person, the same revision, a second time."""

    given: int
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyDecided:
    state: State
    by: Account | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChanged:
    """What was clicked is revision `clicked`; the request is at `request.revision` now."""

    clicked: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Unacknowledged:
    """Warnings that the approver has not ticked."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Somebody else was a moment faster; the same click may work again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It happened; the request as it is now."""

    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class TooLate:
    """The run is past the point where this could be done."""

    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToAnswer:
    """The run does not wait for this answer (any more)."""

    request: Request


Opening = Opened | AlreadyOpen | Invalid | Blocked | Refused | CloudAway | RoomAway
Checking = Checked | Refused | CloudAway | Invalid
Approving = (
    Approved
    | AlreadyApproved
    | AlreadyDecided
    | Expired
    | PlanChanged
    | Blocked
    | Unacknowledged
    | Refused
    | Missing
    | Busy
    | CloudAway
)
Acting = Done | AlreadyDecided | Expired | PlanChanged | Refused | Missing | TooLate | NothingToAnswer
