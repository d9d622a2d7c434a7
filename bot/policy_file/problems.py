"""What a well-formed policy may still get wrong: nobody to approve, a quorum out of reach, a rule that never counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import combinations

from bot.domain.people import OPERATOR_TEAM, Account, Person
from bot.domain.policy import Policy, Quorum, Rule, best_quorum, person_id_of, users_of
from bot.policy_file.shapes import FileShape


def problems(shape: FileShape, policy: Policy) -> Iterator[str]:
    yield from _about_people(shape)
    if not policy.rules:
        yield "The file has no rule, so nobody could do anything. Add a [[rules]] section."
    yield from _twice("Two rules have the name", [rule.name for rule in policy.rules])
    yield from (
        f'rule "{rule.name}": "requesters" names nobody. Add somebody, or leave the key out: then every member may ask.'
        for rule in shape.rules
        if rule.requesters is not None and not any(dict(rule.requesters).values())
    )
    for rule in policy.rules:
        yield from _about_rule(policy, rule)
    yield from _about_order(policy)


def _twice(what: str, names: list[str]) -> Iterator[str]:
    yield from (f'{what} "{name}".' for name, number in Counter(names).items() if number > 1)


def _about_people(shape: FileShape) -> Iterator[str]:
    accounts = [account for accounts in shape.people.values() for account in dict.fromkeys(accounts)]
    yield from _twice("people: two persons have the account", accounts)
    for name, users in shape.on_call.items():
        if not users:
            yield f'on_call: the list "{name}" is empty, so nobody is on call. Add a user id or remove the list.'


def _about_rule(policy: Policy, rule: Rule) -> Iterator[str]:
    place = f'rule "{rule.name}"'
    if not (rule.name_patterns or rule.group_ids or rule.tags):
        yield f"{place}: it names no group. Add groups, ids or tags."
    if not rule.approvals_channel:
        yield f'{place}: no channel for approvals. Add "approvals" to [channels] or to the rule\'s channels.'
    unknown = sorted(set(_lists_of(rule)) - set(policy.on_call))
    yield from (f'{place}: the on-call list "{name}" is unknown. Add it to [on_call].' for name in unknown)
    yield from _twice(f"{place}: two roles have the name", [role.name for role in rule.roles])
    empty = [role for role in rule.roles if role.who.is_empty]
    yield from (f'{place}, role "{role.name}": nobody is in it. Add users, usergroups or on_call.' for role in empty)
    if not rule.roles:
        yield f"{place}: nobody may approve. Add at least one [[rules.roles]] section."
    elif not empty and not unknown:
        yield from _about_quorum(policy, rule, place)


def _lists_of(rule: Rule) -> Iterator[str]:
    audiences = [rule.requesters, rule.break_glass]
    for role in rule.roles:
        audiences += [role.who, role.backups]
    for audience in audiences:
        yield from audience.on_call


def _about_quorum(policy: Policy, rule: Rule, place: str) -> Iterator[str]:
    people = list(_candidates(policy, rule))
    best = best_quorum(policy, rule, people)
    if not best.is_met:
        yield f"{place}: its approvals can never be complete, there are not enough different people: {_gaps(best)}."
        return
    askers = [_person(policy, user) for user in sorted(users_of(policy, rule.requesters))]
    is_closed = bool(askers) and not rule.requesters.usergroups
    if is_closed and not any(best_quorum(policy, rule, people, one.account).is_met for one in askers):
        yield (
            f"{place}: whoever of its requesters asks, too few others are left to approve, because nobody approves "
            "their own request. Add approvers or requesters."
        )


def _gaps(best: Quorum) -> str:
    return ", ".join(f'"{name}" gets {given} of {need}' for name, given, need in best.roles if given < need)


def _candidates(policy: Policy, rule: Rule) -> Iterator[Person]:
    """Everybody who is listed; a Slack user group stands for as many unknown people as are needed."""
    for role in rule.roles:
        for user in sorted(users_of(policy, role.who) | users_of(policy, role.backups)):
            yield _person(policy, user)
        for group in sorted(role.who.usergroups | role.backups.usergroups):
            yield from (_somebody(policy, group, number) for number in range(rule.quorum + 1))


def _person(policy: Policy, user: str) -> Person:
    is_operator = user.startswith(f"{OPERATOR_TEAM}/")
    account = Account("", OPERATOR_TEAM, user.split("/", 1)[1]) if is_operator else Account("", policy.team, user)
    return Person(account=account, name=user, person_id=person_id_of(policy, account))


def _somebody(policy: Policy, group: str, number: int) -> Person:
    account = Account("", policy.team, f"{group}#{number}")
    return Person(account=account, name=group, person_id=str(account), usergroups=frozenset({group}))


def _about_order(policy: Policy) -> Iterator[str]:
    for earlier, later in combinations(policy.rules, 2):
        shared = sorted(
            {*earlier.name_patterns} & {*later.name_patterns}
            | earlier.group_ids & later.group_ids
            | {f"{key}={value}" for key, value in {*earlier.tags} & {*later.tags}}
        )
        if shared:
            yield (
                f'rules "{earlier.name}" and "{later.name}" both name {", ".join(shared)}. '
                "Only the first would count: keep it in one of them."
            )
        elif _covers(earlier, later):
            yield (
                f'rule "{later.name}" can never count: rule "{earlier.name}" before it takes all of its groups. '
                "Put the more special rule first."
            )


def _covers(earlier: Rule, later: Rule) -> bool:
    if "*" in earlier.name_patterns:
        return True
    if later.group_ids or later.tags or not later.name_patterns:
        return False
    return all(any(takes(wide, narrow) for wide in earlier.name_patterns) for narrow in later.name_patterns)


def takes(wide: str, narrow: str) -> bool:
    """Whether each name of `narrow` fits `wide`. Judged only where `*` is the one wildcard: then it is certain."""
    return not set("?[") & set(wide) and fnmatchcase(narrow, wide)
