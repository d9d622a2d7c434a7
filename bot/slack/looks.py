"""Looks at Slack that all share who ask in one moment: a hundred clicks of one person are not a hundred calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.domain.errors import PeopleError

T = TypeVar("T")
MOST_KEPT = 500  # people or user groups


@dataclass(slots=True)
class _Look(Generic[T]):
    """The last one at one thing: when it began, and what it told."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    askers: int = 0
    began_at: float = float("-inf")
    outcome: T | PeopleError | None = None

    def counts_for(self, asked_at: float, seconds: float) -> bool:
        """It began after the question, whatever came of it; or it told something, and not long before."""
        if self.outcome is None or isinstance(self.outcome, PeopleError):
            seconds = 0.0
        return self.began_at >= asked_at - seconds


class Looks(Generic[T]):
    """`ask` looks at what a key names, and raises PeopleError when Slack does not say."""

    def __init__(self, ask: Callable[[str], Awaitable[T]]) -> None:
        self._ask = ask
        self._looks: dict[str, _Look[T]] = {}

    async def at(self, key: str, *, within_seconds: float = 0.0) -> T:
        """By default never older than the question: who asks while a look is under way waits for the next one."""
        asked_at, look = time.monotonic(), self._looks.setdefault(key, _Look())
        look.askers += 1
        try:
            async with look.lock:
                if not look.counts_for(asked_at, within_seconds):
                    look.began_at, look.outcome = time.monotonic(), await self._outcome(key)
        finally:
            look.askers -= 1
            self._keep_few()
        if isinstance(look.outcome, PeopleError):
            raise PeopleError(*look.outcome.args)
        assert look.outcome is not None
        return look.outcome

    def _keep_few(self) -> None:
        """The oldest questions go first, but none that somebody waits for."""
        idle = [key for key, look in self._looks.items() if not look.askers] if len(self._looks) > MOST_KEPT else []
        for key in idle[: len(self._looks) - MOST_KEPT]:
            del self._looks[key]

    def forget(self) -> None:
        """The next who asks looks anew."""
        self._looks.clear()

    async def _outcome(self, key: str) -> T | PeopleError:
        try:
            return await self._ask(key)
        except PeopleError as error:
            return error
