"""Reads a whole list from pages whose rules the documentation leaves open, and notices when it cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bot.cloud.errors import Attempted, refused_by_us
from bot.domain.errors import CloudError, Problem

PAGE_SIZE = 500  # the documentation contradicts itself on 1000
MAX_PAGES = 1000


class _Item(Protocol):
    @property
    def id(self) -> str: ...


I = TypeVar("I", bound=_Item)  # noqa: E741  an item
I_co = TypeVar("I_co", bound=_Item, covariant=True)


class Page(Protocol[I_co]):
    @property
    def items(self) -> Sequence[I_co]: ...

    @property
    def count(self) -> int | None:
        """How many match in all, or how many are on this page: services differ."""
        ...


async def read_all(fetch: Callable[[int, int], Awaitable[Page[I]]], *, purpose: str, size: int = PAGE_SIZE) -> list[I]:
    """Every item once, in order. `fetch(offset, page_number)` reads one page; `page_number` starts at 1.

    A short page ends the list unless `count` promises more; so does a page without anything new. CloudError when a
    page repeats although more was promised: half a list must not look like a whole one.
    """
    found: dict[str, I] = {}
    offset = 0
    for number in range(1, MAX_PAGES + 1):
        page = await fetch(offset, number)
        offset += len(page.items)
        fresh = {item.id: item for item in page.items if item.id not in found}
        found |= fresh
        promised = page.count or 0
        if page.items and not fresh and promised > len(found):
            raise CloudError(_cut_short(purpose, len(found), promised))
        if not fresh or (len(page.items) < size and promised <= offset):
            return list(found.values())
    raise CloudError(_cut_short(purpose, len(found), len(found) + 1))


def _cut_short(purpose: str, read: int, promised: int) -> Problem:
    return refused_by_us(
        Attempted(purpose=purpose),
        f"The cloud repeats itself after {read} of at least {promised} entries, so the list is not complete.",
        "Try again in a minute; if it repeats, open a support ticket.",
    )
