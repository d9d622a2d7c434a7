"""What an operator does without Slack: see what runs, ask, decide, and look after the database. Same rules as in Slack."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.say import USAGE_ERROR, harmless, run, stop_with
from bot.domain.facts import Known
from bot.domain.plan import Occasion

if TYPE_CHECKING:
    from bot.domain.request import Draft
    from bot.service.desk import Desk

app = typer.Typer()
Id = Annotated[str, typer.Argument(help="The request's id, e.g. FR-7K2M9QXA.")]


@app.command()
def runs(every: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False) -> None:
    """What is alive where, since when and at which step; and which processes work on runs."""
    from bot.cli.overview import print_runs

    print_runs(every=every)


@app.command()
def status(request: Annotated[str, typer.Argument(help="One request; without it the latest ones.")] = "") -> None:
    """What is open, and what ended last; or how far one request is."""
    from bot.cli.overview import print_request, print_requests

    print_request(request) if request else print_requests()


@app.command()
def request(
    group: Annotated[str, typer.Argument(help="The protection group's name or id.")],
    reason: Annotated[str, typer.Option(help="Why now. The approvers decide on it.")],
    project: Annotated[str, typer.Option(help="The project, where several are configured.")] = "",
    ticket: Annotated[str, typer.Option(help="A ticket, as the policy wants it.")] = "",
    at: Annotated[str, typer.Option(help="Start then (2026-11-01T20:00, UTC unless it says otherwise).")] = "",
    type_name: Annotated[str, typer.Option(help="The group's name once more, where the policy asks for it.")] = "",
    stop: Annotated[bool, typer.Option("--stop/--stopped", help="Stop the servers, or they are stopped.")] = True,
    start: Annotated[bool, typer.Option("--start/--leave-off", help="Start the servers afterwards, or not.")] = True,
    passwords_changed: Annotated[Known, typer.Option(help="Since the first failover.")] = Known.UNKNOWN,
    occasion: Annotated[Occasion, typer.Option(help="Whether this group was failed over before.")] = Occasion.UNKNOWN,
    break_glass: Annotated[bool, typer.Option("--break-glass", help="Alone, at once, with a review owed.")] = False,
) -> None:
    """Ask for the switchover of a group to its other site. The card appears in Slack when Slack is back."""
    from bot.cli.answers import opening
    from bot.domain.plan import Options
    from bot.operators import this_operator, this_place
    from bot.service.opening import open_request

    options = Options(
        stop_servers=stop,
        start_servers=start,
        passwords_changed=passwords_changed,
        occasion=occasion,
        start_at=_moment(at) if at else None,
    )

    async def ask(desk: Desk) -> tuple[str, int]:
        draft = await _draft(desk, group, project, options=options, reason=reason, ticket=ticket)
        draft = _with(draft, typed_name=type_name, break_glass=break_glass)
        return opening(await open_request(desk, draft, this_operator(), this_place()))

    _answer(run(_at_desk(ask)))
