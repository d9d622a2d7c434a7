"""The new production servers on, in their order. The reversal itself starts none."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.lines import LineKind, line
from bot.domain.run import Step, StepState
from bot.execution.footing import Footing, Key, Parts, change, mark, save_if_new, stand
from bot.execution.servers import Wave, ids_of, names, waves_at
from bot.execution.stage import Stage
from bot.execution.starting import Started, Starting
from bot.ports import Transaction
from bot.service.changes import save_run, say


async def start_servers(parts: Parts, key: Key) -> Stage:
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    waves = waves_at(now.plan, now.plan.to)
    total = len(ids_of(waves))

    async def tell(wave: Wave, running: int) -> None:
        def work(tx: Transaction, current: Footing) -> None:
            run = mark(current.run, Step.START, StepState.RUNNING, tx.now, done=running, total=total)
            save_if_new(tx, current.run, replace(run, running_count=running, server_count=total, observed_at=tx.now))
            number = [one.number for one in waves].index(wave.number) + 1
            servers = names(now.plan, wave.ids)
            words = line(LineKind.STARTING, wave=number, total=len(waves), servers=servers)
            say(tx, current.request, words, once=f"starting.{wave.number}")

        await change(parts, key, work)

    started = await Starting(parts, key, now.plan, waves, tell).run()
    await change(parts, key, lambda tx, current: _started(tx, current, started))
    return Stage.FINISH


def _started(tx: Transaction, now: Footing, started: Started) -> None:
    state = StepState.FAILED if started.missing else StepState.DONE
    done, total = len(started.running), started.total
    run = mark(now.run, Step.START, state, tx.now, done=done, total=total)
    run = replace(run, running_count=done, server_count=total, observed_at=tx.now)
    save_run(tx, replace(run, problem=started.problem or run.problem))
    say(tx, now.request, line(LineKind.RUNNING, done=done, total=total), once="running")
    if started.missing:
        servers = names(now.plan, started.missing)
        say(tx, now.request, line(LineKind.NOT_RUNNING, servers=servers), once="not_running")
