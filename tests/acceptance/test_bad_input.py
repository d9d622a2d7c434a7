"""What people and clouds do at the wrong moment: a clear private sentence each time, and the request stays true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.demo.reading import words_of
from bot.demo.sdrs import Fault, Server, SimulatedCloud
from bot.domain.request import RequestId
from bot.slack.ids import encode_target
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening, Thing, ticks

pytestmark = pytest.mark.asyncio(loop_scope="module")

GROUPS = (
    *("pg-gone", "pg-reason", "pg-closed", "pg-twice", "pg-stale", "pg-slow-form", "pg-slow-approval", "pg-silent"),
    *("pg-97", "pg-locked", "pg-frozen", "pg-deleted", "pg-pairless", "pg-open", "pg-gone-later", "pg-roomless"),
    *("pg-open-too", "pg-forged"),
)
EMOJI = "🔥 fœrêt :warning: <b>"


def furnish(cloud: SimulatedCloud) -> None:
    project = next(iter(cloud.world.projects.values()))
    for name in GROUPS:
        servers = [Server(name=f"{name[3:]}-db")]
        project.add_group(name, servers=servers, last_drill_days_ago=1, pairs=name != "pg-pairless")
    project.group("pg-97").pairs[0].progress = 97
    project.lock(project.machine("locked-db"), "image creation")
    project.machine("frozen-db").frozen = True
    project.delete_machine(project.machine("deleted-db"))
    project.add_group(EMOJI, servers=[Server(name=f"s{n:02} {EMOJI}") for n in range(40)], last_drill_days_ago=1)
    project.add_groups(10_000, prefix="pg-many-")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def evening() -> AsyncIterator[Evening]:
    async with an_evening(furnish, groups=GROUPS) as evening:
        yield evening


def slow(evening: Evening, group: str, **fault: object) -> None:
    match = f"GET /sdrs/.*/server-groups/{evening.group(group).id}"
    evening.on.cloud.faults.add(Fault(match=match, **fault))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        ("pg-97", "97-dbda at 97 %"),
        ("pg-locked", "1 server is locked: locked-db"),
        ("pg-frozen", "Frozen by the cloud: frozen-db"),
        ("pg-deleted", "deleted-db"),
        ("pg-pairless", "no replication pair"),
        ("pg-lab", "The group's status is available. Enable protection"),
    ],
)
async def test_a_blocker_is_told_in_the_form_with_its_cure_before_anybody_is_pinged(
    evening: Evening, group: str, sentence: str
) -> None:
    assert sentence in await evening.submit(group)
    assert evening.cards(evening.room_of(group)) == []
    assert evening.state(group) == "no request"


async def test_a_whole_name_is_meant_however_many_groups_contain_it(evening: Evening) -> None:
    person = evening.newcomer()
    await evening.command(person, "pg-open")
    form = await evening.see(lambda: evening.view_of(person, "Switch over"))
    assert "pg-open-too" not in str(form)
    await evening.see(lambda: evening.view_of(person, "· plan `"))  # what would be approved, before it is asked for
    await person.close(form)


@pytest.mark.parametrize(
    ("typed", "told"),
    [("pg-slow", "2 groups fit “pg-slow”: search for it above."), ("pg-nothing", "No group fits “pg-nothing”")],
)
async def test_a_word_that_names_no_one_group_is_told_in_the_form(evening: Evening, typed: str, told: str) -> None:
    person = evening.newcomer()
    await evening.command(person, typed)
    form = await evening.see(lambda: evening.view_of(person, "Why now"))
    assert told in words_of(form)
    await person.close(form)


async def test_check_says_the_same_without_a_request(evening: Evening) -> None:
    await evening.command(evening.pat, "check pg-97")
    view = await evening.see(lambda: evening.view_of(evening.pat, "97"))
    assert "not fully in sync" in words_of(view)
    await evening.pat.close(view)
    await evening.command(evening.pat, "check pg-nothing")
    view = await evening.see(lambda: evening.view_of(evening.pat, "Nothing was checked"))
    await evening.pat.close(view)
    assert evening.state("pg-97") == "no request"


async def test_an_id_that_no_group_has_is_told_in_the_form(evening: Evening) -> None:
    asker = evening.newcomer()
    form = await evening.form("pg-gone", asker)
    evening.project.delete_group(evening.group("pg-gone"))
    errors = await asker.submit(form, {"reason": "now"})
    assert errors is not None
    assert "Nothing was read, and nothing was changed in the cloud." in errors["group"]


async def test_a_group_that_vanishes_after_the_approval_ends_the_request_with_a_sentence(evening: Evening) -> None:
    card = await evening.ask("pg-gone-later")
    group = evening.group("pg-gone-later")
    second_step = await evening.consider(card, evening.amir)
    evening.project.delete_group(group)
    assert await evening.amir.submit(second_step, ticks(second_step)) is None
    await evening.amir.close(await evening.see(lambda: evening.other_than(evening.amir, "You approve exactly")))
    assert await evening.line(card, "the group is not there any more, so nothing was reversed.")
    assert "FAILED" in await evening.ended(card)
    assert evening.query("select state from request where group_id = ?", group.id) == [("failed",)]


async def test_ten_kilobytes_of_reason_are_refused_and_three_thousand_characters_ping_nobody(evening: Evening) -> None:
    asker = evening.newcomer()
    form = await evening.form("pg-reason", asker)
    errors = await asker.submit(form, {"reason": "<!channel> " * 1000})
    assert errors == {"reason": "Please enter from 0 to 3000 characters."}
    assert await asker.submit(form, {"reason": ("<!channel> <@U1> *x* `y`\n" * 200)[:3000]}) is None
    card = await evening.see(lambda: next(iter(evening.cards(evening.room_of("pg-reason"))), None))
    assert "<!channel>" not in str(card["blocks"])
    assert "&lt;!channel&gt;" in str(card["blocks"])


async def test_a_modal_that_is_closed_while_the_bot_thinks_is_answered_by_direct_message(evening: Evening) -> None:
    asker = evening.newcomer()
    form = await evening.form("pg-closed", asker)
    slow(evening, "pg-closed", delay_seconds=3, times=2)
    assert await asker.submit(form, {"reason": "now"}) is None
    loading = await evening.see(lambda: asker.view if asker.view and asker.view["callback_id"] == "loading" else None)
    await asker.close(loading)
    await asker.close(form)
    told = await evening.see(lambda: [words_of(m) for m in asker.dm()])
    assert "The card is on its way" in told[-1]
    assert evening.state("pg-closed") == "pending"


async def test_a_second_click_counts_once(evening: Evening) -> None:
    card = await evening.ask("pg-twice")
    assert "Approved (1 of 1)" in await evening.approve(card)
    assert "Already decided" in await evening.approve(card)
    assert "Already decided" in await evening.approve(card, evening.chen)
    assert "VERIFIED" in await evening.ended(card)
    assert evening.attempts("pg-twice") == 1


async def test_a_second_request_for_the_same_group_is_linked_and_not_made(evening: Evening) -> None:
    card = await evening.ask("pg-open")
    second = evening.newcomer()
    form = await evening.form("pg-open", second)
    assert await second.submit(form, {"reason": "The first zone is failing"}) is None
    view = await evening.see(lambda: evening.other_than(second, "Why now"))
    assert "There is already an open request for this group" in words_of(view)
    assert f"/archives/{card['channel']}/p{card['ts'].replace('.', '')}|Open its card>" in str(view["blocks"])
    assert len(evening.cards(evening.room_of("pg-open"))) == 1


async def test_a_click_on_a_stale_card_names_both_revisions(evening: Evening) -> None:
    card = await evening.ask("pg-stale")
    evening.project.add_group("pg-stale-2", servers=[Server(name="stale-new")])
    group, other = evening.group("pg-stale"), evening.group("pg-stale-2")
    moved = other.instances.pop()
    moved.group = group
    group.instances.append(moved)
    for pair in moved.pairs:
        pair.group = group
        group.pairs.append(pair)
    told = await evening.whispered(evening.amir, card, "check_again")
    assert "The plan has changed" in told
    assert "you looked at revision 1 and now it is 2" in await evening.approve(card)
    cards = await evening.see(lambda: [c for c in evening.cards(card["channel"]) if "Revision 2." in words_of(c)])
    assert "stale-new" in words_of(cards[0])
    assert evening.state("pg-stale") == "pending"


async def test_a_forged_button_is_an_unknown_request(evening: Evening) -> None:
    card = await evening.ask("pg-forged")
    forged = encode_target(RequestId("FR-AAAAAAAA"), 1)
    assert "I don't know this request" in await evening.whispered(evening.amir, card, "check_again", value=forged)


async def test_a_cloud_that_takes_ten_seconds_is_waited_for_under_a_loading_view(evening: Evening) -> None:
    """The form of one group, the approval of another: both at once, so that the test takes ten seconds once."""
    slow_card = await evening.ask("pg-slow-approval")
    evening.query("select 1")
    slow(evening, "pg-slow-form", delay_seconds=10, times=1)
    slow(evening, "pg-slow-approval", delay_seconds=10, times=1)
    form, told = await asyncio.gather(slowly_chosen(evening), checked(evening, slow_card))
    assert "eu-de-01 → eu-de-02" in words_of(form)
    assert "Checked again" in told
    assert evening.state("pg-slow-approval") == "pending"


async def slowly_chosen(evening: Evening) -> Thing:
    asker = evening.newcomer()
    form = await evening.blank_form(asker)
    await asker.options(form, "group", "pg-slow-form")
    await asker.click(form, "group", value="pg-slow-form")
    return await evening.see(lambda: evening.view_of(asker, "→"))


async def checked(evening: Evening, card: Thing) -> str:
    return await evening.whispered(evening.amir, card, "check_again")


async def test_a_cloud_that_does_not_answer_at_all_is_said_and_nothing_is_made(evening: Evening) -> None:
    asker = evening.newcomer()
    form = await evening.form("pg-silent", asker)
    slow(evening, "pg-silent", drop="before")
    assert await asker.submit(form, {"reason": "now"}) is None
    view = await evening.see(lambda: evening.view_of(asker, "broke off"))
    assert "Nothing was read, and nothing was changed in the cloud." in words_of(view)
    assert evening.state("pg-silent") == "no request"


async def test_ten_thousand_groups_are_searched(evening: Evening) -> None:
    asker = evening.newcomer()
    form = await evening.blank_form(asker)
    found = await asker.options(form, "group", "pg-many-09")
    assert len(found["options"]) == 100
    found = await asker.options(form, "group", "pg-many-09999")
    assert [option["text"]["text"] for option in found["options"]] == ["pg-many-09999"]
    await asker.close(form)


async def test_forty_servers_with_emoji_in_their_names_fit_on_the_card(evening: Evening) -> None:
    card = await evening.ask(EMOJI)
    words = words_of(card)
    assert "🔥 fœrêt" in words
    assert "<b>" in words
    assert "40/40 pairs active" in words
    assert ticks(card) == {}


async def test_a_channel_the_bot_is_not_in_is_told_in_the_form(evening: Evening) -> None:
    room, bot = evening.room_of("pg-roomless"), evening.on.cast.app.bot_user_id
    evening.on.cast.slack.trouble.remove_member(room, bot)
    evening.on.cast.slack.trouble.share_externally(room)
    told = await evening.submit("pg-roomless")
    assert "is shared with another organisation. Nothing was requested." in told
    assert evening.state("pg-roomless") == "no request"
