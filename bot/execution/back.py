"""The way back while nothing was submitted: the servers that this run stopped run again, and only then it is told."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.errors import Problem
from bot.domain.lines import LineKind, line
from bot.domain.plan import Plan
from bot.domain.request import Event, Request
from bot.domain.run import Step
from bot.domain.surface import Place, PlaceKind
from bot.execution.endings import Ending, end, without_question
from bot.execution.footing import Footing, Key, Parts, change, stand
from bot.execution.servers import Wave, names, waves_at
from bot.execution.stage import Stage
from bot.execution.starting import Started, Starting
from bot.ports import Transaction
from bot.service.changes import save_run, say, show


async def servers_back(parts: Parts, key: Key, plan: Plan | None = None) -> Started | None:
    """Start again what this run stopped. None when it stopped nothing. `plan`: not the one of the row."""
    now = await stand(parts, key)
    if now is None or not now.run.stopped_server_ids:
        return None
    plan, stopped = plan or now.plan, now.run.stopped_server_ids
    waves = waves_at(plan, plan.to.other, only=stopped)  # a DR server that was on by mistake stays off

    async def tell(wave: Wave, running: int) -> None:
        """The thread hears about the end of it only."""

    parts.reach("before servers back")
    started = await Starting(parts, key, plan, waves, tell).run()
    await change(parts, key, lambda tx, current: _told(tx, current, started))
    return started


def _told(tx: Transaction, now: Footing, started: Started) -> None:
    if now.run.question is not None:
        show(tx, now.request, Place(PlaceKind.QUESTION, now.run.question.value))
    save_run(tx, replace(without_question(now.run), running_count=len(started.running), server_count=started.total))
    done, total = len(started.running), started.total
    say(tx, now.request, line(LineKind.RESTARTED, done=done, total=total), once=f"restarted.{now.request.revision}")
    if started.missing:
        servers = names(now.plan, started.missing)
        say(tx, now.request, line(LineKind.NOT_RUNNING, servers=servers), once=f"not_running.{now.request.revision}")


async def go_back_cancelled(parts: Parts, key: Key) -> Stage:
    started = await servers_back(parts, key)
    problem = started.problem if started else None
    return await end(parts, key, Ending(event=Event.CANCEL, words=line(LineKind.CANCELLED), problem=problem))


async def go_back_failed(
    parts: Parts, key: Key, problem: Problem, kind: LineKind, *, request: Request | None = None
) -> Stage:
    """Certainly nothing was reversed: production runs again where it was, and the request has failed."""
    await servers_back(parts, key, request.plan if request else None)
    words = line(kind, what=f"{problem.what} {problem.not_done}".strip(), cure=problem.advice)
    return await end(
        parts, key, Ending(event=Event.FAIL, words=words, problem=problem, step=Step.REVERSE, request=request)
    )
