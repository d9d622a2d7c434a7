"""Nothing is decided or sent on the word of a restored backup, until a person has looked at what really happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from bot.ports import ReadOnlyError, Store, Transaction

T = TypeVar("T")
READ_ONLY = "read_only"  # the fact that tells it to all processes; its value says why
LOOK_AGAIN_SECONDS = 1.0


class Guarded:
    """Implements ports.Store over another one: it reads always, and writes only while the database may be believed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._believed_until = 0.0

    async def run(self, work: Callable[[Transaction], T]) -> T:
        """ReadOnlyError while the database is read-only; then nothing was changed."""
        if time.monotonic() < self._believed_until:
            return await self._store.run(work)

        def guarded(tx: Transaction) -> T:
            if tx.instance.get(READ_ONLY):
                raise ReadOnlyError
            return work(tx)

        result = await self._store.run(guarded)
        self._believed_until = time.monotonic() + LOOK_AGAIN_SECONDS
        return result

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)
