"""Keeps the cloud calls of each request for its evidence: noted as they are made, written in batches, polls thinned."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from bot.domain.request import RequestId
from bot.ports import CloudCall, Store, StoreError, Transaction

log = logging.getLogger(__name__)
FLUSH_SECONDS = 1.0
SAME_AGAIN_SECONDS = 300.0  # a read that is answered as before is kept once in so long: thousands of jobs are polled
MOST_WAITING = 20_000  # calls; if the database is away for long, the oldest are let go
BATCH = 500


@dataclass(slots=True, kw_only=True)
class Subject:
    """What calls are about. One that is only being asked for gets its id when it exists, or is never written."""

    request_id: RequestId | None = None
    is_over: bool = False
    _seen: dict[tuple[str, str], tuple[object, float]] = field(default_factory=dict)

    def is_news(self, call: CloudCall) -> bool:
        """Orders always are; a read is when its answer differs from the one before, or that one is old."""
        if call.method != "GET":
            return True
        answer, at = (call.status, call.summary), call.at.timestamp()
        before, before_at = self._seen.get((call.method, call.path), (None, 0.0))
        if before == answer and at - before_at < SAME_AGAIN_SECONDS:
            return False
        self._seen[call.method, call.path] = answer, at
        return True


_current: ContextVar[Subject | None] = ContextVar("the request that cloud calls are about", default=None)


def current() -> Subject | None:
    return _current.get()


@contextmanager
def about(request_id: RequestId | None = None) -> Iterator[Subject]:
    """Calls that are made inside, by tasks that begin inside too, belong to this request."""
    subject = Subject(request_id=request_id)
    token = _current.set(subject)
    try:
        yield subject
    finally:
        subject.is_over = True
        _current.reset(token)


class CallLog:
    """Bounded in memory; what a crash takes along is at most a second of reads. The one order has a row of its own."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Subject, CloudCall]] = deque(maxlen=MOST_WAITING)

    def note(self, call: CloudCall) -> None:
        """Never waits and never fails: it is called in the middle of a call to the cloud."""
        subject = current()
        if subject is not None and subject.is_news(call):
            self._waiting.append((subject, call))

    async def run(self, store: Store) -> None:
        """Until cancelled; then what is left is for the last `flush`."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush(store)

    async def flush(self, store: Store) -> None:
        """Write what has a request. While the database is away, it waits here."""
        due = self._due()
        for start in range(0, len(due), BATCH):
            batch = due[start : start + BATCH]
            try:
                await store.run(_writing(batch))
            except StoreError as error:
                log.warning("Calls to the cloud wait to be written: %s", error.sentence)
                self._waiting.extendleft(reversed(due[start:]))
                return

    def _due(self) -> list[tuple[Subject, CloudCall]]:
        """Taken out of the buffer; what may still get a request stays, what never will is dropped."""
        everything = list(self._waiting)
        self._waiting.clear()
        self._waiting.extend((s, call) for s, call in everything if s.request_id is None and not s.is_over)
        return [(subject, call) for subject, call in everything if subject.request_id is not None]


def _writing(batch: Sequence[tuple[Subject, CloudCall]]) -> Callable[[Transaction], None]:
    """A statement for each request, however its calls are mixed with those of others."""
    by_request: dict[RequestId, list[CloudCall]] = {}
    for subject, call in batch:
        if subject.request_id is not None:
            by_request.setdefault(subject.request_id, []).append(call)

    def write(tx: Transaction) -> None:
        for request_id, calls in by_request.items():
            tx.runs.record_calls(request_id, calls)

    return write
