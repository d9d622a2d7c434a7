"""The reconciler: makes Slack equal to the database, whoever changed it, and catches up after any outage."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from structlog.contextvars import bind_contextvars

from bot.domain.surface import Surface
from bot.ports import PolicySource, Store, StoreError, Transaction
from bot.slack.client import Wire
from bot.slack.delivery import Delivery
from bot.slack.ends import lose

log = logging.getLogger(__name__)

AT_ONCE = 16  # messages under way; each holds its claim no longer than DELIVERY_SECONDS
LEASE = timedelta(seconds=30)  # so long the messages wait that a process was sending when it died
DELIVERY_SECONDS = 25.0  # below the lease: nobody else may work on the same message meanwhile
SOON_SECONDS = 0.15  # an order goes first: drawing would cost it time, and its answer changes the same messages
IDLE_SECONDS = 1.0  # another process may have made something due
STORE_AWAY_SECONDS = 5.0


@dataclass(slots=True)
class Projection:
    """Implements `bot.ports.Notifier`. `owner` names this process in the claims; start `run()` as a task."""

    store: Store
    wire: Wire
    policy: PolicySource
    owner: str
    _delivery: Delivery = field(init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _loop: asyncio.AbstractEventLoop | None = None
    _is_ending: bool = False

    def __post_init__(self) -> None:
        self._delivery = Delivery(self.store, self.wire, self.policy)

    def wake(self, *, is_urgent: bool = True) -> None:
        """From any thread."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        loop.call_soon_threadsafe(
            self._woken.set if is_urgent else partial(loop.call_later, SOON_SECONDS, self._woken.set)
        )

    async def run(self) -> None:
        """Until `drain`."""
        self._loop = asyncio.get_running_loop()
        while not self._is_ending:
            self._woken.clear()
            await self._pause(await self._round())

    async def drain(self, timeout_seconds: float) -> None:
        """Takes nothing new and lets what is under way end; what doesn't is found again by its key."""
        self._is_ending = True
        self.wake()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=timeout_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def forget(self, channel: str, ts: str) -> bool:
        """Somebody deleted a message. If it was one of ours it is posted again."""

        def lose_it(tx: Transaction) -> bool:
            surface = tx.surfaces.at(channel, ts)
            if surface is not None:
                lose(tx, surface)
            return surface is not None

        was_ours = await self.store.run(lose_it)
        if was_ours:
            self.wake()
        return was_ours

    async def _round(self) -> float:
        """Start what is due; the seconds until the next look."""
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            return IDLE_SECONDS
        try:
            claimed = await self.store.run(lambda tx: tx.surfaces.claim(self.owner, limit=free, lease=LEASE))
        except StoreError as error:
            log.warning("Messages wait: %s", error.sentence)
            return STORE_AWAY_SECONDS
        for surface in claimed:
            task = asyncio.create_task(self._deliver(surface), name=f"surface {surface.id}")
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return 0.0 if len(claimed) == free else IDLE_SECONDS

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

    async def _deliver(self, surface: Surface) -> None:
        """Whatever goes wrong here concerns one message: it is tried again when its claim ends."""
        bind_contextvars(request_id=surface.request_id)  # this task is about one message
        try:
            async with asyncio.timeout(DELIVERY_SECONDS):
                changed = await self._delivery.deliver(surface)
            if changed:
                self._woken.set()
        except StoreError as error:
            log.warning("Message %s waits: %s", surface.id, error.sentence)
        except TimeoutError:
            log.warning("Message %s took too long and is tried again", surface.id)
        except Exception:
            log.exception("Message %s could not be shown and is tried again", surface.id)
