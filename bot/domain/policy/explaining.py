"""The policy in sentences: who may do what with a group, and whether its quorum can be met."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from bot.domain.facts import Group
from bot.domain.people import Person
from bot.domain.policy.counting import best_quorum
from bot.domain.policy.membership import is_in, roles_of
from bot.domain.policy.rights import decide, refusal_of_account
from bot.domain.policy.rules import Action, Audience, Policy, Refusal, Rule, Window
from bot.domain.policy.windows import is_inside, next_opening

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

ACCOUNT_WRONGS: Mapping[Refusal, str] = {
    Refusal.DEACTIVATED: "the account is deactivated",
    Refusal.BOT: "it is a bot",
    Refusal.STRANGER: "it belongs to another organisation",
    Refusal.FOREIGN: "it belongs to another workspace",
    Refusal.GUEST: "it is a guest",
}


def explain(
    policy: Policy,
    rule: Rule | None,
    person: Person | None,
    group: Group,
    *,
    now: datetime,
    people: Iterable[Person] = (),
) -> tuple[str, ...]:
    """What the policy says about `group`, about `person` there, and whether `people` could meet the quorum today.

    `people` are the possible approvers as they are now; without them nothing is said about today.
    """
    if rule is None:
        return (f'No rule covers the group "{group.name}": nobody may request or approve anything for it.',)
    return (
        *_about_rule(rule, group, now),
        *(_about_person(policy, rule, person, now) if person else ()),
        *_about_today(policy, rule, person, tuple(people)),
    )


def _about_rule(rule: Rule, group: Group, now: datetime) -> Iterator[str]:
    yield f'Group "{group.name}" falls under the rule "{rule.name}" ({rule.environment}).'
    yield f"May request: {_audience(rule.requesters) or 'every full member'}."
    for role in rule.roles:
        backups = _audience(role.backups)
        silent = f"; silent backups: {backups}" if backups else ""
        yield f'{role.need} from "{role.name}" must approve: {_audience(role.who)}{silent}.'
    yield "Nobody approves their own request, and nobody fills two roles."
    yield f"A request expires after {_span(rule.request_ttl)}, an unused approval after {_span(rule.approval_ttl)}."
    yield f"Break-glass: {_audience(rule.break_glass) or 'nobody'}."
    yield from _conditions(rule, now)


def _conditions(rule: Rule, now: datetime) -> Iterator[str]:
    if rule.ticket_pattern:
        yield f"A ticket is required, in the form {rule.ticket_pattern}."
    if rule.types_name:
        yield "The requester types the group's name."
    if rule.needs_step_up:
        yield "An approval needs the second factor."
    if rule.windows:
        opening = next_opening(rule, now)
        state = f"closed until {opening:%a %Y-%m-%d %H:%M} UTC" if opening else "open now"
        yield f"Change windows: {'; '.join(_window(window) for window in rule.windows)} ({state})."


def _about_person(policy: Policy, rule: Rule, person: Person, now: datetime) -> Iterator[str]:
    wrong = refusal_of_account(policy, person)
    if wrong is not None:
        yield f"{person.name} may do nothing here: {ACCOUNT_WRONGS[wrong]}."
        return
    may_request = decide(policy, rule, Action.REQUEST, person, now=now).is_allowed
    roles = roles_of(policy, rule, person)
    yield f"{person.name} {'may' if may_request else 'may not'} request."
    if roles:
        yield f"{person.name} may approve requests of others, as {' or '.join(roles)}, and deny them."
        yield from [] if is_inside(rule, now) else ["Not now: the change window is closed."]
    else:
        yield f"{person.name} may not approve or deny."
    if is_in(policy, rule.break_glass, person):
        yield f"{person.name} may break the glass."


def _about_today(policy: Policy, rule: Rule, person: Person | None, people: tuple[Person, ...]) -> Iterator[str]:
    if not people:
        return
    best = best_quorum(policy, rule, people, person.account if person else None)
    asker = f" when {person.name} asks" if person else ""
    if best.is_met:
        yield f"The quorum of {best.needed} can be met today{asker}."
    else:
        gaps = ", ".join(f"{name} {given} of {need}" for name, given, need in best.roles if given < need)
        yield f"The quorum cannot be met today{asker}: {gaps or 'no role is asked'}."


def _audience(audience: Audience) -> str:
    parts = [
        *sorted(audience.users),
        *(f"user group {name}" for name in sorted(audience.usergroups)),
        *(f"on call: {name}" for name in sorted(audience.on_call)),
    ]
    return ", ".join(parts)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def _window(window: Window) -> str:
    days = " ".join(DAYS[day] for day in sorted(window.days))
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (window.start_minute, window.end_minute))
    return f"{days} {start}-{end} {window.zone}"
