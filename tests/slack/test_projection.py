"""Slack is made equal to the database: once, in order, and whatever Slack does meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from bot.demo.workspace import Cast, SlackFault
from bot.domain.audit import Recorded
from bot.domain.facts import GroupId
from bot.domain.lines import LineKind, line
from bot.domain.people import Account
from bot.domain.request import Request, RequestId, State
from bot.domain.run import Question, Run
from bot.domain.surface import Place, PlaceKind, Surface
from bot.ports import Transaction
from bot.slack.client import Wire
from bot.slack.projection import Projection
from storage.unit_of_work import SqlStore
from tests.slack import given
from tests.slack.conftest import Rules

CARD = Place(PlaceKind.CARD, "1")
PROGRESS = Place(PlaceKind.PROGRESS)


async def eventually(check: Callable[[], Awaitable[object]], *, seconds: float = 30) -> None:
    """Waits until the check holds; TimeoutError when it never does."""
    for _ in range(int(seconds / 0.02)):
        if await check():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


class Desk:
    """A request in the store, the workspace that shows it, and the projection between them."""

    def __init__(self, cast: Cast, store: SqlStore, projection: Projection) -> None:
        self.cast, self.store, self.projection = cast, store, projection
        asker = Account("", cast.slack.state.team_id, cast.requester.id)
        self.request = given.request(requester=asker)

    async def open(self, *places: Place) -> None:
        await self.store.run(lambda tx: tx.requests.add(self.request))
        await self.want(CARD, *places)

    async def want(self, *places: Place, **fields: Any) -> None:
        def work(tx: Transaction) -> None:
            for place in places:
                tx.surfaces.want(self.request.id, place, **fields)

        await self.store.run(work)
        self.projection.wake()

    async def change(self, **fields: Any) -> Request:
        now = replace(self.request, **fields)
        assert await self.store.run(lambda tx: tx.requests.move(self.request, now))
        self.request = now
        return now

    async def save(self, run: Run) -> None:
        await self.store.run(lambda tx: tx.runs.save(run))

    async def surface(self, place: Place) -> Surface:
        found = await self.store.read(lambda tx: tx.surfaces.find(self.request.id, place))
        assert found
        return found

    async def until_shown(self, *places: Place) -> None:
        for place in places:
            await eventually(partial(self._is_shown, place))

    async def _is_shown(self, place: Place) -> bool:
        now = await self.surface(place)
        return now.rendered >= now.wanted

    async def until_dead(self, place: Place) -> Surface:
        async def is_dead() -> bool:
            return (await self.surface(place)).is_dead

        await eventually(is_dead)
        return await self.surface(place)

    async def audit(self) -> list[Recorded]:
        return await self.store.read(lambda tx: tx.audit.of(self.request.id))

    def posts(self, channel: str | None = None) -> list[dict[str, Any]]:
        """What is to be read in a channel, oldest first."""
        place = self.cast.slack.state.channels[channel or self.cast.approvals.id]
        return [
            {"ts": m.ts, "text": m.text, "thread_ts": m.thread_ts, "blocks": m.blocks}
            for m in place.messages.values()
            if not m.deleted
        ]

    async def has_posts(self, number: int) -> bool:
        return len(self.posts()) == number

    def direct(self) -> list[dict[str, Any]]:
        rooms = self.cast.slack.state.channels.values()
        return [m for c in rooms if c.im_user == self.cast.requester.id for m in self.posts(c.id)]

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.cast.slack.calls)

    def fault(self, method: str, **fields: Any) -> None:
        self.cast.slack.faults.add(SlackFault(method=method, **fields))


@pytest.fixture
async def desk(cast: Cast, store: SqlStore, wire: Wire, rules: Rules) -> AsyncIterator[Desk]:
    projection = Projection(store, wire, rules, owner="p1")
    running = asyncio.create_task(projection.run())
    yield Desk(cast, store, projection)
    await projection.drain(5)
    await running


def say(text: str) -> dict[str, object]:
    return line(LineKind.RECONCILED, what=text).as_data()


async def test_a_card_is_posted_once_and_then_edited(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    await desk.change(state=State.DENIED, decision_reason="Not today")
    await desk.want(CARD)
    await desk.until_shown(CARD)
    (card,) = desk.posts()
    assert "Not today" in str(card["blocks"])
    assert "Approve" not in str(card["blocks"])
    assert desk.calls("chat.postMessage") == 1


async def test_what_is_not_urgent_is_shown_without_another_word(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    monkeypatch.setattr("bot.slack.projection.IDLE_SECONDS", 3600.0)
    await desk.want(PROGRESS)  # from here on nobody looks by himself
    await desk.change(reason="Another reason")
    await asyncio.sleep(1.1)
    await desk.store.run(lambda tx: tx.surfaces.want(desk.request.id, CARD))
    desk.projection.wake(is_urgent=False)
    await desk.until_shown(CARD)
    assert "Another reason" in str(desk.posts()[0]["blocks"])


async def test_lines_follow_their_card_in_its_thread_and_in_order(desk: Desk) -> None:
    await desk.open()
    places = [Place(PlaceKind.LINE, f"l{n}") for n in range(4)]
    for number, place in enumerate(places):
        await desk.want(place, data=say(f"line {number}"))
    await desk.until_shown(CARD, *places)
    card, *lines = desk.posts()
    assert [line["text"][-6:] for line in lines] == ["line 0", "line 1", "line 2", "line 3"]
    assert {line["thread_ts"] for line in lines} == {card["ts"]}


async def test_an_accepted_post_whose_answer_was_lost_is_found_again(desk: Desk) -> None:
    desk.fault("chat.postMessage", drop="after_accepting")
    await desk.open()
    await desk.until_shown(CARD)
    assert len(desk.posts()) == 1
    assert desk.calls("chat.postMessage") == 1
    assert desk.calls("conversations.history") == 1


async def test_a_line_whose_answer_was_lost_is_found_in_its_thread(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    desk.fault("chat.postMessage", drop="after_accepting")
    place = Place(PlaceKind.LINE, "l")
    await desk.want(place, data=say("once"))
    await desk.until_shown(place)
    assert len(desk.posts()) == 2
    assert desk.calls("conversations.replies") == 1


async def test_a_post_that_never_arrived_is_sent_again(desk: Desk) -> None:
    desk.fault("chat.postMessage", drop="before")
    await desk.open()
    await desk.until_shown(CARD)
    assert len(desk.posts()) == 1


async def test_an_order_to_wait_is_obeyed_and_costs_no_search(desk: Desk) -> None:
    desk.fault("chat.postMessage", status=429, retry_after=1)
    await desk.open()
    await desk.until_shown(CARD)
    first, second = [call.at for call in desk.cast.slack.calls if call.method == "chat.postMessage"]
    assert second - first >= 1
    assert desk.calls("conversations.history") == 0


async def test_a_limit_in_one_channel_holds_up_no_other(desk: Desk, rules: Rules) -> None:
    incident = Place(PlaceKind.INCIDENT, "started")
    desk.fault("chat.postMessage", status=429, retry_after=30, channel=desk.cast.incidents.id)
    await desk.open(incident)
    await desk.until_shown(CARD)
    assert (await desk.surface(incident)).rendered == 0


async def test_thirty_changes_of_a_job_are_few_edits_and_the_result_is_on_time(desk: Desk) -> None:
    await desk.open()
    await desk.change(state=State.RUNNING)
    for done in range(30):
        await desk.save(given.run(running_count=done))
        await desk.want(PROGRESS)
        await asyncio.sleep(0.02)
    await desk.change(state=State.VERIFIED)
    await desk.want(Place(PlaceKind.END), PROGRESS)
    await desk.until_shown(CARD, Place(PlaceKind.END))
    assert desk.calls("chat.update") <= 3


async def test_a_message_that_looks_the_same_is_not_edited(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    await desk.want(CARD)
    await desk.until_shown(CARD)
    assert desk.calls("chat.update") == 0


async def test_a_deleted_card_is_posted_again_and_the_thread_goes_on_there(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    (old,) = desk.posts()
    desk.cast.slack.trouble.delete_message(desk.cast.approvals.id, old["ts"])
    place = Place(PlaceKind.LINE, "l")
    await desk.want(place, data=say("after"))
    await desk.until_shown(CARD, place)
    card, said = desk.posts()
    assert card["ts"] != old["ts"]
    assert said["thread_ts"] == card["ts"]
    assert "message_gone" in {row.entry.action for row in await desk.audit()}


async def test_a_question_moves_to_the_new_thread_when_its_card_is_deleted(desk: Desk) -> None:
    question = Place(PlaceKind.QUESTION, Question.HARD_STOP)
    await desk.open()
    await desk.change(state=State.RUNNING)
    await desk.save(given.run(question=Question.HARD_STOP, question_subjects=("srv-1",)))
    await desk.want(question)
    await desk.until_shown(CARD, question)
    card = await desk.surface(CARD)
    desk.cast.slack.trouble.delete_message(card.channel, card.ts)
    assert await desk.projection.forget(card.channel, card.ts)
    await desk.until_shown(CARD, question)
    assert (await desk.surface(question)).thread_ts == (await desk.surface(CARD)).ts


async def test_somebody_elses_deleted_message_is_nothing_to_us(desk: Desk) -> None:
    assert not await desk.projection.forget(desk.cast.approvals.id, "1.2")


async def test_a_deleted_progress_message_comes_back(desk: Desk) -> None:
    await desk.open()
    await desk.change(state=State.RUNNING)
    await desk.save(given.run())
    await desk.want(PROGRESS)
    await desk.until_shown(CARD, PROGRESS)
    before = await desk.surface(PROGRESS)
    desk.cast.slack.trouble.delete_message(before.channel, before.ts)
    await desk.change(state=State.VERIFIED)
    await desk.want(PROGRESS)
    await desk.until_shown(PROGRESS)
    after = await desk.surface(PROGRESS)
    assert after.ts != before.ts
    assert len(desk.posts()) == 2


async def test_a_frozen_card_gets_its_news_as_a_reply(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    desk.cast.slack.state.edit_window_seconds = 0
    await desk.change(state=State.DENIED)
    await desk.want(CARD)
    await desk.until_shown(CARD)
    card, news = desk.posts()
    assert news["thread_ts"] == card["ts"]
    assert "Denied" in str(news["blocks"])
    assert (await desk.surface(CARD)).ts == card["ts"]


async def test_a_frozen_message_that_is_said_anew_is_found_again_when_the_answer_is_lost(desk: Desk) -> None:
    """The one that it replaces bears the same key, and is not what is looked for."""
    await desk.open()
    await desk.change(state=State.RUNNING)
    await desk.save(given.run())
    await desk.want(PROGRESS)
    await desk.until_shown(CARD, PROGRESS)
    before = await desk.surface(PROGRESS)
    desk.cast.slack.state.edit_window_seconds = 0
    desk.fault("chat.postMessage", drop="after_accepting")
    await desk.save(given.run(running_count=1))
    await desk.want(PROGRESS)
    await desk.until_shown(PROGRESS)
    after = await desk.surface(PROGRESS)
    assert after.ts != before.ts
    assert [post["ts"] for post in desk.posts()[1:]] == [before.ts, after.ts]
    await desk.want(PROGRESS)
    await desk.until_shown(PROGRESS)


async def test_a_frozen_message_that_was_found_with_old_words_is_said_anew(desk: Desk) -> None:
    await desk.open()
    await desk.change(state=State.RUNNING)
    await desk.save(given.run())
    await desk.until_shown(CARD)
    desk.cast.slack.state.edit_window_seconds = 0
    desk.fault("chat.postMessage", drop="after_accepting")
    await desk.want(PROGRESS)
    await eventually(partial(desk.has_posts, 2))
    await desk.change(state=State.VERIFIED)
    await desk.want(PROGRESS)
    await desk.until_shown(PROGRESS)
    assert desk.posts()[-1]["ts"] == (await desk.surface(PROGRESS)).ts
    assert len(desk.posts()) == 3


async def test_a_bot_that_was_removed_tells_the_requester_in_private(desk: Desk) -> None:
    desk.fault("chat.postMessage", error="not_in_channel", channel=desk.cast.approvals.id, times=None)
    await desk.open()
    await desk.until_shown(CARD)
    assert desk.posts() == []
    (card,) = desk.direct()
    assert "I am not in it" in str(card["blocks"])
    rows = [row.entry for row in await desk.audit()]
    assert [(row.action, row.outcome) for row in rows] == [("message_moved", "not_in_channel")]


async def test_an_archived_channel_in_the_middle_of_a_run_moves_the_end_card_to_the_requester(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    desk.cast.slack.trouble.archive_channel(desk.cast.approvals.id)
    await desk.change(state=State.VERIFIED)
    await desk.want(Place(PlaceKind.END))
    await desk.until_shown(Place(PlaceKind.END))
    (end,) = desk.direct()
    assert "VERIFIED" in str(end["blocks"])


async def test_a_channel_that_outsiders_joined_gets_no_more_progress(desk: Desk) -> None:
    desk.cast.approvals.is_ext_shared = True
    await desk.open()
    await desk.until_shown(CARD)
    assert desk.posts() == []
    assert "other organisations" in str(desk.direct()[0]["blocks"])


async def test_a_missing_incident_channel_is_given_up_and_written_down(desk: Desk) -> None:
    place = Place(PlaceKind.INCIDENT, "started")
    desk.cast.slack.trouble.archive_channel(desk.cast.incidents.id)
    await desk.open(place)
    dead = await desk.until_dead(place)
    assert dead.last_error == "is_archived"
    assert ("message_given_up", "is_archived") in {(r.entry.action, r.entry.outcome) for r in await desk.audit()}


async def test_login_guidance_is_a_direct_message_and_the_pointer_is_private(desk: Desk) -> None:
    key = str(desk.request.requester)
    places = Place(PlaceKind.LOGIN, key), Place(PlaceKind.POINTER, key)
    await desk.open()
    await desk.want(*places, user=desk.request.requester.user)
    await desk.until_shown(CARD, *places)
    (guidance,) = desk.direct()
    assert "How to log in" in str(guidance["blocks"])
    assert len(desk.posts()) == 1
    assert desk.calls("chat.postEphemeral") == 1
    await desk.want(places[1])
    await desk.until_shown(places[1])
    assert desk.calls("chat.postEphemeral") == 1


async def test_a_person_who_can_not_be_told_is_given_up(desk: Desk) -> None:
    key = str(desk.request.requester)
    desk.fault("conversations.open", error="user_disabled")
    await desk.open()
    await desk.want(Place(PlaceKind.LOGIN, key), user=desk.request.requester.user)
    assert (await desk.until_dead(Place(PlaceKind.LOGIN, key))).last_error == "user_disabled"
    await desk.want(Place(PlaceKind.POINTER, key), user=desk.request.requester.user)
    await desk.until_shown(Place(PlaceKind.POINTER, key))
    (whispered,) = [call for call in desk.cast.slack.calls if call.method == "chat.postEphemeral"]
    assert "I could not send you a direct message" in str(whispered.args["blocks"])
    assert "How to log in" in str(whispered.args["blocks"])


async def test_guidance_that_is_asked_for_again_is_sent_again(desk: Desk) -> None:
    place = Place(PlaceKind.LOGIN, str(desk.request.requester))
    await desk.open()
    for _ in range(2):
        await desk.want(place, user=desk.request.requester.user)
        await desk.until_shown(place)
    assert len(desk.direct()) == 2


async def test_a_reminder_after_the_decision_is_never_sent(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    await desk.change(state=State.APPROVED)
    place = Place(PlaceKind.REMINDER, "1.1")
    await desk.want(place, data={"users": ["UANNA"]})
    await desk.until_shown(place)
    assert len(desk.posts()) == 1


async def test_a_new_revision_has_a_new_card_and_the_old_one_points_to_it(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    await desk.change(revision=2, plan_change=("+ srv-9 added since the request",))
    await desk.want(CARD, Place(PlaceKind.CARD, "2"))
    await desk.until_shown(CARD, Place(PlaceKind.CARD, "2"))
    old, new = desk.posts()
    assert "Superseded" in str(old["blocks"])
    assert "actions" not in str(old["blocks"])
    assert "+ srv-9 added" in str(new["blocks"])


async def test_blocks_that_slack_refuses_are_left_out_rather_than_the_message(desk: Desk) -> None:
    desk.fault("chat.postMessage", error="invalid_blocks")
    await desk.open()
    await desk.until_shown(CARD)
    (card,) = desk.posts()
    assert "Waiting for approval" in card["text"]


async def test_an_outage_delays_messages_and_loses_none(desk: Desk) -> None:
    desk.cast.slack.outage()
    await desk.open()
    places = [Place(PlaceKind.LINE, f"l{n}") for n in range(3)]
    for number, place in enumerate(places):
        await desk.want(place, data=say(f"line {number}"))
    await asyncio.sleep(0.5)
    assert desk.posts() == []
    desk.cast.slack.outage(False)
    await desk.until_shown(CARD, *places)
    _card, *lines = desk.posts()
    assert [said["text"][-6:] for said in lines] == ["line 0", "line 1", "line 2"]


async def test_two_processes_post_one_card(desk: Desk, store: SqlStore, wire: Wire, rules: Rules) -> None:
    other = Projection(store, wire, rules, owner="p2")
    running = asyncio.create_task(other.run())
    requests = [
        replace(desk.request, id=RequestId(f"r{n}"), group=replace(desk.request.group, id=GroupId(f"g{n}")))
        for n in range(8)
    ]

    def open_all(tx: Transaction) -> None:
        for request in requests:
            tx.requests.add(request)
            tx.surfaces.want(request.id, CARD)

    async def are_shown() -> bool:
        found = await store.read(lambda tx: [tx.surfaces.find(request.id, CARD) for request in requests])
        return all(surface.rendered for surface in found if surface)

    await store.run(open_all)
    desk.projection.wake()
    other.wake()
    await eventually(are_shown)
    assert len(desk.posts()) == desk.calls("chat.postMessage") == len(requests)
    await other.drain(5)
    await running


async def test_draining_lets_what_is_under_way_end(desk: Desk) -> None:
    desk.fault("chat.postMessage", delay_seconds=0.5)
    await desk.open()
    await desk.cast.slack.wait_for(lambda: desk.calls("conversations.info"))
    await desk.projection.drain(5)
    assert (await desk.surface(CARD)).rendered == 1


async def test_a_lag_is_over_when_everything_is_shown(desk: Desk) -> None:
    await desk.open()
    await desk.until_shown(CARD)
    assert await desk.store.read(lambda tx: tx.surfaces.lag()) == (0, timedelta(0))


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_goes_wrong_each_message_is_there_once_and_true(desk: Desk, seed: int) -> None:
    """Answers lost, calls refused, orders to wait: in an order that the seed decides."""
    chance = random.Random(seed)
    kinds: list[dict[str, Any]] = [
        {"drop": "after_accepting"},
        {"drop": "before"},
        {"status": 503},
        {"error": "fatal_error"},
        {"status": 429, "retry_after": 1},
    ]
    for _ in range(4):
        desk.fault(chance.choice(["chat.postMessage", "chat.update", "*"]), **chance.choice(kinds))
    places = [Place(PlaceKind.LINE, f"l{n}") for n in range(5)]
    await desk.open()
    for number, place in enumerate(places):
        await desk.want(place, data=say(f"line {number}"))
        await desk.change(state=chance.choice([State.PENDING, State.APPROVED]), expires_at=given.NOON)
        await desk.want(CARD)
    await desk.change(state=State.WITHDRAWN)
    await desk.want(CARD)
    await desk.until_shown(CARD, *places)
    card, *lines = desk.posts()
    assert [said["text"][-6:] for said in lines] == [f"line {n}" for n in range(5)]
    assert "*Withdrawn*" in str(card["blocks"])
