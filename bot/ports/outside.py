"""What else the core needs from the outside: time, people, rooms, the policy, and whoever shows what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.people import Account, Person
from bot.domain.policy import Policy


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def monotonic(self) -> float: ...


class People(Protocol):
    """Live looks at Slack. `PeopleError` when Slack does not answer: then the answer is no."""

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        """As they are now; or as they were seen before, if that look began no longer ago."""
        ...

    async def members(self, usergroup: str) -> frozenset[str]: ...


class Notifier(Protocol):
    """Whoever makes Slack equal to the database."""

    def wake(self, *, is_urgent: bool = True) -> None:
        """Something became due. Never blocks, never fails. Not urgent: more is about to change, so in a moment."""
        ...


class Rooms(Protocol):
    """The channels that a request will be shown in."""

    async def cure_for(self, channel: str) -> str:
        """Empty if the bot can write there; else one sentence that says what to do."""
        ...


class PolicySource(Protocol):
    """The policy in force. A changed file is a new policy with a new version."""

    @property
    def policy(self) -> Policy: ...


class StepUpDoor(Protocol):
    """The way to a second factor: a page of our own, and the judgement of what is typed there."""

    def link(self, token: str) -> str:
        """The address of the page for this token."""
        ...

    def counter_of(self, sealed_secret: str, code: str, now: datetime) -> int | None:
        """The time step that this code belongs to; None when it is wrong now."""
        ...
