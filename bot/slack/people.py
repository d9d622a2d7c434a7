"""Who somebody is, looked at live in Slack: rights are never decided from what was true some time ago."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import PeopleError
from bot.domain.people import Account, Person
from bot.domain.policy import Policy, person_id_of
from bot.domain.text import whole
from bot.ports import PolicySource
from bot.slack.client import Done, Identity, Wire
from bot.slack.looks import Looks

LIVE_SECONDS = 2.0  # fifty clicks in one moment are one look at a user group: Slack allows 20 of those a minute
PING_SECONDS = 300.0  # whom to ping may be a little old


@dataclass(slots=True)
class SlackPeople:
    """Implements `bot.ports.People`. `home` is the workspace whose people may act."""

    wire: Wire
    policy: PolicySource
    home: Identity
    _users: Looks[dict[str, Any]] = field(init=False)
    _members: Looks[frozenset[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._users, self._members = Looks(self._ask_user), Looks(self._ask_members)

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        policy = self.policy.policy
        if account.is_operator:
            return Person(account=account, name=account.user, person_id=person_id_of(policy, account))
        user, groups = await asyncio.gather(
            self._users.at(account.user, within_seconds=within_seconds), self._groups_of(account.user, policy)
        )
        return person_of(account, user, groups, policy=policy, home=self.home)

    async def members(self, usergroup: str) -> frozenset[str]:
        """For pings, reminders and explanations: may be some minutes old."""
        return await self._members.at(usergroup, within_seconds=PING_SECONDS)

    async def _ask_user(self, user: str) -> dict[str, Any]:
        answer = await self.wire.call("users.info", user=user)
        found = answer.body.get("user") if isinstance(answer, Done) else None
        if not isinstance(found, dict):
            why = "no user in it" if isinstance(answer, Done) else answer
            raise PeopleError(f"Slack did not say who {user} is ({why})")
        return found

    async def _groups_of(self, user: str, policy: Policy) -> frozenset[str]:
        """Only the groups that the policy speaks of."""
        groups = sorted(usergroups_in(policy))
        lists = await asyncio.gather(*(self._members.at(group, within_seconds=LIVE_SECONDS) for group in groups))
        return frozenset(group for group, users in zip(groups, lists, strict=True) if user in users)

    async def _ask_members(self, usergroup: str) -> frozenset[str]:
        answer = await self.wire.call("usergroups.users.list", usergroup=usergroup)
        if not isinstance(answer, Done):
            raise PeopleError(f"Slack did not say who is in the user group {usergroup} ({answer})")
        return frozenset(str(user) for user in answer.body.get("users", ()))


def person_of(
    account: Account, user: dict[str, Any], groups: frozenset[str], *, policy: Policy, home: Identity
) -> Person:
    """What `users.info` says, in our words. A flag that is missing was not said, and counts as no."""
    name = user.get("real_name") or user.get("name") or account.user
    return Person(
        account=account,
        name=whole(str(name)),
        person_id=person_id_of(policy, account),
        usergroups=groups,
        is_deactivated=bool(user.get("deleted")),
        is_bot=bool(user.get("is_bot") or user.get("is_workflow_bot")) or account.user == "USLACKBOT",
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
        is_foreign=_is_foreign(account, user, policy.team or home.team),
        tz=str(user.get("tz") or "UTC"),
    )


def _is_foreign(account: Account, user: dict[str, Any], team: str) -> bool:
    """Of another workspace, by the click and by Slack's own record; in an organisation one person has many teams."""
    if account.team != team:
        return True
    in_organisation = user.get("enterprise_user") or {}
    teams = {user.get("team_id"), *in_organisation.get("teams", ())}
    return team not in teams


def usergroups_in(policy: Policy) -> frozenset[str]:
    """Every Slack user group that a right may depend on."""
    of_rules = (audience for rule in policy.rules for audience in (rule.requesters, rule.break_glass))
    of_roles = (one for rule in policy.rules for role in rule.roles for one in (role.who, role.backups))
    return frozenset[str]().union(*(audience.usergroups for audience in (*of_rules, *of_roles)))
