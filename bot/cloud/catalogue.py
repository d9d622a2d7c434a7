"""All protection groups of a project, kept in memory: the form stays usable when the list call is slow or down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.cloud.single_flight import SingleFlight
from bot.domain.errors import CloudError
from bot.domain.facts import Catalogue, Group
from bot.ports import Clock

log = logging.getLogger(__name__)
FRESH_SECONDS = 30.0  # younger is shown as it is
RETRY_SECONDS = 15.0  # between attempts that fail
FIRST_WAIT_SECONDS = 8.0  # a person looks at a loading form meanwhile
NEVER_READ = "The list of protection groups is still being read."


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str  # case-folded, as is `words`
    words: str
    group: Group


class GroupCatalogue:
    """Searches what was read last; renews itself behind the back of the one who searches."""

    def __init__(self, read: Callable[[], Awaitable[list[Group]]], clock: Clock) -> None:
        self._read, self._clock = read, clock
        self._entries: tuple[_Entry, ...] = ()
        self._read_at: datetime | None = None
        self._due_at = self._began_at = float("-inf")
        self._stale_reason = NEVER_READ
        self._renew = SingleFlight(self._renewed)

    async def search(self, text: str, *, limit: int) -> Catalogue:
        """The best matches first. Waits for the cloud only when nothing was ever read, and all share one wait."""
        if self._clock.monotonic() >= self._due_at:
            renewal = self._begin()
            patience = self._began_at + FIRST_WAIT_SECONDS - self._clock.monotonic()
            if self._read_at is None and patience > 0:
                await asyncio.wait({renewal}, timeout=patience)
        matches = _matching(self._entries, text)
        return Catalogue(
            groups=tuple(entry.group for entry in matches[:limit]),
            total=len(matches),
            read_at=self._read_at,
            stale_reason=self._stale_reason,
        )

    async def with_extra(self, empty: Catalogue, read: Callable[[], Awaitable[Group]]) -> Catalogue:
        """A group that the catalogue lacks, asked for by its id; the empty answer stays when there is none."""
        try:
            group = await read()
        except CloudError:
            return empty
        return replace(empty, groups=(group,), total=1)

    def begin_renewal(self) -> None:
        self._begin()

    def _begin(self) -> asyncio.Future[None]:
        if not self._renew.is_under_way:
            self._began_at = self._clock.monotonic()
        return self._renew.begin()

    async def aclose(self) -> None:
        await self._renew.aclose()

    async def renew(self) -> None:
        """Reads the list now; a failure is remembered as the reason why the catalogue is stale."""
        await self._renew()

    async def _renewed(self) -> None:
        try:
            groups = await self._read()
        except CloudError as error:
            if self._stale_reason != error.problem.what:  # told once, not at each try
                log.info("The list of protection groups cannot be read: %s", error.problem.sentence)
            self._stale_reason = error.problem.what
            self._due_at = self._clock.monotonic() + RETRY_SECONDS
            return
        self._entries = tuple(_entry(group) for group in sorted(groups, key=lambda g: (g.name.casefold(), g.id)))
        self._read_at, self._stale_reason = self._clock.now(), ""
        self._due_at = self._clock.monotonic() + FRESH_SECONDS


def _entry(group: Group) -> _Entry:
    words = " ".join((group.name, group.id, group.source_zone, group.target_zone, group.status))
    return _Entry(group.name.casefold(), words.casefold(), group)


def _matching(entries: tuple[_Entry, ...], text: str) -> list[_Entry]:
    """Every word must occur; names that are, or begin with, the text come first."""
    words = text.casefold().split()
    if not words:
        return list(entries)
    wanted = " ".join(words)
    hits = [entry for entry in entries if all(word in entry.words for word in words)]
    hits.sort(key=lambda entry: _distance(entry, wanted))
    return hits


def _distance(entry: _Entry, wanted: str) -> int:
    if wanted in (entry.name, entry.group.id):
        return 0
    return 1 if entry.name.startswith(wanted) else 2 if wanted in entry.name else 3
