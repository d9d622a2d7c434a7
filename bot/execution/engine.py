"""DBOS Transact by our rules: pinned version, JSON journal, bounded threads, our database settings and event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos._core import execute_dequeued_workflow  # private: see `Engine.claim`; dbos is pinned for it
from dbos._recovery import recover_pending_workflows  # private: keeps the count of attempts, resume_workflow resets it
from dbos._serialization import DefaultSerializer
from dbos._utils import generate_uuid
from sqlalchemy import event

from bot.domain.request import RequestId
from bot.execution.claim import Claim
from bot.execution.queue import APPLICATION, APPLICATION_VERSION, QUEUE, WORKFLOW
from bot.execution.stage import Stage
from bot.postgresql import ask_after_rest
from bot.sqlite import prepare_sqlite

log = logging.getLogger(__name__)

MAX_THREADS = 32  # the engine's default is unbounded
MAX_RECOVERIES = (
    1000  # a worker that dies a thousand times in one run is not the run's fault; then the sweep tells people
)

_is_new: ContextVar[bool] = ContextVar("is_new", default=False)
"""Of the workflow that is being started. The library's own thread does not know it, so there it is False."""


@dataclass(frozen=True, slots=True)
class Journal:
    """What the engine keeps of one run, `id`: the word of each stage. `is_new`: nobody has ever worked on it."""

    id: str
    is_new: bool

    async def once(self, stage: Stage, work: Callable[[], Awaitable[str]]) -> str:
        """Do `work` and keep its word; after a crash the word is read instead."""

        async def do() -> str:
            return await work()

        return await DBOS.run_step_async({"name": stage.value}, do)

    async def keep(self, stage: Stage, word: str) -> str:
        """Keep the word of what is done, unless another one is kept already, which then counts."""
        return await DBOS.run_step_async({"name": stage.value}, lambda: word)


Run = Callable[[RequestId, int, Journal], Awaitable[None]]
"""Takes the request, its revision, and the journal of this run of it."""


def open_engine(url: str | sa.URL) -> sa.Engine:
    """The engine's own connections, apart from those of our tables, to the same file or database."""
    if sa.make_url(url).get_backend_name() == "sqlite":
        engine = sa.create_engine(url, pool_size=8, max_overflow=40, hide_parameters=True)
        event.listen(engine, "connect", prepare_sqlite)
        return engine
    engine = sa.create_engine(
        url,
        pool_size=16,
        max_overflow=16,
        pool_use_lifo=True,  # the connection that has prepared its statements
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "application_name": f"{APPLICATION}-engine", "prepare_threshold": 1},
    )
    ask_after_rest(engine)
    return engine


def migrate_engine(url: str | sa.URL) -> None:
    """Create or update the engine's tables. Called by `migrate`; a worker only verifies them."""
    sqlalchemy_url = sa.make_url(url)
    DBOS.migrate(sqlalchemy_url.render_as_string(hide_password=False))


def _refuse_pickle(_serializer: object, _data: str) -> Any:
    raise ValueError("The journal holds a pickle. Only JSON is read: nothing of it was loaded.")


def forbid_pickle() -> None:
    """Each row of the journal names its own format, and the library would load a pickle whatever serializer it was
    given: whoever may write to the database could run code here. Our journal is JSON, so pickles are never read."""
    DefaultSerializer.deserialize = _refuse_pickle  # type: ignore[assignment]  # the library offers no switch


def _as_given(given: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Without this the library looks at the hints of the workflow each time, for dates, of which there are none."""
    return given, named


def _config(engine: sa.Engine, executor: str, poll_seconds: float) -> DBOSConfig:
    return DBOSConfig(
        name=APPLICATION,
        system_database_engine=engine,
        application_version=APPLICATION_VERSION,
        executor_id=executor,
        serializer=DBOSPortableJSONSerializer(),
        max_executor_threads=MAX_THREADS,
        run_migrations=False,
        use_listen_notify=False,  # we wait for rows of our own, never for the engine's messages
        notification_listener_polling_interval_sec=poll_seconds,
        enable_otlp=False,
        log_level="WARNING",
    )


class Engine:
    """The one engine of this process. The library keeps it in a global, so there is never a second one."""

    def __init__(self, engine: sa.Engine, executor: str, run: Run, *, poll_seconds: float = 1.0) -> None:
        self._poll_seconds = poll_seconds
        self._run = run
        self._executor = executor
        self._database = engine
        self._dbos: DBOS | None = None
        self._claiming: Claim | None = None

    async def launch(self) -> None:
        """In the running loop, so that runs share it with everything else. Raises when the tables are not migrated."""
        forbid_pickle()
        dbos = DBOS(config=_config(self._database, self._executor, self._poll_seconds))
        run = self._run

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERIES, validate_args=_as_given)
        async def run_failover(request_id: str, revision: int) -> None:
            await run(RequestId(request_id), revision, Journal(str(DBOS.workflow_id), _is_new.get()))

        DBOS.launch()
        self._dbos = dbos
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=self._poll_seconds)
        self._claiming = Claim(dbos._sys_db, self._executor)

    async def claim(self) -> int:
        """Take what is enqueued, now.

        The library's own queue thread polls each second and guarantees the start; this is the same atomic claim
        (ENQUEUED to PENDING, one winner), asked for at the moment when the commit is known. It saves half a second
        on average between the click and the POST, and costs nothing while nothing is enqueued.
        """
        return await asyncio.to_thread(self._claim)

    def _claim(self) -> int:
        dbos, claim = self._dbos, self._claiming
        if dbos is None or claim is None:
            return 0
        owner = generate_uuid()
        taken = claim.take(owner)
        for one in taken:
            _is_new.set(one.is_new)  # of this thread's context, of which the workflow gets a copy
            execute_dequeued_workflow(dbos, one.status, owner)
        return len(taken)

    async def recover(self, executors: list[str]) -> int:
        """Enqueue again what these executors hold. They must be dead."""
        if self._dbos is None or not executors:
            return 0
        handles = await asyncio.to_thread(recover_pending_workflows, self._dbos, executors)
        return len(handles)

    @property
    def is_launched(self) -> bool:
        return self._dbos is not None

    @property
    def alive(self) -> int:
        return len(self._dbos._workflow_tasks) if self._dbos else 0

    async def stop(self, *, hand_over: bool = True) -> None:
        """End the runs where they stand and hand them over: whoever is alive goes on with them at once."""
        dbos = self._dbos
        if dbos is None:
            return
        for stopped in dbos.background_thread_stop_events:
            stopped.set()
        tasks = list(dbos._workflow_tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if hand_over:
            await self._hand_over()
        self._dbos = self._claiming = None
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        # The library made its own pool the loop's default and has just shut it down.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="default"))

    async def _hand_over(self) -> None:
        try:
            await asyncio.wait_for(self.recover([self._executor]), timeout=3)
        except Exception:
            log.warning("The runs could not be handed over; the next sweep of another worker takes them", exc_info=True)
