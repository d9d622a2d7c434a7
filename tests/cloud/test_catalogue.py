"""The catalogue of groups: searched from memory, renewed behind one's back, useful when the cloud is down."""

import asyncio

from bot.cloud.catalogue import FIRST_WAIT_SECONDS, NEVER_READ
from bot.demo.sdrs import Fault
from tests.cloud.simulated import EU_DE, PASSWORD, PushedClock, access_to, id_of, until


async def test_search_finds_words_in_any_order_and_exact_names_first(cloud, gateway):
    cloud.project.add_groups(30, servers_each=0, prefix="shop-eu-")
    cloud.project.add_group("shop")
    found = await gateway.search(EU_DE, "  SHOP ", limit=3)
    assert [group.name for group in found.groups] == ["shop", "shop-eu-00000", "shop-eu-00001"]
    assert found.total == 31
    assert [g.name for g in (await gateway.search(EU_DE, "00007 eu")).groups] == ["shop-eu-00007"]


async def test_thousands_of_groups_are_read_over_all_pages(cloud, gateway):
    cloud.project.add_groups(2300, servers_each=0)
    found = await gateway.search(EU_DE, "", limit=100)
    assert (found.total, len(found.groups)) == (2304, 100)


async def test_catalogue_stays_usable_when_the_list_call_is_down(cloud, opened):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    first = await gateway.search(EU_DE, "")
    cloud.faults.add(Fault(match="GET .*/server-groups", status=503))
    clock.ahead = 3600.0
    await gateway.search(EU_DE, "")  # begins to renew behind its back
    stale = await until(lambda: gateway.search(EU_DE, "erp"), lambda found: bool(found.stale_reason))
    assert [group.name for group in stale.groups] == ["pg-erp"]
    assert stale.read_at == first.read_at
    assert "not available" in stale.stale_reason


async def test_catalogue_renews_itself_behind_the_search(cloud, opened):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    await gateway.search(EU_DE, "")
    cloud.project.add_group("pg-new")
    clock.ahead = 60.0
    found = await until(lambda: gateway.search(EU_DE, "pg-new"), lambda found: bool(found.groups))
    assert found.total == 1


async def test_catalogue_that_was_never_read_says_why_it_is_empty_and_the_log_says_it_once(cloud, opened, caplog):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    cloud.faults.add(Fault(match="GET .*/server-groups", status=503))
    with caplog.at_level("INFO", logger="bot.cloud.catalogue"):
        found = await gateway.search(EU_DE, "")
        clock.ahead = 60.0
        await gateway.search(EU_DE, "")
    assert (found.groups, found.read_at) == ((), None)
    assert "not available" in found.stale_reason
    assert caplog.text.count("The list of protection groups cannot be read") == 1


async def test_a_list_that_never_comes_is_waited_for_once_and_not_by_each_who_asks(cloud, opened):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    cloud.faults.add(Fault(match="GET .*/server-groups", delay_seconds=30))
    first = asyncio.create_task(gateway.search(EU_DE, ""))
    await until(lambda: asyncio.sleep(0, cloud.calls), bool)
    clock.ahead = FIRST_WAIT_SECONDS
    async with asyncio.timeout(FIRST_WAIT_SECONDS / 2):
        found = await gateway.search(EU_DE, "")
    assert (found.read_at, found.stale_reason) == (None, NEVER_READ)
    first.cancel()


async def test_group_that_the_catalogue_lacks_is_found_by_its_id(cloud, gateway):
    await gateway.search(EU_DE, "")
    group = cloud.project.add_group("pg-brand-new")
    assert [found.name for found in (await gateway.search(EU_DE, group.id)).groups] == ["pg-brand-new"]


async def test_every_call_is_seen_by_the_observer(cloud, opened):
    seen = []
    gateway = opened(access_to(cloud), observe=seen.append)
    await gateway.group(EU_DE, id_of(cloud, "pg-erp"))
    assert (seen[0].method, seen[0].status) == ("POST", 201)
    assert seen[-1].path.endswith(f"/server-groups/{id_of(cloud, 'pg-erp')}")
    assert seen[-1].summary == "Reading the protection group: protected, production at source"
    assert PASSWORD not in repr(seen)
