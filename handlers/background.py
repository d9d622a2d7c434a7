"""Work that goes on after the acknowledgement: held on to, counted, and waited for at shutdown."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")
AT_ONCE = 4  # fewer cost more rounds of the loop than they save acknowledgements their waiting


class Background:
    """asyncio holds tasks weakly; this holds them until they are done."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: deque[tuple[Coroutine[Any, Any, None], Context]] = deque()

    def start(self, work: Coroutine[Any, Any, T], context: Context | None = None) -> asyncio.Task[T]:
        """At once: an acknowledgement waits for it."""
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def follow(self, work: Coroutine[Any, Any, None]) -> None:
        """Soon: a few in each round of the loop, so that in a burst whoever comes last is acknowledged in between."""
        self._waiting.append((work, copy_context()))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self.start(*self._waiting.popleft())
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._begin)

    def __len__(self) -> int:
        return len(self._tasks) + len(self._waiting)

    async def drain(self, seconds: float) -> int:
        """Wait for what is under way; returns how many were cut off."""
        while self._waiting:
            self.start(*self._waiting.popleft())
        if not self._tasks:
            return 0
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        return len(late)
