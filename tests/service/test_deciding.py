"""Deny with a reason, withdraw, take back: each stops a request before it runs, and only for whom it is meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.facts import GroupId
from bot.domain.policy import Refusal
from bot.domain.request import State
from bot.domain.surface import PlaceKind
from bot.service.approving import check_again
from bot.service.deciding import deny, retract, withdraw
from bot.service.outcomes import (
    AlreadyDecided,
    Approved,
    Done,
    Refused,
    TooLate,
)
from tests.service.bench import ALONE, AMIR, CHEN, PAT, ROSA, Bench, click


async def test_deny_needs_a_reason(bench: Bench) -> None:
    request = await bench.asked()
    assert await deny(bench.desk, click(request, reason="  ")) == Refused(reason=Refusal.NO_REASON)
    assert (await bench.request(request)).state is State.PENDING
    done = await deny(bench.desk, click(request, reason="The other zone is under maintenance"))
    assert isinstance(done, Done)
    assert (done.request.state, done.request.decision_reason) == (State.DENIED, "The other zone is under maintenance")
    late = await bench.approve(request, CHEN)
    assert late == AlreadyDecided(state=State.DENIED, by=AMIR, at=done.request.decided_at)


async def test_the_requester_reads_a_denial_in_private_wherever_they_are(bench: Bench) -> None:
    request = await bench.asked()
    await deny(bench.desk, click(request, reason="The other zone is under maintenance"))
    [note] = [one for one in await bench.surfaces(request) if one.place.kind is PlaceKind.NOTE]
    assert note.user == ROSA.user
    assert (note.data["kind"], note.data["reason"]) == ("denied", "The other zone is under maintenance")


async def test_who_withdraws_is_not_told_of_it(bench: Bench) -> None:
    request = await bench.asked()
    await withdraw(bench.desk, click(request, ROSA))
    assert [one for one in await bench.surfaces(request) if one.place.kind is PlaceKind.NOTE] == []


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
