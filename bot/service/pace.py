"""How often somebody may ask within a minute, so that one person, or one nervous night, drowns nobody else."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

SPAN_SECONDS = 60.0
MANY_KEYS = 10_000


@dataclass(slots=True)
class Pace:
    """Counts in memory, per process: it protects the cloud and the database from a flood and decides nothing else."""

    _asked: dict[Hashable, deque[float]] = field(default_factory=dict)

    def allows(self, key: Hashable, *, per_minute: int, now_seconds: float) -> bool:
        """False when this was allowed `per_minute` times within the last minute. What is refused does not count."""
        if len(self._asked) >= MANY_KEYS:
            self._forget(now_seconds)
        asked = self._asked.setdefault(key, deque())
        while asked and now_seconds - asked[0] >= SPAN_SECONDS:
            asked.popleft()
        if len(asked) >= per_minute:
            return False
        asked.append(now_seconds)
        return True

    def _forget(self, now_seconds: float) -> None:
        old = [key for key, asked in self._asked.items() if not asked or now_seconds - asked[-1] >= SPAN_SECONDS]
        for key in old:
            del self._asked[key]
