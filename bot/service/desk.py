"""What every use case has at hand: the ports, the limits, and a live look at a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from bot.domain.people import Account, Person
from bot.domain.policy import Policy
from bot.ports import Clock, Cloud, Notifier, People, PolicySource, Rooms, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds that keep one person, or one nervous night, from drowning the others."""

    requests_per_minute: int = 6  # opened or refused, per person
    fresh_for: timedelta = timedelta(seconds=30)  # how long a look at the cloud counts as now


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
    limits: Limits = field(default_factory=Limits)

    @property
    def policy(self) -> Policy:
        return self.policies.policy

    async def person(self, account: Account) -> Person:
        """A live look. PeopleError when nobody can say."""
        return await self.people.look_up(account)
