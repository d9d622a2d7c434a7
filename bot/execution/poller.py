"""One poller for everything that is waited for in the cloud: thousands of looks, a bounded number at a time."""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar

from bot.domain.errors import CloudError, Problem

A = TypeVar("A")
R = TypeVar("R")
BEAT_SECONDS = (
    0.01  # what is due within one beat begins together: a thousand looks a second wake the loop a hundred times
)


class Gauge(Protocol):
    """Takes how late a look was, in seconds."""

    def __call__(self, seconds: float) -> None: ...


def _unmeasured(seconds: float) -> None: ...


class Watch(Generic[A, R]):
    """One thing that is watched: what to read, what to make of it, how often."""

    __slots__ = ("born", "context", "due", "heed", "look", "pace", "result")

    def __init__(
        self,
        look: Callable[[], Awaitable[A]],
        heed: Callable[[A | Problem], Awaitable[R | None]],
        pace: Callable[[float], float],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.look, self.heed, self.pace = look, heed, pace
        self.born = self.due = loop.time()
        self.result: asyncio.Future[R] = loop.create_future()
        self.context = contextvars.copy_context()  # of the run that watches: a look belongs to it

    async def turn(self) -> None:
        """Look once. A read that failed is an answer too: the `Problem` goes where the fact would have gone."""
        seen: A | Problem
        try:
            seen = await self.look()
        except CloudError as error:
            seen = error.problem
        settled = await self.heed(seen)
        if settled is not None and not self.result.done():
            self.result.set_result(settled)


class Poller:
    """`lanes` looks run at once. The others wait in a list for each beat to come, and cost neither task nor timer."""

    def __init__(self, *, lanes: int = 128, lateness: Gauge = _unmeasured) -> None:
        self._free = lanes
        self._lateness = lateness
        self._beats: dict[int, list[Watch[Any, Any]]] = {}
        self._due: deque[Watch[Any, Any]] = deque()
        self._turns: set[asyncio.Task[None]] = set()
        self._is_over = False
        self.watched = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_over = True
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)

    async def watch(
        self,
        look: Callable[[], Awaitable[A]],
        heed: Callable[[A | Problem], Awaitable[R | None]],
        *,
        pace: Callable[[float], float],
        is_new: bool = False,
    ) -> R:
        """Look now and then every `pace(age)` seconds, until `heed` makes something of an answer. What `is_new` has
        nothing to show yet: its first look comes after one pace."""
        watch = Watch(look, heed, pace, asyncio.get_running_loop())
        self.watched += 1
        if is_new:
            self._again(watch)
        else:
            self._due.append(watch)
            self._go_on()
        try:
            return await watch.result
        finally:
            self.watched -= 1

    def _go_on(self) -> None:
        """Begin what is due, as long as there is a lane for it."""
        while self._due and self._free > 0 and not self._is_over:
            watch = self._due.popleft()
            if not watch.result.done():
                self._begin(watch)

    def _begin(self, watch: Watch[Any, Any]) -> None:
        loop = asyncio.get_running_loop()
        self._lateness(max(0.0, loop.time() - watch.due))
        turn = loop.create_task(watch.turn(), context=watch.context)
        turn.add_done_callback(partial(self._ended, watch), context=watch.context)
        self._turns.add(turn)
        self._free -= 1

    def _ended(self, watch: Watch[Any, Any], turn: asyncio.Task[None]) -> None:
        self._turns.discard(turn)
        self._free += 1
        error = None if turn.cancelled() else turn.exception()
        if error is not None and not watch.result.done():
            watch.result.set_exception(error)
        if not watch.result.done():
            self._again(watch)
        self._go_on()

    def _again(self, watch: Watch[Any, Any]) -> None:
        """The pace is kept: a slow answer does not push the next look back, a missed one is not made up for."""
        loop = asyncio.get_running_loop()
        watch.due = max(loop.time(), watch.due + watch.pace(loop.time() - watch.born))
        beat = math.ceil(watch.due / BEAT_SECONDS)
        if beat not in self._beats:
            self._beats[beat] = []
            loop.call_at(beat * BEAT_SECONDS, self._strike, beat)
        self._beats[beat].append(watch)

    def _strike(self, beat: int) -> None:
        self._due.extend(self._beats.pop(beat))
        self._go_on()
