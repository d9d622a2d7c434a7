"""Lets many callers share one running piece of work, its result and its failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Calling it joins the work that is under way, or begins it. Nothing is remembered afterwards."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._task: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        return await self.begin()

    def begin(self) -> asyncio.Future[T]:
        """Starts or joins without waiting. One impatient caller does not cancel it for the others."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._work())
            self._task.add_done_callback(self._landed)
        shielded = asyncio.shield(self._task)
        shielded.add_done_callback(_looked_at)
        return shielded

    @property
    def is_under_way(self) -> bool:
        return self._task is not None

    async def aclose(self) -> None:
        """Ends the work that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _landed(self, task: asyncio.Task[T]) -> None:
        self._task = None
        _looked_at(task)


def _looked_at(task: asyncio.Future[T]) -> None:
    """When all callers were cancelled or never waited, nobody else looks at the exception."""
    if not task.cancelled():
        task.exception()
