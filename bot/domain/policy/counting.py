"""How far the approvals are: several roles, each filled by different people, and only for exactly this plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.domain.people import Account, Person
from bot.domain.policy.membership import Members, is_same_person, person_id_of, roles_of, users_of
from bot.domain.policy.rights import decide, refusal_of_account, right_to_approve
from bot.domain.policy.rules import Action, Policy, Quorum, Rule
from bot.domain.request import Approval, Request

Roles = Sequence[str]


def quorum(rule: Rule, approvals: Iterable[Approval]) -> Quorum:
    """How far these approvals are. A person counts once and fills one role, the one that helps most.

    The approvals must be those of the current revision; `count` sees to that itself.
    """
    roles_by_person: dict[str, list[str]] = {}
    for approval in approvals:
        roles_by_person.setdefault(approval.person_id, []).extend(approval.roles)
    return _fill(rule, roles_by_person)


def count(policy: Policy, rule: Rule, request: Request, approvals: Iterable[Approval]) -> Quorum:
    """The quorum of `request` as it stands: another revision, another plan and the requester never count."""
    return quorum(rule, (one for one in approvals if _counts(policy, request, one)))


def _counts(policy: Policy, request: Request, approval: Approval) -> bool:
    is_own = approval.account == request.requester or person_id_of(policy, request.requester) in (
        approval.person_id,
        person_id_of(policy, approval.account),
    )
    key = (approval.request_id, approval.revision, approval.digest)
    return not is_own and key == (request.id, request.revision, request.plan.digest)


def may_run(policy: Policy, rule: Rule | None, request: Request, approvals: Iterable[Approval]) -> bool:
    """Whether a run of this request is covered: by its quorum, or by break-glass."""
    return rule is not None and (request.break_glass or count(policy, rule, request, approvals).is_met)


def live_quorum(
    policy: Policy, rule: Rule, request: Request, approvals: Iterable[Approval], people: Iterable[Person]
) -> Quorum:
    """The quorum with the rights that the approvers have now; who was deactivated or left the group is not counted."""
    now = {person.account: person for person in people}
    roles_by_person: dict[str, list[str]] = {}
    for approval in approvals:
        person = now.get(approval.account)
        if person is None or not _counts(policy, request, approval):
            continue
        right = right_to_approve(policy, rule, person, request, has_stepped_up=approval.is_step_up)
        still = [role for role in right.roles if role in approval.roles]
        roles_by_person.setdefault(approval.person_id, []).extend(still)
    return _fill(rule, roles_by_person)


def best_quorum(policy: Policy, rule: Rule, people: Iterable[Person], requester: Account | None = None) -> Quorum:
    """How far the approvals can get if all these people approve and `requester` is the one who asks."""
    roles_by_person: dict[str, list[str]] = {}
    for person in people:
        is_own = requester is not None and is_same_person(policy, person, requester)
        if not is_own and refusal_of_account(policy, person) is None:
            roles_by_person.setdefault(person.person_id, []).extend(roles_of(policy, rule, person))
    return _fill(rule, roles_by_person)


def who_can_still_act(
    policy: Policy, rule: Rule, request: Request, approvals: Sequence[Approval], members: Members, *, now: datetime
) -> tuple[str, ...]:
    """The Slack user ids worth a reminder: their approval would be taken now and bring the quorum nearer.

    Never the requester, nobody who approved already, no backups, nobody once the quorum is met, and nobody at all
    while the change window is closed.
    """
    counted = [one for one in approvals if _counts(policy, request, one)]
    given = quorum(rule, counted).given
    roles_by_person = {one.person_id: one.roles for one in counted}
    done = {one.account.user for one in counted}
    asked = frozenset[str]().union(*(users_of(policy, role.who, members) for role in rule.roles))
    return tuple(
        person.account.user
        for person in (
            _slack_person(policy, request, user, members) for user in sorted(asked - done) if "/" not in user
        )
        if person.person_id not in roles_by_person
        and (
            right := decide(policy, rule, Action.APPROVE, person, request=request, now=now, has_stepped_up=True)
        ).is_allowed
        and _fill(rule, {**roles_by_person, person.person_id: right.roles}).given > given
    )


def _slack_person(policy: Policy, request: Request, user: str, members: Members) -> Person:
    """A listed user, in the requester's workspace as far as that is one."""
    asker = request.requester
    account = Account("", policy.team, user) if asker.is_operator else Account(asker.enterprise, asker.team, user)
    groups = frozenset(name for name, users in members.items() if user in users)
    return Person(account=account, name="", person_id=person_id_of(policy, account), usergroups=groups)


def _fill(rule: Rule, roles_by_person: Mapping[str, Roles]) -> Quorum:
    """Give as many people as possible a role each (a maximum matching, by augmenting paths)."""
    seats = {role.name: role.need for role in rule.roles}
    taken: dict[str, list[str]] = {name: [] for name in seats}
    for person in roles_by_person:
        _seat(person, roles_by_person, seats, taken, set())
    return Quorum(roles=tuple((role.name, len(taken[role.name]), role.need) for role in rule.roles))


def _seat(
    person: str,
    roles_by_person: Mapping[str, Roles],
    seats: Mapping[str, int],
    taken: dict[str, list[str]],
    tried: set[str],
) -> bool:
    """Find a seat for `person`, asking those who sit there to move to another one of theirs."""
    for role in roles_by_person[person]:
        if role in tried or role not in seats:
            continue
        tried.add(role)
        if len(taken[role]) < seats[role]:
            taken[role].append(person)
            return True
        for other in taken[role]:
            if _seat(other, roles_by_person, seats, taken, tried):
                taken[role][taken[role].index(other)] = person
                return True
    return False
