"""What a check says: a finding with its cure, and the verdict over all of them."""

from __future__ import annotations

from collections.abc import Iterable
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

    @property
    def is_blocker(self) -> bool:
        return self.level is Level.BLOCKER


class Verdict(StrEnum):
    """The class of an outcome: when it changes, an approval given under the other one is void."""

    READY = "ready"
    WARNINGS = "warnings"
    BLOCKED = "blocked"


def verdict(findings: Iterable[Finding]) -> Verdict:
    levels = {finding.level for finding in findings}
    if Level.BLOCKER in levels:
        return Verdict.BLOCKED
    return Verdict.WARNINGS if levels else Verdict.READY


def blocker(check: str, sentence: str, cure: str, subjects: Iterable[str] = ()) -> Finding:
    return Finding(check=check, level=Level.BLOCKER, sentence=sentence, cure=cure, subjects=tuple(subjects))


def warning(check: str, sentence: str, cure: str, subjects: Iterable[str] = ()) -> Finding:
    return Finding(check=check, level=Level.WARNING, sentence=sentence, cure=cure, subjects=tuple(subjects))


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 server`, `2 servers`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Iterable[str], *, limit: int = 5) -> str:
    """`a, b, c`, or `a, b, c, d, e and 7 more`: one server too many never fills a card."""
    every = list(names)
    shown = ", ".join(every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit} more"
