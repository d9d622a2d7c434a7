"""`failover-bot`: one command per job, each with a sentence when it cannot do it."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def root() -> None:
    """Request, approve and follow planned failovers of SDRS protection groups from Slack."""


def main() -> None:
    app()
