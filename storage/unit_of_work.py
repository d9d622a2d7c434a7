"""One transaction at a time in a bounded thread: begun, tried again when two met, committed with its audit rows."""

from __future__ import annotations

import asyncio
import contextvars
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.domain.request import RequestId
from bot.ports import Transaction
from storage.audit import SqlAudit, Verdict, pages, verify_chain
from storage.database import POSTGRESQL_READERS, POSTGRESQL_WRITERS, Database, begin
from storage.people import SqlSecondFactors, SqlStepUps
from storage.problems import explain, is_conflict, is_lost, unknown_commit
from storage.processes import SqlExecutors, SqlInstance
from storage.requests import SqlApprovals, SqlRequests
from storage.runs import Enqueue, SqlRuns
from storage.scope import Scope
from storage.surfaces import SqlSurfaces

T = TypeVar("T")

PAUSES_SECONDS = (0.02, 0.05, 0.15, 0.4, 1.0)
SQLITE_READERS = 4


def no_engine(_scope: Scope, request_id: RequestId, _revision: int) -> None:
    """For processes that only look: nothing may be approved where nothing can be enqueued."""
    raise RuntimeError(f"request {request_id} cannot be enqueued: this process has no engine")


class SqlTransaction:
    """Implements `bot.ports.Transaction`."""

    def __init__(self, scope: Scope, enqueue: Enqueue) -> None:
        self._scope = scope
        self.requests = SqlRequests(scope)
        self.approvals = SqlApprovals(scope)
        self.runs = SqlRuns(scope, enqueue)
        self.surfaces = SqlSurfaces(scope)
        self.audit = SqlAudit(scope)
        self.step_ups = SqlStepUps(scope)
        self.second_factors = SqlSecondFactors(scope)
        self.executors = SqlExecutors(scope)
        self.instance = SqlInstance(scope)

    @property
    def now(self) -> datetime:
        return self._scope.now

    def settle(self) -> None:
        """What waited for the end of the transaction."""
        self.surfaces.settle()
        self.audit.settle()


class SqlStore:
    """Implements `bot.ports.Store`. One writer on SQLite, because the file has one; a few at once on PostgreSQL."""

    def __init__(self, database: Database, *, enqueue: Enqueue = no_engine) -> None:
        self._database = database
        self._enqueue = enqueue
        writers, readers = (1, SQLITE_READERS) if database.is_sqlite else (POSTGRESQL_WRITERS, POSTGRESQL_READERS)
        self._writers = ThreadPoolExecutor(writers, thread_name_prefix="store")
        self._readers = ThreadPoolExecutor(readers, "store-read")

    async def run(self, work: Callable[[Transaction], T]) -> T:
        return await self._in_thread(self._writers, partial(self.transact, work))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._in_thread(self._readers, partial(self.look, work))

    async def verify_audit(self) -> Verdict:
        """Walk the whole chain, as one moment sees it."""
        return await self._in_thread(self._readers, partial(self._retried, self._verify))

    def close(self) -> None:
        """Waits for what is under way, then gives the threads back. The database stays open."""
        self._writers.shutdown()
        self._readers.shutdown()

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """`run` for a thread that may block."""
        return self._retried(partial(self._write, work))

    def look(self, work: Callable[[Transaction], T]) -> T:
        """`read` for a thread that may block."""
        return self._retried(partial(self._read, work))

    @staticmethod
    async def _in_thread(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(pool, partial(context.run, work))

    def _retried(self, once: Callable[[], T]) -> T:
        for pause_seconds in PAUSES_SECONDS:
            try:
                return once()
            except DBAPIError as error:
                if not (is_conflict(error) or is_lost(error)):
                    raise explain(error, self._database.url) from error
                time.sleep(pause_seconds * random.uniform(0.5, 1.5))  # noqa: S311  spreads the tries, guards nothing
            except SQLAlchemyError as error:
                raise explain(error, self._database.url) from error
        return self._last_try(once)

    def _last_try(self, once: Callable[[], T]) -> T:
        try:
            return once()
        except SQLAlchemyError as error:
            raise explain(error, self._database.url) from error

    def _write(self, work: Callable[[Transaction], T]) -> T:
        with self._database.engine.connect() as connection:
            begin(connection)
            scope = Scope(connection)
            transaction = SqlTransaction(scope, self._enqueue)
            result = work(transaction)
            transaction.settle()
            self._commit(scope)
        for told in scope.after_commit:
            told()
        return result

    def _commit(self, scope: Scope) -> None:
        try:
            scope.commit()
        except DBAPIError as error:
            if is_lost(error):  # trying again could do it twice
                raise unknown_commit(self._database.url) from error
            raise

    def _read(self, work: Callable[[Transaction], T]) -> T:
        with self._database.reader.connect() as connection:
            begin(connection, is_reading=True)
            result = work(SqlTransaction(Scope(connection, is_reading=True), no_engine))
            connection.commit()  # a rollback would make psycopg forget the statements that it has prepared
            return result

    def _verify(self) -> Verdict:
        with self._database.reader.connect() as connection:
            begin(connection, is_reading=True)
            audit = SqlAudit(Scope(connection))
            return verify_chain(pages(audit), audit.head())
