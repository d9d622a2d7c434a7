"""Approvals: by the right people, about exactly this plan, counted once each, and never silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.facts import Known
from bot.domain.people import Account
from bot.domain.policy import Refusal, Role
from bot.domain.request import State
from bot.service.approving import consider
from bot.service.deciding import deny, withdraw
from bot.service.outcomes import (
    AlreadyApproved,
    Approved,
    Done,
    Missing,
    Refused,
    Unacknowledged,
)
from tests.domain import facts
from tests.service.bench import AMIR, CHEN, GROUP, PAT, ROSA, Bench, audience, click

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


async def test_who_has_approved_is_told_so_before_the_second_step(bench: Bench) -> None:
    request = await bench.asked()
    await bench.approve(request, AMIR)
    again = await consider(bench.desk, click(request, AMIR))
    assert isinstance(again, AlreadyApproved)
    assert (again.given, again.needed) == (1, 2)
    assert (await bench.outcomes())[-1] == ("approve", "already_approved")
    assert isinstance(await consider(bench.desk, click(request, CHEN)), Done)


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
