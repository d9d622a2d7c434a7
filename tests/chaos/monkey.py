"""Everything that goes wrong, drawn from one seed: dead and frozen workers, a crashing database, a cloud and a Slack
that lose answers."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import sqlalchemy as sa

from tests.chaos.crew import Child, Crew
from tests.chaos.outside import Outside

ACTION = r"POST .*/server-groups/[^/]+/action"
SLOW_ORDERS = {"match": ACTION, "answer_delay_seconds": 0.8, "every": 3}  # something to aim at
CLOUD_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"match": ACTION, "drop": "after_accepting", "times": 1},
    {"match": ACTION, "drop": "before", "times": 1},
    {"match": ACTION, "status": 502, "body": "<html>502 Bad Gateway</html>", "accepts": True, "times": 1},
    {"match": ACTION, "status": 200, "body": "{broken", "accepts": True, "times": 1},
    {"match": ACTION, "answer_delay_seconds": 1.5, "times": 2},
    {"match": ACTION, "delay_seconds": 1.0, "times": 2},
    {"match": "GET .*/jobs/", "status": 503, "body": {"error_msg": "busy"}, "times": 4},
    {"match": "GET .*/jobs/", "drop": "before", "times": 2},
    {"match": "GET .*/server-groups/", "code": "Common.1503", "headers": {"Retry-After": "1"}, "times": 2},
    {"match": "POST .*/cloudservers/action", "drop": "after_accepting", "times": 1},
)
SLACK_FAULTS: tuple[Mapping[str, Any], ...] = (
    {"method": "chat.postMessage", "drop": "after_accepting", "times": 2},
    {"method": "chat.postMessage", "drop": "before", "times": 2},
    {"method": "chat.postMessage", "retry_after": 1, "status": 429, "times": 2},
    {"method": "chat.update", "drop": "after_accepting", "times": 2},
    {"method": "chat.update", "error": "internal_error", "times": 2},
    {"method": "chat.postMessage", "delay_seconds": 1.0, "times": 3},
)

ORDERS_ON_THEIR_WAY = "SELECT executor FROM attempt WHERE outcome IS NULL ORDER BY at DESC LIMIT 4"
HOLDERS = tuple(
    f"SELECT DISTINCT executor_id FROM {schema}workflow_status WHERE status = 'PENDING'" for schema in ("dbos.", "")
)


class CrashableServer(Protocol):
    def start(self) -> None: ...

    def stop(self, how: str = "fast") -> None: ...


@dataclass(slots=True)
class Wounds:
    """What was done, for the figures."""

    kills: int = 0
    freezes: int = 0
    aimed: int = 0  # of these, while an order was on its way
    crashes: int = 0
    outages: int = 0
    faults: int = 0
    killed: dict[int, float] = field(default_factory=dict)  # process id -> when
    survived: set[int] = field(default_factory=set)  # those of them that left another worker alive
    down: list[tuple[float, float]] = field(default_factory=list)  # the database, from when to when


@dataclass(slots=True)
class Monkey:
    crew: Crew
    outside: Outside
    database_url: str
    chance: random.Random
    server: CrashableServer | None  # None: SQLite, where nothing but the process can crash
    wounds: Wounds = field(default_factory=Wounds)
    freezing: set[asyncio.Task[None]] = field(default_factory=set)

    async def rage(self, seconds: float) -> None:
        """Until the time is over; then everything outside works again, and nobody is killed any more."""
        await self.outside.cloud_fault(**SLOW_ORDERS)
        troubles: list[Callable[[], Awaitable[None]]] = [self.kill, self.aim, self.bend_cloud, self.bend_slack]
        troubles += [self.silence_slack] + ([self.crash_database] if self.server else [])
        tasks = [asyncio.create_task(_again(trouble)) for trouble in troubles]
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.mend()
        for task in done:
            task.result()

    async def mend(self) -> None:
        await asyncio.gather(*self.freezing)
        await self.outside.slack_outage(False)
        await self.outside.slack_fault(clear=True)
        await self.outside.clear_cloud_faults()

    async def kill(self) -> None:
        """Mostly somebody who holds runs, now and then somebody who is only starting."""
        await asyncio.sleep(self.chance.uniform(1, 3))
        busy = await asyncio.to_thread(self._pids, HOLDERS[self.server is None])
        victims = [child for child in self.crew.alive if child.pid in busy or self.chance.random() < 0.2]
        if victims:
            await self._shoot(self.chance.choice(victims).pid)

    async def _shoot(self, pid: int) -> None:
        known = await asyncio.to_thread(self._pids, "SELECT id FROM executor")
        child = self.crew.with_pid(pid)
        if child is not None and pid not in self.wounds.killed:
            child.send(signal.SIGKILL)
            self.wounds.kills += 1
            self.wounds.killed[pid] = time.monotonic()
            if any(other.pid in known for other in self.crew.alive if other is not child):
                self.wounds.survived.add(pid)

    async def aim(self) -> None:
        """Hit the very process that has fenced a reversal and has no answer yet: the moments around the POST."""
        pids = await asyncio.to_thread(self._pids, ORDERS_ON_THEIR_WAY)
        for pid in sorted(set(pids) - set(self.wounds.killed)):
            child = self.crew.with_pid(pid)
            if child is None or self.chance.random() > 0.4:
                continue
            self.wounds.aimed += 1
            if self.wounds.aimed % 2:
                self._freeze(child)
            else:
                await self._shoot(pid)
        await asyncio.sleep(self.chance.uniform(0.2, 0.6) if pids else 0.02)

    def _freeze(self, child: Child) -> None:
        self.wounds.freezes += 1
        seconds = self.chance.choice((1.0, 3.0, 7.0, 12.0))
        task = asyncio.create_task(self.crew.freeze(child, seconds))
        self.freezing.add(task)
        task.add_done_callback(self.freezing.discard)

    def _pids(self, query: str) -> list[int]:
        try:
            with watching(self.database_url) as connection:
                return [pid_of(executor) for executor in connection.scalars(sa.text(query)) if executor]
        except sa.exc.SQLAlchemyError:
            return []

    async def crash_database(self) -> None:
        assert self.server is not None
        await asyncio.sleep(self.chance.uniform(7, 13))
        began = time.monotonic()
        await asyncio.to_thread(self.server.stop, "immediate")
        self.wounds.crashes += 1
        try:
            await asyncio.sleep(self.chance.uniform(0.2, 2))
        finally:
            self.server.start()
            self.wounds.down.append((began, time.monotonic()))

    async def silence_slack(self) -> None:
        await asyncio.sleep(self.chance.uniform(5, 9))
        await self.outside.slack_outage(True)
        self.wounds.outages += 1
        await asyncio.sleep(self.chance.uniform(1, 4))
        await self.outside.slack_outage(False)

    async def bend_cloud(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.7, 2))
        await self.outside.cloud_fault(**self.chance.choice(CLOUD_FAULTS))
        self.wounds.faults += 1

    async def bend_slack(self) -> None:
        await asyncio.sleep(self.chance.uniform(0.7, 2))
        await self.outside.slack_fault(**self.chance.choice(SLACK_FAULTS))
        self.wounds.faults += 1


async def _again(trouble: Callable[[], Awaitable[None]]) -> None:
    while True:
        await trouble()


def watching(url: str) -> sa.Connection:
    """A short look into the database, from outside of the bot."""
    kind = url.replace("postgresql://", "postgresql+psycopg://", 1)
    arguments: dict[str, Any] = {"connect_timeout": 2} if "+psycopg" in kind else {}
    return sa.create_engine(kind, poolclass=sa.NullPool, connect_args=arguments).connect()


def pid_of(executor: str) -> int:
    """`host-pid-random`; 0 for an executor that is no process of this machine."""
    parts = executor.rsplit("-", 2)
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() and int(parts[1]) != os.getpid() else 0
