"""Everything that executes runs in one process, as one thing to start and to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Self

from structlog.contextvars import bound_contextvars

from bot.domain.preflight.finding import counted
from bot.domain.request import RequestId
from bot.execution.early import EarlyStarts
from bot.execution.engine import Engine, Journal, open_engine
from bot.execution.footing import Key, Metrics, NoMetrics, Parts, patiently
from bot.execution.lifecycle import live
from bot.execution.poller import Poller
from bot.execution.queue import APPLICATION_VERSION, RunQueue
from bot.execution.restored import Restored
from bot.execution.sweep import Sweep
from bot.execution.takeover import AdvisoryLock, Lock, OneProcess, dsn_of, fail_stop, listen, new_executor_id
from bot.execution.timing import Timing
from bot.ports import Clock, Cloud, Executor, Notifier, People, PolicySource, Store, StoreError, Transaction

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the composition root hands in. `url` is the database's, in the form of SQLAlchemy; `queue` is shared with
    the store, which enqueues through it."""

    url: str
    queue: RunQueue
    store: Store
    cloud: Cloud
    people: People
    policy_source: PolicySource
    notifier: Notifier
    clock: Clock
    timing: Timing = field(default_factory=Timing)
    metrics: Metrics = field(default_factory=NoMetrics)
    early: EarlyStarts | None = None
    lock_url: str = ""  # a direct connection, where `url` goes through a pooler
    lost: Callable[[], None] = fail_stop
    reach: Callable[[str], None] = lambda point: None
    lanes: int = 128


class Execution:
    """`async with Execution(outside)`: from then on approved requests run here, until it is stopped or dies."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.id = new_executor_id()
        self._database = open_engine(outside.url)
        self._engine = Engine(self._database, self.id, self._run, poll_seconds=outside.timing.claim_seconds)
        self._lock = self._new_lock()
        self._poller = Poller(lanes=outside.lanes, lateness=self._late)
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._started_at = outside.clock.now()
        self._silence: dict[str, tuple[datetime, int]] = {}  # executor -> its last beat, and ours since we saw it
        self.is_read_only = False
        self.parts = Parts(
            store=outside.store,
            cloud=outside.cloud,
            people=outside.people,
            policy_source=outside.policy_source,
            notifier=outside.notifier,
            clock=outside.clock,
            timing=outside.timing,
            metrics=outside.metrics,
            poller=self._poller,
            early=outside.early,
            executor=self.id,
            is_ours=self._lock.is_held,
            reach=outside.reach,
        )
        self._sweep = Sweep(self.parts, outside.queue)
        self.restored = Restored(self.parts, self._database)

    def _new_lock(self) -> Lock:
        if self._database.dialect.name == "sqlite":
            return OneProcess()
        url = self._outside.lock_url or self._outside.url
        return AdvisoryLock(url, self.id, lost=self._outside.lost, proof_seconds=self._outside.timing.proof_seconds)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """The lock first: nobody may see a run of an executor that cannot be told dead or alive."""
        await self._lock.acquire()
        await self._poller.__aenter__()
        self.is_read_only = await self.restored.is_suspected()
        if self.is_read_only:
            log.critical("This database looks like a restored backup: read-only until a person confirms it")
        else:
            await self._begin()

    async def confirm_restored(self) -> None:
        """A person has looked: go on, with everything that may have happened meanwhile handed to people."""
        if self.is_read_only:
            await self.restored.confirm()
            self.is_read_only = False
            await self._begin()

    async def _begin(self) -> None:
        await self._engine.launch()
        loop = asyncio.get_running_loop()
        self._outside.queue.wake = partial(_set_soon, loop, self._woken)
        timing = self._outside.timing
        self._woken.set()
        self._again(0, self._claim, "claim")
        await self._take_over()  # what was left behind; on SQLite nobody can die beside us, so once is enough
        self._again(timing.heartbeat_seconds, self._beat, "heartbeat")
        self._again(timing.sweep_seconds, self._sweep_once, "sweep")
        if self._database.dialect.name == "postgresql":
            self._again(timing.takeover_seconds, self._take_over, "takeover")
            dsn = dsn_of(self._outside.lock_url or self._outside.url)
            self._tasks.append(asyncio.create_task(listen(dsn, self._woken.set), name="listen"))

    def _again(self, seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
        self._tasks.append(asyncio.create_task(every(seconds, work, name=name), name=name))

    def is_ready(self) -> bool:
        """Whether approved requests are really executed here at this moment."""
        return self._engine.is_launched and self._lock.is_held() and not any(task.done() for task in self._tasks)

    async def stop(self, seconds: float | None = None) -> None:
        """End within `seconds`. A POST that is under way may finish; everything else is left where it stands."""
        budget = self._outside.timing.stop_seconds if seconds is None else seconds
        self._outside.queue.wake = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self.parts.posting:
            await asyncio.wait(self.parts.posting, timeout=budget / 2)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._engine.stop(), timeout=budget / 2)
        await self._poller.__aexit__()
        with contextlib.suppress(StoreError, TimeoutError):
            await asyncio.wait_for(self.parts.store.run(lambda tx: tx.executors.remove(self.id)), timeout=1)
        await self._lock.release()
        self._database.dispose()

    async def _run(self, request_id: RequestId, revision: int, journal: Journal) -> None:
        """Whatever is logged about it, in the poller too, names the request and the run."""
        with bound_contextvars(request_id=request_id, run=journal.id):
            log.info("%s works on it", self.id)
            await live(self.parts, Key(request_id, revision), journal)

    async def _claim(self) -> None:
        """Nothing is asked while nothing is told: the library's own poll is there for what was not heard."""
        await self._woken.wait()
        self._woken.clear()
        await self._engine.claim()

    async def _take_over(self) -> None:
        held = await asyncio.to_thread(self._outside.queue.executors)
        dead = await self._lock.dead_among([executor for executor in held if executor != self.id])
        if dead:
            taken = await self._engine.recover(dead)
            log.warning("Took over %s of %s", counted(taken, "run"), ", ".join(dead))
            self._outside.metrics.count("takeovers")
            self._woken.set()

    async def _end_frozen(self) -> None:
        """Executors that are known and do not beat: dead ones, whose rows are in the way, and frozen ones.

        Their silence is counted in beats of our own, not by a clock: after a hiccup of the database, or a jump of its
        clock, everybody looks frozen to everybody, and has as many beats to show that it is not.
        """
        known = await patiently(self.parts, lambda tx: tx.executors.known(), reads=True)
        self._silence = {one.id: self._silent_since(one) for one in known if one.id != self.id}
        limit = self._outside.timing.frozen_seconds / self._outside.timing.heartbeat_seconds
        for executor in [name for name, (_, beats) in self._silence.items() if beats >= limit]:
            log.warning("Executor %s does not beat any more: its session is ended", executor)
            await self._lock.end(executor)
            await patiently(self.parts, partial(_forget, executor))

    def _silent_since(self, executor: Executor) -> tuple[datetime, int]:
        seen_at, beats = self._silence.get(executor.id, (executor.seen_at, -1))
        return executor.seen_at, beats + 1 if seen_at == executor.seen_at else 0

    async def _beat(self) -> None:
        executor = Executor(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=APPLICATION_VERSION,
            started_at=self._started_at,
            seen_at=self._outside.clock.now(),
        )

        def work(tx: Transaction) -> int:
            tx.executors.beat(executor)
            return self.restored.traces.pulse(tx)

        self.restored.traces.remember(await self.parts.store.run(work))
        await self._end_frozen()
        self._outside.metrics.gauge("runs_alive", self._engine.alive)
        self._outside.metrics.gauge("watched", self._poller.watched)

    async def _sweep_once(self) -> None:
        if await self._lock.is_sweeper():
            await self._sweep.once()

    def _late(self, seconds: float) -> None:
        self._outside.metrics.observe("poll_lateness", seconds)


def _set_soon(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    """From the thread in which a transaction committed."""
    loop.call_soon_threadsafe(event.set)


def _forget(executor: str, tx: Transaction) -> None:
    tx.executors.remove(executor)


async def every(seconds: float, work: Callable[[], Awaitable[object]], *, name: str) -> None:
    """Do `work` again and again, for ever. One failure is logged and does not end it."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("%s failed; it is tried again", name)
            await asyncio.sleep(1)
        await asyncio.sleep(seconds)
