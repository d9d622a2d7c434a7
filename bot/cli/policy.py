"""`failover-bot policy`: a file to begin with, what is wrong with yours, and what it means for somebody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.say import USAGE_ERROR, harmless, policy_file, run, stop_with, user_id

if TYPE_CHECKING:
    from bot.doctor.living import Directory
    from bot.domain.facts import Group
    from bot.domain.people import Person
    from bot.domain.policy import Policy, Rule

app = typer.Typer(no_args_is_help=True)


@app.command()
def example() -> None:
    """Print a policy in which every word is explained, to start from."""
    from bot.policy_file import example as text

    typer.echo(text(), nl=False)


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="Without it: FAILOVER_POLICY, else policy.toml.")] = None,
) -> None:
    """Say what is wrong with a policy file, a sentence for each mistake. Exit status 2 when there is one."""
    from bot.domain.preflight.finding import counted
    from bot.policy_file import overlaps

    path = file or policy_file()
    policy = loaded(path)
    rules, names = counted(len(policy.rules), "rule"), ", ".join(f'"{rule.name}"' for rule in policy.rules)
    typer.echo(harmless(f"{path} is a valid policy: {rules} ({names}), version {policy.version[:12]}."))
    for remark in overlaps(policy):
        typer.echo(harmless(remark))


@app.command()
def explain(
    user: str = typer.Option(help="A Slack user id (U…), or operator/NAME."),
    group: str = typer.Option(help="The protection group's name or id."),
    project: str = typer.Option("", help="The project, where several are configured."),
    file: Annotated[Path | None, typer.Option(help="Without it: FAILOVER_POLICY, else policy.toml.")] = None,
) -> None:
    """Who may do what with a group, and whether its quorum can be met today by people who are there."""
    who = user_id(user)
    for sentence in run(_explained(loaded(file or policy_file()), who, group, project)):
        typer.echo(harmless(sentence))


def loaded(path: Path) -> Policy:
    """Ends the command with every sentence about what is wrong."""
    from bot.policy_file import PolicyProblems, load

    try:
        return load(path)
    except PolicyProblems as problems:
        stop_with(*problems.sentences, code=USAGE_ERROR)


async def _explained(policy: Policy, user: str, name: str, project: str) -> list[str]:
    from bot.domain.policy import rule_for

    group, remark = await _group(name, project)
    rule = rule_for(policy, group)
    remarks = [remark] if remark else []
    token = os.environ.get("SLACK_BOT_TOKEN", "")
    if not token:
        remarks.append("Slack was not asked (SLACK_BOT_TOKEN is not set): whether people are there today is not known.")
        return [*_sentences(policy, rule, _unseen(policy, user), group, ()), *remarks]
    return [*await _with_slack(policy, rule, user, group, token), *remarks]


async def _with_slack(policy: Policy, rule: Rule | None, user: str, group: Group, token: str) -> list[str]:
    from bot.doctor.living import directory, living
    from bot.domain.errors import PeopleError

    base_url = os.environ.get("SLACK_API_URL") or "https://slack.com/api/"
    try:
        async with directory(token, base_url, policy) as here:
            person = await _person(policy, user, here)
            alive = await living(policy, rule, here) if rule else None
    except PeopleError as error:
        remark = f"{error}. While that is so the bot says no to everybody whom it cannot look up. By the policy alone:"
        return [remark, *_sentences(policy, rule, _unseen(policy, user), group, ())]
    if alive is None:
        return _sentences(policy, rule, person, group, ())
    absent = [f"Not counted: {', '.join((*alive.missing, *alive.unseen))}."] if alive.missing or alive.unseen else []
    nobody = [] if alive.people else ["The quorum cannot be met today: nobody who may approve is there."]
    return [*_sentences(policy, rule, person, group, alive.people), *nobody, *absent]


async def _person(policy: Policy, user: str, here: Directory) -> Person:
    from bot.doctor.living import account_of
    from bot.operators import FixedPolicy, OperatorPeople

    account = account_of(user, policy, here.home)
    return await (OperatorPeople(FixedPolicy(policy)) if account.is_operator else here.people).look_up(account)


def _unseen(policy: Policy, user: str) -> Person:
    """The person as the policy alone knows them: in no user group, and taken for a full member."""
    from bot.domain.people import OPERATOR_TEAM, Account, Person
    from bot.domain.policy import person_id_of

    team, _, name = user.rpartition("/")
    account = Account("", team, name) if team == OPERATOR_TEAM else Account("", team or policy.team, name)
    return Person(account=account, name=user, person_id=person_id_of(policy, account))


def _sentences(
    policy: Policy, rule: Rule | None, person: Person, group: Group, people: tuple[Person, ...]
) -> list[str]:
    from bot.clock import SystemClock
    from bot.domain.policy import explain as told

    return list(told(policy, rule, person, group, now=SystemClock().now(), people=people))


async def _group(name: str, project: str) -> tuple[Group, str]:
    """The group as the cloud has it; without a cloud only its name and id can match a rule, never a tag."""
    from bot.cli.cloud import CloudProblems, find_group, opened_cloud
    from bot.domain.facts import Group, GroupId, ProjectAlias

    try:
        async with opened_cloud() as cloud:
            return await find_group(cloud, name, project), ""
    except CloudProblems as problems:
        bare = Group(
            project=ProjectAlias(project),
            id=GroupId(name),
            name=name,
            status="",
            priority_station="",
            source_zone="",
            target_zone="",
        )
        return bare, f"The group was not looked up, so tags were not compared: {' '.join(problems.sentences)}"
