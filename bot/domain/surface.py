"""The places in Slack that show a request, and how far each of them lags behind the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from bot.domain.request import RequestId

SurfaceId = NewType("SurfaceId", int)


class PlaceKind(StrEnum):
    CARD = "card"  # approvals channel, one per revision; its thread is the request's thread
    PROGRESS = "progress"  # thread: the one message that is edited while the run goes on
    LINE = "line"  # thread: one line at a change, never edited
    QUESTION = "question"  # thread: a question of the run with buttons
    END = "end"  # thread: the end card
    INCIDENT = "incident"  # incidents channel: started, then done or failed (key `started`, `ended`)
    LOGIN = "login"  # direct message: the login guidance (key: the account)
    POINTER = "pointer"  # ephemeral in the thread that points to the direct message (key: the account)
    REMINDER = "reminder"  # thread: pings those who can still act
    NOTE = "note"  # direct message to one person (key: account and occasion)


class Priority(StrEnum):
    """What goes first when Slack is slow: words sort in this order of rank."""

    DECISION = "0-decision"
    RESULT = "1-result"
    NORMAL = "2-normal"
    PROGRESS = "3-progress"


PRIORITY_OF: Mapping[PlaceKind, Priority] = {
    PlaceKind.CARD: Priority.DECISION,
    PlaceKind.QUESTION: Priority.DECISION,
    PlaceKind.END: Priority.RESULT,
    PlaceKind.LOGIN: Priority.RESULT,
    PlaceKind.POINTER: Priority.RESULT,
    PlaceKind.INCIDENT: Priority.RESULT,
    PlaceKind.LINE: Priority.NORMAL,
    PlaceKind.REMINDER: Priority.NORMAL,
    PlaceKind.NOTE: Priority.NORMAL,
    PlaceKind.PROGRESS: Priority.PROGRESS,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one message of a request lives; unique per request by `kind` and `key`."""

    kind: PlaceKind
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """A row of the projection. It is due while `rendered < wanted`.

    `wanted` counts the changes, `rendered` is the count that Slack shows. `data` holds what a line says
    (everything else is rendered from the request's row). `is_dead` ends the tries, with the reason in `last_error`.
    """

    id: SurfaceId
    request_id: RequestId
    place: Place
    wanted: int
    rendered: int
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    user: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    attempts: int = 0
    not_before: datetime | None = None
    sent_at: datetime | None = None  # set before the call leaves: a post without ts must be looked for first
    last_error: str = ""
    is_dead: bool = False
    created_at: datetime
