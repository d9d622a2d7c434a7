"""A run from the last approval to its end, and every way in which it may end otherwise."""

from __future__ import annotations

from bot.domain.request import State
from bot.domain.surface import PlaceKind
from tests.execution.bench import Bench


async def test_an_approved_request_is_run_to_its_verified_end(bench: Bench) -> None:
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1
    assert await bench.lines() == [
        "started",
        "checked",
        "stopping",
        "stopped",
        "submitted",
        "job_done",
        "verified",
        "starting",
        "starting",
        "running",
    ]
    assert [s.user for s in await bench.surfaces(PlaceKind.LOGIN)] == ["U1"]
    assert [s.user for s in await bench.surfaces(PlaceKind.POINTER)] == ["U1"]
