"""What the tests of the gateway share: clocks, waiting, and access to the simulated cloud."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.cloud.access import CloudAccess, Domain, PasswordLogin
from bot.cloud.client import Limits
from bot.cloud.transport import Retries
from bot.demo.sdrs import DEFAULT_DOMAIN
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, ProjectAlias

EU_DE = ProjectAlias("eu-de")
PASSWORD = "canary-password"
QUICK = Retries(attempts=3, base_seconds=0.01, max_seconds=0.02)
LIMITS = Limits(read_seconds=0.5, total_seconds=2.0)


class SystemClock:
    def now(self):
        return datetime.now(UTC)

    def monotonic(self):
        return time.monotonic()


class LateClock(SystemClock):
    """Of a machine that is twenty minutes behind."""

    def now(self):
        return super().now() - timedelta(minutes=20)


def id_of(cloud, name):
    return GroupId(cloud.project.group(name).id)


async def problem_of(awaitable):
    with pytest.raises(CloudError) as caught:
        await awaitable
    return caught.value.problem


class PushedClock(SystemClock):
    """The monotonic clock can be pushed, as if time had passed between two searches."""

    ahead = 0.0

    def monotonic(self):
        return super().monotonic() + self.ahead


async def until(ask, is_enough):
    """Asks until it is enough; the test's own time limit ends it otherwise."""
    async with asyncio.timeout(10):
        while True:
            answer = await ask()
            if is_enough(answer):
                return answer
            await asyncio.sleep(0.02)


def access_to(cloud, **changes):
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="drbot", domain=Domain(name=DEFAULT_DOMAIN))
    values = {"alias": EU_DE, "login": login, "iam_root": cloud.iam_url, "region": "eu-de", "project_name": "eu-de"}
    return CloudAccess(**(values | changes))
