"""Time in the simulated cloud: a clock that tests can push, events that fall due, and the formats."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

Happening = Callable[[datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take, in seconds: whole jobs, and the single sub-job inside them."""

    reverse_seconds: float = 8.0
    sub_job_seconds: float = 2.0
    stop_seconds: float = 2.0
    start_seconds: float = 2.0
    other_seconds: float = 4.0  # failover, enabling and disabling protection, drills


class Clock:
    """A source of aware UTC datetimes plus what `advance` has added."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        self._source = source or (lambda: datetime.now(UTC))
        self._ahead = timedelta()

    def now(self) -> datetime:
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Timeline:
    """What will happen later. Nothing runs in the background: whoever looks at the cloud settles it first."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Happening]] = []
        self._order = count()

    def schedule(self, at: datetime, happening: Happening) -> None:
        heapq.heappush(self._due, (at, next(self._order), happening))

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due, each at its own time and not at the time of the look."""
        while self._due and self._due[0][0] <= now:
            at, _, happening = heapq.heappop(self._due)
            happening(at)


def group_time(at: datetime) -> str:
    """`2019-05-23 03:51:58.256`: groups, protected instances and drills, without a zone."""
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


def pair_time(at: datetime) -> str:
    """`2018-05-04T03:43:24.108526`: replication pairs and ECS actions, without a zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def job_time(at: datetime) -> str:
    """`2019-06-13T09:40:53.930Z`: jobs."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def token_time(at: datetime) -> str:
    """`2019-02-13T06:52:13.855000Z`: tokens."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def server_time(at: datetime) -> str:
    """`2018-08-14T07:26:49Z`: ECS servers."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
