"""Who could approve today: every possible approver, looked at live, bounded in number and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.domain.errors import PeopleError
from bot.domain.people import OPERATOR_TEAM, Account, Person
from bot.domain.policy import Audience, Policy, Rule, best_quorum, refusal_of_account, users_of
from bot.operators import FixedPolicy
from bot.ports import People
from bot.slack.client import Identity, Wire, slack_client, slack_session, who_am_i
from bot.slack.people import SlackPeople

MOST_LOOKS = 60  # Slack allows about a hundred a minute, and the bot at work needs some of them
LOOKS_AT_ONCE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """The approvers of one rule as they are now. `unseen` could not be looked at, `missing` are not alive."""

    people: tuple[Person, ...]
    missing: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def lone(self, policy: Policy, rule: Rule) -> tuple[Person, ...]:
        """Those without a substitute: when they ask themselves, or are away, the quorum cannot be met."""
        return tuple(p for p in self.people if not best_quorum(policy, rule, self.people, p.account).is_met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Slack's people, and the workspace they are in."""

    people: People
    home: Identity


@asynccontextmanager
async def directory(token: str, base_url: str, policy: Policy) -> AsyncIterator[Directory]:
    """PeopleError with a reason when Slack does not accept the token or does not answer."""
    async with slack_session() as session:
        wire = Wire(slack_client(token, base_url, session))
        home = await who_am_i(wire)
        if not isinstance(home, Identity):
            raise PeopleError(f"Slack did not say who the bot is ({home})")
        yield Directory(people=SlackPeople(wire, FixedPolicy(policy), home), home=home)


async def living(policy: Policy, rule: Rule, here: Directory) -> Living:
    """PeopleError when a user group cannot be read: then nobody can say who could approve."""
    audiences = [audience for role in rule.roles for audience in (role.who, role.backups)]
    users = sorted(users_of(policy, _joined(audiences), await _members(audiences, here.people)))
    turn = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def look(user: str) -> Person | None:
        async with turn:
            try:
                return await here.people.look_up(account_of(user, policy, here.home))
            except PeopleError:
                return None

    looks = await asyncio.gather(*map(look, users[:MOST_LOOKS]))
    seen = [person for person in looks if person is not None]
    return Living(
        people=tuple(person for person in seen if refusal_of_account(policy, person) is None),
        missing=tuple(person.name for person in seen if refusal_of_account(policy, person) is not None),
        unseen=(*(user for user, person in zip(users, looks, strict=False) if person is None), *users[MOST_LOOKS:]),
    )


def account_of(user: str, policy: Policy, home: Identity) -> Account:
    """A user as the policy writes one: `U…`, `T…/U…` or `operator/name`."""
    team, _, name = user.rpartition("/")
    if team == OPERATOR_TEAM:
        return Account("", OPERATOR_TEAM, name)
    return Account("", team or policy.team or home.team, name)


async def _members(audiences: Iterable[Audience], people: People) -> Mapping[str, frozenset[str]]:
    groups = sorted(frozenset[str]().union(*(audience.usergroups for audience in audiences)))
    return {group: await people.members(group) for group in groups}


def _joined(audiences: Iterable[Audience]) -> Audience:
    every = list(audiences)
    return Audience(
        users=frozenset[str]().union(*(audience.users for audience in every)),
        usergroups=frozenset[str]().union(*(audience.usergroups for audience in every)),
        on_call=frozenset[str]().union(*(audience.on_call for audience in every)),
    )
