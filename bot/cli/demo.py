"""Trying it without any account: the demo, its tour, and each simulator alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli import say

app = typer.Typer()


class Simulator(StrEnum):
    SLACK = "slack"
    SDRS = "sdrs"


@app.command()
def demo(
    tour: bool = typer.Option(False, "--tour", help="Play the whole story by itself, say what was seen, and end."),
    port: int = typer.Option(8080, min=0, max=65535, help="Port of the page; 0 takes a free one."),
    http: bool = typer.Option(False, "--http", help="Slack delivers signed HTTP requests instead of Socket Mode."),
) -> None:
    """A simulated Slack workspace and cloud on this machine, with the real bot between them.

    Exit status of --tour: 0 if every step of the story was seen, else 1.
    """
    from bot.demo import show
    from bot.slack.manifest import manifest

    if tour:
        from bot.demo.tour import play

        raise typer.Exit(say.run(say.clearing_up(play(manifest()))))
    raise typer.Exit(say.run(say.clearing_up(show.demo(manifest(), port=port, over_http=http))))


@app.command()
def simulate(
    what: Annotated[Simulator, typer.Argument(help="Which one.")],
    port: int = typer.Option(0, min=0, max=65535, help="Port to listen on, on 127.0.0.1; 0 takes a free one."),
) -> None:
    """Run one simulator alone until Ctrl-C, and print what a client needs to use it."""
    from bot.demo import show
    from bot.slack.manifest import manifest

    simulator = show.simulate_slack(manifest(), port) if what is Simulator.SLACK else show.simulate_sdrs(port)
    raise typer.Exit(say.run(say.clearing_up(simulator)))
