"""The one decision function: may this person do this, now? Every surface asks it, inside its transaction.

| action      | who                                                                                           |
|-------------|-----------------------------------------------------------------------------------------------|
| check       | every full member; it changes nothing                                                         |
| see details | the same: servers, pairs and checks behind a card                                             |
| request     | the rule's requesters; without a list every full member                                       |
| approve     | who fills a role (backups too), never the requester, with step-up where the rule wants it,    |
|             | while the change window is open or the chosen start lies in one                               |
| deny        | who may approve; saying no needs neither window nor step-up. The requester withdraws instead  |
| withdraw    | the requester                                                                                 |
| retract     | who approved, even when no longer an approver: taking a yes back is always safe               |
| cancel      | the requester, approvers, break-glass people: stopping is safe, and fast counts               |
| answer      | the same: the run itself has its quorum, and production is down while it waits                |
| confirm     | the same: they know whether the service is back                                               |
| see login   | the same: the people who need it                                                              |
| break glass | the rule's break-glass list, with step-up where wanted, and no review owed                    |
| review      | who broke the glass                                                                           |

Nobody who is deactivated, a bot, a guest, a stranger or from elsewhere does anything at all. Without a rule for the
group nothing can be started or decided; what its people may do to stop or end a request stays theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from bot.domain.people import Person
from bot.domain.policy.membership import is_in, is_same_person, roles_of
from bot.domain.policy.rules import Action, Decision, Policy, Refusal, Rule
from bot.domain.policy.windows import is_inside
from bot.domain.request import Approval, Request

ALLOWED = Decision()
NO_RULE = Rule(name="", environment="")  # nobody is in it
NEEDS_RULE = frozenset({Action.REQUEST, Action.APPROVE, Action.DENY, Action.BREAK_GLASS})


def decide(
    policy: Policy,
    rule: Rule | None,
    action: Action,
    person: Person,
    *,
    request: Request | None = None,
    approvals: Sequence[Approval] = (),
    now: datetime,
    is_review_owed: bool = False,
    has_stepped_up: bool = False,
) -> Decision:
    """Whether `person` may do `action`, and why not. Questions about a request, asked without it, are answered no."""
    if refusal := refusal_of_account(policy, person):
        return Decision(reason=refusal)
    if rule is None and action in NEEDS_RULE:
        return Decision(reason=Refusal.NO_RULE)
    rule = rule or NO_RULE
    match action:
        case Action.CHECK:
            return ALLOWED
        case Action.SEE_DETAILS:
            return ALLOWED if request is not None else Decision(reason=Refusal.NOT_APPROVER)
        case Action.REQUEST:
            return _may_request(policy, rule, person)
        case Action.APPROVE:
            return _may_approve(policy, rule, person, request, now, has_stepped_up)
        case Action.DENY:
            return right_to_approve(policy, rule, person, request, has_stepped_up=True)
        case Action.WITHDRAW | Action.REVIEW:
            return _is_requester(policy, person, request)
        case Action.RETRACT:
            return _may_retract(policy, rule, person, approvals)
        case Action.CANCEL | Action.ANSWER | Action.CONFIRM | Action.SEE_LOGIN:
            return _takes_part(policy, rule, person, request)
        case Action.BREAK_GLASS:
            return _may_break_glass(policy, rule, person, is_review_owed, has_stepped_up)
        case _:
            assert_never(action)


def refusal_of_account(policy: Policy, person: Person) -> Refusal | None:
    """What is wrong with the account itself, whatever it wants."""
    is_elsewhere = bool(policy.team) and not person.account.is_operator and person.account.team != policy.team
    wrongs = (
        (person.is_deactivated, Refusal.DEACTIVATED),
        (person.is_bot, Refusal.BOT),
        (person.is_stranger, Refusal.STRANGER),
        (person.is_foreign or is_elsewhere, Refusal.FOREIGN),
        (person.is_guest, Refusal.GUEST),
    )
    return next((refusal for is_wrong, refusal in wrongs if is_wrong), None)


def right_to_approve(
    policy: Policy, rule: Rule, person: Person, request: Request | None, *, has_stepped_up: bool
) -> Decision:
    """The right itself, whatever time it is: the roles that this person's yes would count for."""
    if refusal := refusal_of_account(policy, person):
        return Decision(reason=refusal)
    if request is not None and is_same_person(policy, person, request.requester):
        return Decision(reason=Refusal.OWN_REQUEST)
    roles = roles_of(policy, rule, person)
    if request is None or not roles:
        return Decision(reason=Refusal.NOT_APPROVER)
    if rule.needs_step_up and not has_stepped_up:
        return Decision(reason=Refusal.STEP_UP_NEEDED)
    return Decision(roles=roles)


def _may_approve(
    policy: Policy, rule: Rule, person: Person, request: Request | None, now: datetime, has_stepped_up: bool
) -> Decision:
    right = right_to_approve(policy, rule, person, request, has_stepped_up=has_stepped_up)
    chosen = request.options.start_at if request else None
    starts_at = max(chosen or now, now)  # approved after the chosen time, it would begin at once
    if right.reason in (None, Refusal.STEP_UP_NEEDED) and not is_inside(rule, starts_at):
        return Decision(reason=Refusal.OUTSIDE_WINDOW)
    return right


def _may_request(policy: Policy, rule: Rule, person: Person) -> Decision:
    is_meant = rule.requesters.is_empty or is_in(policy, rule.requesters, person)
    return ALLOWED if is_meant else Decision(reason=Refusal.MAY_NOT_REQUEST)


def _is_requester(policy: Policy, person: Person, request: Request | None) -> Decision:
    is_own = request is not None and is_same_person(policy, person, request.requester)
    return ALLOWED if is_own else Decision(reason=Refusal.NOT_REQUESTER)


def _may_retract(policy: Policy, rule: Rule, person: Person, approvals: Sequence[Approval]) -> Decision:
    """Approvers who have not approved are no strangers here: they learn that there is nothing to take back."""
    has_approved = any(one.person_id == person.person_id or one.account == person.account for one in approvals)
    is_known = has_approved or bool(roles_of(policy, rule, person))
    return ALLOWED if is_known else Decision(reason=Refusal.NOT_APPROVER)


def _takes_part(policy: Policy, rule: Rule, person: Person, request: Request | None) -> Decision:
    takes_part = request is not None and (
        is_same_person(policy, person, request.requester)
        or bool(roles_of(policy, rule, person))
        or is_in(policy, rule.break_glass, person)
    )
    return ALLOWED if takes_part else Decision(reason=Refusal.NOT_APPROVER)


def _may_break_glass(
    policy: Policy, rule: Rule, person: Person, is_review_owed: bool, has_stepped_up: bool
) -> Decision:
    if not is_in(policy, rule.break_glass, person):
        return Decision(reason=Refusal.MAY_NOT_BREAK_GLASS)
    if is_review_owed:
        return Decision(reason=Refusal.REVIEW_OWED)
    if rule.needs_step_up and not has_stepped_up:
        return Decision(reason=Refusal.STEP_UP_NEEDED)
    return ALLOWED
