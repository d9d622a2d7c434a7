"""People of the command line, for the night when Slack is down: known by the policy alone, under the same rules."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from bot.domain.errors import PeopleError
from bot.domain.people import OPERATOR_TEAM, Account, Person
from bot.domain.policy import Audience, Policy, account_key, person_id_of, users_of
from bot.ports import PolicySource


@dataclass(frozen=True, slots=True)
class FixedPolicy:
    """Implements `bot.ports.PolicySource` for a process that lives for one command."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class OperatorPeople:
    """Implements `bot.ports.People`. It cannot ask Slack, so its answer about accounts of Slack is: nobody knows."""

    policies: PolicySource

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        policy = self.policies.policy
        if not account.is_operator:
            raise PeopleError("the command line does not ask Slack")
        if not is_known(policy, account):
            raise PeopleError(f"the policy names no {account_key(account)}")
        return Person(account=account, name=account.user, person_id=person_id_of(policy, account))

    async def members(self, usergroup: str) -> frozenset[str]:
        raise PeopleError("the command line does not ask Slack")


def this_operator() -> Account:
    """Whoever the operating system says is typing; variables such as LOGNAME could say anything."""
    import pwd

    return Account("", OPERATOR_TEAM, pwd.getpwuid(os.getuid()).pw_name)


def this_place() -> str:
    """The surface of what is typed here, for the audit."""
    return f"cli@{socket.gethostname()}"


def is_known(policy: Policy, account: Account) -> bool:
    """Whether the policy speaks of this operator: in its table of people, or in a list of users."""
    key = account_key(account)
    return key in policy.people or any(key in users_of(policy, audience) for audience in _audiences(policy))


def _audiences(policy: Policy) -> list[Audience]:
    roles = [role for rule in policy.rules for role in rule.roles]
    by_rule = [audience for rule in policy.rules for audience in (rule.requesters, rule.break_glass)]
    return [*by_rule, *(audience for role in roles for audience in (role.who, role.backups))]
