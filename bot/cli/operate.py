"""What an operator needs beside Slack: what runs where, decisions at the prompt, the database, and the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import deciding
from bot.cli.say import run, stop_with

if TYPE_CHECKING:
    from bot.cli.restoring import Outlook

app = typer.Typer()


@app.command()
def runs(every: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False) -> None:
    """What is alive where, since when and at which step; and which processes work on runs."""
    from bot.cli.overview import print_runs

    print_runs(every=every)


@app.command()
def status(request: Annotated[str, typer.Argument(help="One request; without it the latest ones.")] = "") -> None:
    """What is open and what ended last, or all about one request."""
    from bot.cli.overview import print_request, print_requests

    if request:
        print_request(request)
    else:
        print_requests()


app.registered_commands.extend(deciding.app.registered_commands)


@app.command("confirm-restored")
def confirm_restored(
    yes: Annotated[bool, typer.Option("--yes", help="You have looked at what the cloud shows.")] = False,
) -> None:
    """After a backup was restored: see what really happened, then let the bot go on. Nothing is sent twice."""
    from bot.cli.restoring import confirm

    outlook: Outlook = run(confirm(is_sure=yes))
    for sentence in outlook.sentences:
        typer.echo(sentence)
    if outlook.is_open_question:
        stop_with("Nothing was changed. When this is what you expect: failover-bot confirm-restored --yes")


@app.command()
def copy(
    source: Annotated[str, typer.Option("--from", help="The database to read, e.g. sqlite:///failover-bot.sqlite.")],
    target: Annotated[
        str, typer.Option("--to", envvar="COPY_TO", help="An empty database. COPY_TO hides it from `ps`.")
    ],
) -> None:
    """Move to another database, usually from SQLite to PostgreSQL. All or nothing, and counted afterwards."""
    from bot.execution.engine import migrate_engine
    from bot.ports import StoreError
    from storage.copy import copy_database
    from storage.urls import parse_url

    try:
        copied = copy_database(source, target)
        migrate_engine(parse_url(target))
    except StoreError as error:
        stop_with(error.sentence)
    typer.echo(f"{copied.sentence} Set DATABASE_URL to the new address and start the bot there.")


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Examine settings, Slack, database, cloud, policy and place. Exit status 0: well, 1: warnings, 2: failed."""
    from bot.cli.examining import examine_and_print

    raise typer.Exit(examine_and_print(as_json=as_json))
