"""The page as a whole: it recovers, it stays fast, it fits a phone, and the keyboard reaches everything."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from bot.demo.workspace import Cast

from .conftest import Window, Windows

pytestmark = pytest.mark.asyncio(loop_scope="session")
WHERE_THE_FOCUS_IS = (
    "(({ dataset, placeholder }) => dataset.person ?? dataset.key ?? placeholder)(document.activeElement)"
)


async def test_the_page_recovers_when_the_connection_drops_and_shows_what_it_missed(rosa: Window, cast: Cast) -> None:
    port = urlsplit(cast.slack.url).port or 0
    await rosa.type("before")
    await expect(rosa.message("before")).to_be_visible()
    await rosa.composer.fill("half a sentence")
    await cast.slack.stop()
    banner = rosa.page.get_by_text("The connection to the workspace was lost.")
    await expect(banner).to_be_visible()
    cast.slack.person(cast.approvers[0]).say("meanwhile", channel=cast.approvals.id)
    await cast.slack.start(port)
    await expect(rosa.message("meanwhile")).to_be_visible()
    await expect(banner).to_be_hidden()
    await expect(rosa.messages).to_have_count(2)
    await expect(rosa.composer).to_have_value("half a sentence")
    await expect(rosa.composer).to_be_focused()
    cast.slack.person(cast.approvers[0]).say("and now live", channel=cast.approvals.id)
    await expect(rosa.message("and now live")).to_be_visible()


async def test_a_modal_that_was_closed_elsewhere_disappears(rosa: Window, windows: Windows, cast: Cast) -> None:
    second = await windows.open(cast.requester)
    await rosa.type("/failover")
    await expect(second.dialog).to_be_visible()
    await second.dialog.get_by_role("button", name="Cancel").click()
    await expect(rosa.dialog).to_have_count(0)


async def test_one_more_message_among_a_thousand_leaves_the_others_alone(windows: Windows, cast: Cast) -> None:
    amir = cast.slack.person(cast.approvers[0])
    for number in range(1_000):
        amir.say(f"message {number}", channel=cast.approvals.id)
    rosa = await windows.open(cast.requester)
    await expect(rosa.messages).to_have_count(1_000)
    await rosa.messages.evaluate_all("nodes => nodes.forEach((node) => { node.isTheSame = true; })")
    amir.say("one more", channel=cast.approvals.id)
    await expect(rosa.message("one more")).to_be_in_viewport()
    assert await rosa.messages.evaluate_all("nodes => nodes.filter((node) => node.isTheSame).length") == 1_000


async def test_a_reader_who_scrolled_up_is_not_pulled_down(windows: Windows, cast: Cast) -> None:
    amir = cast.slack.person(cast.approvers[0])
    for number in range(60):
        amir.say(f"message {number}", channel=cast.approvals.id)
    rosa = await windows.open(cast.requester)
    await expect(rosa.message("message 59")).to_be_in_viewport()
    await rosa.message("message 0").first.scroll_into_view_if_needed()
    await rosa.page.evaluate("() => new Promise(requestAnimationFrame)")  # scrolling is noticed with the next frame
    amir.say("one more", channel=cast.approvals.id)
    await rosa.page.get_by_role("button", name="New messages").click()
    await expect(rosa.message("one more")).to_be_in_viewport()


async def test_the_page_fits_a_phone(windows: Windows, cast: Cast) -> None:
    rosa = await windows.open(cast.requester, viewport={"width": 400, "height": 760})
    await rosa.type("a_very_long_word_" * 30)
    await expect(rosa.message("a_very_long_word")).to_be_visible()
    assert await rosa.page.evaluate("document.documentElement.scrollWidth") <= 400
    await rosa.page.get_by_role("button", name="You are").click()
    await rosa.page.get_by_role("menuitemradio", name="Chen Wei").click()
    await expect(rosa.page.locator("#you-button")).to_contain_text("Chen Wei")
    await rosa.page.get_by_role("button", name="Channels and people").click()
    await rosa.become(cast.requester)
    await expect(rosa.page.locator("#you-button")).to_contain_text("Rosa Lindqvist")
    await expect(rosa.page.get_by_role("navigation", name="Workspace")).to_be_hidden()


async def test_the_hints_follow_what_happened_and_can_be_put_away(rosa: Window, cast: Cast) -> None:
    hints = rosa.page.get_by_role("region", name="Try this")
    await rosa.request("The site floods")
    await hints.get_by_role("button", name="Become Amir Haddad").click()
    await rosa.message("The site floods").get_by_role("button", name="Approve").click()
    await rosa.page.get_by_role("button", name="1 reply").click()
    await hints.get_by_role("button", name="Be Rosa Lindqvist again").click()
    await hints.get_by_role("button", name="Open the messages").click()
    await rosa.page.get_by_role("button", name="dr-approvals").click()
    await expect(hints.get_by_role("heading", name="That was the whole flow")).to_be_visible()
    await hints.get_by_role("button", name="Hide these hints").click()
    await expect(hints).to_be_hidden()


async def test_the_keyboard_alone_walks_from_the_top_to_the_composer(windows: Windows, cast: Cast) -> None:
    rosa = await windows.open(cast.requester)
    reached = set()
    for _ in range(60):
        await rosa.page.keyboard.press("Tab")
        reached.add(await rosa.page.evaluate(WHERE_THE_FOCUS_IS))
    people = {cast.requester.id, cast.approvers[0].id, cast.bystander.id, cast.guest.id}
    assert reached >= people | {"dm", "home", cast.incidents.id, "Message #dr-approvals"}


async def test_a_permalink_opens_the_channel_at_its_message(windows: Windows, cast: Cast) -> None:
    amir = cast.slack.person(cast.approvers[0])
    first = amir.say("look here", channel=cast.incidents.id)["ts"]
    for number in range(60):
        amir.say(f"message {number}", channel=cast.incidents.id)
    rosa = await windows.open(cast.requester, f"&channel={cast.incidents.id}&message=p{first.replace('.', '')}")
    await expect(rosa.page.get_by_role("heading", name="incidents")).to_be_visible()
    await expect(rosa.message("look here")).to_be_in_viewport()
