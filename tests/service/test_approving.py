"""Approvals: by the right people, about exactly this plan, counted once each, and never silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.facts import GroupId, Known
from bot.domain.people import Account
from bot.domain.plan import Options
from bot.domain.policy import Refusal, Role, Window
from bot.domain.request import State
from bot.domain.surface import PlaceKind
from bot.service.approving import check_again, consider
from bot.service.deciding import deny, retract, withdraw
from bot.service.outcomes import (
    AlreadyApproved,
    AlreadyDecided,
    Approved,
    Blocked,
    CloudAway,
    Done,
    Expired,
    Missing,
    PlanChanged,
    Refused,
    TooLate,
    Unacknowledged,
)
from tests.domain import facts
from tests.service.bench import ALONE, AMIR, CHEN, GROUP, PAT, ROSA, Bench, audience, click

OTHER_TEAM = Account("", "T2", "UAMIR")


async def test_the_last_approval_hands_the_run_over_once(bench: Bench) -> None:
    request = await bench.asked()
    first = await bench.approve(request, AMIR)
    assert isinstance(first, Approved)
    assert (first.given, first.needed, bench.enqueued) == (1, 2, [])
    last = await bench.approve(request, CHEN)
    assert isinstance(last, Approved)
    assert (last.given, last.request.state) == (2, State.APPROVED)
    assert bench.enqueued == [(request.id, 1)]
    digests = {approval.digest for approval in (await bench.view(request)).approvals}
    assert digests == {request.plan.digest}


async def test_the_audit_tells_the_whole_story_with_the_plans_digest(bench: Bench) -> None:
    request = await bench.asked()
    await bench.approve(request, PAT)
    await bench.approve(request, AMIR)
    await bench.approve(request, AMIR)
    await bench.approve(request, CHEN)
    await bench.approve(request, CHEN)
    assert await bench.outcomes() == [
        ("request", "done"),
        ("approve", "not_approver"),
        ("approve", "done"),
        ("approve", "already_approved"),
        ("approve", "done"),
        ("approve", "already_decided"),
    ]
    rows = await bench.audit()
    assert {row.entry.digest for row in rows} == {request.plan.digest}
    assert all(row.entry.actor and row.entry.surface for row in rows)
    assert (await bench.store.verify_audit()).is_intact


async def test_a10_the_requester_never_approves(bench: Bench) -> None:
    request = await bench.asked(AMIR)
    assert await bench.approve(request, AMIR) == Refused(reason=Refusal.OWN_REQUEST)
    assert (await bench.outcomes())[-1] == ("approve", "own_request")
    assert (await bench.view(request)).approvals == ()


async def test_a11_a_second_account_of_the_requester_does_not_approve(bench: Bench) -> None:
    bench.policies.policy = replace(bench.policies.policy, people={"UROSA": "rosa", "UCHEN": "rosa"})
    request = await bench.asked(ROSA)
    assert await bench.approve(request, CHEN) == Refused(reason=Refusal.OWN_REQUEST)


async def test_a13_one_person_counts_once_with_any_account(bench: Bench) -> None:
    bench.policies.policy = replace(bench.policies.policy, people={"UAMIR": "amir", "UCHEN": "amir"})
    request = await bench.asked()
    assert isinstance(await bench.approve(request, AMIR), Approved)
    assert await bench.approve(request, AMIR) == AlreadyApproved(given=1, needed=2)
    assert await bench.approve(request, CHEN) == AlreadyApproved(given=1, needed=2)
    assert (await bench.request(request)).state is State.PENDING


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"is_deactivated": True}, Refusal.DEACTIVATED),
        ({"is_bot": True}, Refusal.BOT),
        ({"is_guest": True}, Refusal.GUEST),
        ({"is_stranger": True}, Refusal.STRANGER),
        ({"is_foreign": True}, Refusal.FOREIGN),
    ],
)
async def test_a12_a14_a15_the_person_is_looked_at_live(bench: Bench, flags: dict[str, bool], reason: Refusal) -> None:
    request = await bench.asked()
    bench.people.flags["UAMIR"] = flags
    for decide in (approve_click, deny_click):
        assert await decide(bench, request) == Refused(reason=reason)
    assert (await bench.outcomes())[-2:] == [("approve", reason.value), ("deny", reason.value)]


async def approve_click(bench: Bench, request: Any) -> Any:
    return await bench.approve(request, AMIR)


async def deny_click(bench: Bench, request: Any) -> Any:
    return await deny(bench.desk, click(request, AMIR, reason="No"))


async def test_a14_an_account_of_another_workspace_is_not_the_approver_of_the_same_id(bench: Bench) -> None:
    request = await bench.asked()
    assert await bench.approve(request, OTHER_TEAM) == Refused(reason=Refusal.FOREIGN)


async def test_a15_leaving_the_user_group_counts_at_the_next_click(bench: Bench) -> None:
    bench.people.groups["UPAT"] = frozenset({"S1"})
    request = await bench.asked()
    assert isinstance(await consider(bench.desk, click(request, PAT)), Done)
    bench.people.groups["UPAT"] = frozenset()
    assert await bench.approve(request, PAT) == Refused(reason=Refusal.NOT_APPROVER)


async def test_a16_slack_not_answering_is_a_no(bench: Bench) -> None:
    request = await bench.asked()
    bench.people.is_down = True
    assert await bench.approve(request) == Refused(reason=Refusal.NOBODY_KNOWS)
    assert await deny(bench.desk, click(request, reason="No")) == Refused(reason=Refusal.NOBODY_KNOWS)
    assert await withdraw(bench.desk, click(request, ROSA)) == Refused(reason=Refusal.NOBODY_KNOWS)
    assert (await bench.outcomes())[1:] == [(action, "nobody_knows") for action in ("approve", "deny", "withdraw")]


async def test_a9_a_display_name_that_imitates_an_approver_means_nothing(bench: Bench) -> None:
    request = await bench.asked()
    bench.people.flags["UPAT"] = {"name": "UAMIR"}
    assert await bench.approve(request, PAT) == Refused(reason=Refusal.NOT_APPROVER)


async def test_a6_an_invented_id_and_a_foreign_one_are_answered_alike(bench: Bench) -> None:
    request = await bench.asked()
    odd = ("FR-XXXXXXXX", "' OR 1=1 --", '{"id":1}', "x" * 10_000, "\x00", "../etc")
    for request_id in odd:
        assert await bench.approve(replace(request, id=request_id)) == Missing()
    assert (await bench.outcomes())[1:] == [("approve", "missing")] * len(odd)
    assert all(len(str(row.entry.detail.get("asked", ""))) <= 40 for row in await bench.audit())


async def test_roles_are_filled_by_different_people(bench: Bench) -> None:
    roles = (
        Role(name="owner", need=1, who=audience("UAMIR")),
        Role(name="platform", need=1, who=audience("UAMIR", "UCHEN")),
    )
    bench.policies.rule(roles=roles)
    request = await bench.asked()
    assert isinstance(await bench.approve(request, AMIR), Approved)
    assert bench.enqueued == []
    last = await bench.approve(request, CHEN)
    assert isinstance(last, Approved)
    assert last.request.state is State.APPROVED


async def test_a_silent_backup_may_approve(bench: Bench) -> None:
    bench.policies.rule(roles=(Role(name="owner", need=1, who=audience("UAMIR"), backups=audience("UPAT")),))
    request = await bench.asked()
    assert isinstance(await bench.approve(request, PAT), Approved)


async def test_an_operator_of_the_command_line_approves_under_the_same_policy(bench: Bench) -> None:
    bench.policies.policy = replace(bench.policies.policy, people={"UAMIR": "amir", "operator/amir": "amir"})
    request = await bench.asked()
    operator = Account("", "operator", "amir")
    assert isinstance(await bench.approve(request, operator, surface="cli@host"), Approved)
    assert await bench.approve(request, AMIR) == AlreadyApproved(given=1, needed=2)
    stranger = Account("", "operator", "eve")
    assert await bench.approve(request, stranger, surface="cli@host") == Refused(reason=Refusal.NOT_APPROVER)
    assert str(operator) in [str(row.entry.actor) for row in await bench.audit()]


async def test_each_warning_is_acknowledged_by_name(bench: Bench) -> None:
    bench.cloud.put(GROUP, facts.with_group(bench.cloud.snapshots[GROUP], drill_overdue=Known.YES))
    request = await bench.asked()
    assert request.findings
    left = await bench.approve(request, acknowledged=frozenset())
    assert isinstance(left, Unacknowledged)
    assert {finding.check for finding in left.findings} == {finding.check for finding in request.findings}
    assert (await bench.view(request)).approvals == ()
    assert isinstance(await bench.approve(request), Approved)


# ------------------------------------------------------------------------------------------------ drift


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


# ------------------------------------------------------------------------------------------------ time


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


# ---------------------------------------------------------------------------------- deny, withdraw, take back


async def test_deny_needs_a_reason(bench: Bench) -> None:
    request = await bench.asked()
    assert await deny(bench.desk, click(request, reason="  ")) == Refused(reason=Refusal.NO_REASON)
    assert (await bench.request(request)).state is State.PENDING
    done = await deny(bench.desk, click(request, reason="The other zone is under maintenance"))
    assert isinstance(done, Done)
    assert (done.request.state, done.request.decision_reason) == (State.DENIED, "The other zone is under maintenance")
    late = await bench.approve(request, CHEN)
    assert late == AlreadyDecided(state=State.DENIED, by=AMIR, at=done.request.decided_at)


async def test_the_requester_withdraws_and_nobody_else(bench: Bench) -> None:
    request = await bench.asked()
    assert await withdraw(bench.desk, click(request, AMIR)) == Refused(reason=Refusal.NOT_REQUESTER)
    assert await deny(bench.desk, click(request, ROSA, reason="Mine")) == Refused(reason=Refusal.OWN_REQUEST)
    done = await withdraw(bench.desk, click(request, ROSA))
    assert isinstance(done, Done)
    assert done.request.state is State.WITHDRAWN


async def test_an_approval_is_taken_back_until_the_run_starts(bench: Bench) -> None:
    bench.policies.rule(roles=ALONE, approval_ttl=timedelta(minutes=7))
    request = await bench.asked()
    await bench.approve(request)
    back = await retract(bench.desk, click(request, AMIR))
    assert isinstance(back, Done)
    assert (back.request.state, back.request.decided_by) == (State.PENDING, None)
    assert back.request.expires_at == request.expires_at
    assert (await bench.view(request)).approvals == ()
    assert isinstance(await bench.approve(request), Approved)
    approved = await bench.request(request)
    await bench.store.run(lambda tx: tx.requests.move(approved, replace(approved, state=State.RUNNING)))
    assert isinstance(await retract(bench.desk, click(request, AMIR)), TooLate)


async def test_who_has_not_approved_has_nothing_to_take_back(bench: Bench) -> None:
    request = await bench.asked()
    assert isinstance(await retract(bench.desk, click(request, CHEN)), TooLate)
    assert await retract(bench.desk, click(request, PAT)) == Refused(reason=Refusal.NOT_APPROVER)
    assert (await bench.outcomes())[1:] == [("retract", "too_late"), ("retract", "not_approver")]


async def test_somebody_who_left_the_group_may_still_take_the_approval_back(bench: Bench) -> None:
    bench.people.groups["UPAT"] = frozenset({"S1"})
    request = await bench.asked()
    await bench.approve(request, PAT)
    bench.people.groups["UPAT"] = frozenset()
    assert isinstance(await retract(bench.desk, click(request, PAT)), Done)


async def test_a_button_belongs_to_one_request(three_groups: Bench) -> None:
    first = await three_groups.asked()
    second = await three_groups.asked(AMIR, group_id=GroupId("g-2"))
    assert isinstance(await three_groups.approve(first, AMIR), Approved)
    assert await three_groups.approve(second, AMIR) == Refused(reason=Refusal.OWN_REQUEST)
    assert (await three_groups.view(second)).approvals == ()


async def test_looking_again_shows_the_same_plan_anew(bench: Bench) -> None:
    request = await bench.asked()
    done = await check_again(bench.desk, click(request, PAT))
    assert isinstance(done, Done)
    assert done.request.snapshot.taken_at > request.snapshot.taken_at
    assert done.request.revision == 1
    assert (await bench.outcomes())[-1] == ("check", "done")
