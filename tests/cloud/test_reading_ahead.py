"""What a group consisted of last time is asked for at once, and never believed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cloud.ahead import Ahead
from bot.demo.sdrs import Fault, Server
from bot.domain.facts import Known
from tests.cloud.simulated import EU_DE, PushedClock, access_to, problem_of, until


class Reads:
    """Remembers what was read; says it in capitals, or fails for `bad`."""

    def __init__(self):
        self.of = []

    async def __call__(self, key):
        self.of.append(key)
        await asyncio.sleep(0)
        if key == "bad":
            raise LookupError(key)
        return key.upper()


@pytest.mark.parametrize(("guess", "asked"), [(None, ["a"]), ("a", ["a"]), ("b", ["b", "a"]), ("bad", ["bad", "a"])])
async def test_a_right_guess_is_read_once_and_a_wrong_one_changes_nothing(guess, asked):
    reads = Reads()
    ahead = Ahead(reads, guess)
    await asyncio.sleep(0.01)
    assert await ahead.about("a") == "A"
    assert reads.of == asked


async def test_a_guess_that_was_right_fails_as_the_read_does():
    with pytest.raises(LookupError):
        await Ahead(Reads(), "bad").about("bad")


async def snapshots(gateway, cloud, opened, group):
    """What a gateway sees that has seen the group before, and what one sees that has not."""
    known = await gateway.snapshot(EU_DE, group.id)
    new = await opened(access_to(cloud)).snapshot(EU_DE, group.id)
    moment = datetime(2026, 8, 1, tzinfo=UTC)
    return [replace(one, taken_at=moment, token_expires_at=None) for one in (known, new)]


@pytest.fixture
async def group(cloud, gateway):
    """It was read before; few enough servers to be read one by one."""
    group = cloud.project.add_group("pg-two", servers=[Server(name="one"), Server(name="two")])
    await gateway.snapshot(EU_DE, group.id)
    cloud.forget_calls()
    return group


async def test_a_group_that_was_read_before_is_read_in_one_round_trip(cloud, gateway, group):
    lists = cloud.faults.add(Fault(match="GET /sdrs", delay_seconds=5.0))
    reading = asyncio.create_task(gateway.snapshot(EU_DE, group.id))

    async def asked():
        return [call.path.rpartition("/")[2] for call in cloud.calls if call.service == "ecs"]

    paths = await until(asked, lambda paths: len(paths) >= 6)
    assert "os-instance-actions" in paths
    assert lists.hits == 5  # which groups had no drill for months was asked a moment ago
    reading.cancel()


def drilled(cloud):
    return cloud.project.add_group("pg-drilled", servers=[Server(name="one")], last_drill_days_ago=20)


async def test_whether_a_drill_is_overdue_is_asked_again_after_a_minute(cloud, opened):
    clock = PushedClock()
    gateway, group = opened(access_to(cloud), clock=clock), drilled(cloud)
    assert (await gateway.snapshot(EU_DE, group.id)).group.drill_overdue is Known.NO
    group.last_drill_at -= timedelta(days=200)
    assert (await gateway.snapshot(EU_DE, group.id)).group.drill_overdue is Known.NO
    clock.ahead = 61.0
    assert (await gateway.snapshot(EU_DE, group.id)).group.drill_overdue is Known.YES


async def test_what_could_not_be_told_is_asked_again_at_once(cloud, gateway):
    group = drilled(cloud)
    cloud.faults.add(Fault(match="GET .*/server-groups$", status=403, times=1))
    assert (await gateway.snapshot(EU_DE, group.id)).group.drill_overdue is Known.UNKNOWN
    assert (await gateway.snapshot(EU_DE, group.id)).group.drill_overdue is Known.NO


async def test_what_is_read_is_what_the_cloud_shows_now(cloud, gateway, opened, group):
    one, two = group.instances
    one.source = cloud.project.machine("crm-db")
    cloud.project.record_deed(one.target, "start")
    cloud.project.delete_machine(two.target)
    known, new = await snapshots(gateway, cloud, opened, group)
    assert known == new
    assert [instance.at_source.name for instance in known.instances] == ["crm-db", "two"]
    assert known.instances[0].dr_started_before is Known.YES
    assert known.instances[1].at_target is None


async def test_an_instance_that_came_is_read_too(cloud, gateway, opened, group):
    came = cloud.project.group("pg-crm").instances.pop()
    came.group = group
    group.instances.append(came)
    known, new = await snapshots(gateway, cloud, opened, group)
    assert known == new
    assert len(known.instances) == 3


async def test_a_group_with_another_name_is_looked_for_among_the_overdue_under_that(cloud, gateway, opened, group):
    group.name = "pg-2"
    known, new = await snapshots(gateway, cloud, opened, group)
    assert known == new
    assert known.group.drill_overdue is Known.YES


async def test_servers_that_do_not_belong_to_the_group_any_more_may_fail_to_be_read(cloud, gateway, opened, group):
    left = group.instances.pop()
    del cloud.project.instances[left.id]
    cloud.faults.add(Fault(match=f"GET .*{left.source.id}", status=500))
    known, new = await snapshots(gateway, cloud, opened, group)
    assert known == new


async def test_a_server_of_the_group_that_cannot_be_read_is_told(cloud, gateway, group):
    server = group.instances[0].source
    cloud.faults.add(Fault(match=f"GET .*{server.id}", status=500))
    assert (await problem_of(gateway.snapshot(EU_DE, group.id))).status == 500


async def test_a_group_that_is_gone_is_missing_although_it_was_read_before(cloud, gateway, group):
    cloud.project.delete_group(group)
    assert (await problem_of(gateway.snapshot(EU_DE, group.id))).is_missing
