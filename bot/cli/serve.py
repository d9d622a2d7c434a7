"""Running the bot: everything in one process, or split into intake and work, and the migrations before it."""

from __future__ import annotations

import typer

app = typer.Typer()


@app.command()
def manifest(
    request_url: str = typer.Option("", help="Your https://…/slack/events. Without it the app uses Socket Mode."),
    name: str = typer.Option("failover-bot", help="The app's name in Slack."),
) -> None:
    """Print the manifest of the Slack app that this version needs."""
    import json

    from bot.slack.manifest import manifest as make

    typer.echo(json.dumps(make(name=name, request_url=request_url), indent=2))
