"""Slack's rate limits: a tier per method, and about one message a second in each channel.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

PER_MINUTE = {"t1": 1, "t2": 20, "t3": 50, "t4": 100}
# "Special" tiers have no published figure; several hundred a minute pass in practice.
SPECIAL_PER_MINUTE = 600
CHANNEL_BURST = 5
CHANNEL_PER_SECOND = 1.0


@dataclass(slots=True)
class Bucket:
    """A token bucket: `capacity` calls at once, refilled with `per_second`."""

    capacity: float
    per_second: float
    left: float
    filled_at: float

    def seconds_until_free(self, now: float) -> float:
        """0 and one token less, or how long to wait for the next one."""
        self.left = min(self.capacity, self.left + (now - self.filled_at) * self.per_second)
        self.filled_at = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.per_second


class RateLimits:
    """The buckets of all apps; `retry_after` is whole seconds as in Slack's header."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def retry_after(self, app_id: str, method: str, tier: str, channel: str | None) -> int:
        """0 where the call may pass, else the seconds to wait."""
        per_minute = PER_MINUTE.get(tier, SPECIAL_PER_MINUTE)
        wait = self._take((app_id, method), per_minute, per_minute / 60)
        if not wait and method == "chat.postMessage" and channel:
            wait = self._take((app_id, method, channel), CHANNEL_BURST, CHANNEL_PER_SECOND)
        return math.ceil(wait) if wait else 0

    def _take(self, key: tuple[str, ...], capacity: float, per_second: float) -> float:
        now = self._clock()
        bucket = self._buckets.setdefault(key, Bucket(capacity, per_second, capacity, now))
        return bucket.seconds_until_free(now)
