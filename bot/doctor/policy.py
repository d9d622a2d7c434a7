"""The policy: is the file valid, can each quorum be met by people who are there, is what it asks for configured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.living import Living, directory, living
from bot.doctor.report import Area, Result, Results, failed, warned, well
from bot.doctor.slack import SlackAccess
from bot.domain.errors import PeopleError
from bot.domain.policy import Policy, Rule, best_quorum
from bot.domain.preflight.finding import counted
from bot.policy_file import PolicyProblems, load


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The policy, if the file holds one."""

    policy: Policy | None
    results: Results


def read_policy(path: Path, *, has_second_factor_page: bool) -> Reading:
    try:
        policy = load(path)
    except PolicyProblems as problems:
        cure = "Correct the file; `failover-bot policy check` says when it is right."
        return Reading(
            policy=None,
            results=tuple(failed(Area.POLICY, "file", sentence, cure) for sentence in problems.sentences),
        )
    said = f"{path} is valid: {counted(len(policy.rules), 'rule')}, version {policy.version[:12]}."
    needy = [rule.name for rule in policy.rules if rule.needs_step_up and not has_second_factor_page]
    page = [_no_page(name) for name in needy]
    return Reading(policy=policy, results=(well(Area.POLICY, "file", said), *page))


def _no_page(rule: str) -> Result:
    sentence = f'The rule "{rule}" asks for a second factor, and there is no page to give it.'
    return failed(Area.POLICY, f"second factor {rule}", sentence, "Set PUBLIC_URL and STEP_UP_KEY.")


async def examine_quorums(policy: Policy, access: SlackAccess | None) -> Results:
    """One result per rule. Without Slack's word nothing is known, and nothing is said to be well."""
    if access is None:
        return (_not_known("Slack could not be asked"),)
    results: list[Result] = []
    try:
        async with directory(access.bot_token, access.api_url, policy) as here:
            for rule in policy.rules:
                results += _quorum(policy, rule, await living(policy, rule, here))
    except PeopleError as error:
        return (*results, _not_known(str(error)))
    return tuple(results)


def _not_known(why: str) -> Result:
    sentence = f"Whether the quorums can be met by people who are there is not known: {why}."
    return warned(Area.POLICY, "quorums", sentence, "See what is said about Slack.")


def _quorum(policy: Policy, rule: Rule, alive: Living) -> Iterator[Result]:
    name = f"quorum {rule.name}"
    best = best_quorum(policy, rule, alive.people)
    absent = (*alive.missing, *alive.unseen)
    gone = f" Not counted: {', '.join(absent)}." if absent else ""
    lone = alive.lone(policy, rule)
    if not best.is_met:
        gaps = ", ".join(f"{role} {given} of {need}" for role, given, need in best.roles if given < need)
        sentence = f"The quorum cannot be met by anybody who is there: {gaps}.{gone}"
        yield failed(Area.POLICY, name, sentence, "Name more people in the policy, or put them into its user groups.")
    elif lone:
        who = ", ".join(sorted(person.name for person in lone))
        sentence = f"Nobody can stand in for {who}: when one of them asks or is away, the quorum cannot be met.{gone}"
        yield warned(Area.POLICY, name, sentence, "Name one more person than the quorum needs.")
    else:
        yield well(
            Area.POLICY,
            name,
            f"{counted(len(alive.people), 'person', 'people')} can meet the quorum of {best.needed}.{gone}",
        )
