"""News of the workspace: who looks at the page or waits for something is woken by a change, never by a poll."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from .things import JsonObject

T = TypeVar("T")


class Changes:
    """Fans events out to the open pages and wakes everybody who waits for a condition."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Queue[JsonObject]]] = {}
        self._woken: set[asyncio.Future[None]] = set()

    def listen(self, user_id: str) -> asyncio.Queue[JsonObject]:
        """A queue of the events this person's page shall see, until `leave`."""
        queue: asyncio.Queue[JsonObject] = asyncio.Queue()
        self._listeners.setdefault(user_id, set()).add(queue)
        return queue

    def leave(self, user_id: str, queue: asyncio.Queue[JsonObject]) -> None:
        """The page was closed."""
        self._listeners.get(user_id, set()).discard(queue)

    def tell(self, event: JsonObject, is_for: Callable[[str], bool]) -> None:
        """Give an event to every listening person for whom `is_for` holds, and wake the waiters."""
        for user_id, queues in self._listeners.items():
            if queues and is_for(user_id):
                for queue in queues:
                    queue.put_nowait(event)
        self.wake()

    def listeners(self) -> list[str]:
        """Who has a page open: for nobody else an event needs to be rendered."""
        return [user_id for user_id, queues in self._listeners.items() if queues]

    def close(self) -> None:
        """Let every open page go: an empty event is the last one."""
        for queues in self._listeners.values():
            for queue in queues:
                queue.put_nowait({})
        self.wake()

    def wake(self) -> None:
        """Something changed: whoever waits looks again."""
        woken, self._woken = self._woken, set()
        for future in woken:
            if not future.done():
                future.set_result(None)

    async def wait_for(self, predicate: Callable[[], T], timeout_seconds: float) -> T:
        """The first truthy value of `predicate`, looked at after each change; TimeoutError when none came."""
        async with asyncio.timeout(timeout_seconds):
            while not (value := predicate()):
                future = asyncio.get_running_loop().create_future()
                self._woken.add(future)
                try:
                    await future
                finally:
                    self._woken.discard(future)
        return value
