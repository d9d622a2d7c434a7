"""One poller for everything that is waited for in the cloud: thousands of looks, a bounded number at a time."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, Self, TypeVar

from bot.domain.errors import CloudError, Problem

A = TypeVar("A")
R = TypeVar("R")


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
        self.context = contextvars.copy_context()  # of the run that watches; the lane that looks was there before it

    async def turn(self) -> None:
        """Look once. A read that failed is an answer too: the `Problem` goes where the fact would have gone."""
        settled = await self.heed(await self.seen())
        if settled is not None and not self.result.done():
            self.result.set_result(settled)

    async def seen(self) -> A | Problem:
        try:
            return await self.look()
        except CloudError as error:
            return error.problem


class Poller:
    """`lanes` looks run at once; the others wait in the loop's own timer heap, which costs no task each."""

    def __init__(self, *, lanes: int = 128, lateness: Gauge = _unmeasured) -> None:
        self._lane_count = lanes
        self._lateness = lateness
        self._due: asyncio.Queue[Watch[Any, Any]] = asyncio.Queue()
        self._lanes: list[asyncio.Task[None]] = []
        self.watched = 0

    async def __aenter__(self) -> Self:
        self._lanes = [asyncio.create_task(self._lane(), name=f"poller-{n}") for n in range(self._lane_count)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def watch(
        self,
        look: Callable[[], Awaitable[A]],
        heed: Callable[[A | Problem], Awaitable[R | None]],
        *,
        pace: Callable[[float], float],
    ) -> R:
        """Look now and then every `pace(age)` seconds, until `heed` makes something of an answer."""
        watch = Watch(look, heed, pace, asyncio.get_running_loop())
        self.watched += 1
        self._due.put_nowait(watch)
        try:
            return await watch.result
        finally:
            self.watched -= 1

    async def _lane(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            watch = await self._due.get()
            if watch.result.done():
                continue
            self._lateness(max(0.0, loop.time() - watch.due))
            try:
                await asyncio.create_task(watch.turn(), context=watch.context)
            except Exception as error:
                if not watch.result.done():
                    watch.result.set_exception(error)
            if not watch.result.done():
                self._again(watch, loop)

    def _again(self, watch: Watch[Any, Any], loop: asyncio.AbstractEventLoop) -> None:
        """The beat is kept: a slow answer does not push the next look back, a missed one is not made up for."""
        interval = watch.pace(loop.time() - watch.born)
        watch.due = max(loop.time(), watch.due + interval)
        loop.call_at(watch.due, self._due.put_nowait, watch)
