"""`failover-bot`: one command per job, each with a sentence when it cannot do it. Imports are late: help is instant."""

from __future__ import annotations

import sys

import typer

from bot.cli import audit, demo, operate, policy, serve, stepup
from bot.domain.text import whole

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the library that draws prettier help takes longer to load than everything else together
    context_settings={"max_content_width": 120},
    help="Request, approve and follow planned failovers of SDRS protection groups from Slack.",
)
for commands in (demo.app, serve.app, operate.app):
    app.registered_commands.extend(commands.registered_commands)
app.add_typer(policy.app, name="policy", help="The policy file: an example, a check, and what it means for somebody.")
app.add_typer(audit.app, name="audit", help="Who did what: verify the chain, show one request, export it.")
app.add_typer(stepup.app, name="step-up", help="Second factors of approvers: a key, enrolling, listing, removing.")


def main() -> None:
    """A shell passes on bytes that are no UTF-8; Python shows each as half a surrogate pair."""
    app([whole(argument) for argument in sys.argv[1:]])
