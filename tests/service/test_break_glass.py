"""Break-glass: one person alone, with a typed reason, everybody told, and a review before it may happen again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from bot.domain.policy import Refusal, Role
from bot.domain.request import State
from bot.service.outcomes import AlreadyDecided, AlreadyOpen, Approved, NothingToAnswer, Opened, Refused
from bot.service.steering import review
from tests.service.bench import AMIR, CHEN, PAT, ROSA, Bench, audience, click

GLASS: dict[str, Any] = {"break_glass": True, "typed_name": "pg-1", "reason": "The first zone burns, nobody answers"}


async def test_one_person_alone_starts_at_once_and_everybody_who_could_approve_is_pinged(bench: Bench) -> None:
    roles = (
        Role(
            name="dr",
            need=2,
            who=audience("UAMIR", "UROSA", "operator/anna", groups=("S1",)),
            backups=audience("UCHEN", groups=("S2",)),
        ),
    )
    bench.policies.rule(roles=roles)
    opened = await bench.ask(**GLASS)
    assert isinstance(opened, Opened)
    assert (opened.request.state, opened.request.break_glass) == (State.APPROVED, True)
    assert bench.enqueued == [(opened.request.id, 1)]
    [line] = await bench.lines(opened.request)
    assert (line["kind"], line["users"], line["groups"]) == ("break_glass", ["UAMIR", "UCHEN"], ["S1", "S2"])
    assert line["reason"] == GLASS["reason"]
    assert await bench.outcomes() == [("request", "done"), ("approve", "done")]
    assert (await bench.audit())[-1].entry.detail["break_glass"] is True


async def test_who_is_not_listed_does_not_break_the_glass(bench: Bench) -> None:
    assert await bench.ask(PAT, **GLASS) == Refused(reason=Refusal.MAY_NOT_BREAK_GLASS)
    assert bench.enqueued == []


async def test_a_second_time_needs_the_review_of_the_first(three_groups: Bench) -> None:
    bench = three_groups
    opened = await bench.ask(**GLASS)
    assert isinstance(opened, Opened)
    request = opened.request
    running = click(request, ROSA, reason="It was right")
    assert isinstance(await review(bench.desk, running), NothingToAnswer)
    await bench.store.run(lambda tx: tx.requests.move(request, replace(request, state=State.VERIFIED)))
    assert await bench.ask(**{**GLASS}) == Refused(reason=Refusal.REVIEW_OWED)
    assert await review(bench.desk, click(request, AMIR, reason="Fine")) == Refused(reason=Refusal.NOT_REQUESTER)
    assert await review(bench.desk, click(request, ROSA, reason=" ")) == Refused(reason=Refusal.NO_REASON)
    await review(bench.desk, running)
    assert isinstance(await review(bench.desk, running), NothingToAnswer)
    assert (await bench.request(request)).review == "It was right"
    assert isinstance(await bench.ask(**GLASS), Opened)


async def test_a_request_that_only_waits_gives_way_to_an_emergency(bench: Bench) -> None:
    waiting = await bench.asked(PAT)
    await bench.approve(waiting, AMIR)
    opened = await bench.ask(**GLASS)
    assert isinstance(opened, Opened)
    assert bench.enqueued == [(opened.request.id, 1)]
    now = await bench.request(waiting)
    assert (now.state, now.decided_by) == (State.SUPERSEDED, ROSA)
    assert [line["kind"] for line in await bench.lines(waiting)] == ["approved", "superseded"]
    late = await bench.approve(waiting, CHEN)
    assert isinstance(late, AlreadyDecided)
    assert late.state is State.SUPERSEDED
    assert (await bench.outcomes())[2:] == [
        *(("supersede", "done"), ("request", "done"), ("approve", "done"), ("approve", "already_decided"))
    ]


async def test_an_ordinary_request_never_takes_the_place_of_another(bench: Bench) -> None:
    waiting = await bench.asked(PAT)
    assert isinstance(await bench.ask(ROSA), AlreadyOpen)
    assert await bench.ask(PAT, **GLASS) == Refused(reason=Refusal.MAY_NOT_BREAK_GLASS)
    assert (await bench.request(waiting)).state is State.PENDING


async def test_what_is_approved_runs_and_no_break_glass_runs_beside_it(either_bench: Bench) -> None:
    bench = either_bench
    waiting = await bench.asked(PAT)
    await bench.approve(waiting, AMIR)
    approved, opened = await asyncio.gather(bench.approve(waiting, CHEN), bench.ask(**GLASS))
    assert isinstance(approved, Approved) is not isinstance(opened, Opened)
    assert isinstance(approved, Approved) is isinstance(opened, AlreadyOpen)
    assert len(bench.enqueued) == 1
    assert isinstance(await bench.ask(**GLASS), AlreadyOpen)
    assert len(bench.enqueued) == 1


async def test_a_policy_without_a_break_glass_list_lets_nobody(bench: Bench) -> None:
    bench.policies.rule(break_glass=audience())
    assert await bench.ask(**GLASS) == Refused(reason=Refusal.MAY_NOT_BREAK_GLASS)
