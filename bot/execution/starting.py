"""Servers on, wave by wave: the new production after the reversal, or the very same servers after a cancel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.domain.errors import Problem
from bot.domain.facts import Power, ServerId
from bot.domain.plan import Plan
from bot.execution.footing import Key, Parts
from bot.execution.servers import Orders, States, Wave, ids_of, in_power, read
from bot.execution.stale import Staleness


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How it ended: those seen running, and those that were not in time."""

    running: tuple[ServerId, ...]
    missing: tuple[ServerId, ...]
    problem: Problem | None = None

    @property
    def total(self) -> int:
        return len(self.running) + len(self.missing)


Tell = Callable[[Wave, int], Awaitable[None]]  # the wave that is being started, and how many servers run by now


class Starting:
    """One look at all servers, one decision. A wave that is late is named and does not hold the next."""

    def __init__(self, parts: Parts, key: Key, plan: Plan, waves: Sequence[Wave], tell: Tell) -> None:
        self.parts, self.key, self.plan, self.tell = parts, key, plan, tell
        self.waves = list(waves)
        self.everything = ids_of(waves)
        self.orders = Orders(parts)
        self.staleness = Staleness(parts)
        self.wave: Wave | None = None
        self.wave_began = parts.clock.monotonic()
        self.told: tuple[int, int] = (-1, -1)

    async def run(self) -> Started:
        if not self.everything:
            return Started(running=(), missing=())
        return await self.parts.poller.watch(
            self.look, self.heed, pace=lambda age: self.parts.timing.server_poll_seconds
        )

    async def look(self) -> States:
        return await read(self.parts, self.plan, self.everything)

    async def heed(self, seen: States | Problem) -> Started | None:
        if isinstance(seen, Problem):
            await self.staleness.note(self.key, seen)
            return None
        await self.staleness.clear(self.key)
        running = in_power(seen, self.everything, Power.ON)
        while self.waves and self.is_over(self.waves[0], seen):
            self.waves.pop(0)
        if not self.waves:
            missing = tuple(server_id for server_id in self.everything if server_id not in running)
            problem = await self.orders.why_not(self.plan, missing) if missing else None
            return Started(running=running, missing=missing, problem=problem)
        await self.proceed(self.waves[0], seen, len(running))
        return None

    def is_over(self, wave: Wave, states: States) -> bool:
        if len(in_power(states, wave.ids, Power.ON)) == len(wave.ids):
            return True
        is_late = self.parts.clock.monotonic() - self.wave_began >= self.parts.timing.start_seconds
        return wave is self.wave and is_late

    async def proceed(self, wave: Wave, states: States, running: int) -> None:
        if wave is not self.wave:
            self.wave, self.wave_began = wave, self.parts.clock.monotonic()
        if self.told != (wave.number, running):
            self.told = (wave.number, running)
            await self.tell(wave, running)
        due = self.orders.due(in_power(states, wave.ids, Power.OFF))
        if due:
            self.parts.reach("before start order")
            await self.orders.start(self.plan, due)
            self.parts.reach("after start order")
