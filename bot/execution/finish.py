"""The end of a run that was submitted: one transaction for the last state, the end card and the login guidance."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.people import Account
from bot.domain.request import Event
from bot.domain.run import Run, Step, StepState
from bot.domain.surface import Place, PlaceKind
from bot.execution.footing import Footing, Key, Parts, change, mark
from bot.execution.stage import Stage
from bot.ports import Transaction
from bot.service.changes import BOT, advance, save_run


async def finish(parts: Parts, key: Key) -> Stage:
    parts.reach("before end")
    await change(parts, key, _finish)
    parts.reach("after end")
    parts.fresh.pop(key.request_id, None)
    parts.metrics.count("endings", event="finish")
    return Stage.OVER


def _finish(tx: Transaction, now: Footing) -> None:
    """Together, so that nobody sees an end without its guidance or a guidance without an end."""
    event = _event(now.run)
    run = replace(now.run, ended_at=tx.now, stale_reason="")
    save_run(tx, mark(run, Step.CONFIRM, StepState.RUNNING, tx.now) if event is not Event.FINISH else run)
    if advance(tx, now.request, event, BOT) is None:
        return
    if event is not Event.FINISH:
        _show_login(tx, now, now.request.requester)


def _event(run: Run) -> Event:
    if run.step(Step.VERIFY).state is StepState.FAILED:
        return Event.FINISH
    if run.step(Step.START).state is StepState.FAILED:
        return Event.FINISH_PARTLY
    return Event.VERIFY


def _show_login(tx: Transaction, now: Footing, account: Account) -> None:
    for kind in (PlaceKind.LOGIN, PlaceKind.POINTER):
        tx.surfaces.want(now.request.id, Place(kind, str(account)), user=account.user)
