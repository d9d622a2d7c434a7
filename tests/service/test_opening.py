"""A request is checked before anybody is pinged, and whatever keeps it from being made is told and recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.facts import GroupId
from bot.domain.people import Account
from bot.domain.plan import Options
from bot.domain.policy import Refusal, Window
from bot.domain.request import State
from bot.domain.surface import PlaceKind
from bot.service.opening import check
from bot.service.outcomes import (
    AlreadyOpen,
    Blocked,
    Checked,
    CloudAway,
    Field,
    Invalid,
    Opened,
    Refused,
    RoomAway,
)
from tests.domain import facts
from tests.service.bench import AMIR, CHEN, GROUP, PAT, PROJECT, ROSA, Bench, audience

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def test_a_request_that_passes_every_check_is_written_with_its_card_and_audit_row(bench: Bench) -> None:
    opened = await bench.ask()
    assert isinstance(opened, Opened)
    request = opened.request
    assert (request.state, request.revision, opened.channel) == (State.PENDING, 1, "C1")
    places = await bench.store.read(lambda tx: [one.place.kind for one in tx.surfaces.of(request.id)])
    assert places == [PlaceKind.CARD]
    [row] = await bench.audit()
    assert (row.entry.action, row.entry.outcome, row.entry.digest) == ("request", "done", request.plan.digest)
    assert row.entry.detail["plan"] == request.plan.code
    assert bench.bell.rung == 1


@pytest.mark.parametrize(
    ("changes", "policy", "field"),
    [
        ({"reason": "  \n"}, {}, Field.REASON),
        ({"ticket": "CHG-1"}, {"ticket_pattern": "CHG[0-9]{6}"}, Field.TICKET),
        ({"ticket": ""}, {"ticket_pattern": "CHG[0-9]{6}"}, Field.TICKET),
        ({"typed_name": "pg-2"}, {"types_name": True}, Field.TYPED_NAME),
        ({"options": Options(start_at=datetime(2020, 1, 1, tzinfo=UTC))}, {}, Field.START),
        (
            {"options": Options(start_at=TOMORROW)},
            {"windows": (Window(days=frozenset({(TOMORROW.weekday() + 3) % 7}), start_minute=0, end_minute=60),)},
            Field.START,
        ),
        ({"break_glass": True, "reason": "fire", "typed_name": "pg-1"}, {}, Field.REASON),
        ({"break_glass": True}, {}, Field.TYPED_NAME),
        ({"break_glass": True, "typed_name": "pg-1", "options": Options(start_at=TOMORROW)}, {}, Field.START),
    ],
)
async def test_what_a_form_lacks_is_told_at_its_field(
    bench: Bench, changes: dict[str, Any], policy: dict[str, Any], field: Field
) -> None:
    bench.policies.rule(**policy)
    outcome = await bench.ask(**changes)
    assert isinstance(outcome, Invalid)
    assert set(outcome.errors) == {field}
    assert await bench.outcomes() == [("request", "invalid")]


async def test_a_fitting_ticket_and_a_typed_name_let_the_request_through(bench: Bench) -> None:
    bench.policies.rule(ticket_pattern="CHG[0-9]{6}", types_name=True)
    assert isinstance(await bench.ask(ticket=" CHG123456 ", typed_name="pg-1"), Opened)


async def test_the_direction_where_production_is_already_is_no_request(bench: Bench) -> None:
    bench.cloud.put(GROUP, facts.moved(bench.cloud.snapshots[GROUP]))
    outcome = await bench.ask()
    assert isinstance(outcome, Invalid)
    assert set(outcome.errors) == {Field.DIRECTION}


async def test_blockers_come_back_before_anybody_is_pinged(bench: Bench) -> None:
    bench.cloud.put(GROUP, facts.with_pair(bench.cloud.snapshots[GROUP], replication_status="inactive"))
    outcome = await bench.ask()
    assert isinstance(outcome, Blocked)
    assert any(finding.is_blocker for finding in outcome.findings)
    assert await bench.store.read(lambda tx: tx.requests.recent()) == []
    assert await bench.outcomes() == [("request", "blocked")]


async def test_a_room_that_cannot_be_written_to_is_told_before_and_not_after(bench: Bench) -> None:
    bench.rooms.cure = "Invite me."
    outcome = await bench.ask()
    assert isinstance(outcome, RoomAway)
    assert await bench.outcomes() == [("request", "room_away")]


async def test_a_cloud_that_does_not_answer_makes_no_request(bench: Bench) -> None:
    bench.cloud.is_down = True
    assert isinstance(await bench.ask(), CloudAway)
    assert await bench.outcomes() == [("request", "cloud_away")]


async def test_an_open_request_of_the_same_group_is_linked_instead(bench: Bench) -> None:
    first = await bench.asked()
    outcome = await bench.ask(AMIR)
    assert isinstance(outcome, AlreadyOpen)
    assert outcome.request.id == first.id
    assert await bench.outcomes() == [("request", "done"), ("request", "already_open")]


async def test_f17_of_many_who_ask_for_one_group_at_once_one_is_first(either_bench: Bench) -> None:
    people = [Account("", "T1", f"U{n:03}") for n in range(8)]
    outcomes = await asyncio.gather(*(either_bench.ask(person) for person in people))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyOpen"] * 7 + ["Opened"]
    assert len(await either_bench.store.read(lambda tx: tx.requests.recent())) == 1


async def test_f17_no_failback_is_asked_for_while_the_failover_is_open(bench: Bench) -> None:
    first = await bench.asked()
    bench.cloud.put(GROUP, facts.moved(bench.cloud.snapshots[GROUP]))
    outcome = await bench.ask(to=first.to.other)
    assert isinstance(outcome, AlreadyOpen)


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
async def test_a12_a14_who_is_no_full_member_asks_for_nothing(
    bench: Bench, flags: dict[str, bool], reason: Refusal
) -> None:
    bench.people.flags["UROSA"] = flags
    assert await bench.ask() == Refused(reason=reason)
    assert await bench.outcomes() == [("request", reason.value)]


async def test_a16_when_slack_does_not_say_who_asks_the_answer_is_no(bench: Bench) -> None:
    bench.people.is_down = True
    assert await bench.ask() == Refused(reason=Refusal.NOBODY_KNOWS)
    assert await bench.outcomes() == [("request", "nobody_knows")]


async def test_listed_requesters_are_the_only_ones_who_open(bench: Bench) -> None:
    bench.policies.rule(requesters=audience("UROSA"))
    assert await bench.ask(PAT) == Refused(reason=Refusal.MAY_NOT_REQUEST)
    assert isinstance(await bench.ask(ROSA), Opened)


async def test_a_group_without_a_rule_is_not_requested(bench: Bench) -> None:
    bench.policies.rule(name_patterns=("other-*",))
    assert await bench.ask() == Refused(reason=Refusal.NO_RULE)


async def test_a33_a_target_that_no_catalogue_knows_is_refused(bench: Bench) -> None:
    bench.cloud.put(GroupId("known"), bench.cloud.snapshots[GROUP])
    for odd in ("../x", "a%2f..", "g-1\r\nHost: x", "g-١", "g-1?force=true"):
        outcome = await bench.ask(group_id=GroupId(odd))
        assert isinstance(outcome, Invalid), odd


async def test_a34_two_hundred_requests_of_one_person_are_limited_and_others_are_not(bench: Bench) -> None:
    """Each with a mistake in its form, so that the database's own count does not see them."""
    mine = [await bench.ask(reason="") for _ in range(200)]
    refused = sum(outcome == Refused(reason=Refusal.TOO_MANY) for outcome in mine)
    assert refused == 200 - bench.desk.limits.asks_per_group_per_minute
    assert bench.cloud.reads == bench.desk.limits.asks_per_group_per_minute
    bench.watch.seconds = 61
    assert isinstance(await bench.ask(AMIR), Opened)


async def test_a34_other_groups_are_asked_for_while_one_is_flooded(three_groups: Bench) -> None:
    people = [Account("", "T1", f"U{n:03}") for n in range(20)]
    one = [await three_groups.ask(person, reason="") for person in people]
    assert sum(outcome == Refused(reason=Refusal.TOO_MANY) for outcome in one) == 10
    assert isinstance(await three_groups.ask(PAT, group_id=GroupId("g-2")), Opened)


async def test_a34_twenty_people_who_ask_for_one_group_are_shown_its_open_request(bench: Bench) -> None:
    await bench.asked()
    reads = bench.cloud.reads
    people = [Account("", "T1", f"U{n:03}") for n in range(20)]
    outcomes = [await bench.ask(person) for person in people]
    assert all(isinstance(outcome, AlreadyOpen) for outcome in outcomes)
    assert bench.cloud.reads == reads


async def test_a_person_makes_six_requests_a_minute_and_no_more(desk_url: str) -> None:
    bench = Bench(desk_url, groups=8)
    outcomes = [await bench.ask(group_id=GroupId(f"g-{n}")) for n in range(1, 9)]
    assert [isinstance(outcome, Opened) for outcome in outcomes] == [True] * 6 + [False] * 2
    bench.close()


async def test_a_check_needs_no_request_and_leaves_nothing_behind(bench: Bench) -> None:
    outcome = await check(bench.desk, PROJECT, GROUP, PAT)
    assert isinstance(outcome, Checked)
    assert outcome.environment == "PRODUCTION"
    assert await bench.store.read(lambda tx: tx.requests.recent()) == []
    bench.people.flags["UPAT"] = {"is_guest": True}
    assert await check(bench.desk, PROJECT, GROUP, PAT) == Refused(reason=Refusal.GUEST)


async def test_a_request_for_later_waits_for_its_decision_until_then(bench: Bench) -> None:
    request = await bench.asked(options=Options(start_at=TOMORROW))
    assert request.expires_at == TOMORROW
    assert request.plan.start_at == TOMORROW.isoformat(timespec="seconds")


async def test_a_second_account_is_the_same_person_when_a_review_is_owed(bench: Bench) -> None:
    """Rosa broke the glass, did not write why, and comes back as an operator of the command line."""
    people = {"UROSA": "rosa", "operator/rosa": "rosa"}
    bench.policies.policy = replace(bench.policies.policy, people=people)
    request = await bench.asked(break_glass=True, typed_name="pg-1")
    await bench.store.run(lambda tx: tx.requests.move(request, replace(request, state=State.VERIFIED)))
    again = await bench.ask(Account("", "operator", "rosa"), break_glass=True, typed_name="pg-1")
    assert again == Refused(reason=Refusal.REVIEW_OWED)
    assert await bench.ask(CHEN, break_glass=True, typed_name="pg-1") == Refused(reason=Refusal.MAY_NOT_BREAK_GLASS)
