"""A simulated cloud on this machine that knows nothing of our code, and gateways to it."""

import pytest

from bot.cloud.gateway import CloudGateway
from bot.demo.sdrs import Pace, SimulatedCloud, add_standard_groups
from tests.cloud.simulated import LIMITS, PASSWORD, QUICK, SystemClock, access_to


@pytest.fixture
async def cloud():
    cloud = SimulatedCloud(
        seed=7, pace=Pace(reverse_seconds=0.0, sub_job_seconds=0.0, stop_seconds=0.0, start_seconds=0.0)
    )
    cloud.project = cloud.add_project("eu-de")
    add_standard_groups(cloud.project)
    cloud.user = cloud.add_user("drbot", password=PASSWORD)
    async with cloud:
        yield cloud


@pytest.fixture
async def opened():
    gateways = []

    def open_(*accesses, clock=None, **options):
        gateway = CloudGateway(accesses, clock=clock or SystemClock(), retries=QUICK, limits=LIMITS, **options)
        gateways.append(gateway)
        return gateway

    yield open_
    for gateway in gateways:
        await gateway.aclose()


@pytest.fixture
def gateway(cloud, opened):
    return opened(access_to(cloud))
