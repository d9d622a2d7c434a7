"""The real bot as a process, over loopback, between the simulated workspace and the simulated cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bot.demo.sdrs import Pace, SimulatedCloud
from bot.demo.stage import Stage, stage
from bot.demo.workspace import Cast
from bot.slack.manifest import manifest
from tests.acceptance.people import Evening
from tests.acceptance.rooms import NO_ROOMS, Rooms

QUICK = Pace(reverse_seconds=1.5, sub_job_seconds=0.4, stop_seconds=0.3, start_seconds=0.3, other_seconds=0.3)
IMPATIENT = {
    "POLL_SECONDS": "0.3",
    "SLOW_POLL_SECONDS": "0.5",
    "UNCLEAR_SECONDS": "12",
    "STOP_LIMIT_SECONDS": "5",
    "SWEEP_SECONDS": "2",
    "LOG_FORMAT": "json",
}


@asynccontextmanager
async def an_evening(
    furnish: Callable[[SimulatedCloud], object] = lambda cloud: None,
    *,
    groups: tuple[str, ...] = (),
    pace: Pace = QUICK,
    over_http: bool = False,
    need: int = 1,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Evening]:
    """`furnish` fills the cloud; each of `groups` gets channels of its own."""
    rooms = Rooms() if groups else NO_ROOMS

    def before_the_bot(cast: Cast, cloud: SimulatedCloud) -> str:
        furnish(cloud)
        return rooms.furnish(cast, groups)

    async with stage(
        manifest=manifest(),
        pace=pace,
        over_http=over_http,
        need=need,
        environment={**IMPATIENT, **(environment or {})},
        furnish=before_the_bot,
    ) as playing:
        yield Evening(playing, rooms)


@pytest.fixture(params=["socket mode", "signed http"])
async def either_way(request: pytest.FixtureRequest) -> AsyncIterator[Evening]:
    """The same with both ways in which Slack reaches the bot."""
    async with an_evening(over_http=request.param == "signed http") as evening:
        yield evening


@pytest.fixture
async def evening() -> AsyncIterator[Evening]:
    async with an_evening() as evening:
        yield evening


@pytest.fixture
async def playing(evening: Evening) -> Stage:
    return evening.on


Evenings = Callable[..., AbstractAsyncContextManager[Evening]]
