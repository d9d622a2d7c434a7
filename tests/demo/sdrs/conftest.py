"""A cloud whose clock stands until a test pushes it, with one operator and one small group."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from bot.demo.sdrs import Group, Pace, Server, SimulatedCloud
from tests.demo.sdrs.visitor import Visitor

START = datetime(2026, 8, 1, 12, tzinfo=UTC)
PACE = Pace(reverse_seconds=60, sub_job_seconds=20, stop_seconds=30, start_seconds=30, other_seconds=40)


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud(pace=PACE, clock=lambda: START) as cloud:
        yield cloud


@pytest.fixture
async def visitor(cloud: SimulatedCloud) -> AsyncIterator[Visitor]:
    project = cloud.add_project("eu-de")
    async with httpx.AsyncClient(verify=False) as http:
        visitor = Visitor(cloud=cloud, project=project, http=http)
        await visitor.log_in(cloud.add_user("drbot", password="right"))
        yield visitor


@pytest.fixture
def group(visitor: Visitor) -> Group:
    """Two stopped servers, ready to be reversed."""
    servers = [
        Server(name="erp-db", credential="key-pair", wave=1, running=False, disks=2),
        Server(name="erp-web", running=False),
    ]
    return visitor.project.add_group("pg-erp", servers=servers)
