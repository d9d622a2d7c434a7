"""Second factors of approvers: a key that seals them, enrolling, listing and removing, on the machine of the bot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.say import USAGE_ERROR, harmless, run, stop_with, user_id

if TYPE_CHECKING:
    from bot.domain.people import Account
    from bot.ports import Transaction
    from bot.stepup import TotpDoor

app = typer.Typer(no_args_is_help=True)
User = Annotated[str, typer.Option("--user", help="U… of Slack, or operator/NAME of the command line.")]
Team = Annotated[
    str, typer.Option("--team", help="T… of Slack. Left out: the policy's, or the one of the bot's token.")
]


@app.command()
def key() -> None:
    """Print a new STEP_UP_KEY. Keep it beside the other secrets, not beside the database."""
    from bot.stepup import new_key

    typer.echo(new_key())


@app.command()
def enrol(user: User, team: Team = "") -> None:
    """Give this person a new second factor. Its secret is shown once, here and now; an older one ends."""
    from bot.cli.reading import opened_store
    from bot.ports import SecondFactor

    account = account_of(user, team)
    made = _door().enrol(f"{account.team}/{account.user}")

    def work(tx: Transaction) -> None:
        tx.second_factors.enrol(SecondFactor(account=account, sealed_secret=made.sealed, enrolled_at=tx.now))
        _record(tx, "enrol_second_factor", account)

    with opened_store() as store:
        store.transact(work)
    typer.echo(f"Second factor of {harmless(user)} is enrolled. Hand this over now; it is not shown again:")
    typer.echo(made.uri)
    typer.echo(f"Secret to type by hand: {made.secret}")


@app.command()
def remove(user: User, team: Team = "") -> None:
    """End this person's second factor. Approvals that need one are refused until the next enrolment."""
    from bot.cli.reading import opened_store

    account = account_of(user, team)

    def work(tx: Transaction) -> bool:
        was_there = tx.second_factors.remove(account)
        _record(tx, "remove_second_factor", account, outcome="done" if was_there else "missing")
        return was_there

    with opened_store() as store:
        was_there = store.transact(work)
    if not was_there:
        stop_with(f"{harmless(user)} has no second factor. Nothing was changed.")
    typer.echo(f"The second factor of {harmless(user)} is removed.")


@app.command(name="list")
def show() -> None:
    """Who has a second factor."""
    from bot.cli.reading import look

    accounts = look(lambda tx: tx.second_factors.enrolled())
    for account in accounts:
        typer.echo(f"{account.team}/{account.user}")
    if not accounts:
        typer.echo("Nobody has a second factor. `failover-bot step-up enrol --user U…` gives one.")


def account_of(user: str, team: str) -> Account:
    """The account under which the factor is kept, as the step-up page will look for it."""
    from bot.domain.people import OPERATOR_TEAM, Account

    where, _, name = user_id(user).rpartition("/")
    place = where or team or _team()
    if not place:
        stop_with("Say whose workspace it is with --team T…: neither the policy nor Slack told. Nothing was changed.")
    return Account("", OPERATOR_TEAM if where == OPERATOR_TEAM else place, name)


def _team() -> str:
    """The policy's, else the one that the bot's token belongs to."""
    from bot.cli.say import policy_file
    from bot.policy_file import PolicyProblems, load

    try:
        team = load(policy_file()).team
    except PolicyProblems:
        team = ""
    return team or run(_team_of_token())


async def _team_of_token() -> str:
    from bot.slack.client import Identity, Wire, slack_client, slack_session, who_am_i

    token = os.environ.get("SLACK_BOT_TOKEN", "")
    if not token:
        return ""
    async with slack_session() as session:
        url = os.environ.get("SLACK_API_URL") or "https://slack.com/api/"
        found = await who_am_i(Wire(slack_client(token, url, session)))
    return found.team if isinstance(found, Identity) else ""


def _door() -> TotpDoor:
    from bot.stepup import TotpDoor

    try:
        return TotpDoor(os.environ.get("PUBLIC_URL", ""), os.environ.get("STEP_UP_KEY", ""))
    except ValueError:
        stop_with(
            "STEP_UP_KEY is not set, or is no key. Nothing was enrolled. `failover-bot step-up key` prints a new one.",
            code=USAGE_ERROR,
        )


def _record(tx: Transaction, action: str, account: Account, *, outcome: str = "done") -> None:
    from bot.domain.audit import Entry
    from bot.operators import this_operator, this_place

    whose = {"account": str(account)}
    entry = Entry(action=action, outcome=outcome, actor=this_operator(), surface=this_place(), detail=whose)
    tx.audit.append(entry)
