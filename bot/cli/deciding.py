"""Asking and deciding at the prompt, for the night when Slack is down: the same use cases, rules and record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.say import USAGE_ERROR, harmless, run, stop_with
from bot.domain.facts import Known
from bot.domain.plan import Occasion, Options

if TYPE_CHECKING:
    from bot.service.desk import Desk

app = typer.Typer()
Id = Annotated[str, typer.Argument(help="The request's id, e.g. FR-7K2M9QXA.")]
Answer = tuple[str, int]


@app.command()
def request(
    group: Annotated[str, typer.Argument(help="The protection group's name or id.")],
    reason: Annotated[str, typer.Option(help="Why now. The approvers decide on it.")],
    project: Annotated[str, typer.Option(help="The project, where several are configured.")] = "",
    ticket: Annotated[str, typer.Option(help="A ticket, as the policy wants it.")] = "",
    at: Annotated[str, typer.Option(help="Start then (2026-11-01T20:00, UTC unless it says otherwise).")] = "",
    type_name: Annotated[str, typer.Option(help="The group's name once more, where the policy asks for it.")] = "",
    stop: Annotated[bool, typer.Option("--stop/--stopped", help="Stop the servers; they are stopped already.")] = True,
    start: Annotated[bool, typer.Option("--start/--leave-off", help="Start the servers afterwards, or not.")] = True,
    passwords_changed: Annotated[Known, typer.Option(help="Since the first failover.")] = Known.UNKNOWN,
    occasion: Annotated[Occasion, typer.Option(help="Is this its first failover?")] = Occasion.UNKNOWN,
    break_glass: Annotated[bool, typer.Option("--break-glass", help="Alone and at once; a review is owed.")] = False,
) -> None:
    """Ask for the switchover of a group to its other site. Its card is in Slack as soon as Slack is there."""
    from bot.cli.audit import moment
    from bot.cli.form import Form

    options = Options(
        stop_servers=stop,
        start_servers=start,
        passwords_changed=passwords_changed,
        occasion=occasion,
        start_at=moment(at) if at else None,
    )
    form = Form(group=group, project=project, reason=reason, ticket=ticket, typed_name=type_name)
    _answer(form.ask(options, break_glass=break_glass))


@app.command()
def approve(
    request: Id,
    plan: Annotated[str, typer.Option(help="The plan's code, e.g. 7F3A-91. Without it: see what would happen.")] = "",
    accept: Annotated[list[str] | None, typer.Option(help="A warning that you accept, by its name.")] = None,
) -> None:
    """Approve exactly the plan that --plan names. Without it nothing is approved: the plan is shown."""
    from bot.cli.approving import approve_plan, show_plan

    if plan:
        _answer(lambda desk: approve_plan(desk, request, plan, frozenset(accept or ())))
    else:
        _answer(lambda desk: show_plan(desk, request))


@app.command()
def deny(request: Id, reason: Annotated[str, typer.Option(help="The requester reads it.")]) -> None:
    """Say no. The request is closed."""
    from bot.cli.answers import acting
    from bot.cli.desk import click
    from bot.service.deciding import deny as refuse

    if not reason.strip():
        stop_with("Say why with --reason. Nothing was denied.", code=USAGE_ERROR)

    async def decide(desk: Desk) -> Answer:
        return acting(await refuse(desk, click(request, reason=reason)), "Denied.")

    _answer(decide)


@app.command()
def withdraw(request: Id, reason: Annotated[str, typer.Option(help="For the record.")] = "") -> None:
    """Take your own request back before it runs."""
    from bot.cli.answers import acting
    from bot.cli.desk import click
    from bot.service.deciding import withdraw as take_back

    async def decide(desk: Desk) -> Answer:
        return acting(await take_back(desk, click(request, reason=reason)), "Withdrawn.")

    _answer(decide)


@app.command()
def retract(request: Id) -> None:
    """Take your own approval back before the run starts."""
    from bot.cli.answers import acting
    from bot.cli.desk import click
    from bot.service.deciding import retract as take_back

    async def decide(desk: Desk) -> Answer:
        nothing = "You have no approval to take back on this request. Nothing was changed."
        return acting(await take_back(desk, click(request)), "Your approval is taken back.", nothing=nothing)

    _answer(decide)


@app.command()
def review(request: Id, text: Annotated[str, typer.Option(help="What happened, why alone, what changes now.")]) -> None:
    """Write the review that your break-glass owes, once it is over. Before it you may not break the glass again."""
    from bot.cli.answers import acting
    from bot.cli.desk import click
    from bot.service.steering import review as write

    async def decide(desk: Desk) -> Answer:
        nothing = "No review is due: it is no break-glass, it is not over yet, or its review is written."
        outcome = await write(desk, click(request, reason=text))
        return acting(outcome, "Your review is recorded.", nothing=f"{nothing} Nothing was changed.")

    _answer(decide)


def _answer(decide: Callable[[Desk], Awaitable[Answer]]) -> None:
    from bot.cli.desk import opened_desk

    async def at_desk() -> Answer:
        async with opened_desk() as desk:
            return await decide(desk)

    sentence, status = run(at_desk())
    if status:
        stop_with(harmless(sentence), code=status)
    typer.echo(harmless(sentence))
