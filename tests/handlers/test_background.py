"""Work after the acknowledgement begins in small lots, in order, under the names of whoever asked for it."""

from __future__ import annotations

import asyncio

from structlog.contextvars import bind_contextvars, get_contextvars

from handlers.background import AT_ONCE, Background


async def test_in_a_burst_only_a_few_begin_in_each_round_of_the_loop() -> None:
    background, begun = Background(), list[int]()

    async def work(number: int) -> None:
        begun.append(number)
        await asyncio.sleep(3600)

    for number in range(3 * AT_ONCE):
        background.follow(work(number))
    assert len(background) == 3 * AT_ONCE
    seen = []
    while len(begun) < 3 * AT_ONCE:
        await asyncio.sleep(0)
        seen.append(len(begun))

    assert begun == list(range(3 * AT_ONCE))
    assert all(later - earlier <= AT_ONCE for earlier, later in zip([0, *seen], seen, strict=False))
    assert len(background) == 3 * AT_ONCE
    assert await background.drain(0) == 3 * AT_ONCE


async def test_whoever_comes_in_a_burst_gets_a_turn_before_all_of_it_has_begun() -> None:
    background, order = Background(), list[str]()

    async def work() -> None:
        order.append("work")

    for _ in range(10 * AT_ONCE):
        background.follow(work())
    await asyncio.sleep(0)
    order.append("acknowledged")
    await background.drain(1)

    assert len(order) == 10 * AT_ONCE + 1
    assert order.index("acknowledged") <= 2 * AT_ONCE


async def test_work_that_had_not_begun_is_waited_for_at_the_end() -> None:
    background, done = Background(), list[int]()

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        done.append(number)

    for number in range(3 * AT_ONCE):
        background.follow(work(number))
    assert await background.drain(1) == 0

    assert done == list(range(3 * AT_ONCE))
    assert len(background) == 0


async def test_each_work_is_logged_under_the_name_of_its_own_person() -> None:
    background, named = Background(), list[str]()

    async def work() -> None:
        named.append(get_contextvars()["actor"])

    for person in ("rosa", "amir", "pat"):
        bind_contextvars(actor=person)
        background.follow(work())
    bind_contextvars(actor="somebody else")
    await background.drain(1)

    assert named == ["rosa", "amir", "pat"]
