"""Running the bot: everything in one process, or split into intake and work, and the migrations before it."""

from __future__ import annotations

import os

import typer

from bot import garbage
from bot.cli import say

app = typer.Typer()


def _run(*, intake: bool = True, work: bool = True, migrates: bool = False) -> None:
    garbage.starts()
    from bot.app import Roles, StartProblems
    from bot.app import serve as run_until_stopped
    from bot.log import configure_logging

    settings = say.settings()
    configure_logging(level=settings.log_level, as_json=settings.log_format == "json", secrets=settings.secrets())
    try:
        roles = Roles(intake=intake, work=work, migrates=migrates)
        say.run(run_until_stopped(settings, os.environ, roles))
    except StartProblems as problems:
        say.stop_with(*problems.sentences)


@app.command()
def run() -> None:
    """Everything in one process: Slack, the runs, the messages. Migrates its database first."""
    _run(migrates=True)


@app.command()
def serve() -> None:
    """Take Slack's commands and clicks; `worker` processes execute. As many as you like, on one PostgreSQL."""
    _run(work=False)


@app.command()
def worker() -> None:
    """Execute approved requests and keep Slack up to date. As many as you like, on one PostgreSQL."""
    _run(intake=False)


@app.command()
def migrate() -> None:
    """Create or upgrade the tables of DATABASE_URL. Old processes may go on meanwhile."""
    from bot.app import migrate_database
    from bot.ports import StoreError

    try:
        migrate_database(say.database_url())
    except StoreError as error:
        say.stop_with(error.sentence)
    typer.echo("The database is up to date.")


@app.command()
def manifest(
    request_url: str = typer.Option("", help="Your https://…/slack/events. Without it the app uses Socket Mode."),
    name: str = typer.Option("failover-bot", help="The app's name in Slack."),
) -> None:
    """Print the manifest of the Slack app that this version needs."""
    import json

    from bot.slack.manifest import manifest as make

    typer.echo(json.dumps(make(name=name, request_url=request_url), indent=2))
