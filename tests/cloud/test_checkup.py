"""What `doctor` says about a project: well, soon not well, or failed with a cure."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.cloud.access import Domain, PasswordLogin
from bot.cloud.checkup import Health
from bot.demo.sdrs import DEFAULT_DOMAIN, Fault
from tests.cloud.simulated import EU_DE, PASSWORD, LateClock, access_to


def named(examined):
    return {item.name: item for item in examined}


async def test_a_project_in_good_health(gateway):
    examined = named(await gateway.examine(EU_DE))
    assert {name: item.health for name, item in examined.items()} == dict.fromkeys(
        ("sign-in", "SDRS", "ECS", "IMS", "clock"), Health.OK
    )
    assert examined["SDRS"].sentence.startswith("4 protection groups at http://127.0.0.1:")
    assert "Signed in as drbot to project eu-de" in examined["sign-in"].sentence


async def test_nothing_else_is_tried_after_a_failed_sign_in(cloud, opened):
    login = PasswordLogin(password=SecretStr("wrong"), user_name="drbot", domain=Domain(name=DEFAULT_DOMAIN))
    (only,) = await opened(access_to(cloud, login=login)).examine(EU_DE)
    assert only.health is Health.FAILED
    assert "OS_PASSWORD" in only.cure


@pytest.mark.parametrize(("days", "health"), [(3, Health.WARNING), (100, Health.OK)])
async def test_a_password_that_expires_soon_is_a_warning(cloud, opened, days, health):
    cloud.add_user("other", password=PASSWORD, password_expires_at=datetime.now(UTC) + timedelta(days=days))
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="other", domain=Domain(name=DEFAULT_DOMAIN))
    examined = named(await opened(access_to(cloud, login=login)).examine(EU_DE))
    assert examined["password"].health is health


async def test_a_service_that_is_down_fails_alone(cloud, gateway):
    cloud.faults.add(Fault(match="GET /ims", status=503))
    examined = named(await gateway.examine(EU_DE))
    assert [name for name, item in examined.items() if item.health is not Health.OK] == ["IMS"]
    assert examined["IMS"].cure


async def test_a_clock_that_is_twenty_minutes_off_is_named(cloud, opened):
    examined = named(await opened(access_to(cloud), clock=LateClock()).examine(EU_DE))
    assert examined["clock"].health is Health.FAILED
    assert "NTP" in examined["clock"].cure
