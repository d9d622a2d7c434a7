"""Forms: they open, they refuse with a sentence beside the input, and they never lose what a person typed."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast

from .conftest import Window
from .small_app import form

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_person_types_failover_and_a_modal_opens(rosa: Window) -> None:
    await rosa.type("/failover")
    await expect(rosa.dialog.get_by_role("heading", name="Request a failover")).to_be_visible()
    await expect(rosa.dialog.get_by_label("Why now")).to_be_visible()
    await expect(rosa.dialog.get_by_role("combobox", name="Protection group")).to_be_focused()


async def test_a_slash_offers_the_commands_with_their_description(rosa: Window) -> None:
    await rosa.composer.fill("/")
    option = rosa.page.get_by_role("option", name="/failover")
    await expect(option).to_contain_text("Request a planned failover")
    await rosa.composer.press("Tab")
    await expect(rosa.composer).to_have_value("/failover ")


async def test_an_empty_required_input_is_refused_beside_the_input(rosa: Window, cast: Cast) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_role("button", name="Send").click()
    await expect(rosa.dialog.get_by_text("Please complete this required field.")).to_have_count(2)
    await expect(rosa.dialog.get_by_label("Why now")).to_have_attribute("aria-invalid", "true")
    assert "ask" not in [ack.name for ack in cast.slack.acks]


async def test_an_error_of_the_app_stands_beside_its_input_and_goes_away_while_typing(rosa: Window) -> None:
    await rosa.type("/failover")
    await rosa.choose_group("erp", "pg-erp")
    reason = rosa.dialog.get_by_label("Why now")
    await reason.fill("because")
    await rosa.dialog.get_by_role("button", name="Send").click()
    error = rosa.dialog.get_by_text("Say more than that.")
    await expect(error).to_be_visible()
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("because")
    await reason.fill("because the site floods")
    await expect(error).to_be_hidden()


async def test_typed_text_focus_and_caret_survive_a_live_update(rosa: Window, cast: Cast, app: AsyncWebClient) -> None:
    await rosa.type("/failover")
    reason = rosa.dialog.get_by_label("Why now")
    await reason.fill("The site floods")
    await reason.evaluate("field => field.setSelectionRange(4, 8)")
    changed = form("The list is two minutes old.")
    changed["blocks"][2]["hint"] = {"type": "plain_text", "text": "One sentence is enough."}
    view = cast.slack.person(cast.requester).view
    assert view is not None
    await app.views_update(view_id=view["id"], view=changed)
    await expect(rosa.dialog.get_by_text("The list is two minutes old.")).to_be_visible()
    await expect(rosa.dialog.get_by_text("One sentence is enough.")).to_be_visible()
    await expect(reason).to_have_value("The site floods")
    await expect(reason).to_be_focused()
    assert await reason.evaluate("field => [field.selectionStart, field.selectionEnd]") == [4, 8]


async def test_an_external_select_searches_while_one_types_and_tells_the_app_the_choice(rosa: Window) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_label("Why now").fill("The site floods")
    field = rosa.dialog.get_by_role("combobox", name="Protection group")
    await field.fill("p")
    await expect(rosa.page.get_by_text("Type at least 2 characters to search")).to_be_visible()
    await field.fill("crm")
    await expect(rosa.page.get_by_role("option")).to_have_text(["pg-crm"])
    await field.press("Enter")
    await expect(rosa.dialog.get_by_text("Checked: pg-crm is ready.")).to_be_visible()
    await expect(field).to_have_value("pg-crm")
    await expect(rosa.dialog.get_by_label("Why now")).to_have_value("The site floods")


async def test_escape_closes_the_list_first_and_then_the_modal(rosa: Window, cast: Cast) -> None:
    await rosa.type("/failover")
    await rosa.dialog.get_by_role("combobox", name="Protection group").fill("erp")
    await expect(rosa.page.get_by_role("option", name="pg-erp")).to_be_visible()
    await rosa.page.keyboard.press("Escape")
    await expect(rosa.page.get_by_role("listbox")).to_have_count(0)
    await expect(rosa.dialog).to_be_visible()
    await rosa.page.keyboard.press("Escape")
    await expect(rosa.dialog).to_have_count(0)
    await expect(rosa.composer).to_be_focused()
    await cast.slack.wait_for(lambda: cast.slack.person(cast.requester).view is None)


async def test_a_command_that_is_not_answered_in_time_says_so_and_gives_the_text_back(rosa: Window) -> None:
    await rosa.type("/failover slowly")
    toast = rosa.page.get_by_role("status").get_by_text("/failover failed with the error operation_timeout")
    await expect(toast).to_have_count(1)
    await expect(rosa.composer).to_have_value("/failover slowly")
