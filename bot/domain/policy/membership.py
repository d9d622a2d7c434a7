"""Who is meant: from an account to a human being, and from an audience to the people in it."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from bot.domain.facts import Group
from bot.domain.people import OPERATOR_TEAM, Account, Person
from bot.domain.policy.rules import Audience, Policy, Rule

Members = Mapping[str, frozenset[str]]  # Slack user group → the user ids in it now


def account_key(account: Account) -> str:
    """How the policy's `people` table names an account: `team/user` for Slack, `operator/name` for the command line."""
    return f"{account.team}/{account.user}"


def person_id_of(policy: Policy, account: Account) -> str:
    """One id per human being: from the policy's `people`, else the account itself."""
    by_key = policy.people.get(account_key(account))
    if by_key is None and not account.is_operator:
        by_key = policy.people.get(account.user)
    return by_key or str(account)


def accounts_of(policy: Policy, person: Person) -> tuple[Account, ...]:
    """Every account that the policy knows of this human being, beginning with the one that acts."""
    mine, team = person.account, policy.team or person.account.team
    found = {mine: None}
    for key in (key for key, person_id in policy.people.items() if person_id == person.person_id):
        where, _, user = key.rpartition("/")
        enterprise = "" if where == OPERATOR_TEAM else mine.enterprise
        found[Account(enterprise, where or team, user)] = None
    return tuple(found)


def is_same_person(policy: Policy, person: Person, account: Account) -> bool:
    """Whether the account belongs to this human being; an id that only one side knows is enough to say yes."""
    ids = {person.person_id, person_id_of(policy, person.account)}
    return person.account == account or person_id_of(policy, account) in ids


def rule_for(policy: Policy, group: Group) -> Rule | None:
    """The first rule that names the group, by id, name pattern or tag."""
    return next((rule for rule in policy.rules if _names(rule, group)), None)


def _names(rule: Rule, group: Group) -> bool:
    return (
        group.id in rule.group_ids
        or any(fnmatchcase(group.name, pattern) for pattern in rule.name_patterns)
        or any(tag in group.tags for tag in rule.tags)
    )


def users_of(policy: Policy, audience: Audience, members: Members | None = None) -> frozenset[str]:
    """The listed users, those on call, and those in the user groups as far as `members` knows them."""
    lists = [policy.on_call.get(name, frozenset()) for name in audience.on_call]
    groups = [(members or {}).get(name, frozenset()) for name in audience.usergroups]
    return audience.users.union(*lists, *groups)


def is_in(policy: Policy, audience: Audience, person: Person) -> bool:
    """Whether the audience means this person.

    A Slack account must be listed itself, or be in a listed user group. An operator is meant under
    `operator/name`, or when `people` says that a listed account is the same human being.
    """
    users = users_of(policy, audience)
    if person.account.is_operator:
        listed_people = {policy.people.get(user) for user in users} - {None}
        return account_key(person.account) in users or person_id_of(policy, person.account) in listed_people
    return person.account.user in users or bool(person.usergroups & audience.usergroups)


def roles_of(policy: Policy, rule: Rule, person: Person) -> tuple[str, ...]:
    """The roles that this person may fill, as one of those asked or as a backup."""
    return tuple(
        role.name for role in rule.roles if is_in(policy, role.who, person) or is_in(policy, role.backups, person)
    )
