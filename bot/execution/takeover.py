"""Who is alive: each executor holds a lock that the database frees when it dies, and the others take over its runs."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import LiteralString, Protocol
from uuid import uuid4

import psycopg
import sqlalchemy as sa

from bot.execution.queue import CHANNEL

log = logging.getLogger(__name__)

EXIT_CODE = 70  # EX_SOFTWARE: the platform starts us again


def new_executor_id() -> str:
    """New at each boot: two processes can never be taken for one."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"


def fail_stop() -> None:
    """A process that cannot prove that it is alive has been declared dead by the others: it must not act any more."""
    log.critical("The lock of this executor is lost: stopping at once, others take its runs over")
    os._exit(EXIT_CODE)


class Lock(Protocol):
    """What says that this executor is alive, to itself and to the others."""

    async def acquire(self) -> None: ...

    def is_held(self) -> bool: ...

    async def release(self) -> None: ...

    async def dead_among(self, executors: Sequence[str]) -> list[str]:
        """Those whose lock is free. Empty when another executor is the sweeper."""
        ...

    async def end(self, executor: str) -> None:
        """Take the lock away from an executor that does not move any more: a frozen process keeps its session."""
        ...

    async def is_sweeper(self) -> bool:
        """One per cluster does what must be done once."""
        ...


class OneProcess:
    """SQLite: the file's own lock has seen to it that there is no other process, so all other executors are dead."""

    async def acquire(self) -> None: ...

    def is_held(self) -> bool:
        return True

    async def release(self) -> None: ...

    async def dead_among(self, executors: Sequence[str]) -> list[str]:
        return list(executors)

    async def end(self, executor: str) -> None: ...

    async def is_sweeper(self) -> bool:
        return True


class AdvisoryLock:
    """PostgreSQL session advisory locks on one direct connection: they live exactly as long as the session does.

    The connection must not go through a transaction pooler. https://www.postgresql.org/docs/current/explicit-locking.html
    """

    def __init__(
        self,
        url: str | sa.URL,
        executor: str,
        *,
        lost: Callable[[], None] = fail_stop,
        proof_seconds: float = 5.0,
    ) -> None:
        self._dsn = dsn_of(url)
        self._executor = executor
        self._lost = lost
        self._proof_seconds = proof_seconds
        self._proven_at = float("-inf")
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        self._use = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._sweeps = False

    async def acquire(self) -> None:
        self._connection = await connect(self._dsn, "failover-bot-lock")
        if not await self._ask(TAKE, key_of(self._executor)):
            raise RuntimeError(f"executor id {self._executor} is in use by another process")
        self._keeper = asyncio.create_task(self._keep(), name="executor-lock")

    def is_held(self) -> bool:
        """Asked directly before the POST: a proof from before a freeze does not count."""
        return time.monotonic() - self._proven_at < self._proof_seconds

    async def release(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        self._proven_at = float("-inf")
        if self._connection is not None:
            await self._connection.close()

    async def dead_among(self, executors: Sequence[str]) -> list[str]:
        """A free lock is taken and given back: who gets it knows that its holder is gone, for ids are never reused."""
        if not await self.is_sweeper():
            return []
        dead = []
        for executor in executors:
            if executor == self._executor:
                continue
            if await self._ask(TAKE, key_of(executor)):
                await self._ask(GIVE_BACK, key_of(executor))
                dead.append(executor)
        return dead

    async def end(self, executor: str) -> None:
        """Any worker may, for the frozen one may be the sweeper. When it wakes up, it stops itself."""
        await self._ask(END_SESSION, key_of(executor))

    async def is_sweeper(self) -> bool:
        if not self._sweeps:
            self._sweeps = await self._ask(TAKE, key_of("sweeper"))
        return self._sweeps

    async def _ask(self, query: LiteralString, key: int) -> bool:
        if self._connection is None:
            return False
        async with self._use:
            sent_at = time.monotonic()
            cursor = await self._connection.execute(query, {"key": key})
            row = await cursor.fetchone()
        self._proven_at = sent_at  # not the moment of the answer: that one may have lain in a buffer during a freeze
        return bool(row and row[0])

    async def _keep(self) -> None:
        """Prove again and again that the session lives. Whatever breaks here ends the process."""
        try:
            while True:
                await asyncio.sleep(self._proof_seconds / 5)
                await asyncio.wait_for(self._ask(PROVE, 0), timeout=self._proof_seconds)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("The connection that holds the executor's lock broke")
            self._lost()


TAKE: LiteralString = "SELECT pg_try_advisory_lock(%(key)s)"
GIVE_BACK: LiteralString = "SELECT pg_advisory_unlock(%(key)s)"
PROVE: LiteralString = "SELECT %(key)s::bigint = 0"
END_SESSION: LiteralString = """
    SELECT coalesce(bool_or(pg_terminate_backend(pid)), false) FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND (classid::bigint << 32) | objid::bigint = %(key)s
"""


def key_of(name: str) -> int:
    """A signed 64-bit key, as advisory locks want it."""
    return int.from_bytes(hashlib.sha256(f"failover-bot/{name}".encode()).digest()[:8], "big", signed=True)


def dsn_of(url: str | sa.URL) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def connect(dsn: str, name: str) -> psycopg.AsyncConnection[tuple[object, ...]]:
    return await psycopg.AsyncConnection.connect(
        dsn,
        autocommit=True,
        connect_timeout=5,
        keepalives=1,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        application_name=name,
    )


async def listen(dsn: str, woken: Callable[[], None]) -> None:
    """For ever: hear of new runs at the moment of their commit. A broken connection only costs the poll's delay."""
    while True:
        try:
            async with await connect(dsn, "failover-bot-listen") as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                woken()  # what was enqueued before we listened
                while True:
                    await readable(connection.fileno())  # the driver itself would wake us ten times a second
                    async for _ in connection.notifies(timeout=1, stop_after=1):
                        woken()
        except psycopg.Error as error:
            log.warning("Not listening for new runs at the moment: %s", type(error).__name__)
        await asyncio.sleep(1)


async def readable(fileno: int) -> None:
    """Until something has arrived there, or the other side has closed."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(fileno, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(fileno)
