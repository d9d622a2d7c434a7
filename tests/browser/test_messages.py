"""Messages, threads and people: who sees what, at once, and as text."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast

from .conftest import Window, Windows
from .small_app import section

HOSTILE = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_somebody_else_approves_and_everybody_sees_it_without_a_reload(
    rosa: Window, windows: Windows, cast: Cast
) -> None:
    await rosa.request("The site floods")
    amir = await windows.open(cast.approvers[0])
    await amir.message("The site floods").get_by_role("button", name="Approve").click()
    for window in (rosa, amir):
        await expect(window.message("Approved by @Amir Haddad")).to_contain_text("(edited)")
    await rosa.page.get_by_role("button", name="1 reply").click()
    await expect(rosa.thread.get_by_text("Stopped 5 of 5")).to_be_visible()
    await rosa.thread.get_by_role("combobox").fill("Thank you")
    await rosa.thread.get_by_role("combobox").press("Enter")
    await expect(rosa.thread.get_by_role("article").last).to_contain_text("Thank you")
    await expect(amir.page.get_by_role("button", name="2 replies")).to_be_visible()


async def test_the_direct_message_marks_the_app_unread_until_it_is_read(
    rosa: Window, windows: Windows, cast: Cast
) -> None:
    await rosa.request("The site floods")
    await rosa.become(cast.approvers[0])
    await rosa.message("The site floods").get_by_role("button", name="Approve").click()
    await expect(rosa.message("Approved by")).to_be_visible()
    await rosa.become(cast.requester)
    await rosa.page.get_by_role("button", name="failover-bot, unread").click()
    await expect(rosa.message("How to log in")).to_be_visible()
    await expect(rosa.page.get_by_role("button", name="failover-bot, unread")).to_have_count(0)


async def test_hostile_text_stays_text(rosa: Window, cast: Cast, app: AsyncWebClient) -> None:
    await rosa.type(f"typed {HOSTILE}")
    blocks = [section(f"block {HOSTILE}"), section("link <javascript:window.hacked=1|click me>")]
    await app.chat_postMessage(channel=cast.approvals.id, text=HOSTILE, blocks=blocks)
    await expect(rosa.message("typed")).to_contain_text(HOSTILE)
    await expect(rosa.message("block")).to_contain_text(HOSTILE)
    await expect(rosa.message("click me").get_by_role("link")).to_have_count(0)
    assert await rosa.messages.locator("script, img").count() == 0
    assert await rosa.page.evaluate("window.hacked") is None


async def test_mrkdwn_becomes_words_in_the_right_shape(rosa: Window, cast: Cast, app: AsyncWebClient) -> None:
    text = (
        f"*bold <@{cast.requester.id}>* _it_ ~gone~ `a_b_c` 2*3*4 <https://example.com/a_b_c|the page> "
        f":white_check_mark: :not_an_emoji: <#{cast.incidents.id}> a &lt;b&gt; &amp;amp;\n&gt; quoted\n```pre *x*```"
    )
    await app.chat_postMessage(channel=cast.approvals.id, text=text)
    message = rosa.messages.last
    await expect(message.locator("strong").nth(1)).to_have_text("bold @Rosa Lindqvist")
    await expect(message.locator("em")).to_have_text("it")
    await expect(message.locator("s")).to_have_text("gone")
    await expect(message.locator("code")).to_have_text("a_b_c")
    await expect(message.get_by_role("link", name="the page")).to_have_attribute("href", "https://example.com/a_b_c")
    await expect(message).to_contain_text("2*3*4 the page ✅ :not_an_emoji: #incidents a <b> &amp;")
    await expect(message.locator("blockquote")).to_have_text("quoted")
    await expect(message.locator("pre")).to_have_text("pre *x*")


async def test_a_date_is_shown_in_the_readers_zone_with_its_fallback_as_tooltip(
    windows: Windows, cast: Cast, app: AsyncWebClient
) -> None:
    chen = await windows.open(cast.approvers[1], timezone_id="Asia/Singapore", locale="en-GB")
    text = "expires <!date^1790000000^{date_short} at {time}|2026-09-21 14:13 UTC>"
    await app.chat_postMessage(channel=cast.approvals.id, text=text)
    shown = chen.message("expires").locator("time[title='2026-09-21 14:13 UTC']")
    await expect(shown).to_have_text("21 Sept 2026 at 22:13")


async def test_replies_are_new_only_while_their_thread_is_closed(rosa: Window, cast: Cast) -> None:
    amir = cast.slack.person(cast.approvers[0])
    parent = amir.say("a question", channel=cast.approvals.id)["ts"]
    replies = rosa.message("a question").locator(".reply-count")
    amir.say("an answer", channel=cast.approvals.id, thread_ts=parent)
    await expect(replies).to_contain_text("New, view thread")
    await replies.click()
    amir.say("another answer", channel=cast.approvals.id, thread_ts=parent)
    await expect(rosa.thread).to_contain_text("another answer")
    await expect(replies).to_have_text("2 repliesView thread")


async def test_the_margin_holds_the_time_of_a_message_that_continues_another(rosa: Window, cast: Cast) -> None:
    amir = cast.slack.person(cast.approvers[0])
    for text in ("one", "and another"):
        amir.say(text, channel=cast.approvals.id)
    await rosa.message("and another").hover()
    margin = rosa.message("and another").locator(".gutter-time")
    await expect(margin).to_be_visible()
    assert await margin.evaluate("node => node.scrollWidth <= node.clientWidth")


async def test_switching_the_person_takes_one_click_and_changes_the_address(rosa: Window, cast: Cast) -> None:
    amir = cast.approvers[0]
    await rosa.become(amir)
    await expect(rosa.page.get_by_role("heading", name="You are: Amir Haddad")).to_be_visible()
    assert f"as={amir.id}" in rosa.page.url
    await rosa.type("It is me")
    await expect(rosa.message("It is me")).to_contain_text("Amir Haddad")
    await rosa.become(cast.guest)
    await expect(rosa.page.get_by_role("heading", name="You are: Gus Meyer")).to_be_visible()


async def test_an_ephemeral_message_is_seen_by_its_person_only(rosa: Window, windows: Windows, cast: Cast) -> None:
    amir = await windows.open(cast.approvers[0])
    await rosa.request("The site floods")
    await rosa.message("The site floods").get_by_role("button", name="Approve").click()
    await expect(rosa.message("This is your own request.")).to_contain_text("Only visible to you")
    await rosa.type("Will somebody look?")
    await expect(amir.message("Will somebody look?")).to_be_visible()
    await expect(amir.message("This is your own request.")).to_have_count(0)


async def test_a_confirmation_is_asked_before_the_button_acts(rosa: Window) -> None:
    await rosa.request("The site floods")
    card = rosa.message("The site floods")
    await card.get_by_role("button", name="Withdraw").click()
    question = rosa.page.get_by_role("dialog", name="Withdraw it?")
    await question.get_by_role("button", name="No").click()
    await expect(question).to_have_count(0)
    await expect(card).to_be_visible()
    await card.get_by_role("button", name="Withdraw").click()
    await question.get_by_role("button", name="Yes").click()
    await expect(card).to_have_count(0)


async def test_a_command_in_a_thread_is_refused_with_a_sentence(rosa: Window, cast: Cast) -> None:
    await rosa.type("Hello")
    await rosa.message("Hello").hover()
    await rosa.message("Hello").get_by_role("button", name="Reply in thread").click()
    await rosa.thread.get_by_role("combobox").fill("/failover")
    await rosa.thread.get_by_role("combobox").press("Enter")
    await expect(rosa.page.get_by_text("/failover is not supported in threads")).to_be_visible()
    assert cast.slack.acks == []


async def test_the_home_tab_shows_what_the_app_published_for_this_person(rosa: Window) -> None:
    await rosa.page.get_by_role("button", name="failover-bot Home").click()
    await expect(rosa.page.get_by_role("main").get_by_text("Welcome, @Rosa Lindqvist")).to_be_visible()


async def test_what_the_page_cannot_draw_is_named(rosa: Window, cast: Cast, app: AsyncWebClient) -> None:
    card = {"type": "card", "title": {"type": "plain_text", "text": "New"}}
    await app.chat_postMessage(channel=cast.approvals.id, text="new", blocks=[card])
    await expect(rosa.page.get_by_text("unsupported block: card")).to_be_visible()
