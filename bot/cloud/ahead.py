"""Reads that begin before it is certain what about: a right guess saves a round trip, a wrong one is dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Ahead(Generic[K, T]):
    """Begins at once to read about `guess`, if there is one."""

    def __init__(self, read: Callable[[K], Coroutine[Any, Any, T]], guess: K | None) -> None:
        self._read, self._guess = read, guess
        self._task = asyncio.create_task(read(guess)) if guess is not None else None
        if self._task is not None:
            self._task.add_done_callback(_looked_at)

    async def about(self, key: K) -> T:
        """What the read says about `key`, or how it failed. After a wrong guess it begins anew."""
        if self._task is not None and key == self._guess:
            return await self._task
        self.drop()
        return await self._read(key)

    def drop(self) -> None:
        if self._task is not None:
            self._task.cancel()


def _looked_at(task: asyncio.Task[T]) -> None:
    """Nobody else looks at the failure of a read that was dropped."""
    if not task.cancelled():
        task.exception()
