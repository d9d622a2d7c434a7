"""Whatever the rules of a list turn out to be, it is read once and whole, or not at all."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cloud.paging import read_all
from bot.domain.errors import CloudError

SIZE = 5


@dataclass(frozen=True)
class Item:
    id: str


@dataclass(frozen=True)
class OnePage:
    items: tuple[Item, ...]
    count: int | None


class Listing:
    """A list of `total` items as some service might page it."""

    def __init__(self, total, *, count="matching", cap=SIZE, overlap=0, ignores_offset=False):
        self.all = [Item(str(number)) for number in range(total)]
        self.count, self.cap, self.overlap, self.ignores_offset = count, cap, overlap, ignores_offset
        self.fetched = 0

    async def by_offset(self, offset, _):
        start = 0 if self.ignores_offset else max(0, offset - self.overlap)
        return self._page(start)

    async def by_number(self, _, number):
        return self._page((number - 1) * SIZE)

    def _page(self, start):
        self.fetched += 1
        items = tuple(self.all[start : start + min(SIZE, self.cap)])
        count = {"matching": len(self.all), "page": len(items), "none": None, "wider": len(self.all) + 100}
        return OnePage(items, count[self.count])


totals = st.integers(min_value=0, max_value=43)
counts = st.sampled_from(["matching", "page", "none", "wider"])


@given(totals, counts)
def test_every_item_is_read_once_whatever_count_means(total, count):
    listing = Listing(total, count=count)
    assert asyncio.run(read_all(listing.by_offset, purpose="Reading", size=SIZE)) == listing.all
    assert listing.fetched <= total // SIZE + 2


@given(totals, counts)
def test_every_item_is_read_once_by_page_numbers(total, count):
    listing = Listing(total, count=count)
    assert asyncio.run(read_all(listing.by_number, purpose="Reading", size=SIZE)) == listing.all


@given(totals, st.integers(min_value=1, max_value=SIZE))
def test_a_service_that_gives_smaller_pages_is_read_to_its_end(total, cap):
    listing = Listing(total, cap=cap)
    assert asyncio.run(read_all(listing.by_offset, purpose="Reading", size=SIZE)) == listing.all


@given(totals, st.integers(min_value=1, max_value=SIZE - 1))
def test_items_that_come_twice_are_kept_once(total, overlap):
    listing = Listing(total, overlap=overlap, count="page")
    found = asyncio.run(read_all(listing.by_offset, purpose="Reading", size=SIZE))
    assert len(found) == len(set(found))
    assert set(found) <= set(listing.all)


async def test_a_list_that_repeats_its_only_page_ends():
    listing = Listing(SIZE, ignores_offset=True)
    assert await read_all(listing.by_offset, purpose="Reading", size=SIZE) == listing.all


async def test_half_a_list_never_looks_like_a_whole_one():
    listing = Listing(12, ignores_offset=True)
    with pytest.raises(CloudError, match="Reading the servers did not succeed") as caught:
        await read_all(listing.by_offset, purpose="Reading the servers", size=SIZE)
    assert "5 of at least 12 entries" in caught.value.problem.what
