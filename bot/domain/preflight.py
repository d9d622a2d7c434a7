"""The checks before a switchover: a snapshot in, findings out, each with its cure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    BLOCKER = "blocker"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found. `check` is its stable name, by which a warning is acknowledged."""

    check: str
    level: Level
    sentence: str
    cure: str
    subjects: tuple[str, ...] = ()  # names of the servers, pairs … it speaks of
