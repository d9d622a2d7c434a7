"""What every use case has at hand: the ports, the limits, and a live look at a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.people import Account, Person
from bot.domain.policy import Policy
from bot.ports import Clock, Cloud, Notifier, People, PolicySource, Rooms, Standing, StepUpDoor, Store
from bot.service.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep one person, or one nervous night, from drowning the others."""

    requests_per_minute: int = 6  # made by one account, counted in the database
    asks_per_minute: int = 15  # tried by one account, wrong forms and refusals included
    asks_per_group_per_minute: int = 10  # looks at the cloud for one group, whoever asks
    fresh_for: timedelta = timedelta(seconds=30)  # how long a look at the cloud counts as now
    step_up_for: timedelta = timedelta(minutes=10)  # how long a link to the second-factor page lives
    codes_per_link_time: int = 5  # wrong codes of one person for one request within that time


def runs_elsewhere(_standing: Standing) -> None:
    """The runs begin in another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The ports behind the use cases. Built once by the composition root."""

    store: Store
    cloud: Cloud
    people: People
    rooms: Rooms
    policies: PolicySource
    notifier: Notifier
    clock: Clock
    expect: Callable[[Standing], None] = runs_elsewhere  # told in any thread: its run begins in a moment
    step_up: StepUpDoor | None = None  # None: nobody can be asked for a second factor here
    limits: Limits = field(default_factory=Limits)
    pace: Pace = field(default_factory=Pace)

    @property
    def policy(self) -> Policy:
        return self.policies.policy

    async def person(self, account: Account) -> Person:
        """A live look. PeopleError when nobody can say."""
        return await self.people.look_up(account)
