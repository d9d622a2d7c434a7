"""The same decision on every surface: one answer, one audit row, whichever way a person took."""

from __future__ import annotations

import pytest

from bot.cli.answers import approving as told_at_the_prompt
from bot.demo.reading import words_of
from bot.domain.facts import Known
from bot.domain.request import State
from bot.service.approving import approve
from bot.service.clicks import Click
from bot.slack.ids import COMMAND
from tests.domain import facts
from tests.handlers.front import Front
from tests.service.bench import GROUP

WAYS = ["button", "command", "home"]
PEOPLE = {
    "amir": ("You approve exactly", "considered"),
    "rosa": ("This is your own request", "own_request"),
    "pat": ("You are not an approver", "not_approver"),
    "gus": ("Guests can't", "guest"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PEOPLE)
async def test_a8_a10_a12_each_surface_answers_alike(front: Front, way: str, name: str) -> None:
    words, outcome = PEOPLE[name]
    request, card = await front.asked()
    person = getattr(front, name)
    if way == "home" and name == "amir":
        person.open_home()
        await front.see(lambda: person.home and "pg-1" in words_of(person.home))
    assert words in await front.approve(way, person, request, card)
    shown = "home" if way == "home" and name == "amir" else "button" if way == "home" else way
    assert (await front.outcomes())[1:] == [("approve", outcome, shown)]
    assert (await front.bench.view(request)).approvals == ()


@pytest.mark.parametrize("name", PEOPLE)
async def test_a8_the_command_line_answers_alike(front: Front, name: str) -> None:
    """Asked with the account itself: the service is the same, and so are the words."""
    words, expected = PEOPLE[name]
    request, _ = await front.asked()
    person = front.account(getattr(front, name))
    answered = await approve(front.desk, Click(request_id=request.id, revision=1, actor=person, surface="cli@host"))
    told, status = told_at_the_prompt(answered)
    assert ("Approved (1 of 2)" if name == "amir" else words) in told
    assert status == (0 if name == "amir" else 1)
    outcome = "done" if name == "amir" else expected
    assert (await front.outcomes())[1:] == [("approve", outcome, "cli@host")]


@pytest.mark.parametrize("way", WAYS)
async def test_a8_the_second_step_asks_the_same_question_again(front: Front, way: str) -> None:
    """Between the first and the second step Amir leaves the list; the second step is no right of its own."""
    request, card = await front.asked()
    if way == "home":
        front.amir.open_home()
        await front.see(lambda: front.amir.home and "pg-1" in words_of(front.amir.home))
    await front.approve(way, front.amir, request, card)
    view = await front.answer(front.amir)
    front.bench.policies.rule(roles=())
    await front.amir.submit(view)
    told = words_of(await front.see(lambda: front.amir.view if "exactly" not in words_of(front.amir.view) else None))
    assert "You are not an approver" in told
    assert (await front.outcomes())[-1] == ("approve", "not_approver", "modal")
    assert (await front.bench.view(request)).approvals == ()


async def test_the_second_step_counts_and_the_card_says_so(front: Front) -> None:
    request, card = await front.asked()
    await front.approve("button", front.amir, request, card)
    await front.amir.submit(await front.answer(front.amir))
    told = await front.see(lambda: front.amir.view and "Approved (1 of 2)" in words_of(front.amir.view))
    assert told
    await front.see(lambda: "1 of 2" in words_of(front.cards()[-1]))


async def test_a_warning_that_was_not_ticked_leaves_the_form_where_it_is(front: Front) -> None:
    seen = facts.with_group(front.bench.cloud.snapshots[GROUP], drill_overdue=Known.YES, drill_count=1)
    front.bench.cloud.put(GROUP, seen)
    request, card = await front.asked()
    await front.approve("button", front.amir, request, card)
    view = await front.answer(front.amir)
    errors = await front.amir.submit(view, {"acknowledge": ["drill_open"]})
    assert errors == {"acknowledge": "Nothing was counted yet. Tick each warning that you accept; left: drill overdue."}
    assert (await front.outcomes())[-1] == ("approve", "unacknowledged", "modal")
    assert (await front.bench.view(request)).approvals == ()
    assert await front.amir.submit(view, {"acknowledge": ["drill_open", "drill_overdue"]}) is None
    await front.see(lambda: front.amir.view and "Approved (1 of 2)" in words_of(front.amir.view))


@pytest.mark.parametrize("way", ["button", "command"])
async def test_deny_asks_for_a_reason_and_takes_no_blank(front: Front, way: str) -> None:
    request, card = await front.asked()
    if way == "button":
        await front.amir.click(card, "deny")
    else:
        await front.amir.command(COMMAND, f"deny {request.id}", channel=front.cast.approvals.id)
    view = await front.answer(front.amir)
    errors = await front.amir.submit(view, {"reason": "   "})
    assert errors is not None
    assert (await front.bench.request(request)).state is State.PENDING
    assert await front.amir.submit(view, {"reason": "The other zone is under maintenance"}) is None
    await front.see(lambda: "Denied" in words_of(front.cards()[-1]))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PEOPLE)
async def test_a8_a10_a12_the_first_click_on_deny_is_judged_like_the_second(front: Front, way: str, name: str) -> None:
    """Nobody writes a reason in vain."""
    words, outcome = PEOPLE[name]
    request, card = await front.asked()
    person = getattr(front, name)
    if way == "home" and name == "amir":
        person.open_home()
        await front.see(lambda: person.home and "pg-1" in words_of(person.home))
    told = await front.deny(way, person, request, card)
    assert ("Why not" if name == "amir" else words) in told
    shown = "home" if way == "home" and name == "amir" else "button" if way == "home" else way
    assert (await front.outcomes())[1:] == [("deny", outcome, shown)]
    assert (await front.bench.request(request)).state is State.PENDING


async def test_a_late_click_on_deny_opens_no_form(front: Front) -> None:
    request, card = await front.asked()
    await front.rosa.click(card, "withdraw")
    await front.see(lambda: "Withdrawn" in words_of(front.cards()[-1]))
    assert "Already decided" in await front.deny("button", front.amir, request, card)
    assert (await front.outcomes())[-1] == ("deny", "already_decided", "button")


async def test_deny_on_the_card_of_an_earlier_revision_names_both(front: Front) -> None:
    request, card = await front.asked()
    front.bench.drift()
    await front.amir.click(card, "check_again")
    await front.see(lambda: any("Revision 2." in words_of(message) for message in front.cards()))
    assert "you looked at revision 1 and now it is 2" in await front.deny("button", front.amir, request, card)
    assert (await front.outcomes())[-1] == ("deny", "plan_changed", "button")


async def test_a14_the_details_of_a_card_are_for_members_and_looking_is_recorded(front: Front) -> None:
    _, card = await front.asked()
    for person, words, outcome in ((front.gus, "Guests can't", "guest"), (front.pat, "Raw values", "considered")):
        await person.click(card, "details")
        assert words in words_of(await front.answer(person))
        assert (await front.outcomes())[-1] == ("see_details", outcome, "button")


async def test_a12_a_guest_reads_neither_the_list_nor_app_home(front: Front) -> None:
    await front.asked()
    await front.gus.command(COMMAND, "status", channel=front.cast.general.id)
    assert "Guests can't" in words_of(await front.answer(front.gus))
    front.gus.open_home()
    home = words_of(await front.see(lambda: front.gus.home))
    assert "pg-1" not in home
    await front.pat.command(COMMAND, "status", channel=front.cast.general.id)
    assert "pg-1" in words_of(await front.answer(front.pat))


async def test_a_late_click_on_an_old_card_is_answered_in_private(front: Front) -> None:
    request, card = await front.asked()
    await front.rosa.click(card, "withdraw")
    await front.see(lambda: "Withdrawn" in words_of(front.cards()[-1]))
    told = await front.approve("button", front.amir, request, card)
    assert "Already decided" in told
    assert (await front.outcomes())[-1] == ("approve", "already_decided", "button")


@pytest.mark.parametrize("text", ["approve", "check", "Help"])
async def test_a_word_without_its_object_explains_the_command(front: Front, text: str) -> None:
    await front.amir.command(COMMAND, text, channel=front.cast.general.id)
    [told] = await front.see(lambda: front.amir.ephemerals(front.cast.general.id))
    assert "approve ID" in words_of(told)
