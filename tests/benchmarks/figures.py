"""Figures: medians of rounds that took turns, percentiles, and a row of the table with its goal."""

from __future__ import annotations

import math
import os
import platform
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NOT_INSTALLED = "not installed"
SHOWN_PACKAGES = ("aiohttp", "httpx", "slack_bolt", "dbos", "uvloop", "psycopg", "flask", "gunicorn")


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not exceeded by `share` of them; NaN of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. A peer is a figure, or the words for why there is none."""

    path: str
    measure: str  # what and in which unit, e.g. "ack p50, ms"
    ours: float
    limit: float | None = None
    limit_name: str = ""
    peers: Mapping[str, float | str] = field(default_factory=dict)
    goal: str = ""
    is_met: bool | None = None
    rounds: int = 1
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.limit if self.limit else None


@dataclass(slots=True)
class Rounds:
    """What each contender showed in each round, by measure."""

    shown: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, who: str, figures: Mapping[str, float]) -> None:
        for measure, value in figures.items():
            self.shown.setdefault(who, {}).setdefault(measure, []).append(value)

    def of(self, who: str, measure: str) -> float:
        return median(self.shown.get(who, {}).get(measure, []))


Turn = Callable[[], Awaitable[Mapping[str, float]]]


async def in_turns(contenders: Mapping[str, Turn], rounds: int) -> Rounds:
    """A B C, A B C, …: whatever disturbs the machine meanwhile disturbs all of them."""
    seen = Rounds()
    for _ in range(rounds):
        for who, turn in contenders.items():
            seen.add(who, await turn())
    return seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where and when the figures come from. The load is the one-minute average, before and after."""

    date: str
    processor: str
    cores: int
    python: str
    system: str
    packages: Mapping[str, str]


def this_machine() -> Machine:
    return Machine(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        processor=_processor(),
        cores=os.cpu_count() or 1,
        python=sys.version.split()[0],
        system=platform.system(),
        packages={name: found for name in SHOWN_PACKAGES if (found := _version(name))},
    )


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
