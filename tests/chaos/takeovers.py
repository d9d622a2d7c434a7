"""How long the runs of a dead worker stay with it, seen from outside: in the engine's table."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.chaos.monkey import HOLDERS, Wounds, pid_of, watching

LOOK_SECONDS = 0.1


@dataclass(slots=True)
class Takeovers:
    """From the kill to the moment when the dead process holds no run any more.

    `seconds`: another worker was alive and the database was up all the time. The rest has to wait for one of the two.
    """

    database_url: str
    wounds: Wounds
    seconds: list[float] = field(default_factory=list)
    with_nobody_there: list[float] = field(default_factory=list)
    with_database_down: list[float] = field(default_factory=list)
    _holding: set[int] = field(default_factory=set)
    _held: set[int] = field(default_factory=set)

    async def watch(self) -> None:
        while True:
            holders = await asyncio.to_thread(self._holders)
            if holders is not None:
                self._compare(holders)
            await asyncio.sleep(LOOK_SECONDS)

    def _holders(self) -> set[int] | None:
        query = HOLDERS[self.database_url.startswith("sqlite")]
        try:
            with watching(self.database_url) as connection:
                return {pid_of(executor) for executor in connection.scalars(sa.text(query)) if executor}
        except sa.exc.SQLAlchemyError:
            return None

    def _compare(self, holders: set[int]) -> None:
        now = time.monotonic()
        for pid, killed_at in self.wounds.killed.items():
            if pid in holders:
                self._holding.add(pid)
            elif pid in self._holding - self._held:
                self._held.add(pid)
                self._place(pid, killed_at, now)

    def _place(self, pid: int, killed_at: float, now: float) -> None:
        if any(began < now and killed_at < ended for began, ended in self.wounds.down):
            self.with_database_down.append(now - killed_at)
        elif pid in self.wounds.survived and not self._was_shot_too(pid, killed_at, now):
            self.seconds.append(now - killed_at)
        else:
            self.with_nobody_there.append(now - killed_at)

    def _was_shot_too(self, pid: int, killed_at: float, now: float) -> bool:
        """The survivor did not survive."""
        return any(killed_at < at < now for other, at in self.wounds.killed.items() if other != pid)

    @property
    def never(self) -> int:
        """Runs that are still with a dead process."""
        return len(self._holding - self._held)
