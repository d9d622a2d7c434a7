"""The real bot as a process, over loopback, between the simulated workspace and the simulated cloud."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.demo.sdrs import Pace
from bot.demo.stage import Stage, stage
from bot.slack.manifest import manifest
from tests.acceptance.people import Evening

QUICK = Pace(reverse_seconds=1.5, sub_job_seconds=0.4, stop_seconds=0.3, start_seconds=0.3, other_seconds=0.3)
IMPATIENT = {
    "POLL_SECONDS": "0.2",
    "SLOW_POLL_SECONDS": "0.5",
    "UNCLEAR_SECONDS": "15",
    "STOP_LIMIT_SECONDS": "5",
    "SWEEP_SECONDS": "2",
}


@pytest.fixture(params=["socket mode", "signed http"])
async def either_way(request: pytest.FixtureRequest) -> AsyncIterator[Evening]:
    """The same with both ways in which Slack reaches the bot."""
    over_http = request.param == "signed http"
    async with stage(manifest=manifest(), pace=QUICK, over_http=over_http, environment=IMPATIENT) as playing:
        yield Evening(playing)


@pytest.fixture
async def playing() -> AsyncIterator[Stage]:
    async with stage(manifest=manifest(), pace=QUICK, environment=IMPATIENT) as playing:
        yield playing


@pytest.fixture
async def evening(playing: Stage) -> Evening:
    return Evening(playing)
