"""Production off before the reversal: last wave first, softly; a server that does not stop is a question to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import Problem
from bot.domain.facts import Power, ServerId
from bot.domain.lines import LineKind, line
from bot.domain.run import HardStopAnswer, Question, Step, StepState
from bot.domain.surface import Place, PlaceKind
from bot.execution.back import go_back_cancelled
from bot.execution.endings import without_question
from bot.execution.footing import Footing, Key, Parts, change, mark, save_if_new, stand
from bot.execution.servers import Orders, States, Wave, ids_of, in_power, names, read, waves_at
from bot.execution.stage import Stage
from bot.execution.stale import Staleness
from bot.ports import Transaction
from bot.service.changes import save_run, say, show


async def stop_servers(parts: Parts, key: Key) -> Stage:
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    if now.was_submitted:
        return Stage.FOLLOW
    stopping = Stopping(parts, key, now)
    following = await parts.poller.watch(
        stopping.look, stopping.heed, pace=lambda age: parts.timing.server_poll_seconds
    )
    return await go_back_cancelled(parts, key) if following is Stage.OVER else following


class Stopping:
    """One look at all servers, one decision. What it remembers may be lost: the servers' states tell the rest."""

    def __init__(self, parts: Parts, key: Key, now: Footing) -> None:
        plan = now.plan
        self.parts, self.key, self.plan = parts, key, plan
        self.production = waves_at(plan, plan.to.other)
        # The DR side must be off too; it goes first, then production from the last wave to the first.
        self.order = (Wave(0, ids_of(waves_at(plan, plan.to))), *reversed(self.production))
        self.everything = ids_of(self.order)
        self.orders = Orders(parts)
        self.staleness = Staleness(parts)
        self.wave: Wave | None = None
        self.wave_began = 0.0
        self.is_forced = False
        self.heard: HardStopAnswer | None = None

    async def look(self) -> States:
        return await read(self.parts, self.plan, self.everything)

    async def heed(self, seen: States | Problem) -> Stage | None:
        """OVER means: somebody cancelled. None: look again later."""
        now = await stand(self.parts, self.key)
        if now is None or now.run.cancel_requested_by or now.run.hard_stop is HardStopAnswer.CANCEL:
            return Stage.OVER
        if isinstance(seen, Problem):
            await self.staleness.note(self.key, seen)
            return None
        await self.staleness.clear(self.key)
        return await self.step(now, seen)

    async def step(self, now: Footing, states: States) -> Stage | None:
        wave = next((wave for wave in self.order if len(in_power(states, wave.ids, Power.OFF)) < len(wave.ids)), None)
        await self.tell(now, states)
        if wave is None:
            return await self.done()
        self.enter(wave)
        await self.hear(now)
        await self.switch_off(wave, states)
        if not now.run.question and not self.is_forced and self.is_slow():
            await self.ask(self.still_on(wave, states))
        return None

    def enter(self, wave: Wave) -> None:
        if wave is not self.wave:
            self.wave, self.wave_began, self.is_forced = wave, self.parts.clock.monotonic(), False

    def is_slow(self) -> bool:
        return self.parts.clock.monotonic() - self.wave_began >= self.parts.timing.soft_stop_seconds

    def still_on(self, wave: Wave, states: States) -> tuple[ServerId, ...]:
        off = in_power(states, wave.ids, Power.OFF)
        return tuple(server_id for server_id in wave.ids if server_id not in off)

    async def switch_off(self, wave: Wave, states: States) -> None:
        """The intention is written down before the order leaves: Cancel must know what to start again."""
        running = in_power(states, wave.ids, Power.ON)
        if self.is_forced:  # a server that hangs in powering off is neither on nor off
            running = self.still_on(wave, states)
        due = self.orders.due(running)
        if not due:
            return
        self.parts.reach("before stop order")
        await self.intend(due, is_dr=wave is self.order[0])
        self.parts.reach("stop order intended")
        await self.orders.stop(self.plan, due, by_force=self.is_forced)
        self.parts.reach("after stop order")

    async def intend(self, ids: Sequence[ServerId], *, is_dr: bool) -> None:
        def work(tx: Transaction, now: Footing) -> None:
            stopped = (*now.run.stopped_server_ids, *(i for i in ids if i not in now.run.stopped_server_ids))
            total = len(ids_of(self.production))
            run = mark(now.run, Step.STOP, StepState.RUNNING, tx.now, total=total)
            save_if_new(tx, now.run, replace(run, stopped_server_ids=stopped))
            if is_dr:
                say(tx, now.request, line(LineKind.DR_STOPPED, servers=names(self.plan, ids)), once=self.once("dr"))
            else:
                say(tx, now.request, line(LineKind.STOPPING, total=total), once=self.once("stopping"))

        await change(self.parts, self.key, work)

    async def tell(self, now: Footing, states: States) -> None:
        """The figures, when they changed."""
        production = ids_of(self.production)
        done = len(in_power(states, production, Power.OFF))
        if done == now.run.step(Step.STOP).done:
            return

        def work(tx: Transaction, current: Footing) -> None:
            total = len(production)
            run = mark(current.run, Step.STOP, StepState.RUNNING, tx.now, done=done, total=total)
            save_if_new(tx, current.run, replace(run, observed_at=tx.now))

        await change(self.parts, self.key, work)

    async def hear(self, now: Footing) -> None:
        """What a person answered about force; once per question."""
        answer = now.run.hard_stop
        if answer is None or answer is self.heard:
            return
        self.heard = answer
        self.orders.forget(self.everything)
        self.wave_began = self.parts.clock.monotonic()
        self.is_forced = answer is HardStopAnswer.FORCE

        def work(tx: Transaction, current: Footing) -> None:
            save_run(tx, without_question(current.run))
            show(tx, current.request, Place(PlaceKind.QUESTION, Question.HARD_STOP.value))
            if self.is_forced:
                who, subjects = str(current.run.answered_by or ""), list(current.run.question_subjects)
                words = line(LineKind.FORCED, account=who, servers=subjects)
                say(tx, current.request, words, once=self.once("forced"))

        await change(self.parts, self.key, work)

    async def ask(self, ids: Sequence[ServerId]) -> None:
        self.heard = None
        servers, why = names(self.plan, ids), await self.orders.why_not(self.plan, ids)

        def work(tx: Transaction, now: Footing) -> None:
            asking = replace(now.run, question=Question.HARD_STOP, question_subjects=tuple(servers), hard_stop=None)
            save_run(tx, replace(asking, problem=why or now.run.problem))
            say(tx, now.request, line(LineKind.SLOW_STOP, servers=servers))
            show(tx, now.request, Place(PlaceKind.QUESTION, Question.HARD_STOP.value))

        await change(self.parts, self.key, work)

    async def done(self) -> Stage:
        total = len(ids_of(self.production))

        def work(tx: Transaction, now: Footing) -> None:
            run = mark(without_question(now.run), Step.STOP, StepState.DONE, tx.now, done=total, total=total)
            save_run(tx, replace(run, observed_at=tx.now, problem=None))
            say(tx, now.request, line(LineKind.STOPPED, done=total, total=total), once=self.once("stopped"))
            if now.run.question:
                show(tx, now.request, Place(PlaceKind.QUESTION, Question.HARD_STOP.value))

        await change(self.parts, self.key, work)
        return Stage.SUBMIT

    def once(self, word: str) -> str:
        return f"{word}.{self.key.revision}"
