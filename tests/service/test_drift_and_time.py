"""An approval holds for exactly this plan and for a while: what changes or passes voids it, by the database's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.plan import Options
from bot.domain.policy import Refusal, Window
from bot.domain.request import State
from bot.domain.surface import PlaceKind
from bot.service.approving import check_again, consider
from bot.service.deciding import deny
from bot.service.outcomes import (
    Approved,
    Blocked,
    CloudAway,
    Done,
    Expired,
    Opened,
    PlanChanged,
    Refused,
)
from tests.domain import facts
from tests.service.bench import ALONE, AMIR, CHEN, GROUP, PAT, Bench, click


async def test_a19_a_plan_that_changed_is_a_new_revision_without_approvals(bench: Bench) -> None:
    request = await bench.asked()
    await bench.approve(request, AMIR)
    bench.drift()
    changed = await bench.approve(request, CHEN)
    assert isinstance(changed, PlanChanged)
    assert (changed.clicked, changed.request.revision) == (1, 2)
    assert changed.request.plan_change[0] == "+ new-1 added since the request"
    view = await bench.view(request)
    assert (view.request.state, view.approvals, bench.enqueued) == (State.PENDING, (), [])
    assert [line["kind"] for line in await bench.lines(request)] == ["approved", "drifted"]
    cards = await bench.store.read(
        lambda tx: [one.place.key for one in tx.surfaces.of(request.id) if one.place.kind is PlaceKind.CARD]
    )
    assert cards == ["1", "2"]


async def test_the_first_click_looks_at_the_cloud_however_young_the_last_look_is(bench: Bench) -> None:
    opened = await bench.ask()
    assert isinstance(opened, Opened)
    bench.drift()
    changed = await consider(bench.desk, click(opened.request))
    assert isinstance(changed, PlanChanged)
    assert changed.request.revision == 2


async def test_many_first_clicks_are_few_looks_at_the_cloud(bench: Bench) -> None:
    opened = await bench.ask()
    assert isinstance(opened, Opened)
    bench.desk = replace(bench.desk, limits=replace(bench.desk.limits, fresh_for=timedelta(hours=1)))
    before = bench.cloud.reads
    bench.watch.stands_still = True
    for _ in range(25):
        assert isinstance(await consider(bench.desk, click(opened.request)), Done)
    assert bench.cloud.reads - before == bench.desk.limits.asks_per_group_per_minute


async def test_an_old_button_decides_nothing_about_the_new_plan(bench: Bench) -> None:
    request = await bench.asked()
    bench.drift()
    await check_again(bench.desk, click(request, PAT))
    stale = await bench.approve(request, AMIR)
    assert isinstance(stale, PlanChanged)
    refused = await deny(bench.desk, click(request, AMIR, reason="No"))
    assert isinstance(refused, PlanChanged)
    assert (await bench.outcomes())[-2:] == [("approve", "plan_changed"), ("deny", "plan_changed")]
    fresh = await bench.request(request)
    assert isinstance(await bench.approve(fresh, AMIR), Approved)


async def test_a_server_that_was_stopped_meanwhile_is_no_drift(bench: Bench) -> None:
    request = await bench.asked()
    bench.cloud.set_power(next(s for s, status in bench.cloud.statuses().items() if status == "ACTIVE"), "SHUTOFF")
    outcome = await bench.approve(request, AMIR)
    assert isinstance(outcome, Approved)
    assert outcome.request.revision == 1


async def test_another_policy_is_another_plan(bench: Bench) -> None:
    request = await bench.asked()
    await bench.approve(request, AMIR)
    bench.policies.policy = replace(bench.policies.policy, version="v2")
    bench.policies.rule(environment="DRILL", roles=ALONE)
    changed = await bench.approve(request, CHEN)
    assert isinstance(changed, PlanChanged)
    assert changed.request.environment == "DRILL"
    assert "policy: version v1 → v2" in changed.request.plan_change


async def test_what_blocks_now_is_told_and_nothing_is_counted(bench: Bench) -> None:
    request = await bench.asked()
    bench.cloud.put(GROUP, facts.with_pair(bench.cloud.snapshots[GROUP], replication_status="inactive"))
    changed = await bench.approve(request, AMIR)
    assert isinstance(changed, PlanChanged)
    blocked = await bench.approve(changed.request, AMIR)
    assert isinstance(blocked, Blocked)
    assert (await bench.view(request)).approvals == ()


async def test_a_cloud_that_is_away_counts_nothing(bench: Bench) -> None:
    request = await bench.asked()
    bench.cloud.is_down = True
    assert isinstance(await bench.approve(request), CloudAway)
    assert (await bench.outcomes())[-1] == ("approve", "cloud_away")


async def test_a18_a_plan_edited_in_the_database_is_not_approved_as_if_it_were_the_same(bench: Bench) -> None:
    request = await bench.asked()
    forged = replace(request.plan, to_zone="eu-de-03")
    await bench.store.run(lambda tx: tx.requests.move(request, replace(request, plan=forged)))
    changed = await bench.approve(request, AMIR)
    assert isinstance(changed, PlanChanged)
    assert changed.request.plan.to_zone == "eu-de-02"


async def test_f13_a20_a_click_after_the_expiry_is_too_late_whatever_is_still_drawn(bench: Bench) -> None:
    bench.policies.rule(request_ttl=timedelta(milliseconds=1))
    request = await bench.asked()
    assert await bench.approve(request) == Expired(at=request.expires_at)
    assert await deny(bench.desk, click(request, reason="No")) == Expired(at=request.expires_at)
    assert (await bench.outcomes())[1:] == [("approve", "expired"), ("deny", "expired")]


async def test_a20_an_approval_that_nobody_used_ends_by_itself(bench: Bench) -> None:
    bench.policies.rule(roles=ALONE, approval_ttl=timedelta(minutes=7))
    request = await bench.asked()
    approved = await bench.approve(request)
    assert isinstance(approved, Approved)
    assert approved.request.decided_at is not None
    assert approved.request.expires_at == approved.request.decided_at + timedelta(minutes=7)


async def test_an_approval_for_later_ends_after_its_start(bench: Bench) -> None:
    start_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=9)
    bench.policies.rule(roles=ALONE, approval_ttl=timedelta(minutes=7))
    request = await bench.asked(options=Options(start_at=start_at))
    approved = await bench.approve(request)
    assert isinstance(approved, Approved)
    assert approved.request.expires_at == start_at + timedelta(minutes=7)
    assert bench.enqueued == []


async def test_outside_of_its_window_nothing_is_approved_but_everything_may_be_denied(bench: Bench) -> None:
    elsewhen = (datetime.now(UTC) + timedelta(days=3)).weekday()
    bench.policies.rule(windows=(Window(days=frozenset({elsewhen}), start_minute=0, end_minute=60),))
    request = await bench.asked()
    assert await bench.approve(request) == Refused(reason=Refusal.OUTSIDE_WINDOW)
    assert isinstance(await deny(bench.desk, click(request, reason="No")), Done)


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_f18_a_wrong_clock_of_this_machine_moves_no_expiry(bench: Bench, minutes: int) -> None:
    bench.policies.rule(request_ttl=timedelta(minutes=5), approval_ttl=timedelta(minutes=5), roles=ALONE)
    bench.watch.off_by = timedelta(minutes=minutes)
    request = await bench.asked()
    now = datetime.now(UTC)
    assert abs(request.expires_at - now - timedelta(minutes=5)) < timedelta(minutes=1)
    approved = await bench.approve(request)
    assert isinstance(approved, Approved)
    assert abs(approved.request.expires_at - now - timedelta(minutes=5)) < timedelta(minutes=1)
